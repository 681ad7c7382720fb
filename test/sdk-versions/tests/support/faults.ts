import { createRequire } from 'node:module';
import type * as OtelApi from '@opentelemetry/api';
import type { ContextManager, Meter, Span, Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** The workspace's own copy of the API: a newer one, which the SDK versions bring, does not talk to an older one. */
const { context, metrics, trace } = createRequire(new URL('../../../../package.json', import.meta.url))(
  '@opentelemetry/api',
) as typeof OtelApi;

/** What breaks next; each is one thing that the instrumentation leans on. */
export type Faults = Set<string>;

/** What has thrown since it was emptied: a fault that nothing runs into shows nothing. */
export const thrown = new Set<string>();

/** Throws and notes what. */
export const throwing = (name: string): never => {
  thrown.add(name);
  throw new Error(`injected: ${name}`);
};

/** `@costel/pricing` with functions that fail on demand. */
export function faultyPricing(real: Readonly<Record<string, unknown>>, failing: Faults): Record<string, unknown> {
  const call = (name: string, args: readonly unknown[]): unknown =>
    failing.has(name) ? throwing(name) : (real[name] as (...all: readonly unknown[]) => unknown)(...args);
  const breakable = (name: string) => [name, (...args: unknown[]) => call(name, args)] as const;
  const createStreamReader = (...args: unknown[]) => {
    const reader = call('createStreamReader', args) as Record<'push' | 'finish', (value: unknown) => unknown>;
    const part = (name: 'push' | 'finish') => (value: unknown) =>
      failing.has(name) ? throwing(name) : reader[name](value);
    return { push: part('push'), finish: part('finish') };
  };
  const functions = ['readUsage', 'priceCall', 'providerOfUrl', 'formatPicoUsd'];
  return { ...real, ...Object.fromEntries(functions.map(breakable)), createStreamReader };
}

function faultySpan(failing: Faults): Span {
  const real = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
  return new Proxy(real, {
    get: (target, name) => {
      if (failing.has(`span.${String(name)}`)) return () => throwing(`span.${String(name)}`);
      if (name === 'isRecording') return () => true;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

class FaultyContextManager extends AsyncLocalStorageContextManager {
  readonly #failing: Faults;

  constructor(failing: Faults) {
    super();
    this.#failing = failing;
  }

  override with: ContextManager['with'] = (...args) =>
    this.#failing.has('context.with') ? throwing('context.with') : super.with(...args);

  override active() {
    return this.#failing.has('context.active') ? throwing('context.active') : super.active();
  }
}

/** Registers an OpenTelemetry of which each part fails on demand. */
export function registerFaultyTelemetry(failing: Faults): void {
  const tracer = {
    startSpan: () => (failing.has('startSpan') ? throwing('startSpan') : faultySpan(failing)),
    startActiveSpan: () => throwing('startActiveSpan'),
  } as unknown as Tracer;
  const instrument = (name: string) => ({
    add: () => (failing.has(name) ? throwing(name) : undefined),
    record: () => (failing.has(name) ? throwing(name) : undefined),
  });
  const meter = {
    createHistogram: () => (failing.has('createHistogram') ? throwing('createHistogram') : instrument('record')),
    createCounter: () => instrument('add'),
    createObservableCounter: () => ({ addCallback: () => undefined }),
  } as unknown as Meter;
  context.setGlobalContextManager(new FaultyContextManager(failing).enable());
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  metrics.setGlobalMeterProvider({ getMeter: () => meter });
}

/** Takes it back. */
export function unregisterTelemetry(): void {
  context.disable();
  trace.disable();
  metrics.disable();
}

/** Everything that can break. */
export const FAULTS = [
  'readUsage',
  'priceCall',
  'providerOfUrl',
  'formatPicoUsd',
  'createStreamReader',
  'push',
  'finish',
  'startSpan',
  'span.setAttribute',
  'span.setStatus',
  'span.end',
  'createHistogram',
  'record',
  'add',
  'context.with',
  'context.active',
  'observeIterator',
  'observeStreamOfClass',
  'watchStream',
  'serverOfHint',
  'guard.admit',
  'guard.settle',
] as const;
