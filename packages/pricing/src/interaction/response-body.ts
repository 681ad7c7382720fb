import { asObject, type JsonObject } from '../apis/json.js';
import { parseJson, parseServerSentEvents } from './server-sent-events.js';

/** An answer's body: one JSON value, the events of a stream, or nothing that can be read. */
export type ParsedBody =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'events'; readonly events: readonly unknown[] }
  | { readonly kind: 'unreadable' };

/** The body as text, from `body` or `body_base64`; undefined when it is not text. */
function bodyText(response: JsonObject): string | undefined {
  const { body, body_base64: base64 } = response;
  if (typeof body === 'string') return body;
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString('utf8') : undefined;
}

function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .map((line) => parseJson(line))
    .filter((value) => value !== undefined);
}

function events(list: readonly unknown[]): ParsedBody {
  return { kind: 'events', events: list };
}

/** Reads a recorded response's body by its `body_kind`; a JSON value may be given parsed or as text. */
export function parseResponseBody(response: JsonObject): ParsedBody {
  if (Array.isArray(response['decoded_events'])) return events(response['decoded_events']);
  const text = bodyText(response);
  const value = text === undefined ? response['body'] : parseJson(text);
  switch (response['body_kind']) {
    case 'sse':
      return events(parseServerSentEvents(text ?? ''));
    case 'ndjson':
    case 'ws-frames-ndjson':
      return events(Array.isArray(value) ? value : parseLines(text ?? ''));
    case 'jsonarray':
      return Array.isArray(value) ? events(value) : { kind: 'unreadable' };
    default:
      return asObject(value) === undefined && !Array.isArray(value) ? { kind: 'unreadable' } : { kind: 'value', value };
  }
}
