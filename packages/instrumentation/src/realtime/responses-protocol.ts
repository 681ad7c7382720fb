import type { LlmCall } from '../calls/llm-call.js';
import { readOpenAiRequest, RESPONSES } from '../sdks/openai-methods.js';
import type { AdmittedCall } from '../guard/admit-call.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { AnswerStart, SocketProtocol, SocketSession } from './socket-session.js';

/** The events that end a response; each holds the response with its usage. */
const ENDS: ReadonlySet<string> = new Set(['response.completed', 'response.failed', 'response.incomplete']);

/**
 * The Responses API over a web socket: the application sends the request of a response, the provider sends the events of
 * its stream, one response after the other.
 */
export function responsesProtocol(session: SocketSession): SocketProtocol {
  const asked: LlmCall[] = [];
  let current: LlmCall | undefined;

  const startOf = (body: Readonly<Record<string, unknown>>): AnswerStart => ({
    method: RESPONSES,
    facts: { ...readOpenAiRequest(body), stream: true },
    body,
  });

  const open = (body: Readonly<Record<string, unknown>>, admitted: AdmittedCall = {}): LlmCall => {
    const call = session.openCall({ ...startOf(body), admitted });
    if (admitted.refusal === undefined) call.onStream();
    else call.onError(admitted.refusal);
    return call;
  };

  return {
    name: 'responses_session',
    onSent(message) {
      if (message['type'] !== 'response.create') return undefined;
      const admitted = session.admit(startOf(message));
      const { refusal, instead } = admitted;
      const call = open(instead?.body ?? message, admitted);
      if (refusal !== undefined) return { refusal };
      asked.push(call);
      return instead === undefined ? undefined : { instead: instead.body };
    },
    onMessage(message) {
      const type = asText(message['type']) ?? '';
      if (type === 'error') {
        (current ?? asked.shift())?.onError(message);
        current = undefined;
        return;
      }
      if (type === 'response.created') current = asked.shift() ?? open(asRecord(message['response']) ?? {});
      current?.onChunk(message);
      if (!ENDS.has(type)) return;
      current?.onStreamEnd();
      current = undefined;
    },
    onClose() {
      current?.onStreamEnd('broken_off');
      for (const call of asked) call.onUnread('broken_off');
      asked.length = 0;
    },
  };
}
