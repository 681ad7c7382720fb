import { readItems } from '@costel/pricing';
import type { LlmCall } from '../calls/llm-call.js';
import { asRecord, asText, type MethodDefinition } from '../sdks/sdk-definition.js';
import type { SocketProtocol, SocketSession } from './socket-session.js';

type Message = Readonly<Record<string, unknown>>;

/**
 * The realtime API: a response begins with `response.created` and ends with `response.done`, which states its usage;
 * what was said to the session is written down by a model of its own, which states its usage when it is done.
 */
export function realtimeProtocol(session: SocketSession): SocketProtocol {
  const responses = new Map<string, LlmCall>();
  /** What the session last said of itself: which models answer and listen. */
  let models: Message = {};
  const readAnswer = (message: unknown) => readItems('realtime', [models, message])?.[0];
  const answering: MethodDefinition = {
    resourcePath: ['realtime'],
    method: 'response',
    api: 'realtime',
    operation: 'chat',
    readAnswer,
  };
  const listening: MethodDefinition = { ...answering, method: 'transcription', operation: 'transcription' };

  const open = (id: string): LlmCall => {
    const call = session.openCall({
      method: answering,
      facts: { model: modelOf(models) ?? session.model, stream: true },
    });
    responses.set(id, call);
    return call;
  };

  return {
    name: 'realtime_session',
    onSent: () => undefined,
    onMessage(message) {
      const type = asText(message['type']) ?? '';
      if (asRecord(message['session']) !== undefined) models = message;
      if (type === 'response.created') open(idOf(message));
      else if (type === 'response.done') {
        const id = idOf(message);
        (responses.get(id) ?? open(id)).onBody(message);
        responses.delete(id);
      } else if (type === 'conversation.item.input_audio_transcription.completed') {
        const [answer] = readItems('realtime', [models, message]) ?? [];
        // Where the transcript comes from the answering model itself, the response states its usage.
        if (answer === undefined) return;
        const model = answer.responseModel ?? '';
        session.openCall({ method: listening, facts: { model, stream: false } }).onBody(message);
      } else if (type.endsWith('.delta')) responses.get(asText(message['response_id']) ?? '')?.onChunk(message);
    },
    onClose() {
      for (const call of responses.values()) call.onStreamEnd('broken_off');
      responses.clear();
    },
  };
}

function idOf(message: Message): string {
  return asText(asRecord(message['response'])?.['id']) ?? '';
}

function modelOf(message: Message): string | undefined {
  return asText(asRecord(message['session'])?.['model']);
}
