import { CostSpanProcessor, finishOpenCalls, llmInstrumentations } from '@costel/instrumentation';
import {
  context,
  diag,
  DiagConsoleLogger,
  metrics,
  propagation,
  trace,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  diagLogLevelFromString,
  getBooleanFromEnv,
  getNumberFromEnv,
  getStringFromEnv,
  getStringListFromEnv,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations, type Instrumentation } from '@opentelemetry/instrumentation';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  type Resource,
} from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { flushOnExit } from './flush-on-exit.js';
import { registerLoaderHook } from './loader-hook.js';
import {
  DEFAULT_METRIC_EXPORT_INTERVAL_MS,
  DEFAULT_TRACE_EXPORT_DELAY_MS,
  EXPORT_TIMEOUT_MS,
  signalUrl,
  type CostelHandle,
  type RegisterConfig,
} from './options.js';
import { OutageReport, reportOutages } from './reporting-exporter.js';

const PROPAGATORS: Readonly<Record<string, () => TextMapPropagator>> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
};

interface Provider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

let active: CostelHandle | undefined;

/**
 * Sets up OpenTelemetry for a Node application in one line: traces and metrics over OTLP/HTTP and the LLM SDKs patched.
 * Call it before the SDKs are loaded, or start Node with `--import @costel/node/register`, which does. Where the
 * application already has OpenTelemetry providers, those stay and Costel only adds its instrumentation. A second call
 * returns the first one's handle. Never throws.
 */
export function register(config: RegisterConfig = {}): CostelHandle {
  if (active !== undefined) return active;
  if (getBooleanFromEnv('OTEL_SDK_DISABLED')) return (active = new Handle([], () => undefined));
  setLogLevel();
  const providers: Provider[] = [];
  let instrumentations: Instrumentation[] = [];
  try {
    const resource = buildResource(config);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(buildPropagator());
    providers.push(...startMetrics(config, resource), ...startTraces(config, resource));
    const { enabled: _, ...instrumentationConfig } = { enabled: true, ...config };
    instrumentations = [...llmInstrumentations(instrumentationConfig), ...(config.instrumentations ?? [])];
    registerLoaderHook((config.instrumentations ?? []).flatMap(moduleNamesOf));
    registerInstrumentations({ instrumentations });
  } catch (error) {
    console.warn(`costel: could not set up: ${error instanceof Error ? error.message : String(error)}`);
  }
  const handle = new Handle(providers, () => {
    for (const instrumentation of instrumentations) instrumentation.disable();
  });
  if (config.flushOnExit !== false) handle.onShutdown(flushOnExit(handle));
  return (active = handle);
}

class Handle implements CostelHandle {
  readonly #providers: readonly Provider[];
  readonly #cleanups: (() => void)[];
  #shutdown: Promise<void> | undefined;

  constructor(providers: readonly Provider[], disable: () => void) {
    this.#providers = providers;
    this.#cleanups = [disable];
  }

  onShutdown(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  async forceFlush(): Promise<void> {
    await Promise.allSettled(this.#providers.map((provider) => provider.forceFlush()));
  }

  shutdown(): Promise<void> {
    return (this.#shutdown ??= this.#stop());
  }

  async #stop(): Promise<void> {
    finishOpenCalls();
    for (const cleanup of this.#cleanups) cleanup();
    await Promise.allSettled(this.#providers.map((provider) => provider.shutdown()));
    if (active === this) active = undefined;
  }
}

/** The modules that an instrumentation patches, as far as it says so. */
function moduleNamesOf(instrumentation: Instrumentation): readonly string[] {
  const { getModuleDefinitions } = instrumentation as { getModuleDefinitions?: () => readonly { name: string }[] };
  return getModuleDefinitions?.call(instrumentation).map(({ name }) => name) ?? [];
}

function setLogLevel(): void {
  const level = getStringFromEnv('OTEL_LOG_LEVEL');
  if (level === undefined) return;
  const logLevel = diagLogLevelFromString(level);
  if (logLevel !== undefined) diag.setLogger(new DiagConsoleLogger(), { logLevel, suppressOverrideMessage: true });
}

/**
 * Without the process detector on purpose: it exports the command line, where people pass keys.
 */
function buildResource({ serviceName, environment }: RegisterConfig): Resource {
  const detected = detectResources({ detectors: [envDetector, hostDetector, serviceInstanceIdDetector] });
  return defaultResource()
    .merge(detected)
    .merge(
      resourceFromAttributes({
        'process.pid': process.pid,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': process.versions.node,
        ...(serviceName === undefined ? {} : { 'service.name': serviceName }),
        ...(environment === undefined ? {} : { 'deployment.environment.name': environment }),
      }),
    );
}

function buildPropagator(): TextMapPropagator {
  const names = getStringListFromEnv('OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'];
  const propagators = names.flatMap((name) => {
    const build = PROPAGATORS[name];
    if (build === undefined && name !== 'none') diag.warn(`costel: OTEL_PROPAGATORS "${name}" is not supported`);
    return build === undefined ? [] : [build()];
  });
  return new CompositePropagator({ propagators });
}

function isOff(variable: string): boolean {
  return getStringListFromEnv(variable)?.includes('none') === true;
}

function exporterOptions(config: RegisterConfig, signal: 'traces' | 'metrics') {
  const url = signalUrl(config.endpoint, signal);
  return {
    timeoutMillis: EXPORT_TIMEOUT_MS,
    ...(url === undefined ? {} : { url }),
    ...(config.headers === undefined ? {} : { headers: { ...config.headers } }),
  };
}

function reportFor(config: RegisterConfig): OutageReport {
  return new OutageReport(
    config.endpoint ?? getStringFromEnv('OTEL_EXPORTER_OTLP_ENDPOINT') ?? 'http://localhost:4318',
  );
}

function startTraces(config: RegisterConfig, resource: Resource): Provider[] {
  if (isOff('OTEL_TRACES_EXPORTER')) return [];
  const exporter = reportOutages(new OTLPTraceExporter(exporterOptions(config, 'traces')), reportFor(config));
  const delayMs =
    config.traceExportDelayMs ?? getNumberFromEnv('OTEL_BSP_SCHEDULE_DELAY') ?? DEFAULT_TRACE_EXPORT_DELAY_MS;
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [new CostSpanProcessor(), new BatchSpanProcessor(exporter, { scheduledDelayMillis: delayMs })],
  });
  if (trace.setGlobalTracerProvider(provider)) return [provider];
  console.warn(
    'costel: this process already has an OpenTelemetry tracer provider, which stays in charge of exporting; ' +
      'add "new CostSpanProcessor()" to it to price spans of other instrumentations too',
  );
  return [];
}

function startMetrics(config: RegisterConfig, resource: Resource): Provider[] {
  if (isOff('OTEL_METRICS_EXPORTER')) return [];
  const intervalMs =
    config.metricExportIntervalMs ??
    getNumberFromEnv('OTEL_METRIC_EXPORT_INTERVAL') ??
    DEFAULT_METRIC_EXPORT_INTERVAL_MS;
  const provider = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: reportOutages(new OTLPMetricExporter(exporterOptions(config, 'metrics')), reportFor(config)),
        exportIntervalMillis: intervalMs,
        exportTimeoutMillis: Math.min(intervalMs, EXPORT_TIMEOUT_MS),
      }),
    ],
  });
  return metrics.setGlobalMeterProvider(provider) ? [provider] : [];
}
