import { readUsage } from '@costel/pricing';
import type { LlmCall } from '../calls/llm-call.js';
import { asRecord } from '../sdks/read-unknown.js';
import type { MethodDefinition } from '../sdks/sdk-definition.js';
import type { SocketProtocol, SocketSession } from './socket-session.js';

type Message = Readonly<Record<string, unknown>>;

/** An answer under way. */
interface Answer {
  readonly call: LlmCall;
  /** The last counts of it; those of one answer are cumulative, and each answer's input is all that came before it. */
  usageMetadata?: unknown;
  groundingMetadata?: unknown;
  /** The model waits for tools; what it says when it has their results is another answer. */
  hasAskedTool: boolean;
  hasEnded: boolean;
}

/** True for a message that holds a part of an answer. */
function isAnswering(content: Message | undefined, message: Message): boolean {
  return (
    content?.['modelTurn'] !== undefined ||
    content?.['outputTranscription'] !== undefined ||
    message['toolCall'] !== undefined
  );
}

/**
 * Google's live API: an answer is what the model says until its turn is complete or it asks for a tool, and is billed by
 * the usage stated with it, or right after its end.
 */
export function liveProtocol(session: SocketSession): SocketProtocol {
  const method: MethodDefinition = {
    resourcePath: ['live'],
    method: 'answer',
    api: 'generateContent',
    operation: 'generate_content',
    readAnswer: (answer, _request, provider) => readUsage('generateContent', provider, answer),
  };
  let answer: Answer | undefined;

  const begin = (): Answer => {
    const call = session.openCall({ method, facts: { model: session.model, stream: true } });
    answer = { call, hasAskedTool: false, hasEnded: false };
    return answer;
  };

  /** An answer whose usage never came is `missing`, and so never free. */
  const end = (): void => {
    if (answer === undefined) return;
    const { call, usageMetadata, groundingMetadata } = answer;
    answer = undefined;
    call.onBody({ usageMetadata, candidates: [{ groundingMetadata }], modelVersion: session.model });
  };

  return {
    name: 'live_session',
    onSent: () => undefined,
    onMessage(message) {
      const content = asRecord(message['serverContent']);
      const answering = isAnswering(content, message);
      if (answering && answer !== undefined && (answer.hasEnded || isAfterTool(answer))) end();
      const usageMetadata = message['usageMetadata'];
      if (answering || usageMetadata !== undefined) answer ??= begin();
      if (answer === undefined) return;
      if (answering) answer.call.onChunk(message);
      answer.usageMetadata = usageMetadata ?? answer.usageMetadata;
      answer.groundingMetadata = content?.['groundingMetadata'] ?? answer.groundingMetadata;
      answer.hasAskedTool ||= message['toolCall'] !== undefined;
      answer.hasEnded ||= content?.['turnComplete'] === true;
      if (answer.hasEnded && answer.usageMetadata !== undefined) end();
    },
    onClose() {
      if (answer?.usageMetadata === undefined) answer?.call.onStreamEnd('broken_off');
      else end();
      answer = undefined;
    },
  };
}

function isAfterTool({ hasAskedTool, usageMetadata }: Answer): boolean {
  return hasAskedTool && usageMetadata !== undefined;
}
