import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
  type Histogram,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** OpenTelemetry registered globally, with everything kept in memory. */
export class Telemetry {
  readonly spanExporter = new InMemorySpanExporter();
  readonly #metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  readonly #reader = new PeriodicExportingMetricReader({
    exporter: this.#metricExporter,
    exportIntervalMillis: 3_600_000,
  });

  constructor(processors: readonly SpanProcessor[] = []) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [...processors, new SimpleSpanProcessor(this.spanExporter)] }),
    );
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
  }

  /** Finished spans since the last reset. */
  get spans(): ReadableSpan[] {
    return this.spanExporter.getFinishedSpans();
  }

  /** The only finished span; fails when there are none or more. */
  get onlySpan(): ReadableSpan {
    const { spans } = this;
    const [span] = spans;
    if (span === undefined || spans.length !== 1)
      throw new Error(`expected one span, found ${spans.length}: ${spans.map(({ name }) => name).join(', ')}`);
    return span;
  }

  async reset(): Promise<void> {
    this.spanExporter.reset();
    await this.#reader.forceFlush();
    this.#metricExporter.reset();
  }

  /** The points of one metric since the last reset; a sum that did not move since then is none. */
  async points(name: string): Promise<readonly DataPoint<number | Histogram>[]> {
    await this.#reader.forceFlush();
    const found = this.#metricExporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics: all }) => all))
      .filter(({ descriptor }) => descriptor.name === name);
    const points = found.flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[]);
    return points.map(rounded).filter(({ value }) => value !== 0);
  }

  /** Everything that was exported, as text, to search for what must not be in it. */
  async exportedText(): Promise<string> {
    await this.#reader.forceFlush();
    const spans = this.spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
    return JSON.stringify([spans, this.#metricExporter.getMetrics()]);
  }

  stop(): void {
    context.disable();
    trace.disable();
    metrics.disable();
    propagation.disable();
  }
}

/** What moved is the difference of two doubles: exact to a pico-dollar when rounded there. */
function rounded(point: DataPoint<number | Histogram>): DataPoint<number | Histogram> {
  return typeof point.value === 'number' ? { ...point, value: Number(point.value.toFixed(12)) } : point;
}

/** Waits until a condition holds; fails after a minute, for it may be a busy machine. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
