import { isUtf8 } from 'node:buffer';
import type { DecodeContext } from './decode-context.js';
import { ANY_VALUE, ARRAY_VALUE, KEY_VALUE, KEY_VALUE_LIST } from './otlp-schema.js';
import { MessageScanner } from './message-scanner.js';
import { RecordError } from './record-error.js';
import type { RowWriter } from './row-writer.js';

const STRING = 1;
const BOOL = 2;
const INT = 3;
const DOUBLE = 4;
const ARRAY = 5;
const MAP = 6;
const BYTES = 7;
const STRING_TAG = 0x0a;

const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });
const topLevel = new MessageScanner(ANY_VALUE);

/** The one field of an AnyValue that is set (the last one, if a sender set several), 0 if none. */
function chosenField(scanner: MessageScanner): number {
  let chosen = 0;
  let chosenStart = -1;
  for (let field = STRING; field <= BYTES; field++) {
    const start = scanner.startOf(field);
    if (start > chosenStart) {
      chosen = field;
      chosenStart = start;
    }
  }
  return chosen;
}

/** A double as the exporter prints it: as ECMAScript does, but with the sign of a negative zero. */
export function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * Writes the AnyValue in `[start, end)` as the text that the exporter stores: strings as they are, numbers and booleans
 * in words, bytes in base64, arrays and maps as JSON; an empty value is an empty string. Text longer than
 * `attributeValueBytes` is cut and counted.
 */
export function writeAnyValueText(context: DecodeContext, start: number, end: number, out: RowWriter): void {
  const { body } = context;
  // Most values are a short string and nothing else.
  const length = end - start - 2;
  if (length >= 0 && length < 0x80 && body.bytes[start] === STRING_TAG && body.bytes[start + 1] === length) {
    return writeCapped(context, body.bytes, start + 2, length, out);
  }
  topLevel.scan(body, start, end);
  const field = chosenField(topLevel);
  const valueStart = topLevel.startOf(field);
  const valueEnd = topLevel.endOf(field);
  if (field === STRING) writeCapped(context, body.bytes, valueStart, valueEnd - valueStart, out);
  else if (field === ARRAY || field === MAP || field === BYTES) {
    const text =
      field === BYTES ? base64(context, valueStart, valueEnd) : nestedText(context, field, valueStart, valueEnd);
    const encoded = Buffer.from(text, 'utf8');
    writeCapped(context, encoded, 0, encoded.length, out);
  } else out.ascii(scalarText(context, field, valueStart, valueEnd));
  return undefined;
}

function scalarText(context: DecodeContext, field: number, start: number, end: number): string {
  const { body } = context;
  if (field === DOUBLE) return doubleText(body.view.getFloat64(start, true));
  if (field !== INT && field !== BOOL) return '';
  body.readVarint(start, end);
  return field === INT ? body.signedText() : String(body.low !== 0 || body.high !== 0);
}

/** Writes text, cut at a character boundary where it is longer than the limit. */
function writeCapped(context: DecodeContext, source: Uint8Array, start: number, length: number, out: RowWriter): void {
  const limit = context.limits.attributeValueBytes;
  if (length <= limit) return out.stringBytes(source, start, length);
  let cut = limit;
  while (cut > 0 && ((source[start + cut] ?? 0) & 0xc0) === 0x80) cut--;
  context.adjust('attribute_value_cut');
  return out.stringBytes(source, start, cut);
}

const base64 = (context: DecodeContext, start: number, end: number): string =>
  Buffer.from(context.body.bytes.buffer, context.body.bytes.byteOffset + start, end - start).toString('base64');

/** Signals a NaN or infinity inside an array or map: the exporter then stores an empty string, and so do we. */
class NotJson extends Error {}

function nestedText(context: DecodeContext, field: number, start: number, end: number): string {
  try {
    return jsonOf(context, field, start, end, 1);
  } catch (error) {
    if (error instanceof NotJson) return '';
    throw error;
  }
}

function jsonOf(context: DecodeContext, field: number, start: number, end: number, depth: number): string {
  switch (field) {
    case STRING:
      return jsonString(context.body.bytes.subarray(start, end));
    case ARRAY:
      return jsonArray(context, start, end, depth);
    case MAP:
      return jsonObject(context, start, end, depth);
    case BYTES:
      return start === end ? 'null' : `"${base64(context, start, end)}"`;
    case DOUBLE: {
      const value = context.body.view.getFloat64(start, true);
      if (!Number.isFinite(value)) throw new NotJson();
      return doubleText(value);
    }
    default:
      return field === 0 ? 'null' : scalarText(context, field, start, end);
  }
}

/** As Go writes JSON strings: like `JSON.stringify`, with the two line separators escaped and broken bytes as `\ufffd`. */
function jsonString(bytes: Uint8Array): string {
  const text = JSON.stringify(DECODER.decode(bytes));
  const escaped = text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  return isUtf8(bytes) ? escaped : escaped.replaceAll('\ufffd', '\\ufffd');
}

function checkDepth(context: DecodeContext, depth: number): void {
  const limit = context.limits.attributeDepth;
  if (depth > limit) {
    throw new RecordError('attribute_too_deep', `an attribute is nested deeper than ${limit} arrays and maps`);
  }
}

function jsonOfValue(context: DecodeContext, start: number, end: number, depth: number): string {
  const scanner = new MessageScanner(ANY_VALUE);
  scanner.scan(context.body, start, end);
  const field = chosenField(scanner);
  return jsonOf(context, field, scanner.startOf(field), scanner.endOf(field), depth);
}

function jsonArray(context: DecodeContext, start: number, end: number, depth: number): string {
  checkDepth(context, depth);
  const list = new MessageScanner(ARRAY_VALUE);
  list.scan(context.body, start, end);
  const parts: string[] = [];
  for (let index = 0; index < list.occurrencesLength; index += 3) {
    parts.push(jsonOfValue(context, list.occurrences[index + 1] ?? 0, list.occurrences[index + 2] ?? 0, depth + 1));
  }
  return `[${parts.join(',')}]`;
}

function jsonObject(context: DecodeContext, start: number, end: number, depth: number): string {
  checkDepth(context, depth);
  const list = new MessageScanner(KEY_VALUE_LIST);
  const entry = new MessageScanner(KEY_VALUE);
  list.scan(context.body, start, end);
  const members = new Map<string, { readonly key: Uint8Array; readonly json: string }>();
  for (let index = 0; index < list.occurrencesLength; index += 3) {
    entry.scan(context.body, list.occurrences[index + 1] ?? 0, list.occurrences[index + 2] ?? 0);
    const key = entry.startOf(1) < 0 ? new Uint8Array() : context.body.bytes.subarray(entry.startOf(1), entry.endOf(1));
    const hasValue = entry.startOf(2) >= 0;
    const json = hasValue ? jsonOfValue(context, entry.startOf(2), entry.endOf(2), depth + 1) : 'null';
    members.set(Buffer.from(key).toString('latin1'), { key, json });
  }
  const sorted = [...members.values()].sort((left, right) => Buffer.compare(left.key, right.key));
  return `{${sorted.map(({ key, json }) => `${jsonString(key)}:${json}`).join(',')}}`;
}
