import {
  attribute,
  integer,
  type Json,
  logsRequest,
  metricsRequest,
  NOON_NS,
  span,
  spanId,
  text,
  TRACE_ID,
  tracesRequest,
} from './otlp.js';
import type { Signal } from '../../src/tables.js';

/** A request that every conforming receiver turns into the same rows. */
export interface CorpusCase {
  readonly name: string;
  readonly signal: Signal;
  readonly request: Json;
}

const at = (milliseconds: number): string => String(NOON_NS + BigInt(milliseconds) * 1_000_000n);
const list = (...values: Json[]): Json => ({ arrayValue: { values } });
const map = (...values: Json[]): Json => ({ kvlistValue: { values } });
const str = (stringValue: string): Json => ({ stringValue });
const int = (intValue: string): Json => ({ intValue });
const double = (doubleValue: number | string): Json => ({ doubleValue });
const bytes = (base64: string): Json => ({ bytesValue: base64 });

const DOUBLES = [
  0,
  1,
  -1,
  0.1,
  24.6,
  300,
  1e6,
  123456789.123,
  1e-6,
  9.99e-7,
  1e-7,
  1.5e-10,
  1e20,
  1e21,
  1.7976931348623157e308,
  5e-324,
  -2.5e-9,
  4.35,
  100000000000000000000,
  'NaN',
  'Infinity',
  '-Infinity',
];

const INTEGERS = [
  '0',
  '1',
  '-1',
  '300',
  '2147483648',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
];

const STRINGS = [
  '',
  ' ',
  'plain',
  'ünïcödé 数字 🙂',
  '<b>&"quoted"\\ \' /',
  'line\nbreak\ttab\r\b\f\u0000\u001f\u007f',
  '\u2028\u2029',
  '\n\nDROP TABLE x',
  '300',
  'a'.repeat(70_000),
];

const NESTED: readonly Json[] = [
  list(),
  list(str('stop')),
  list(str('a'), int('1'), double(1.5), { boolValue: false }, bytes('AQID'), {}, list(int('2'), list()), map()),
  list(...STRINGS.map(str)),
  list(...INTEGERS.map(int)),
  list(...DOUBLES.filter((value) => typeof value === 'number').map(double)),
  list(str('before'), double('NaN'), str('after')),
  list(double('-Infinity')),
  list(bytes('')),
  map(),
  map(attribute('z', int('1')), attribute('a', list(str('x'))), attribute('m', map(attribute('k', str('<v>'))))),
  map(
    attribute('é', str('1')),
    attribute('z', str('2')),
    attribute('\u{1f600}', str('3')),
    attribute('\uffff', str('4')),
  ),
  map(attribute('twice', int('1')), attribute('twice', int('2')), attribute('', str('empty key'))),
  map({ key: 'no value' }, attribute('empty value', {})),
  map(attribute('deep', map(attribute('deeper', list(map(attribute('deepest', bytes('/+8=')))))))),
];

const valueAttributes: Json[] = [
  ...DOUBLES.map((value, index) => attribute(`double.${index}`, double(value))),
  ...INTEGERS.map((value, index) => attribute(`int.${index}`, int(value))),
  ...STRINGS.map((value, index) => attribute(`string.${index}`, str(value))),
  ...NESTED.map((value, index) => attribute(`nested.${index}`, value)),
  attribute('bool.true', { boolValue: true }),
  attribute('bool.false', { boolValue: false }),
  attribute('bytes', bytes('3q2+7w==')),
  attribute('bytes.empty', bytes('')),
  attribute('empty', {}),
  { key: 'no value' },
  attribute('', str('no key')),
  attribute('Zulu', str('upper case sorts first')),
  attribute('twice', str('first')),
  attribute('twice', str('second')),
];

const events = [
  { timeUnixNano: at(1), name: 'first', attributes: valueAttributes },
  { timeUnixNano: '0', name: '' },
  { timeUnixNano: at(2), name: 'gen_ai.choice', attributes: [integer('index', 0)], droppedAttributesCount: 3 },
];

const links = [
  { traceId: TRACE_ID, spanId: spanId(9), traceState: 'a=b', attributes: [text('b', '2'), text('a', '1')], flags: 1 },
  { traceId: '', spanId: '0000000000000000' },
];

const spans: readonly Json[] = [
  span(0, { attributes: valueAttributes }),
  span(1, { events, links, droppedEventsCount: 1, traceState: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' }),
  ...[0, 1, 2, 3, 4, 5, 6].map((kind) => span(10 + kind, { kind, parentSpanId: spanId(0) })),
  ...[0, 1, 2, 3].map((code) => span(20 + code, { status: { code, message: `code ${code}` } })),
  span(30, { startTimeUnixNano: at(10), endTimeUnixNano: at(5) }),
  span(31, { startTimeUnixNano: '0', endTimeUnixNano: '0' }),
  span(32, { startTimeUnixNano: '9223372036854775807', endTimeUnixNano: '9223372036854775807' }),
  span(33, { startTimeUnixNano: '18446744073709551615', endTimeUnixNano: '5' }),
  span(34, { traceId: '0'.repeat(32), spanId: '0'.repeat(16) }),
  span(35, { traceId: '', spanId: '', parentSpanId: '' }),
  span(36, { traceId: TRACE_ID.toUpperCase(), name: 'ünïcödé 数字 🙂' }),
  {},
];

const manyResources: Json = {
  resourceSpans: [
    { resource: { attributes: [text('service.name', 'first'), text('service.name', 'second')] }, scopeSpans: [] },
    {
      resource: {
        attributes: [attribute('service.name', list(str('not'), str('a string'))), integer('process.pid', 7)],
      },
      schemaUrl: 'https://example.test/schema',
      scopeSpans: [
        { spans: [span(0)] },
        { scope: { name: 'b', version: '2', attributes: [text('k', 'v')] }, schemaUrl: 'x', spans: [span(1), span(2)] },
      ],
    },
    { scopeSpans: [{ scope: {}, spans: [span(3)] }] },
    { resource: { attributes: [attribute('service.name', {})] }, scopeSpans: [{ spans: [span(4)] }] },
  ],
};

const exemplars = [
  {
    filteredAttributes: [text('b', '1'), text('a', '2')],
    timeUnixNano: at(3),
    asDouble: 0.5,
    spanId: spanId(1),
    traceId: TRACE_ID,
  },
  { timeUnixNano: at(4), asInt: '-7' },
  {},
];

const point = (overrides: Json = {}): Json => ({
  attributes: [text('gen_ai.token.type', 'input'), text('a', 'b')],
  startTimeUnixNano: at(0),
  timeUnixNano: at(999),
  flags: 1,
  exemplars,
  ...overrides,
});

const buckets = { offset: -3, bucketCounts: ['0', '1', '18446744073709551615'] };

const metrics: readonly Json[] = [
  {
    name: 'gauge',
    description: 'd',
    unit: 'u',
    gauge: { dataPoints: [point({ asDouble: 1.25 }), point({ asInt: '-5' }), {}] },
  },
  {
    name: 'sum',
    unit: '{token}',
    sum: {
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [
        point({ asInt: '9007199254740993' }),
        point({ asInt: '9223372036854775807' }),
        point({ asDouble: 'NaN' }),
      ],
    },
  },
  { name: 'delta', sum: { aggregationTemporality: 1, dataPoints: [point({ asDouble: '-Infinity' })] } },
  {
    name: 'histogram',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [
        point({ count: '6', sum: 12.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.1, 1e6], min: -1, max: 9 }),
        point({ count: '18446744073709551615', exemplars: [] }),
      ],
    },
  },
  {
    name: 'exponential',
    exponentialHistogram: {
      aggregationTemporality: 1,
      dataPoints: [
        point({
          count: '9',
          sum: 1.5,
          scale: -10,
          zeroCount: '4',
          positive: buckets,
          negative: buckets,
          min: 1,
          max: 2,
        }),
        point({ scale: 20, zeroThreshold: 0.5 }),
      ],
    },
  },
  {
    name: 'summary',
    summary: {
      dataPoints: [
        point({ count: '3', sum: 6, quantileValues: [{ quantile: 0.5, value: 2 }, { quantile: 1, value: 'NaN' }, {}] }),
        point({ count: '0', sum: 0 }),
      ],
    },
  },
];

const logRecords: readonly Json[] = [
  {
    timeUnixNano: at(1),
    observedTimeUnixNano: at(2),
    severityNumber: 9,
    severityText: 'INFO',
    body: str('hello'),
    attributes: valueAttributes,
    flags: 257,
    traceId: TRACE_ID,
    spanId: spanId(1),
    eventName: 'gen_ai.event',
  },
  { observedTimeUnixNano: at(2), body: map(attribute('b', int('1')), attribute('a', str('<x>'))) },
  { timeUnixNano: '0', observedTimeUnixNano: at(3), body: int('5'), severityNumber: 24 },
  { body: double(0.1) },
  { body: bytes('AQID') },
  { body: list(str('a'), { boolValue: true }) },
  {},
];

const logsWithSchemas: Json = {
  resourceLogs: [
    {
      resource: { attributes: [text('service.name', 'shop')] },
      schemaUrl: 'resource-schema',
      scopeLogs: [
        {
          scope: { name: 's', version: 'v', attributes: [integer('x', 1)] },
          schemaUrl: 'scope-schema',
          logRecords: [{ body: str('x') }],
        },
      ],
    },
  ],
};

const scopedMetrics: Json = {
  resourceMetrics: [
    {
      schemaUrl: 'resource-schema',
      scopeMetrics: [
        {
          scope: { name: 's', version: 'v', attributes: [text('b', '1'), text('a', '2')], droppedAttributesCount: 5 },
          schemaUrl: 'scope-schema',
          metrics: [
            { name: 'm', gauge: { dataPoints: [{ asInt: '1' }] } },
            { name: 'no points', gauge: {} },
          ],
        },
      ],
    },
  ],
};

/** Every value type, every kind of record, and the edges of each. */
export const CORPUS: readonly CorpusCase[] = [
  { name: 'spans of every kind and value', signal: 'traces', request: tracesRequest(spans) },
  { name: 'spans of several resources and scopes', signal: 'traces', request: manyResources },
  { name: 'a request without spans', signal: 'traces', request: {} },
  { name: 'metrics of all five kinds', signal: 'metrics', request: metricsRequest(metrics) },
  { name: 'metrics with scope attributes and schemas', signal: 'metrics', request: scopedMetrics },
  { name: 'log records', signal: 'logs', request: logsRequest(logRecords) },
  { name: 'log records with schemas', signal: 'logs', request: logsWithSchemas },
];
