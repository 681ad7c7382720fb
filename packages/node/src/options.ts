import type { CostelInstrumentationConfig } from '@costel/instrumentation';
import { getStringFromEnv } from '@opentelemetry/core';
import type { Instrumentation } from '@opentelemetry/instrumentation';

/** What `register` takes; everything has a default, and `OTEL_*` variables are honoured where an option is left out. */
export interface RegisterConfig extends Omit<CostelInstrumentationConfig, 'enabled'> {
  /** `service.name`. Default: `OTEL_SERVICE_NAME`, else `unknown_service:node`. */
  serviceName?: string;
  /** `deployment.environment.name`. Default: what `OTEL_RESOURCE_ATTRIBUTES` says. */
  environment?: string;
  /** Base URL of the OTLP/HTTP receiver. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, else `http://localhost:4318`. */
  endpoint?: string;
  /** Headers of each export, e.g. an API key. Default: `OTEL_EXPORTER_OTLP_HEADERS`. */
  headers?: Readonly<Record<string, string>>;
  /** Longest time that a finished span waits. Default: `OTEL_BSP_SCHEDULE_DELAY`, else 500 ms. */
  traceExportDelayMs?: number;
  /** Time between metric exports. Default: `OTEL_METRIC_EXPORT_INTERVAL`, else 10 000 ms. */
  metricExportIntervalMs?: number;
  /** Further OpenTelemetry instrumentations to register. Default none. */
  instrumentations?: readonly Instrumentation[];
  /** Exports what is left when the process ends or is told to. Default true. */
  flushOnExit?: boolean;
}

/** A running set-up. */
export interface CostelHandle {
  /** Sends everything that is finished now, waiting at most `timeoutMs` (default 15 000). Never rejects. */
  forceFlush(timeoutMs?: number): Promise<void>;
  /** Ends open calls, sends everything and stops. Never rejects; doing it twice is harmless. */
  shutdown(timeoutMs?: number): Promise<void>;
}

/** Fast enough that a call is on the page within two seconds. */
export const DEFAULT_TRACE_EXPORT_DELAY_MS = 500;

export const DEFAULT_METRIC_EXPORT_INTERVAL_MS = 10_000;

/** Longest wait for an answer of the receiver; the OpenTelemetry default of 30 s is longer than the metric interval. */
export const EXPORT_TIMEOUT_MS = 10_000;

/** Longest wait of `forceFlush` and `shutdown`. */
export const FLUSH_TIMEOUT_MS = 15_000;

/** Finished spans kept for a receiver that does not answer, about 4 kB each; the oldest go first. */
export const MAX_WAITING_SPANS = 8192;

/** What is sent; each has a path below the endpoint and variables of its own. */
export type Signal = 'traces' | 'metrics';

const DEFAULT_ENDPOINT = 'http://localhost:4318';

function urlBelow(endpoint: string, signal: Signal): string {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal}`;
  return url.toString();
}

/** Of addresses in variables: the exporter says of one that cannot be read that it goes on without it. */
function urlFromEnv(variable: string): string | undefined {
  const url = getStringFromEnv(variable);
  return url !== undefined && URL.canParse(url) ? url : undefined;
}

/**
 * Where one signal is sent: below the option's endpoint, else to the signal's own variable as it stands, else below the
 * variable of all signals, e.g. `http://localhost:4318/v1/traces`.
 * @throws TypeError for an option that is no URL.
 */
export function signalUrl(endpoint: string | undefined, signal: Signal): string {
  if (endpoint !== undefined) return urlBelow(endpoint, signal);
  const own = urlFromEnv(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`);
  if (own !== undefined) return new URL(own).toString();
  return urlBelow(urlFromEnv('OTEL_EXPORTER_OTLP_ENDPOINT') ?? DEFAULT_ENDPOINT, signal);
}

/** A URL as it may be printed: without the user, password and query that may hold keys. */
export function printableUrl(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  shown.hash = '';
  return shown.toString();
}

/** The one protocol that the exporters speak. */
const PROTOCOL = 'http/protobuf';

/**
 * What to say of variables that ask for another protocol than the one that is spoken, a sentence each: with one that
 * passed in silence, a receiver of gRPC looks as if it were out of reach.
 */
export function adviceOnProtocols(endpoint: string | undefined, signals: readonly Signal[]): readonly string[] {
  const asked = new Map<string, string[]>();
  for (const signal of signals) {
    const variables = [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL'];
    const variable = variables.find((name) => getStringFromEnv(name) !== undefined);
    const protocol = variable === undefined ? PROTOCOL : (getStringFromEnv(variable) ?? PROTOCOL).toLowerCase();
    if (protocol === PROTOCOL) continue;
    const key = `${variable}=${protocol.slice(0, 40)}`;
    const target = `${signal} to ${printableUrl(signalUrl(endpoint, signal))}`;
    asked.set(key, [...(asked.get(key) ?? []), target]);
  }
  return [...asked].map(([setting, targets]) => {
    const port = setting.endsWith('=grpc')
      ? ", and the endpoint to the receiver's port for HTTP (4318 by custom; 4317 takes gRPC alone)"
      : '';
    return (
      `${setting} is not supported; ${PROTOCOL} is used in its place: ${targets.join(', ')}. ` +
      `Set it to ${PROTOCOL}${port}`
    );
  });
}
