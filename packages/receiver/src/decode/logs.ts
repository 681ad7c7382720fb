import { writeAnyValueText } from './any-value.js';
import { writeAttributeMap } from './attribute-map.js';
import type { DecodeContext } from './decode-context.js';
import { type Envelope, writeEncoded, writeString } from './envelope.js';
import { SPAN_ID_BYTES, TRACE_ID_BYTES, writeId } from './ids.js';
import { MessageScanner } from './message-scanner.js';
import { LOG_RECORD } from './otlp-schema.js';
import type { RowOutput } from './row-output.js';
import { readTime } from './timestamps.js';

const TIME = 1;
const BODY = 5;
const OBSERVED_TIME = 11;

const log = new MessageScanner(LOG_RECORD);

/** Where the time of the record lies: its own if it is set and not zero, else the time at which it was observed. */
function timeStart(context: DecodeContext): number {
  context.body.readFixed64(log.startOf(TIME));
  return context.body.low === 0 && context.body.high === 0 ? log.startOf(OBSERVED_TIME) : log.startOf(TIME);
}

/** Transcodes the log record in `[start, end)` into one row of `otel_logs`. */
export function transcodeLog(
  context: DecodeContext,
  output: RowOutput,
  envelope: Envelope,
  start: number,
  end: number,
): void {
  const { body } = context;
  output.record('otel_logs', (out) => {
    log.scan(body, start, end);
    readTime(context, timeStart(context));
    output.admitDay(body.low, body.high);
    out.uint64(body.low, body.high);
    writeId(context, log.startOf(9), log.endOf(9), TRACE_ID_BYTES, out);
    writeId(context, log.startOf(10), log.endOf(10), SPAN_ID_BYTES, out);
    out.uint8(body.fixed32At(log.startOf(8)) & 0xff);
    writeString(context, log, 3, out);
    out.uint8(body.uint32At(log.startOf(2), log.endOf(2)) & 0xff);
    writeEncoded(envelope.serviceName, out);
    if (log.startOf(BODY) < 0) out.varint(0);
    else writeAnyValueText(context, log.startOf(BODY), log.endOf(BODY), out);
    writeEncoded(envelope.resourceSchemaUrl, out);
    writeEncoded(envelope.resourceAttributes, out);
    writeEncoded(envelope.scopeSchemaUrl, out);
    writeEncoded(envelope.scopeName, out);
    writeEncoded(envelope.scopeVersion, out);
    writeEncoded(envelope.scopeAttributes, out);
    writeAttributeMap(context, log, 6, out);
    writeString(context, log, 12, out);
  });
}
