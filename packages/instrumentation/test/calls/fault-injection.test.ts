import { context, metrics, trace, type ContextManager, type Meter, type Span, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { instrumentModule, withCostAttribution, type CostelInstrumentationConfig } from '../../src/index.js';
import { MESSAGE_MODEL, messageJson, messageSse } from '../support/anthropic-replies.js';
import { collect } from '../conformance/observe.js';
import { CHAT_MODEL, chatJson, chatSse, rateLimited } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadAnthropic, loadOpenAi } from '../support/sdk-copies.js';

/** What breaks next; each is one thing that the instrumentation leans on. */
const faults = vi.hoisted(() => ({ failing: new Set<string>() }));

vi.mock('@costel/pricing', async (importOriginal) => {
  const real = await importOriginal<Record<string, unknown>>();
  const breakable = (name: string): [string, unknown] => [
    name,
    (...args: unknown[]) => {
      if (faults.failing.has(name)) throw new Error(`injected: ${name}`);
      return (real[name] as (...all: unknown[]) => unknown)(...args);
    },
  ];
  const createStreamReader = (...args: unknown[]) => {
    if (faults.failing.has('createStreamReader')) throw new Error('injected: createStreamReader');
    const reader = (real['createStreamReader'] as (...all: unknown[]) => { push: unknown; finish: unknown })(...args);
    const part = (name: 'push' | 'finish') => (value: unknown) => {
      if (faults.failing.has(name)) throw new Error(`injected: ${name}`);
      return (reader[name] as (value: unknown) => unknown)(value);
    };
    return { push: part('push'), finish: part('finish') };
  };
  return {
    ...real,
    ...Object.fromEntries(['readUsage', 'priceCall', 'providerOfUrl', 'formatPicoUsd'].map(breakable)),
    createStreamReader,
  };
});

const throwing = (name: string): never => {
  throw new Error(`injected: ${name}`);
};

function faultySpan(): Span {
  const real = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
  return new Proxy(real, {
    get: (target, name) => {
      if (faults.failing.has(`span.${String(name)}`)) return () => throwing(String(name));
      if (name === 'isRecording') return () => true;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const faultyTracer = {
  startSpan: () => (faults.failing.has('startSpan') ? throwing('startSpan') : faultySpan()),
  startActiveSpan: () => throwing('startActiveSpan'),
} as unknown as Tracer;

const instrument = (name: string) => ({
  add: () => (faults.failing.has(name) ? throwing(name) : undefined),
  record: () => (faults.failing.has(name) ? throwing(name) : undefined),
});

const faultyMeter = {
  createHistogram: () => (faults.failing.has('createHistogram') ? throwing('createHistogram') : instrument('record')),
  createCounter: () => instrument('add'),
  createObservableCounter: () => ({ addCallback: () => undefined }),
} as unknown as Meter;

class FaultyContextManager extends AsyncLocalStorageContextManager {
  override with: ContextManager['with'] = (...args) =>
    faults.failing.has('context.with') ? throwing('context.with') : super.with(...args);

  override active() {
    return faults.failing.has('context.active') ? throwing('context.active') : super.active();
  }
}

const server = new ProviderServer();
beforeAll(async () => {
  context.setGlobalContextManager(new FaultyContextManager().enable());
  trace.setGlobalTracerProvider({ getTracer: () => faultyTracer });
  metrics.setGlobalMeterProvider({ getMeter: () => faultyMeter });
  await server.start();
});
afterEach(() => faults.failing.clear());
afterAll(async () => {
  context.disable();
  trace.disable();
  metrics.disable();
  await server.stop();
});

const FAULTS = [
  'readUsage',
  'priceCall',
  'providerOfUrl',
  'formatPicoUsd',
  'createStreamReader',
  'push',
  'finish',
  'startSpan',
  'span.setAttributes',
  'span.setStatus',
  'span.end',
  'span.isRecording',
  'span.spanContext',
  'createHistogram',
  'record',
  'add',
  'context.with',
];

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'x' }] };

async function useOpenAi(module: ReturnType<typeof loadOpenAi>): Promise<unknown> {
  // A port of its own each time, so that no host is remembered from before the fault.
  const client = new module.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1?${Math.random()}`, maxRetries: 0 });
  server.replies(chatJson(), chatSse(), chatSse(), chatJson(), rateLimited());
  const answer = await client.chat.completions.create(ASK);
  const stream = await collect(await client.chat.completions.create({ ...ASK, stream: true }));
  for await (const _ of await client.chat.completions.create({ ...ASK, stream: true })) break;
  const raw = await (await client.chat.completions.create(ASK).asResponse()).json();
  const error = await client.chat.completions
    .create(ASK)
    .catch((thrown: unknown) => (thrown as Error).constructor.name);
  return { answer, stream, raw, error, requests: server.seen.length };
}

async function useAnthropic(module: ReturnType<typeof loadAnthropic>): Promise<unknown> {
  // The SDK's own tracing does not survive a context manager that throws.
  const native = faults.failing.has('context.with') ? { openTelemetry: false as const } : {};
  const client = new module.Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0, logLevel: 'off', ...native });
  const ask = { model: MESSAGE_MODEL, max_tokens: 5, messages: ASK.messages };
  server.replies(messageJson(), messageSse(), messageSse());
  const answer = await client.messages.create(ask);
  const final = await client.messages.stream(ask).finalMessage();
  for await (const _ of await client.messages.create({ ...ask, stream: true })) break;
  return { answer, final, requests: server.seen.length };
}

describe('trouble inside the instrumentation changes nothing', () => {
  const openai = instrumentModule(loadOpenAi('openai-7', true), { includeUsage: true });
  const anthropic = instrumentModule(loadAnthropic('anthropic-1', true));

  it.each(FAULTS)('%s throws', async (fault) => {
    const expected = [await useOpenAi(openai), await useAnthropic(anthropic)];
    faults.failing.add(fault);
    // A recorder of its own, so that its instruments are made while the fault holds.
    const config: CostelInstrumentationConfig = { includeUsage: true };
    const fresh = instrumentModule(loadOpenAi('openai-7', true), config);
    const found = [await useOpenAi(fresh), await useAnthropic(anthropic)];
    expect(found).toEqual(expected);
  });

  it('everything throws', async () => {
    const expected = await useOpenAi(openai);
    for (const fault of FAULTS) faults.failing.add(fault);
    expect(await useOpenAi(openai)).toEqual(expected);
  });

  it('the attribution still runs its function, once', () => {
    faults.failing.add('context.with');
    const run = vi.fn<() => number>(() => 7);
    expect(withCostAttribution({ feature: 'x' }, run)).toBe(7);
    expect(run).toHaveBeenCalledTimes(1);
    faults.failing.clear();
    faults.failing.add('context.active');
    expect(withCostAttribution({ feature: 'x' }, run)).toBe(7);
  });
});
