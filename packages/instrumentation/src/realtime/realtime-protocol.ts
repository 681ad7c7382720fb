import { readItems } from '@costel/pricing';
import type { LlmCall } from '../calls/llm-call.js';
import type { AdmittedCall } from '../guard/admit-call.js';
import { settleReservation } from '../guard/settle-reservation.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { MethodDefinition } from '../sdks/sdk-definition.js';
import type { AnswerStart, SocketProtocol, SocketSession } from './socket-session.js';

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

  /** Answers that the application asked for and a guard let go ahead, until they begin. */
  const admitted: AdmittedCall[] = [];

  const factsOf = () => ({ model: modelOf(models) ?? session.model, stream: true });

  const open = (id: string): LlmCall => {
    const call = session.openCall({ method: answering, facts: factsOf(), admitted: admitted.shift() ?? {} });
    responses.set(id, call);
    return call;
  };

  return {
    name: 'realtime_session',
    onSent(message) {
      if (message['type'] !== 'response.create') return undefined;
      const start: AnswerStart = { method: answering, facts: factsOf(), body: asRecord(message['response']) ?? {} };
      // The model is the session's: another request cannot take this one's place.
      const asked = session.admit({ ...start, method: { ...answering, isFramework: true } });
      if (asked.refusal === undefined) {
        if (asked.reservation !== undefined) admitted.push(asked);
        return undefined;
      }
      session.openCall({ ...start, admitted: asked }).onError(asked.refusal);
      return { refusal: asked.refusal };
    },
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
      for (const { reservation } of admitted) settleReservation(reservation, undefined, undefined);
      admitted.length = 0;
    },
  };
}

function idOf(message: Message): string {
  return asText(asRecord(message['response'])?.['id']) ?? '';
}

function modelOf(message: Message): string | undefined {
  return asText(asRecord(message['session'])?.['model']);
}
