// The ways to run the same application: without anything, with OpenTelemetry alone, with one instrumentation each.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { floorInstrumentation, FloorMetricProducer } from './floor-instrumentation.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Told to the measured processes, which load our packages from there. */
export const DISTRIBUTION_VARIABLE = 'BENCH_DISTRIBUTION';

/** Loads as the workspace root would: the peers are its development dependencies. */
const fromRoot = createRequire(join(root, 'package.json'));
/** Loads as `@costel/node` would, as it is published: its OpenTelemetry SDK is the one that everybody is measured on. */
const fromDistribution = createRequire(
  join(process.env[DISTRIBUTION_VARIABLE] ?? join(root, 'packages', 'node'), 'package.json'),
);
/** Loads the newest openai that the peers support. */
export const fromSdk = createRequire(join(root, 'test', 'sdks', 'openai-6', 'package.json'));

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} about
 * @property {boolean} hasOpenTelemetry
 * @property {string} [instrumentation] the package that patches the SDK
 * @property {(metricProducer?: object) => object[]} [instrument]
 * @property {boolean} [hasCostProcessor]
 * @property {() => object} [makeMetricProducer] what keeps the metric points in the meter provider's place
 */

/** Without anything: what is added is added to this. */
export const BASE = 'none';
/** OpenTelemetry registered and used once, the SDK unpatched: what no instrumentation can save. */
export const ALS = 'als';
/** The peer that ours is held against. */
export const OFFICIAL = 'official';
/** Ours. */
export const OURS = 'costel';

const costelMetricProducer = () => new (fromDistribution('@costel/instrumentation').CostelMetricProducer)();

/** @param {FloorMetricProducer} [metricProducer] */
function floor(metricProducer) {
  const packages = {
    api: fromDistribution('@opentelemetry/api'),
    instrumentation: fromDistribution('@opentelemetry/instrumentation'),
  };
  return [floorInstrumentation(packages, metricProducer)];
}

/** @type {readonly Variant[]} */
export const VARIANTS = [
  { name: BASE, about: 'the SDK alone', hasOpenTelemetry: false },
  { name: 'none@2', about: 'the same once more: the noise', hasOpenTelemetry: false },
  { name: ALS, about: 'OpenTelemetry registered, one context.with, SDK unpatched', hasOpenTelemetry: true },
  {
    name: OFFICIAL,
    about: '@opentelemetry/instrumentation-openai',
    hasOpenTelemetry: true,
    instrumentation: '@opentelemetry/instrumentation-openai',
    instrument: () => [new (fromRoot('@opentelemetry/instrumentation-openai').OpenAIInstrumentation)()],
  },
  {
    name: 'traceloop',
    about: '@traceloop/instrumentation-openai (records content by default, no metrics)',
    hasOpenTelemetry: true,
    instrumentation: '@traceloop/instrumentation-openai',
    instrument: () => [new (fromRoot('@traceloop/instrumentation-openai').OpenAIInstrumentation)()],
  },
  {
    name: 'floor',
    about: 'the least code that records a span, 15 attributes, a cost and four points',
    hasOpenTelemetry: true,
    instrument: () => floor(),
  },
  {
    name: 'floor+producer',
    about: 'the same with the points kept in a metric producer',
    hasOpenTelemetry: true,
    instrument: floor,
    makeMetricProducer: () => new FloorMetricProducer(),
  },
  {
    name: OURS,
    about: '@costel/instrumentation',
    hasOpenTelemetry: true,
    instrumentation: '@costel/instrumentation',
    instrument: () => fromDistribution('@costel/instrumentation').llmInstrumentations(),
  },
  {
    name: 'costel+producer',
    about: '@costel/instrumentation with the metric producer, the low-overhead option',
    hasOpenTelemetry: true,
    instrumentation: '@costel/instrumentation',
    instrument: (metricProducer) => fromDistribution('@costel/instrumentation').llmInstrumentations({ metricProducer }),
    makeMetricProducer: costelMetricProducer,
  },
  {
    name: 'register',
    about: 'the metric producer and CostSpanProcessor, as register() sets up',
    hasOpenTelemetry: true,
    instrumentation: '@costel/instrumentation',
    instrument: (metricProducer) => fromDistribution('@costel/instrumentation').llmInstrumentations({ metricProducer }),
    hasCostProcessor: true,
    makeMetricProducer: costelMetricProducer,
  },
];

/** What decides the figures; their versions go into the result. @type {readonly string[]} */
const PEERS = ['@opentelemetry/instrumentation-openai', '@traceloop/instrumentation-openai'];
/** @type {readonly string[]} */
const OUR_PACKAGES = [
  '@costel/instrumentation',
  '@opentelemetry/api',
  '@opentelemetry/instrumentation',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/sdk-metrics',
];

/** @returns {Record<string, string>} */
export function measuredVersions() {
  return {
    openai: versionOf('openai', fromSdk),
    ...Object.fromEntries(PEERS.map((name) => [name, versionOf(name, fromRoot)])),
    ...Object.fromEntries(OUR_PACKAGES.map((name) => [name, versionOf(name, fromDistribution)])),
  };
}

/** Reads the manifest itself: not every package exports it. @param {string} name @param {NodeJS.Require} load */
function versionOf(name, load) {
  const manifests = (load.resolve.paths(name) ?? []).map((folder) => join(folder, name, 'package.json'));
  const manifest = manifests.find((file) => existsSync(file));
  return manifest === undefined ? 'unknown' : JSON.parse(readFileSync(manifest, 'utf8')).version;
}

/**
 * Registers OpenTelemetry as an application does, with exporters that throw everything away and only remember what
 * came last: spans through a BatchSpanProcessor, metrics through a periodic reader.
 * @param {Variant} variant
 */
function registerOpenTelemetry(variant) {
  const { context, metrics, trace, createContextKey } = fromDistribution('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = fromDistribution('@opentelemetry/context-async-hooks');
  const { BasicTracerProvider, BatchSpanProcessor } = fromDistribution('@opentelemetry/sdk-trace-base');
  const { MeterProvider, PeriodicExportingMetricReader } = fromDistribution('@opentelemetry/sdk-metrics');
  const seen = { spans: 0, attributesOfLastSpan: {}, metrics: undefined };
  const batches = new BatchSpanProcessor({
    export: (spans, done) => {
      seen.spans += spans.length;
      seen.attributesOfLastSpan = spans.at(-1)?.attributes ?? {};
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  });
  const costProcessors = variant.hasCostProcessor
    ? [new (fromDistribution('@costel/instrumentation').CostSpanProcessor)()]
    : [];
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [...costProcessors, batches] });
  const metricProducer = variant.makeMetricProducer?.();
  const meterProvider = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: {
          export: (batch, done) => {
            seen.metrics = batch;
            done({ code: 0 });
          },
          forceFlush: async () => undefined,
          shutdown: async () => undefined,
        },
        exportIntervalMillis: 10_000,
        metricProducers: metricProducer === undefined ? [] : [metricProducer],
      }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  // The first use of the context switches the process to promise hooks on Node 20; every application gets there.
  context.with(context.active().setValue(createContextKey('bench'), true), () => undefined);
  const flush = () => Promise.all([tracerProvider.forceFlush(), meterProvider.forceFlush()]);
  return { seen, flush, metricProducer };
}

/** @param {{ scopeMetrics: { metrics: { descriptor: { name: string }, dataPoints: unknown[] }[] }[] } | undefined} batch */
function seriesOf(batch) {
  const all = batch?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  return Object.fromEntries(all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.length]));
}

/**
 * Sets one variant up in this process; the SDK must not be loaded yet.
 * @param {Variant} variant
 * @returns {() => Promise<{ spans: number, attributes: string[], series: Record<string, number> }>} what has been
 *   recorded so far: spans, the attribute names of the last one, and the metrics with their number of series
 */
export function setUp(variant) {
  if (!variant.hasOpenTelemetry) return async () => ({ spans: 0, attributes: [], series: {} });
  const { seen, flush, metricProducer } = registerOpenTelemetry(variant);
  if (variant.instrument !== undefined) {
    const { registerInstrumentations } = fromDistribution('@opentelemetry/instrumentation');
    registerInstrumentations({ instrumentations: variant.instrument(metricProducer) });
  }
  return async () => {
    await flush();
    return {
      spans: seen.spans,
      attributes: Object.keys(seen.attributesOfLastSpan).sort(),
      series: seriesOf(seen.metrics),
    };
  };
}
