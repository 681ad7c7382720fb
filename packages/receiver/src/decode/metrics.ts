import type { TableName } from '../tables.js';
import { writeAttributeMap } from './attribute-map.js';
import type { DecodeContext } from './decode-context.js';
import { type Envelope, writeEncoded, writeString } from './envelope.js';
import { SPAN_ID_BYTES, TRACE_ID_BYTES, writeExemplarId } from './ids.js';
import { MessageScanner } from './message-scanner.js';
import {
  BUCKETS,
  EXEMPLAR,
  EXPONENTIAL_POINT,
  HISTOGRAM_POINT,
  METRIC,
  NUMBER_POINT,
  pointsOf,
  QUANTILE,
  SUMMARY_POINT,
} from './otlp-schema.js';
import { RecordError } from './record-error.js';
import type { RowOutput } from './row-output.js';
import type { RowWriter } from './row-writer.js';
import { writeTimeSeconds } from './timestamps.js';
import { countKept, forEachItem } from './traces.js';

/** One of the five kinds of metric: where it lies in the message, its table, and how its points are written. */
interface MetricKind {
  readonly field: number;
  readonly table: TableName;
  readonly point: MessageScanner;
  readonly attributesField: number;
  /** Writes the columns behind `TimeUnix`. */
  readonly writeValues: (context: DecodeContext, point: MessageScanner, out: RowWriter) => void;
}

const metric = new MessageScanner(METRIC);
const data = new MessageScanner(pointsOf(NUMBER_POINT));
const exemplar = new MessageScanner(EXEMPLAR);
const buckets = new MessageScanner(BUCKETS);
const quantile = new MessageScanner(QUANTILE);

const KINDS: readonly MetricKind[] = [
  {
    field: 5,
    table: 'otel_metrics_gauge',
    point: new MessageScanner(NUMBER_POINT),
    attributesField: 7,
    writeValues: writeNumber,
  },
  {
    field: 7,
    table: 'otel_metrics_sum',
    point: new MessageScanner(NUMBER_POINT),
    attributesField: 7,
    writeValues(context, point, out) {
      writeNumber(context, point, out);
      writeTemporality(context, out);
      out.uint8(context.body.uint32At(data.startOf(3), data.endOf(3)) === 0 ? 0 : 1);
    },
  },
  {
    field: 9,
    table: 'otel_metrics_histogram',
    point: new MessageScanner(HISTOGRAM_POINT),
    attributesField: 9,
    writeValues: writeHistogram,
  },
  {
    field: 10,
    table: 'otel_metrics_exponential_histogram',
    point: new MessageScanner(EXPONENTIAL_POINT),
    attributesField: 1,
    writeValues: writeExponentialHistogram,
  },
  {
    field: 11,
    table: 'otel_metrics_summary',
    point: new MessageScanner(SUMMARY_POINT),
    attributesField: 7,
    writeValues: writeSummary,
  },
];

/** Transcodes the points of the metric in `[start, end)` into rows of the table of its kind. */
export function transcodeMetric(
  context: DecodeContext,
  output: RowOutput,
  envelope: Envelope,
  start: number,
  end: number,
): void {
  let kind: MetricKind | undefined;
  try {
    metric.scan(context.body, start, end);
    kind = KINDS.findLast((candidate) => metric.startOf(candidate.field) >= 0);
    if (kind !== undefined) data.scan(context.body, metric.startOf(kind.field), metric.endOf(kind.field));
  } catch (error) {
    return output.rejectFor(error);
  }
  if (kind === undefined) return output.reject('metric_without_data', 'a metric has none of the five kinds of data');
  for (let index = 0; index < data.occurrencesLength; index += 3) {
    const point = { start: data.occurrences[index + 1] ?? 0, end: data.occurrences[index + 2] ?? 0 };
    writePoint(context, output, envelope, kind, point);
  }
}

function writePoint(
  context: DecodeContext,
  output: RowOutput,
  envelope: Envelope,
  kind: MetricKind,
  range: { readonly start: number; readonly end: number },
): void {
  const { point } = kind;
  output.record(kind.table, (out) => {
    point.scan(context.body, range.start, range.end);
    writeEncoded(envelope.resourceAttributes, out);
    writeEncoded(envelope.resourceSchemaUrl, out);
    writeEncoded(envelope.scopeName, out);
    writeEncoded(envelope.scopeVersion, out);
    writeEncoded(envelope.scopeAttributes, out);
    out.uint32(envelope.scopeDroppedAttributes);
    writeEncoded(envelope.scopeSchemaUrl, out);
    writeEncoded(envelope.serviceName, out);
    writeString(context, metric, 1, out);
    writeString(context, metric, 2, out);
    writeString(context, metric, 3, out);
    writeAttributeMap(context, point, kind.attributesField, out);
    writeTimeSeconds(context, point.startOf(2), out);
    context.body.readFixed64(point.startOf(3));
    output.admitDay(context.body.low, context.body.high);
    writeTimeSeconds(context, point.startOf(3), out);
    kind.writeValues(context, point, out);
  });
}

/** Writes whichever of the double and the integer was set last, an integer as the nearest double, 0 if neither. */
function writeValue(context: DecodeContext, doubleStart: number, integerStart: number, out: RowWriter): void {
  if (integerStart <= doubleStart) return out.copy64(context.body, doubleStart);
  context.body.readFixed64(integerStart);
  return out.float64(context.body.signedNumber());
}

function writeNumber(context: DecodeContext, point: MessageScanner, out: RowWriter): void {
  writeValue(context, point.startOf(4), point.startOf(6), out);
  writeUint32(context, point, 8, out);
  writeExemplars(context, point, 5, out);
}

function writeHistogram(context: DecodeContext, point: MessageScanner, out: RowWriter): void {
  out.copy64(context.body, point.startOf(4));
  out.copy64(context.body, point.startOf(5));
  writeFixedArray(context, point, 6, out);
  writeFixedArray(context, point, 7, out);
  writeExemplars(context, point, 8, out);
  writeUint32(context, point, 10, out);
  out.copy64(context.body, point.startOf(11));
  out.copy64(context.body, point.startOf(12));
  writeTemporality(context, out);
}

function writeExponentialHistogram(context: DecodeContext, point: MessageScanner, out: RowWriter): void {
  out.copy64(context.body, point.startOf(4));
  out.copy64(context.body, point.startOf(5));
  writeZigZag(context, point, 6, out);
  out.copy64(context.body, point.startOf(7));
  for (const field of [8, 9]) {
    const start = point.startOf(field);
    buckets.scan(context.body, Math.max(start, 0), start < 0 ? 0 : point.endOf(field));
    writeZigZag(context, buckets, 1, out);
    writeVarintArray(context, buckets, 2, out);
  }
  writeExemplars(context, point, 11, out);
  writeUint32(context, point, 10, out);
  out.copy64(context.body, point.startOf(12));
  out.copy64(context.body, point.startOf(13));
  writeTemporality(context, out);
}

function writeSummary(context: DecodeContext, point: MessageScanner, out: RowWriter): void {
  out.copy64(context.body, point.startOf(4));
  out.copy64(context.body, point.startOf(5));
  const count = countKept(context, point, 6);
  for (const field of [1, 2]) {
    out.varint(count);
    forEachItem(context, point, 6, quantile, count, () => out.copy64(context.body, quantile.startOf(field)));
  }
  writeUint32(context, point, 8, out);
}

function writeExemplars(context: DecodeContext, point: MessageScanner, field: number, out: RowWriter): void {
  const count = countKept(context, point, field);
  const column = (write: () => void): void => {
    out.varint(count);
    forEachItem(context, point, field, exemplar, count, write);
  };
  column(() => writeAttributeMap(context, exemplar, 7, out));
  column(() => writeTimeSeconds(context, exemplar.startOf(2), out));
  column(() => writeValue(context, exemplar.startOf(3), exemplar.startOf(6), out));
  column(() => writeExemplarId(context, exemplar.startOf(4), exemplar.endOf(4), SPAN_ID_BYTES, out));
  column(() => writeExemplarId(context, exemplar.startOf(5), exemplar.endOf(5), TRACE_ID_BYTES, out));
}

function writeTemporality(context: DecodeContext, out: RowWriter): void {
  writeUint32(context, data, 2, out);
}

function writeUint32(context: DecodeContext, scanner: MessageScanner, field: number, out: RowWriter): void {
  out.uint32(context.body.uint32At(scanner.startOf(field), scanner.endOf(field)));
}

function writeZigZag(context: DecodeContext, scanner: MessageScanner, field: number, out: RowWriter): void {
  const encoded = context.body.uint32At(scanner.startOf(field), scanner.endOf(field));
  out.uint32((encoded >>> 1) ^ -(encoded & 1));
}

/** An array of fixed 64-bit values, packed or not: their bytes are those of the column already. */
function writeFixedArray(context: DecodeContext, point: MessageScanner, field: number, out: RowWriter): void {
  let length = 0;
  forEachRange(point, field, (start, end) => {
    length += end - start;
  });
  checkMultiple(length);
  out.varint(length / 8);
  forEachRange(point, field, (start, end) => out.raw(context.body.bytes, start, end - start));
}

function checkMultiple(length: number): void {
  if (length % 8 !== 0) throw new RecordError('malformed_record', `${length} bytes are not an array of 64-bit values`);
}

/** An array of varints, packed or not. */
function writeVarintArray(context: DecodeContext, scanner: MessageScanner, field: number, out: RowWriter): void {
  const { body } = context;
  const values: number[] = [];
  forEachRange(scanner, field, (start, end) => {
    let position = start;
    while (position < end) {
      position = body.readVarint(position, end);
      values.push(body.low, body.high);
    }
  });
  out.varint(values.length / 2);
  for (let index = 0; index < values.length; index += 2) out.uint64(values[index] ?? 0, values[index + 1] ?? 0);
}

function forEachRange(scanner: MessageScanner, field: number, visit: (start: number, end: number) => void): void {
  for (let index = 0; index < scanner.occurrencesLength; index += 3) {
    if (scanner.occurrences[index] !== field) continue;
    visit(scanner.occurrences[index + 1] ?? 0, scanner.occurrences[index + 2] ?? 0);
  }
}
