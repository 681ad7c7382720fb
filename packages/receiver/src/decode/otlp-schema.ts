/**
 * OTLP messages by field number, from the public protocol definition (opentelemetry-proto 1.x). One schema serves the
 * protobuf scanner and the JSON encoder, so that both forms of a request end in the same rows.
 */
export type ScalarType =
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'sint32'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double';

/** Wire type 2: a length, then that many bytes. */
export const LENGTH_DELIMITED = 2;

/** The protobuf wire type of each scalar. */
export const WIRE_TYPES: Readonly<Record<ScalarType, number>> = {
  string: LENGTH_DELIMITED,
  bytes: LENGTH_DELIMITED,
  id: LENGTH_DELIMITED,
  bool: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
  sint32: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
};

/** Words of an enumeration in the order of their numbers, from 0. */
export interface EnumType {
  readonly words: readonly string[];
}

/** One field of a message. */
export interface Field {
  readonly number: number;
  readonly type: ScalarType | EnumType | Message | (() => Message);
  readonly isRepeated: boolean;
  /** What happens to a malformed element: a `record` is rejected alone, an `envelope` with all records in it. */
  readonly isolation?: 'record' | 'envelope';
}

/** A message: its fields by OTLP JSON name (lowerCamelCase). */
export interface Message {
  readonly fields: ReadonlyMap<string, Field>;
}

type FieldShape = readonly [number: number, type: Field['type'], repeated?: 'repeated', isolation?: Field['isolation']];

function message(shapes: Readonly<Record<string, FieldShape>>): Message {
  const fields = new Map<string, Field>();
  for (const [name, [number, type, repeated, isolation]] of Object.entries(shapes)) {
    const field: Field = { number, type, isRepeated: repeated !== undefined, ...(isolation ? { isolation } : {}) };
    fields.set(name, field);
    fields.set(
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      field,
    );
  }
  return { fields };
}

/** Span kinds as OTLP JSON may name them. */
export const SPAN_KINDS: EnumType = {
  words: [
    'SPAN_KIND_UNSPECIFIED',
    'SPAN_KIND_INTERNAL',
    'SPAN_KIND_SERVER',
    'SPAN_KIND_CLIENT',
    'SPAN_KIND_PRODUCER',
    'SPAN_KIND_CONSUMER',
  ],
};

const STATUS_CODES: EnumType = { words: ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'] };

const TEMPORALITIES: EnumType = {
  words: ['AGGREGATION_TEMPORALITY_UNSPECIFIED', 'AGGREGATION_TEMPORALITY_DELTA', 'AGGREGATION_TEMPORALITY_CUMULATIVE'],
};

const SEVERITIES: EnumType = {
  words: [
    'SEVERITY_NUMBER_UNSPECIFIED',
    ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level) =>
      ['', '2', '3', '4'].map((step) => `SEVERITY_NUMBER_${level}${step}`),
    ),
  ],
};

export const ANY_VALUE: Message = message({
  stringValue: [1, 'string'],
  boolValue: [2, 'bool'],
  intValue: [3, 'int64'],
  doubleValue: [4, 'double'],
  arrayValue: [5, () => ARRAY_VALUE],
  kvlistValue: [6, () => KEY_VALUE_LIST],
  bytesValue: [7, 'bytes'],
});

export const KEY_VALUE: Message = message({ key: [1, 'string'], value: [2, ANY_VALUE] });

export const ARRAY_VALUE: Message = message({ values: [1, ANY_VALUE, 'repeated'] });

export const KEY_VALUE_LIST: Message = message({ values: [1, KEY_VALUE, 'repeated'] });

export const RESOURCE: Message = message({ attributes: [1, KEY_VALUE, 'repeated'] });

export const SCOPE: Message = message({
  name: [1, 'string'],
  version: [2, 'string'],
  attributes: [3, KEY_VALUE, 'repeated'],
  droppedAttributesCount: [4, 'uint32'],
});

export const SPAN_EVENT: Message = message({
  timeUnixNano: [1, 'fixed64'],
  name: [2, 'string'],
  attributes: [3, KEY_VALUE, 'repeated'],
});

export const SPAN_LINK: Message = message({
  traceId: [1, 'id'],
  spanId: [2, 'id'],
  traceState: [3, 'string'],
  attributes: [4, KEY_VALUE, 'repeated'],
});

export const STATUS: Message = message({ message: [2, 'string'], code: [3, STATUS_CODES] });

export const SPAN: Message = message({
  traceId: [1, 'id'],
  spanId: [2, 'id'],
  traceState: [3, 'string'],
  parentSpanId: [4, 'id'],
  name: [5, 'string'],
  kind: [6, SPAN_KINDS],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: [9, KEY_VALUE, 'repeated'],
  events: [11, SPAN_EVENT, 'repeated'],
  links: [13, SPAN_LINK, 'repeated'],
  status: [15, STATUS],
});

export const LOG_RECORD: Message = message({
  timeUnixNano: [1, 'fixed64'],
  severityNumber: [2, SEVERITIES],
  severityText: [3, 'string'],
  body: [5, ANY_VALUE],
  attributes: [6, KEY_VALUE, 'repeated'],
  flags: [8, 'fixed32'],
  traceId: [9, 'id'],
  spanId: [10, 'id'],
  observedTimeUnixNano: [11, 'fixed64'],
  eventName: [12, 'string'],
});

export const EXEMPLAR: Message = message({
  timeUnixNano: [2, 'fixed64'],
  asDouble: [3, 'double'],
  spanId: [4, 'id'],
  traceId: [5, 'id'],
  asInt: [6, 'sfixed64'],
  filteredAttributes: [7, KEY_VALUE, 'repeated'],
});

export const NUMBER_POINT: Message = message({
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
  exemplars: [5, EXEMPLAR, 'repeated'],
  asInt: [6, 'sfixed64'],
  attributes: [7, KEY_VALUE, 'repeated'],
  flags: [8, 'uint32'],
});

export const HISTOGRAM_POINT: Message = message({
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64', 'repeated'],
  explicitBounds: [7, 'double', 'repeated'],
  exemplars: [8, EXEMPLAR, 'repeated'],
  attributes: [9, KEY_VALUE, 'repeated'],
  flags: [10, 'uint32'],
  min: [11, 'double'],
  max: [12, 'double'],
});

export const BUCKETS: Message = message({ offset: [1, 'sint32'], bucketCounts: [2, 'uint64', 'repeated'] });

export const EXPONENTIAL_POINT: Message = message({
  attributes: [1, KEY_VALUE, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'sint32'],
  zeroCount: [7, 'fixed64'],
  positive: [8, BUCKETS],
  negative: [9, BUCKETS],
  flags: [10, 'uint32'],
  exemplars: [11, EXEMPLAR, 'repeated'],
  min: [12, 'double'],
  max: [13, 'double'],
});

export const QUANTILE: Message = message({ quantile: [1, 'double'], value: [2, 'double'] });

export const SUMMARY_POINT: Message = message({
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  quantileValues: [6, QUANTILE, 'repeated'],
  attributes: [7, KEY_VALUE, 'repeated'],
  flags: [8, 'uint32'],
});

/** Gauge, sum, both histograms and summary share one shape: points first, then how to read them. */
export const pointsOf = (point: Message): Message =>
  message({
    dataPoints: [1, point, 'repeated', 'record'],
    aggregationTemporality: [2, TEMPORALITIES],
    isMonotonic: [3, 'bool'],
  });

export const METRIC: Message = message({
  name: [1, 'string'],
  description: [2, 'string'],
  unit: [3, 'string'],
  gauge: [5, pointsOf(NUMBER_POINT)],
  sum: [7, pointsOf(NUMBER_POINT)],
  histogram: [9, pointsOf(HISTOGRAM_POINT)],
  exponentialHistogram: [10, pointsOf(EXPONENTIAL_POINT)],
  summary: [11, pointsOf(SUMMARY_POINT)],
});

/** Resource and scope envelopes have the same field numbers for all three signals. */
const envelope = (
  names: { readonly request: string; readonly scopes: string; readonly items: string },
  item: Message,
  isolation: 'record' | 'envelope',
): Message => {
  const scope = message({
    scope: [1, SCOPE],
    [names.items]: [2, item, 'repeated', isolation],
    schemaUrl: [3, 'string'],
  });
  const resource = message({
    resource: [1, RESOURCE],
    [names.scopes]: [2, scope, 'repeated', 'envelope'],
    schemaUrl: [3, 'string'],
  });
  return message({ [names.request]: [1, resource, 'repeated', 'envelope'] });
};

export const TRACES_REQUEST: Message = envelope(
  { request: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  SPAN,
  'record',
);

export const METRICS_REQUEST: Message = envelope(
  { request: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' },
  METRIC,
  'envelope',
);

export const LOGS_REQUEST: Message = envelope(
  { request: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
  LOG_RECORD,
  'record',
);
