/* oxlint-disable typescript/no-unsafe-enum-assignment -- the rule takes the enums of one OpenTelemetry package for two */
import { context, SpanKind, SpanStatusCode, trace, ValueType } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../src/tables.js';
import { decode, tableRows } from '../support/decode.js';

const resource = resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': 'i-1', 'process.pid': 42 });
const scope = { name: '@costel/test', version: '1.2.3' };

function recordSpans() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer(scope.name, scope.version);
  const parent = tracer.startSpan('parent', { kind: SpanKind.SERVER });
  const child = tracer.startSpan(
    'chat gpt-test',
    {
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.usage.input_tokens': 1234,
        ratio: 0.25,
        finish: ['stop', 'length'],
        ok: true,
        none: undefined,
      },
      links: [{ context: parent.spanContext(), attributes: { why: 'because' } }],
    },
    trace.setSpan(context.active(), parent),
  );
  child.addEvent('first chunk', { index: 0 });
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'broke off' });
  child.end();
  parent.end();
  return exporter.getFinishedSpans();
}

class ManualReader extends MetricReader {
  protected override onShutdown = () => Promise.resolve();
  protected override onForceFlush = () => Promise.resolve();
}

async function recordMetrics(): Promise<ResourceMetrics> {
  const reader = new ManualReader();
  const exponential = { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const;
  const views = [{ instrumentName: 'exponential', aggregation: exponential }];
  const meter = new MeterProvider({ resource, readers: [reader], views }).getMeter(scope.name, scope.version);
  meter.createCounter('cost', { unit: 'USD' }).add(0.125, { model: 'm' });
  meter.createUpDownCounter('open', { valueType: ValueType.INT }).add(-3);
  meter.createGauge('level').record(7.5);
  meter.createHistogram('duration', { unit: 's', advice: { explicitBucketBoundaries: [1, 5] } }).record(2.5);
  const histogram = meter.createHistogram('exponential');
  for (const value of [0, 0.5, 3, 1000]) histogram.record(value);
  const { errors, resourceMetrics } = await reader.collect();
  expect(errors).toEqual([]);
  return resourceMetrics;
}

function recordLogs() {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger(scope.name, scope.version);
  logger.emit({
    body: 'plain',
    severityNumber: SeverityNumber.INFO,
    severityText: 'INFO',
    attributes: { a: 1 },
  });
  logger.emit({ body: { nested: ['x', 1, { y: true }] }, eventName: 'gen_ai.event' });
  return exporter.getFinishedLogRecords();
}

function expectSameRows(signal: Signal, protobuf: Uint8Array | undefined, json: Uint8Array | undefined) {
  const fromProtobuf = decode(signal, 'protobuf', protobuf ?? new Uint8Array());
  expect(decode(signal, 'json', json ?? new Uint8Array())).toEqual(fromProtobuf);
  expect(fromProtobuf.rejected.size).toBe(0);
  return fromProtobuf;
}

describe('what the OpenTelemetry SDK for JavaScript sends', () => {
  it('becomes the same span rows from protobuf and from JSON', () => {
    const spans = recordSpans();
    const decoded = expectSameRows(
      'traces',
      ProtobufTraceSerializer.serializeRequest(spans),
      JsonTraceSerializer.serializeRequest(spans),
    );
    const [child, parent] = tableRows(decoded, 'otel_traces');
    expect(child).toMatchObject({
      SpanName: 'chat gpt-test',
      SpanKind: 'Client',
      ServiceName: 'shop',
      ScopeName: scope.name,
      ScopeVersion: scope.version,
      TraceId: spans[0]?.spanContext().traceId,
      SpanId: spans[0]?.spanContext().spanId,
      ParentSpanId: parent?.['SpanId'],
      StatusCode: 'Error',
      StatusMessage: 'broke off',
      SpanAttributes: [
        ['finish', '["stop","length"]'],
        ['gen_ai.usage.input_tokens', '1234'],
        ['ok', 'true'],
        ['ratio', '0.25'],
      ],
      'Events.Name': ['first chunk'],
      'Events.Attributes': [[['index', '0']]],
      'Links.SpanId': [parent?.['SpanId']],
      'Links.Attributes': [[['why', 'because']]],
    });
    expect(child?.['ResourceAttributes']).toEqual([
      ['process.pid', '42'],
      ['service.instance.id', 'i-1'],
      ['service.name', 'shop'],
    ]);
  });

  it('becomes the same metric rows from protobuf and from JSON', async () => {
    const metrics = await recordMetrics();
    const decoded = expectSameRows(
      'metrics',
      ProtobufMetricsSerializer.serializeRequest(metrics),
      JsonMetricsSerializer.serializeRequest(metrics),
    );
    expect(decoded.accepted).toBe(5);
    const [cost, open] = tableRows(decoded, 'otel_metrics_sum');
    expect(cost).toMatchObject({
      MetricName: 'cost',
      MetricUnit: 'USD',
      IsMonotonic: '1',
      AggregationTemporality: '2',
    });
    expect(open).toMatchObject({ MetricName: 'open', IsMonotonic: '0' });
    expect(tableRows(decoded, 'otel_metrics_histogram')[0]).toMatchObject({
      Count: '1',
      BucketCounts: ['0', '1', '0'],
    });
    expect(tableRows(decoded, 'otel_metrics_exponential_histogram')[0]).toMatchObject({ Count: '4', ZeroCount: '1' });
    expect(tableRows(decoded, 'otel_metrics_gauge')).toHaveLength(1);
  });

  it('becomes the same log rows from protobuf and from JSON', () => {
    const logs = recordLogs();
    const decoded = expectSameRows(
      'logs',
      ProtobufLogsSerializer.serializeRequest(logs),
      JsonLogsSerializer.serializeRequest(logs),
    );
    expect(tableRows(decoded, 'otel_logs')).toMatchObject([
      { Body: 'plain', SeverityText: 'INFO', SeverityNumber: '9', LogAttributes: [['a', '1']], EventName: '' },
      { Body: '{"nested":["x",1,{"y":true}]}', EventName: 'gen_ai.event' },
    ]);
  });
});
