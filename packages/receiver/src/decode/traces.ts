import { writeAttributeMap } from './attribute-map.js';
import type { DecodeContext } from './decode-context.js';
import { type Envelope, writeEncoded, writeString } from './envelope.js';
import { SPAN_ID_BYTES, TRACE_ID_BYTES, writeId } from './ids.js';
import { MessageScanner } from './message-scanner.js';
import { SPAN, SPAN_EVENT, SPAN_LINK, STATUS } from './otlp-schema.js';
import type { RowOutput } from './row-output.js';
import type { RowWriter } from './row-writer.js';
import { readTime, writeTime64 } from './timestamps.js';

const KIND_WORDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUS_WORDS = ['Unset', 'Ok', 'Error'];

const START_TIME = 7;
const END_TIME = 8;
const ATTRIBUTES = 9;
const EVENTS = 11;
const LINKS = 13;
const STATUS_FIELD = 15;

const span = new MessageScanner(SPAN);
const status = new MessageScanner(STATUS);
const event = new MessageScanner(SPAN_EVENT);
const link = new MessageScanner(SPAN_LINK);

/** Transcodes the span in `[start, end)` into one row of `otel_traces`. */
export function transcodeSpan(
  context: DecodeContext,
  output: RowOutput,
  envelope: Envelope,
  start: number,
  end: number,
): void {
  output.record('otel_traces', (out) => {
    span.scan(context.body, start, end);
    readTime(context, span.startOf(START_TIME));
    output.admitDay(context.body.low, context.body.high);
    out.uint64(context.body.low, context.body.high);
    writeId(context, span.startOf(1), span.endOf(1), TRACE_ID_BYTES, out);
    writeId(context, span.startOf(2), span.endOf(2), SPAN_ID_BYTES, out);
    writeId(context, span.startOf(4), span.endOf(4), SPAN_ID_BYTES, out);
    writeString(context, span, 3, out);
    writeString(context, span, 5, out);
    out.ascii(KIND_WORDS[context.body.uint32At(span.startOf(6), span.endOf(6))] ?? '');
    writeEncoded(envelope.serviceName, out);
    writeEncoded(envelope.resourceAttributes, out);
    writeEncoded(envelope.scopeName, out);
    writeEncoded(envelope.scopeVersion, out);
    writeAttributeMap(context, span, ATTRIBUTES, out);
    writeDuration(context, out);
    writeStatus(context, out);
    writeEvents(context, out);
    writeLinks(context, out);
  });
}

/** End minus start, modulo 2^64 as in the exporter: a span that ends before it starts wraps. */
function writeDuration(context: DecodeContext, out: RowWriter): void {
  const { body } = context;
  body.readFixed64(span.startOf(START_TIME));
  const { low, high } = body;
  body.readFixed64(span.startOf(END_TIME));
  const borrow = body.low < low ? 1 : 0;
  out.uint64((body.low - low) >>> 0, (body.high - high - borrow) >>> 0);
}

function writeStatus(context: DecodeContext, out: RowWriter): void {
  const start = span.startOf(STATUS_FIELD);
  status.scan(context.body, Math.max(start, 0), start < 0 ? 0 : span.endOf(STATUS_FIELD));
  out.ascii(STATUS_WORDS[context.body.uint32At(status.startOf(3), status.endOf(3))] ?? '');
  writeString(context, status, 2, out);
}

/** Counts the items of a repeated field that are kept; the rest is dropped and counted. */
export function countKept(context: DecodeContext, scanner: MessageScanner, field: number): number {
  const count = scanner.countOf(field);
  const limit = context.limits.itemsPerRecord;
  if (count <= limit) return count;
  context.adjust('items_dropped', count - limit);
  return limit;
}

/** Scans the first `count` items of a repeated field one after the other and calls `write` for each. */
export function forEachItem(
  context: DecodeContext,
  parent: MessageScanner,
  field: number,
  item: MessageScanner,
  count: number,
  write: () => void,
): void {
  let left = count;
  for (let index = 0; left > 0 && index < parent.occurrencesLength; index += 3) {
    if (parent.occurrences[index] !== field) continue;
    item.scan(context.body, parent.occurrences[index + 1] ?? 0, parent.occurrences[index + 2] ?? 0);
    write();
    left--;
  }
}

/** `Events.*` and `Links.*` are arrays of equal length, one array a column. */
function writeEvents(context: DecodeContext, out: RowWriter): void {
  const count = countKept(context, span, EVENTS);
  const column = (write: () => void): void => {
    out.varint(count);
    forEachItem(context, span, EVENTS, event, count, write);
  };
  column(() => writeTime64(context, event.startOf(1), out));
  column(() => writeString(context, event, 2, out));
  column(() => writeAttributeMap(context, event, 3, out));
}

function writeLinks(context: DecodeContext, out: RowWriter): void {
  const count = countKept(context, span, LINKS);
  const column = (write: () => void): void => {
    out.varint(count);
    forEachItem(context, span, LINKS, link, count, write);
  };
  column(() => writeId(context, link.startOf(1), link.endOf(1), TRACE_ID_BYTES, out));
  column(() => writeId(context, link.startOf(2), link.endOf(2), SPAN_ID_BYTES, out));
  column(() => writeString(context, link, 3, out));
  column(() => writeAttributeMap(context, link, 4, out));
}
