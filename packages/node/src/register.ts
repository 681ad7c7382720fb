import { CostelMetricProducer, CostSpanProcessor, finishOpenCalls, llmInstrumentations } from '@costel/instrumentation';
import { context, diag, DiagConsoleLogger, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  diagLogLevelFromString,
  getBooleanFromEnv,
  getNumberFromEnv,
  getStringFromEnv,
  getStringListFromEnv,
} from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations, type Instrumentation } from '@opentelemetry/instrumentation';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { deliverInBackground } from './background-delivery.js';
import { detachedAgent } from './detached-agent.js';
import { flushOnExit } from './flush-on-exit.js';
import { registerLoaderHook, type PatchedModule } from './loader-hook.js';
import {
  DEFAULT_METRIC_EXPORT_INTERVAL_MS,
  DEFAULT_TRACE_EXPORT_DELAY_MS,
  EXPORT_TIMEOUT_MS,
  FLUSH_TIMEOUT_MS,
  MAX_WAITING_SPANS,
  adviceOnProtocols,
  signalUrl,
  type CostelHandle,
  type RegisterConfig,
  type Signal,
} from './options.js';
import { OutageReport } from './outage-report.js';
import { buildPropagator } from './propagator.js';
import { buildResource } from './resource.js';
import { settleWithin } from './settle-within.js';

interface Provider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

let active: CostelHandle | undefined;
let identity: { readonly service?: string; readonly environment?: string } = {};

/** What `register` was told of the application's name and environment. */
export function registeredIdentity(): typeof identity {
  return identity;
}

/**
 * Sets up OpenTelemetry for a Node application in one line: traces and metrics over OTLP/HTTP and the LLM SDKs patched.
 * Call it before the SDKs are loaded, or start Node with `--import @costel/node/register`, which does. Where the
 * application already has OpenTelemetry providers, those stay and Costel only adds its instrumentation. A second call
 * returns the first one's handle. Never throws.
 */
export function register(config: RegisterConfig = {}): CostelHandle {
  if (active !== undefined) {
    if (Object.keys(config).length > 0) diag.warn('costel: register() was called before; these options have no effect');
    return active;
  }
  if (getBooleanFromEnv('OTEL_SDK_DISABLED')) return (active = new Handle([], () => undefined));
  const isAdviceLogged = setLogLevel();
  const { serviceName: service, environment } = config;
  identity = { ...(service === undefined ? {} : { service }), ...(environment === undefined ? {} : { environment }) };
  const providers: Provider[] = [];
  let instrumentations: Instrumentation[] = [];
  try {
    const resource = buildResource(config);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(buildPropagator());
    const advise = isAdviceLogged ? logAdvice : printAdvice;
    const toldOutages = new Set<string>();
    const meters = startMetrics(config, resource, toldOutages);
    const tracers = startTraces(config, resource, toldOutages);
    providers.push(...meters.providers, ...tracers);
    const sent: readonly Signal[] = [
      ...(tracers.length > 0 ? (['traces'] as const) : []),
      ...(meters.providers.length > 0 ? (['metrics'] as const) : []),
    ];
    for (const advice of adviceOnProtocols(config.endpoint, sent)) advise(advice);
    const { enabled: _, ...instrumentationConfig } = {
      enabled: true,
      onUnseenCalls: advise,
      ...meters.instrumentation,
      ...config,
    };
    const ours = llmInstrumentations(instrumentationConfig);
    for (const instrumentation of ours) tellOfLostEvents(instrumentation, advise);
    instrumentations = [...ours, ...(config.instrumentations ?? [])];
    registerLoaderHook(instrumentations.flatMap(modulesOf));
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

  async forceFlush(timeoutMs = FLUSH_TIMEOUT_MS): Promise<void> {
    await settleWithin(Promise.allSettled(this.#providers.map((provider) => provider.forceFlush())), timeoutMs);
  }

  shutdown(timeoutMs = FLUSH_TIMEOUT_MS): Promise<void> {
    return (this.#shutdown ??= this.#stop(timeoutMs));
  }

  async #stop(timeoutMs: number): Promise<void> {
    finishOpenCalls();
    for (const cleanup of this.#cleanups) cleanup();
    const stopped = Promise.allSettled(this.#providers.map((provider) => provider.shutdown()));
    if (!(await settleWithin(stopped, timeoutMs)))
      console.warn(
        `costel: the receiver did not take everything within ${timeoutMs / 1000} s before the end; what was left may be ` +
          'lost. "await shutdown(15_000)" of the handle that register() returns gives it longer.',
      );
    if (active === this) active = undefined;
  }
}

/** The modules that an instrumentation patches, as far as it says so. */
function modulesOf(instrumentation: Instrumentation): readonly PatchedModule[] {
  const { getModuleDefinitions } = instrumentation as { getModuleDefinitions?: () => readonly PatchedModule[] };
  return getModuleDefinitions?.call(instrumentation) ?? [];
}

/** Logs what `OTEL_LOG_LEVEL` asks for; whether it asks for anything, be it silence. */
function setLogLevel(): boolean {
  const level = getStringFromEnv('OTEL_LOG_LEVEL');
  if (level === undefined) return false;
  const logLevel = diagLogLevelFromString(level);
  if (logLevel !== undefined) diag.setLogger(new DiagConsoleLogger(), { logLevel, suppressOverrideMessage: true });
  return true;
}

function logAdvice(advice: string): void {
  diag.warn(`costel: ${advice}`);
}

/** Without a logger nobody would hear the advice, and calls that go unseen look like no calls. */
function printAdvice(advice: string): void {
  console.warn(`costel: ${advice}`);
}

type LoggerProvider = Parameters<NonNullable<Instrumentation['setLoggerProvider']>>[0];
type Logger = ReturnType<LoggerProvider['getLogger']>;

/** Whether a logger does anything with an event; one of an earlier logs API cannot be asked and is taken to. */
function isTaken(logger: Logger, event: Parameters<Logger['emit']>[0]): boolean {
  try {
    return logger.enabled(event);
  } catch {
    return true;
  }
}

/**
 * Says once that events with content go nowhere. It is found out at the first event, for an application that starts
 * after Costel may set a logger provider of its own.
 */
function tellOfLostEvents(instrumentation: Instrumentation, advise: (advice: string) => void): void {
  const setLoggerProvider = instrumentation.setLoggerProvider?.bind(instrumentation);
  let isTold = false;
  const wrap = (logger: Logger): Logger => ({
    enabled: (options) => logger.enabled(options),
    emit: (event) => {
      logger.emit(event);
      if (isTold || isTaken(logger, event)) return;
      isTold = true;
      advise(
        'content is asked for as events (captureContent), and no logger provider takes them, so they are lost. ' +
          "captureContent: 'span', or OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only, puts it on the spans; " +
          'or set a global logger provider of @opentelemetry/sdk-logs',
      );
    },
  });
  instrumentation.setLoggerProvider = (provider) =>
    setLoggerProvider?.({ getLogger: (...scope) => wrap(provider.getLogger(...scope)) });
}

function isOff(variable: string): boolean {
  return getStringListFromEnv(variable)?.includes('none') === true;
}

function exportTimeoutMs(): number {
  return getNumberFromEnv('OTEL_EXPORTER_OTLP_TIMEOUT') ?? EXPORT_TIMEOUT_MS;
}

function exporterOptions(config: RegisterConfig, url: string) {
  return {
    timeoutMillis: exportTimeoutMs(),
    httpAgentOptions: detachedAgent,
    url,
    ...(config.headers === undefined ? {} : { headers: { ...config.headers } }),
  };
}

/** A batch processor whose flush also waits for the delivery. */
class DeliveringSpanProcessor extends BatchSpanProcessor {
  readonly #exporter: SpanExporter;

  constructor(exporter: SpanExporter, scheduledDelayMillis: number) {
    super(exporter, { scheduledDelayMillis });
    this.#exporter = exporter;
  }

  override async forceFlush(): Promise<void> {
    await super.forceFlush();
    await this.#exporter.forceFlush?.();
  }
}

function startTraces(config: RegisterConfig, resource: Resource, toldOutages: Set<string>): Provider[] {
  if (isOff('OTEL_TRACES_EXPORTER')) return [];
  const url = signalUrl(config.endpoint, 'traces');
  const report = new OutageReport(url, toldOutages);
  const exporter = deliverInBackground(new OTLPTraceExporter(exporterOptions(config, url)), report, {
    sizeOf: (spans: ReadableSpan[]) => spans.length,
    maxWaiting: MAX_WAITING_SPANS,
    onDropped: (spans) => report.dropped(spans),
    join: (first, second) => [...first, ...second],
  });
  const delayMs =
    config.traceExportDelayMs ?? getNumberFromEnv('OTEL_BSP_SCHEDULE_DELAY') ?? DEFAULT_TRACE_EXPORT_DELAY_MS;
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [new CostSpanProcessor(), new DeliveringSpanProcessor(exporter, delayMs)],
  });
  if (trace.setGlobalTracerProvider(provider)) return [provider];
  console.warn(
    'costel: this process already has an OpenTelemetry tracer provider, which stays in charge of exporting; ' +
      'add "new CostSpanProcessor()" to it to price spans of other instrumentations too',
  );
  return [];
}

/** What the exporter itself reads: counters and histograms are deltas with `lowmemory` too. */
function temporalityOfEnv(): 'cumulative' | 'delta' {
  const preference = getStringFromEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE')?.toLowerCase();
  return preference === 'delta' || preference === 'lowmemory' ? 'delta' : 'cumulative';
}

interface Meters {
  readonly providers: readonly Provider[];
  /** What the instrumentation is told about metrics. */
  readonly instrumentation: { metricProducer?: CostelMetricProducer };
}

function startMetrics(config: RegisterConfig, resource: Resource, toldOutages: Set<string>): Meters {
  if (isOff('OTEL_METRICS_EXPORTER')) return { providers: [], instrumentation: {} };
  const intervalMs =
    config.metricExportIntervalMs ??
    getNumberFromEnv('OTEL_METRIC_EXPORT_INTERVAL') ??
    DEFAULT_METRIC_EXPORT_INTERVAL_MS;
  const url = signalUrl(config.endpoint, 'metrics');
  const report = new OutageReport(url, toldOutages);
  const metricProducer = new CostelMetricProducer({ temporality: temporalityOfEnv() });
  const provider = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        // Metrics are cumulative: the next export says everything that a lost one said.
        exporter: deliverInBackground(new OTLPMetricExporter(exporterOptions(config, url)), report, {
          sizeOf: () => 1,
          maxWaiting: 1,
          onDropped: () => undefined,
        }),
        exportIntervalMillis: intervalMs,
        exportTimeoutMillis: Math.min(intervalMs, exportTimeoutMs()),
        metricProducers: [metricProducer],
      }),
    ],
  });
  // Where the application has a provider of its own, the points go to that one and no reader of ours collects.
  if (!metrics.setGlobalMeterProvider(provider)) return { providers: [], instrumentation: {} };
  return { providers: [provider], instrumentation: { metricProducer } };
}
