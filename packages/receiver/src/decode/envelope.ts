import { writeAttributeMap, writeAttributeValue, writeResourceAttributes } from './attribute-map.js';
import type { DecodeContext } from './decode-context.js';
import { MessageScanner } from './message-scanner.js';
import { LOGS_REQUEST, RESOURCE, SCOPE, TRACES_REQUEST, type Message } from './otlp-schema.js';
import { BodyError, RecordError } from './record-error.js';
import type { RowOutput } from './row-output.js';
import { RowWriter } from './row-writer.js';

/** What all records of one scope share, already encoded as RowBinary values. */
export interface Envelope {
  resourceAttributes: Uint8Array;
  resourceSchemaUrl: Uint8Array;
  serviceName: Uint8Array;
  scopeAttributes: Uint8Array;
  scopeDroppedAttributes: number;
  scopeName: Uint8Array;
  scopeSchemaUrl: Uint8Array;
  scopeVersion: Uint8Array;
}

/** Transcodes one item of a scope (a span, a log record, a metric) into rows. */
export type ItemTranscoder = (
  context: DecodeContext,
  output: RowOutput,
  envelope: Envelope,
  start: number,
  end: number,
) => void;

const SERVICE_NAME = new TextEncoder().encode('service.name');
const ITEMS = 2;
const SCHEMA_URL = 3;

const messageOf = (message: Message, name: string): Message => {
  const type = message.fields.get(name)?.type;
  if (typeof type !== 'object' || !('fields' in type)) throw new Error(`the OTLP schema has no message ${name}`);
  return type;
};

// The three signals number the fields of their envelopes alike, so one set of scanners reads them all.
const RESOURCE_ENVELOPE = messageOf(TRACES_REQUEST, 'resourceSpans');
const SCOPE_ENVELOPE = messageOf(messageOf(LOGS_REQUEST, 'resourceLogs'), 'scopeLogs');
const requestScanner = new MessageScanner(TRACES_REQUEST);
const resourceEnvelopeScanner = new MessageScanner(RESOURCE_ENVELOPE);
const resourceScanner = new MessageScanner(RESOURCE);
const scopeEnvelopeScanner = new MessageScanner(SCOPE_ENVELOPE);
const scopeScanner = new MessageScanner(SCOPE);
const countScanner = new MessageScanner(SCOPE_ENVELOPE);
const scratch = new RowWriter();

/**
 * Walks a request from resource to scope to item. A broken item is the transcoder's business; a broken resource or
 * scope rejects the records in it; a broken request throws `BodyError`.
 */
export function walkRequest(context: DecodeContext, output: RowOutput, transcode: ItemTranscoder): void {
  try {
    requestScanner.scan(context.body, 0, context.body.bytes.length);
  } catch (error) {
    if (error instanceof RecordError) throw new BodyError(error.message, { cause: error });
    throw error;
  }
  const { occurrences, occurrencesLength } = requestScanner;
  for (let index = 0; index < occurrencesLength; index += 3) {
    walkResource(context, output, transcode, occurrences[index + 1] ?? 0, occurrences[index + 2] ?? 0);
  }
}

function walkResource(
  context: DecodeContext,
  output: RowOutput,
  transcode: ItemTranscoder,
  start: number,
  end: number,
): void {
  if (!output.admitEnvelope()) return;
  let envelope: Envelope;
  try {
    resourceEnvelopeScanner.scan(context.body, start, end);
  } catch (error) {
    return output.rejectFor(error);
  }
  const { occurrences, occurrencesLength } = resourceEnvelopeScanner;
  try {
    envelope = readResource(context);
  } catch (error) {
    return output.rejectFor(error, countItems(context, occurrences, occurrencesLength));
  }
  for (let index = 0; index < occurrencesLength; index += 3) {
    walkScope(context, output, transcode, envelope, occurrences[index + 1] ?? 0, occurrences[index + 2] ?? 0);
  }
}

function walkScope(
  context: DecodeContext,
  output: RowOutput,
  transcode: ItemTranscoder,
  envelope: Envelope,
  start: number,
  end: number,
): void {
  if (!output.admitEnvelope()) return;
  try {
    scopeEnvelopeScanner.scan(context.body, start, end);
  } catch (error) {
    return output.rejectFor(error);
  }
  const { occurrences, occurrencesLength } = scopeEnvelopeScanner;
  try {
    readScope(context, envelope);
  } catch (error) {
    return output.rejectFor(error, Math.max(1, occurrencesLength / 3));
  }
  for (let index = 0; index < occurrencesLength; index += 3) {
    transcode(context, output, envelope, occurrences[index + 1] ?? 0, occurrences[index + 2] ?? 0);
  }
}

/** How many items lie in the scopes that were found, at least 1. */
function countItems(context: DecodeContext, occurrences: Int32Array, length: number): number {
  let count = 0;
  for (let index = 0; index < length; index += 3) {
    try {
      countScanner.scan(context.body, occurrences[index + 1] ?? 0, occurrences[index + 2] ?? 0);
      count += countScanner.countOf(ITEMS);
    } catch {
      count++;
    }
  }
  return Math.max(1, count);
}

function readResource(context: DecodeContext): Envelope {
  const start = resourceEnvelopeScanner.startOf(1);
  resourceScanner.scan(context.body, Math.max(start, 0), start < 0 ? 0 : resourceEnvelopeScanner.endOf(1));
  return {
    resourceAttributes: encoded((out) => writeResourceAttributes(context, resourceScanner, 1, out)),
    resourceSchemaUrl: encodedString(context, resourceEnvelopeScanner, SCHEMA_URL),
    serviceName: encoded((out) => writeAttributeValue(context, resourceScanner, 1, SERVICE_NAME, out)),
    scopeAttributes: new Uint8Array(1),
    scopeDroppedAttributes: 0,
    scopeName: new Uint8Array(1),
    scopeSchemaUrl: new Uint8Array(1),
    scopeVersion: new Uint8Array(1),
  };
}

function readScope(context: DecodeContext, envelope: Envelope): void {
  const start = scopeEnvelopeScanner.startOf(1);
  scopeScanner.scan(context.body, Math.max(start, 0), start < 0 ? 0 : scopeEnvelopeScanner.endOf(1));
  envelope.scopeName = encodedString(context, scopeScanner, 1);
  envelope.scopeVersion = encodedString(context, scopeScanner, 2);
  envelope.scopeAttributes = encoded((out) => writeAttributeMap(context, scopeScanner, 3, out));
  envelope.scopeDroppedAttributes = context.body.uint32At(scopeScanner.startOf(4), scopeScanner.endOf(4));
  envelope.scopeSchemaUrl = encodedString(context, scopeEnvelopeScanner, SCHEMA_URL);
}

const encodedString = (context: DecodeContext, scanner: MessageScanner, field: number): Uint8Array =>
  encoded((out) => writeString(context, scanner, field, out));

/** Runs `write` on a scratch buffer and returns what it wrote. */
function encoded(write: (out: RowWriter) => void): Uint8Array {
  scratch.rewind(0);
  write(scratch);
  return scratch.take().rows;
}

/** Writes a string field as it is, an absent one as an empty string. */
export function writeString(context: DecodeContext, scanner: MessageScanner, field: number, out: RowWriter): void {
  out.stringBytes(context.body.bytes, scanner.startOf(field), scanner.lengthOf(field));
}

/** Writes bytes that `Envelope` holds. */
export function writeEncoded(value: Uint8Array, out: RowWriter): void {
  out.raw(value, 0, value.length);
}
