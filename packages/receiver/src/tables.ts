/** The three kinds of telemetry that OTLP carries. */
export type Signal = 'traces' | 'metrics' | 'logs';

/** Tables of the collector's ClickHouse exporter (v0.161). */
export type TableName =
  | 'otel_traces'
  | 'otel_logs'
  | 'otel_metrics_gauge'
  | 'otel_metrics_sum'
  | 'otel_metrics_histogram'
  | 'otel_metrics_exponential_histogram'
  | 'otel_metrics_summary';

const METRIC_HEAD = [
  'ResourceAttributes',
  'ResourceSchemaUrl',
  'ScopeName',
  'ScopeVersion',
  'ScopeAttributes',
  'ScopeDroppedAttrCount',
  'ScopeSchemaUrl',
  'ServiceName',
  'MetricName',
  'MetricDescription',
  'MetricUnit',
  'Attributes',
  'StartTimeUnix',
  'TimeUnix',
] as const;

const EXEMPLARS = [
  'Exemplars.FilteredAttributes',
  'Exemplars.TimeUnix',
  'Exemplars.Value',
  'Exemplars.SpanId',
  'Exemplars.TraceId',
] as const;

/** Columns in the order in which the transcoders write them into a RowBinary row; `ReceivedAt` is left to its DEFAULT. */
export const TABLE_COLUMNS: Readonly<Record<TableName, readonly string[]>> = {
  otel_traces: [
    'Timestamp',
    'TraceId',
    'SpanId',
    'ParentSpanId',
    'TraceState',
    'SpanName',
    'SpanKind',
    'ServiceName',
    'ResourceAttributes',
    'ScopeName',
    'ScopeVersion',
    'SpanAttributes',
    'Duration',
    'StatusCode',
    'StatusMessage',
    'Events.Timestamp',
    'Events.Name',
    'Events.Attributes',
    'Links.TraceId',
    'Links.SpanId',
    'Links.TraceState',
    'Links.Attributes',
  ],
  otel_logs: [
    'Timestamp',
    'TraceId',
    'SpanId',
    'TraceFlags',
    'SeverityText',
    'SeverityNumber',
    'ServiceName',
    'Body',
    'ResourceSchemaUrl',
    'ResourceAttributes',
    'ScopeSchemaUrl',
    'ScopeName',
    'ScopeVersion',
    'ScopeAttributes',
    'LogAttributes',
    'EventName',
  ],
  otel_metrics_gauge: [...METRIC_HEAD, 'Value', 'Flags', ...EXEMPLARS],
  otel_metrics_sum: [...METRIC_HEAD, 'Value', 'Flags', ...EXEMPLARS, 'AggregationTemporality', 'IsMonotonic'],
  otel_metrics_histogram: [
    ...METRIC_HEAD,
    'Count',
    'Sum',
    'BucketCounts',
    'ExplicitBounds',
    ...EXEMPLARS,
    'Flags',
    'Min',
    'Max',
    'AggregationTemporality',
  ],
  otel_metrics_exponential_histogram: [
    ...METRIC_HEAD,
    'Count',
    'Sum',
    'Scale',
    'ZeroCount',
    'PositiveOffset',
    'PositiveBucketCounts',
    'NegativeOffset',
    'NegativeBucketCounts',
    ...EXEMPLARS,
    'Flags',
    'Min',
    'Max',
    'AggregationTemporality',
  ],
  otel_metrics_summary: [
    ...METRIC_HEAD,
    'Count',
    'Sum',
    'ValueAtQuantiles.Quantile',
    'ValueAtQuantiles.Value',
    'Flags',
  ],
};

const TEXT_MAP = 'Map(String, String)';

/**
 * Types under which the engine reads the rows of spans: those of the table, with String for LowCardinality(String), whose
 * bytes are the same. Parsing a row straight into dictionaries took 5.0 µs a span; parsing strings and making the
 * dictionaries of a whole block afterwards takes 2.0.
 */
const TRACE_TYPES: Readonly<Record<string, string>> = {
  Timestamp: 'DateTime64(9)',
  ResourceAttributes: TEXT_MAP,
  SpanAttributes: TEXT_MAP,
  Duration: 'UInt64',
  'Events.Timestamp': 'Array(DateTime64(9))',
  'Events.Name': 'Array(String)',
  'Events.Attributes': `Array(${TEXT_MAP})`,
  'Links.TraceId': 'Array(String)',
  'Links.SpanId': 'Array(String)',
  'Links.TraceState': 'Array(String)',
  'Links.Attributes': `Array(${TEXT_MAP})`,
};

/** The types under which a table's rows are read, one for each of {@link TABLE_COLUMNS}; undefined: the table's own. */
export const READ_TYPES: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  otel_traces: TABLE_COLUMNS.otel_traces.map((column) => TRACE_TYPES[column] ?? 'String'),
};
