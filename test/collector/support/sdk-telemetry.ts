import { SpanKind, type Attributes, type HrTime } from '@opentelemetry/api';
import type { Logger } from '@opentelemetry/api-logs';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';

const resource = resourceFromAttributes({ 'service.name': 'shop', 'deployment.environment.name': 'test' });

/** Makes ended spans with the real SDK, so that the very same ones can be exported more than once. */
export function makeSpans(calls: readonly Attributes[], startMs = Date.now() - 1000): ReadableSpan[] {
  const finished = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(finished)] });
  const tracer = provider.getTracer('collector-test', '1.0.0');
  for (const [index, attributes] of calls.entries()) {
    const span = tracer.startSpan('chat gpt-4o', { kind: SpanKind.CLIENT, attributes, startTime: startMs + index });
    span.end(startMs + index + 250);
  }
  return finished.getFinishedSpans();
}

/** Makes one ended span that carries an event, as instrumentations that capture content do. */
export function makeSpanWithEvent(
  attributes: Attributes,
  eventName: string,
  eventAttributes: Attributes,
): ReadableSpan {
  const finished = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(finished)] });
  const span = provider.getTracer('collector-test').startSpan('chat gpt-4o', { attributes });
  span.addEvent(eventName, eventAttributes);
  span.end();
  const [made] = finished.getFinishedSpans();
  if (made === undefined) throw new Error('the SDK exported no span');
  return made;
}

/** What a chat call says of itself: gpt-4o costs $2.50 a million input and $10 a million output tokens. */
export function chatCall(inputTokens: number, outputTokens: number, more: Attributes = {}): Attributes {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.response.model': 'gpt-4o',
    'gen_ai.usage.input_tokens': inputTokens,
    'gen_ai.usage.output_tokens': outputTokens,
    ...more,
  };
}

/** Sends spans through a real exporter. @throws Error unless they are acknowledged. */
export async function exportSpans(exporter: SpanExporter, spans: readonly ReadableSpan[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    exporter.export([...spans], (result) => {
      if (result.code === ExportResultCode.SUCCESS) resolve();
      else reject(result.error ?? new Error('the exporter gave up'));
    });
  });
}

/** OTLP/HTTP with protobuf bodies, to a collector or to the embedded receiver. */
export function httpTraceExporter(url: string): SpanExporter {
  return new OTLPTraceExporter({ url: `${url}/v1/traces`, timeoutMillis: 60_000 });
}

/** OTLP/gRPC, to a collector. */
export function grpcTraceExporter(url: string): SpanExporter {
  return new GrpcTraceExporter({ url, timeoutMillis: 60_000 });
}

/** Records one point of every kind of instrument and sends them. */
export async function sendMetrics(url: string): Promise<void> {
  const exporter = new OTLPMetricExporter({ url: `${url}/v1/metrics`, timeoutMillis: 60_000 });
  const provider = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    views: [{ instrumentName: 'request.size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  });
  const meter = provider.getMeter('collector-test');
  meter.createCounter('gen_ai.client.cost', { unit: '{USD}' }).add(0.0035, { 'gen_ai.request.model': 'gpt-4o' });
  meter.createGauge('queue.length').record(7);
  meter.createHistogram('gen_ai.client.operation.duration', { unit: 's' }).record(0.25);
  meter.createHistogram('request.size', { unit: 'By' }).record(1234);
  // Ends with the one and only export; a flush before it would send every point twice.
  await provider.shutdown();
}

/** Sends log records through the real SDK. */
export async function sendLogs(url: string, write: (logger: Logger) => void): Promise<void> {
  const exporter = new OTLPLogExporter({ url: `${url}/v1/logs`, timeoutMillis: 60_000 });
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  write(provider.getLogger('collector-test'));
  await provider.forceFlush();
  await provider.shutdown();
}

/** Hexadecimal ids of a span, as the tables hold them. */
export function idsOf(span: ReadableSpan): { readonly traceId: string; readonly spanId: string } {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}

/** An SDK time as nanoseconds since 1970. */
export function nanoseconds([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}
