import { asRecord, asText } from '../sdks/read-unknown.js';
import { messageOf, type Message } from './message.js';
import { decoded } from './request-content.js';

/** A message with the reason why it ended, where there is one. */
export function withReason(message: Message | undefined, reason: unknown): readonly Message[] {
  const finishReason = asText(reason) ?? asText(asRecord(reason)?.['unified']);
  if (message === undefined) return [];
  return [finishReason === undefined ? message : { ...message, finish_reason: finishReason }];
}

/** The body itself, out of what a row of the table hands over: Bedrock's is beside its headers, and bytes. */
function bodyOf(answer: unknown): unknown {
  const { output } = asRecord(answer) ?? {};
  const inner = asRecord(output);
  if (inner?.['body'] instanceof Uint8Array) return decoded(inner['body']);
  return inner?.['output'] !== undefined || inner?.['stopReason'] !== undefined ? inner : answer;
}

/** A field of the answer itself: a getter of the SDK's class may warn whoever reads it. */
function own(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Reads the answer of any API that the SDKs make; embeddings, images and the like have no messages. */
export function readAnswerContent(answer: unknown): readonly Message[] {
  const body = asRecord(bodyOf(answer));
  if (body === undefined) return [];
  const { choices, candidates, output, content, message, generations } = body;
  if (Array.isArray(choices)) return choices.flatMap(readChoice);
  if (Array.isArray(candidates)) return candidates.flatMap(readCandidate);
  if (Array.isArray(generations)) return generations.flatMap(readChoice);
  if (Array.isArray(output)) return output.flatMap((item) => withReason(messageOf(item, 'assistant'), body['status']));
  const reason =
    body['stop_reason'] ?? body['stopReason'] ?? body['finish_reason'] ?? body['finishReason'] ?? body['done_reason'];
  const inner = message ?? asRecord(output)?.['message'];
  if (inner !== undefined) return withReason(messageOf(inner, 'assistant'), reason);
  if (Array.isArray(content)) return withReason(messageOf({ role: 'assistant', content }, 'assistant'), reason);
  const text = ['response', 'text', 'completion']
    .map((name) => asText(own(body, name)))
    .find((value) => value !== undefined);
  return text === undefined ? [] : withReason(messageOf(text, 'assistant'), reason);
}

function readChoice(value: unknown): readonly Message[] {
  const choice = asRecord(value);
  if (choice === undefined) return [];
  const reason = choice['finish_reason'] ?? choice['finishReason'];
  return withReason(messageOf(choice['message'] ?? choice['text'], 'assistant'), reason);
}

function readCandidate(value: unknown): readonly Message[] {
  const candidate = asRecord(value);
  const message = messageOf({ role: 'assistant', content: asRecord(candidate?.['content'])?.['parts'] }, 'assistant');
  return withReason(message, candidate?.['finishReason']);
}
