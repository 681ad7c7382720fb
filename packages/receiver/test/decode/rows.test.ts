import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/limits.js';
import { decode, protobufBytes, rowsOf, tableRows } from '../support/decode.js';
import { CORPUS } from '../support/corpus.js';
import { encodeWithProtobufjs } from '../support/reference-encoder.js';
import { doubleOfBits } from '../support/row-reader.js';
import { attribute, jsonBytes, metricsRequest, NOON_NS, span, text, TRACE_ID, tracesRequest } from '../support/otlp.js';

const attributeText = (value: object): unknown => {
  const [row] = rowsOf(
    'traces',
    tracesRequest([span(0, { attributes: [attribute('k', { ...value })] })]),
    'otel_traces',
  );
  return Array.isArray(row?.['SpanAttributes']) ? row['SpanAttributes'][0]?.[1] : undefined;
};

describe('rows of otel_traces', () => {
  it('hold what the exporter writes for a plain span', () => {
    const request = tracesRequest([
      span(0, {
        parentSpanId: 'AABBCCDDEEFF0011',
        traceState: 'a=b',
        status: { code: 2, message: 'rate limited' },
        events: [{ timeUnixNano: String(NOON_NS + 5n), name: 'e', attributes: [text('k', 'v')] }],
        links: [{ traceId: TRACE_ID, spanId: '00000000000000ff', traceState: 'c=d', attributes: [text('l', 'm')] }],
      }),
    ]);
    expect(rowsOf('traces', request, 'otel_traces')).toEqual([
      {
        Timestamp: String(NOON_NS),
        TraceId: TRACE_ID,
        SpanId: '0000000000000001',
        ParentSpanId: 'aabbccddeeff0011',
        TraceState: 'a=b',
        SpanName: 'span 0',
        SpanKind: 'Client',
        ServiceName: 'shop',
        ResourceAttributes: [['service.name', 'shop']],
        ScopeName: 'test',
        ScopeVersion: '1.0',
        SpanAttributes: [
          ['gen_ai.operation.name', 'chat'],
          ['gen_ai.usage.input_tokens', '100'],
        ],
        Duration: '250000000',
        StatusCode: 'Error',
        StatusMessage: 'rate limited',
        'Events.Timestamp': [String(NOON_NS + 5n)],
        'Events.Name': ['e'],
        'Events.Attributes': [[['k', 'v']]],
        'Links.TraceId': [TRACE_ID],
        'Links.SpanId': ['00000000000000ff'],
        'Links.TraceState': ['c=d'],
        'Links.Attributes': [[['l', 'm']]],
      },
    ]);
  });

  it.each([
    [0, 'Unspecified'],
    [1, 'Internal'],
    [2, 'Server'],
    [3, 'Client'],
    [4, 'Producer'],
    [5, 'Consumer'],
    [6, ''],
    ['SPAN_KIND_PRODUCER', 'Producer'],
  ])('say kind %s as %j', (kind, word) => {
    const [row] = rowsOf('traces', tracesRequest([span(0, { kind })]), 'otel_traces');
    expect(row?.['SpanKind']).toBe(word);
  });

  it('wrap the duration of a span that ends before it starts, as the exporter does', () => {
    const request = tracesRequest([span(0, { startTimeUnixNano: '5', endTimeUnixNano: '3' })]);
    expect(rowsOf('traces', request, 'otel_traces')[0]?.['Duration']).toBe('18446744073709551614');
  });

  it('leave absent and all-zero ids empty', () => {
    const request = tracesRequest([span(0, { traceId: '0'.repeat(32), spanId: '', parentSpanId: undefined })]);
    const [row] = rowsOf('traces', request, 'otel_traces');
    expect([row?.['TraceId'], row?.['SpanId'], row?.['ParentSpanId']]).toEqual(['', '', '']);
  });

  it('order attributes by key, bytes ascending, and keep what is said twice', () => {
    const attributes = [text('b', '1'), text('a', '2'), text('B', '3'), text('a', '4'), text('', '5'), text('é', '6')];
    const [row] = rowsOf('traces', tracesRequest([span(0, { attributes })]), 'otel_traces');
    expect(row?.['SpanAttributes']).toEqual([
      ['', '5'],
      ['B', '3'],
      ['a', '2'],
      ['a', '4'],
      ['b', '1'],
      ['é', '6'],
    ]);
  });

  it('order many attributes as they order few', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `key.${(index * 7919) % 500}`);
    const attributes = keys.map((key) => text(key, key));
    const [row] = rowsOf('traces', tracesRequest([span(0, { attributes })]), 'otel_traces');
    expect(row?.['SpanAttributes']).toEqual(keys.toSorted().map((key) => [key, key]));
  });

  it('take the service from the first service.name, whatever its type', () => {
    const resource = { attributes: [attribute('service.name', { intValue: '7' }), text('service.name', 'second')] };
    expect(rowsOf('traces', tracesRequest([span(0)], resource), 'otel_traces')[0]?.['ServiceName']).toBe('7');
    expect(rowsOf('traces', tracesRequest([span(0)], {}), 'otel_traces')[0]?.['ServiceName']).toBe('');
  });

  it.each([
    [{}, ''],
    [{ stringValue: '<b>"\n' }, '<b>"\n'],
    [{ boolValue: true }, 'true'],
    [{ intValue: '-9223372036854775808' }, '-9223372036854775808'],
    [{ intValue: 9007199254740991 }, '9007199254740991'],
    [{ doubleValue: 300 }, '300'],
    [{ doubleValue: 24.6 }, '24.6'],
    [{ doubleValue: 1e21 }, '1e+21'],
    [{ doubleValue: 1e20 }, '100000000000000000000'],
    [{ doubleValue: 1e-7 }, '1e-7'],
    [{ doubleValue: '-0.0' }, '-0'],
    [{ doubleValue: 'NaN' }, 'NaN'],
    [{ doubleValue: '-Infinity' }, '-Infinity'],
    [{ bytesValue: '3q2+7w==' }, '3q2+7w=='],
    [{ arrayValue: { values: [{ stringValue: 'stop' }] } }, '["stop"]'],
    [{ arrayValue: {} }, '[]'],
    [
      { arrayValue: { values: [{ stringValue: '<\u2028\u0001' }, {}, { bytesValue: '' }] } },
      '["<\\u2028\\u0001",null,null]',
    ],
    [{ arrayValue: { values: [{ doubleValue: 'NaN' }] } }, ''],
    [{ kvlistValue: { values: [{ key: 'b', value: { intValue: '1' } }, { key: 'a' }] } }, '{"a":null,"b":1}'],
  ])('write %j as text the way the exporter does', (value, expected) => {
    expect(attributeText(value)).toBe(expected);
  });
});

describe('rows of otel_logs', () => {
  it('take the observed time where the record has none, and say every body as text', () => {
    const request = {
      resourceLogs: [
        {
          schemaUrl: 'r',
          scopeLogs: [
            {
              scope: { name: 's', version: 'v', attributes: [text('k', 'v')] },
              schemaUrl: 'u',
              logRecords: [
                {
                  observedTimeUnixNano: '7',
                  severityNumber: 'SEVERITY_NUMBER_WARN',
                  body: { intValue: 5 },
                  flags: 257,
                },
                { timeUnixNano: '3', observedTimeUnixNano: '7', eventName: 'e', traceId: TRACE_ID },
              ],
            },
          ],
        },
      ],
    };
    const shared = {
      SpanId: '',
      SeverityText: '',
      ServiceName: '',
      ResourceSchemaUrl: 'r',
      ResourceAttributes: [],
      ScopeSchemaUrl: 'u',
      ScopeName: 's',
      ScopeVersion: 'v',
      ScopeAttributes: [['k', 'v']],
      LogAttributes: [],
    };
    expect(rowsOf('logs', request, 'otel_logs')).toEqual([
      { ...shared, Timestamp: '7', TraceId: '', TraceFlags: '1', SeverityNumber: '13', Body: '5', EventName: '' },
      { ...shared, Timestamp: '3', TraceId: TRACE_ID, TraceFlags: '0', SeverityNumber: '0', Body: '', EventName: 'e' },
    ]);
  });
});

describe('rows of the metric tables', () => {
  const METRICS = CORPUS.find(({ name }) => name === 'metrics of all five kinds')?.request ?? {};

  it('hold an integer as the nearest double and time in whole seconds', () => {
    const rows = rowsOf('metrics', METRICS, 'otel_metrics_sum');
    const [first] = rows;
    expect(rows.map((row) => doubleOfBits(row['Value']))).toEqual([2 ** 53, 2 ** 63, Number.NaN, -Infinity]);
    expect(first).toMatchObject({
      MetricName: 'sum',
      MetricUnit: '{token}',
      AggregationTemporality: '2',
      IsMonotonic: '1',
    });
    expect(first?.['TimeUnix']).toBe(String(NOON_NS / 1_000_000_000n));
  });

  it('print the ids of an exemplar in full even where it has none', () => {
    const [row] = rowsOf('metrics', METRICS, 'otel_metrics_gauge');
    expect(row?.['Exemplars.TraceId']).toEqual([TRACE_ID, '0'.repeat(32), '0'.repeat(32)]);
    expect(row?.['Exemplars.SpanId']).toEqual(['0000000000000002', '0'.repeat(16), '0'.repeat(16)]);
    expect(row?.['Exemplars.FilteredAttributes']).toEqual([
      [
        ['a', '2'],
        ['b', '1'],
      ],
      [],
      [],
    ]);
  });

  it('hold buckets, offsets and quantiles', () => {
    expect(rowsOf('metrics', METRICS, 'otel_metrics_histogram')[0]).toMatchObject({
      Count: '6',
      BucketCounts: ['1', '2', '3'],
    });
    expect(rowsOf('metrics', METRICS, 'otel_metrics_exponential_histogram')[0]).toMatchObject({
      Scale: '-10',
      ZeroCount: '4',
      PositiveOffset: '-3',
      NegativeBucketCounts: ['0', '1', '18446744073709551615'],
    });
    const [summary] = rowsOf('metrics', METRICS, 'otel_metrics_summary');
    expect(summary?.['ValueAtQuantiles.Quantile']).toHaveLength(3);
  });

  it('reject a metric without data and keep its neighbours', () => {
    const request = metricsRequest([{ name: 'empty' }, { name: 'ok', gauge: { dataPoints: [{ asInt: '1' }] } }]);
    const decoded = decode('metrics', 'json', jsonBytes(request));
    expect([...decoded.rejected]).toEqual([['metric_without_data', 1]]);
    expect(decoded.accepted).toBe(1);
  });
});

describe('times that no column can hold', () => {
  it('are clamped and counted, so that no insert fails', () => {
    const request = tracesRequest([span(0, { startTimeUnixNano: '9300000000000000000' })]);
    const decoded = decode('traces', 'json', jsonBytes(request));
    expect(tableRows(decoded, 'otel_traces')[0]?.['Timestamp']).toBe('-2208988800000000000');
    expect([...decoded.adjusted]).toEqual([['timestamp_clamped', 1]]);
  });

  it('are clamped to 1970 and 2105 in metrics', () => {
    const point = (time: string): object => ({
      startTimeUnixNano: '18446744073709551615',
      timeUnixNano: time,
      asInt: '1',
    });
    const request = metricsRequest([{ name: 'm', gauge: { dataPoints: [point('9223372036854775807')] } }]);
    const [row] = rowsOf('metrics', request, 'otel_metrics_gauge');
    expect([row?.['StartTimeUnix'], row?.['TimeUnix']]).toEqual(['0', '4291747199']);
  });
});

describe.each(CORPUS)('$name', ({ signal, request }) => {
  it('gives the same rows from protobuf and from JSON', () => {
    const fromJson = decode(signal, 'json', jsonBytes(request));
    const fromProtobuf = decode(signal, 'protobuf', protobufBytes(signal, request));
    expect(fromJson.rejected.size).toBe(0);
    expect(fromProtobuf).toEqual(fromJson);
  });

  it('gives the same rows from protobuf as a library writes it', () => {
    const decoded = decode(signal, 'protobuf', encodeWithProtobufjs(signal, request));
    expect(decoded.tables).toEqual(decode(signal, 'json', jsonBytes(request)).tables);
  });

  it('gives rows that end where their bounds say', () => {
    for (const { table, rows, rowEnds } of decode(signal, 'json', jsonBytes(request)).tables) {
      let start = 0;
      for (const end of rowEnds) {
        expect(
          tableRows({ ...EMPTY, tables: [{ table, rows: rows.subarray(start, end), rowEnds, days: 1 }] }, table),
        ).toHaveLength(1);
        start = end;
      }
      expect(start).toBe(rows.length);
    }
  });

  it('gives no more rows than the limit allows and counts the others', () => {
    const all = decode(signal, 'json', jsonBytes(request)).accepted;
    const limited = decode(signal, 'json', jsonBytes(request), { recordsPerRequest: 1 });
    expect(limited.accepted).toBe(Math.min(all, 1));
    expect(limited.rejected.get('too_many_records') ?? 0).toBe(Math.max(0, all - 1));
  });
});

const EMPTY = { ...decode('traces', 'json', jsonBytes({}), DEFAULT_LIMITS) };
