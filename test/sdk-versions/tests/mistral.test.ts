import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import {
  collect,
  outcome,
  prototypeNames,
  shape,
  unhandledDuring,
} from '../../../packages/instrumentation/test/conformance/observe.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { json, ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from './load-sdk.js';
import {
  mistralConversation,
  mistralEmbeddings,
  mistralJson,
  mistralOcr,
  mistralRefused,
  mistralSse,
} from './mistral-replies.js';
import { trace } from './otel-api.js';

const COPIES = ['mistral-1', 'mistral-2'] as const;

type Copy = (typeof COPIES)[number];
type Method<Result = Record<string, unknown>> = (request: object, options?: object) => Promise<Result>;
type EventStream = ReadableStream<{ readonly data: unknown }> & AsyncIterable<{ readonly data: unknown }>;

interface Client {
  readonly chat: { complete: Method; stream: Method<EventStream>; parseStream: Method<EventStream> };
  readonly fim: { complete: Method; stream: Method<EventStream> };
  readonly agents: { complete: Method; stream: Method<EventStream> };
  readonly embeddings: { create: Method };
  readonly ocr: { process: Method };
  readonly classifiers: { moderate: Method; classifyChat: Method };
  /** Of version 2 on. */
  readonly audio: { readonly speech?: { complete: Method } };
  readonly beta: { readonly conversations: { start: Method } };
}

interface MistralModule {
  readonly Mistral: new (options: object) => Client;
}

const server = new ProviderServer();
const telemetry = new Telemetry([new CostSpanProcessor()]);

const load = (copy: Copy): MistralModule => loadSdk(copy, '@mistralai/mistralai') as MistralModule;
const clientOf = ({ Mistral }: MistralModule, url = server.url): Client =>
  new Mistral({ apiKey: 'key', serverURL: url, retryConfig: { strategy: 'none' } });

const MODEL = 'mistral-small-latest';
const ASK = { model: MODEL, messages: [{ role: 'user', content: 'two and two?' }] };
const AGENT = { agentId: 'ag-1', messages: ASK.messages };

/** The document of a request for OCR. */
const DOCUMENT = {
  model: 'mistral-ocr-latest',
  document: { type: 'document_url', documentUrl: 'https://x.invalid/a' },
};

async function readAll(stream: ReadableStream<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) items.push(part.value);
  return items;
}

type Scenario = (client: Client) => Promise<unknown>;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'chat answers': (client) => {
    server.replies(mistralJson());
    return outcome(() => client.chat.complete(ASK));
  },
  'chat streams': async (client) => {
    server.replies(mistralSse());
    return collect(await client.chat.stream(ASK));
  },
  'a stream looks as it did': async (client) => {
    server.replies(mistralSse());
    const stream = await client.chat.stream(ASK);
    return [shape(stream), Object.getOwnPropertyNames(stream), stream.locked, (await collect(stream)) !== undefined];
  },
  'a stream read by its reader': async (client) => {
    server.replies(mistralSse());
    return readAll(await client.chat.stream(ASK));
  },
  'a stream teed': async (client) => {
    server.replies(mistralSse());
    const stream = await client.chat.stream(ASK);
    const read = await Promise.all(stream.tee().map(readAll));
    return [read, stream.locked];
  },
  'a stream piped': async (client) => {
    server.replies(mistralSse());
    return readAll((await client.chat.stream(ASK)).pipeThrough(new TransformStream()));
  },
  'a stream that was left': async (client) => {
    server.replies(mistralSse({ hold: true }));
    for await (const event of await client.chat.stream(ASK)) return event;
    return undefined;
  },
  'a stream cancelled': async (client) => {
    server.replies(mistralSse({ hold: true }));
    const stream = await client.chat.stream(ASK);
    return [await outcome(() => stream.cancel('enough')), await readAll(stream)];
  },
  'a stream aborted': async (client) => {
    server.replies(mistralSse({ hold: true }));
    const controller = new AbortController();
    const stream = await client.chat.stream(ASK, { fetchOptions: { signal: controller.signal } });
    const items: unknown[] = [];
    const reading = outcome(async () => {
      for await (const event of stream) {
        items.push(event);
        controller.abort();
      }
    });
    return [await reading, items.length];
  },
  'code is filled in': (client) => {
    server.replies(mistralJson());
    return outcome(() => client.fim.complete({ model: 'codestral-latest', prompt: 'def f(', suffix: 'return 4' }));
  },
  'code streams': async (client) => {
    server.replies(mistralSse());
    return collect(await client.fim.stream({ model: 'codestral-latest', prompt: 'def f(' }));
  },
  'an agent answers': (client) => {
    server.replies(mistralJson());
    return outcome(() => client.agents.complete(AGENT));
  },
  'an agent streams': async (client) => {
    server.replies(mistralSse());
    return collect(await client.agents.stream(AGENT));
  },
  'a conversation starts': (client) => {
    server.replies(mistralConversation());
    return outcome(() => client.beta.conversations.start({ model: MODEL, inputs: 'two and two?' }));
  },
  embeddings: (client) => {
    server.replies(mistralEmbeddings());
    return outcome(() => client.embeddings.create({ model: 'mistral-embed', inputs: ['x'] }));
  },
  'a document is read': (client) => {
    server.replies(mistralOcr());
    return outcome(() => client.ocr.process(DOCUMENT));
  },
  'a request is refused': (client) => {
    server.replies(mistralRefused());
    return outcome(() => client.chat.complete(ASK));
  },
  'a stream is refused': (client) => {
    server.replies(mistralRefused());
    return outcome(() => client.chat.stream(ASK));
  },
  'a request that the SDK refuses': async (client) => {
    const { error } = (await outcome(() => client.chat.complete({ model: 5 }))) as { error?: { name?: string } };
    return error?.name;
  },
  'a failing call that nobody awaits': (client) => {
    server.replies(mistralRefused());
    return unhandledDuring(() => {
      void client.chat.complete(ASK);
    });
  },
  'what is returned': async (client) => {
    server.replies(mistralJson());
    const promise = client.chat.complete(ASK);
    await promise;
    return [prototypeNames(promise), shape(client), Object.keys(client.chat)];
  },
  'the method looks as it did': async (client) => {
    const { value, ...descriptor } =
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(client.chat), 'complete') ?? {};
    const { name, length } = value as { name: string; length: number };
    return { name, length, descriptor };
  },
  'frozen arguments': (client) => {
    server.replies(mistralJson());
    return outcome(() => client.chat.complete(Object.freeze({ ...ASK }), Object.freeze({})));
  },
};

/** What cannot be equal twice: addresses of objects that hold the port or a date. */
const told = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      ['body$', 'headers', 'rawResponse', 'body', 'date'].includes(key) ? undefined : inner,
    ) ?? 'null',
  );

const expected = new Map<string, unknown>();

beforeAll(async () => {
  await server.start();
  for (const copy of COPIES) {
    for (const [name, scenario] of Object.entries(SCENARIOS))
      expected.set(`${copy} ${name}`, told(await scenario(clientOf(load(copy)))));
  }
  expect(telemetry.spans).toEqual([]);
});
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

/** Versions 1 drop what the answer says of cached tokens, so all input is uncached to whoever uses them. */
const CHAT_COSTS: Readonly<Record<Copy, string>> = {
  'mistral-1': costOf('mistral_ai', MODEL, { input: 100, output: 10 }),
  'mistral-2': costOf('mistral_ai', MODEL, { input: 70, cache_read: 30, output: 10 }),
};
const CHAT_COST = 'that of a chat';
const COSTS: Readonly<Record<string, string>> = {
  'chat answers': CHAT_COST,
  'chat streams': CHAT_COST,
  'a stream read by its reader': CHAT_COST,
  'a stream teed': CHAT_COST,
  'a stream piped': CHAT_COST,
  'code is filled in': CHAT_COST,
  'code streams': CHAT_COST,
  'an agent answers': CHAT_COST,
  'an agent streams': CHAT_COST,
  'a conversation starts': costOf('mistral_ai', MODEL, { input: 100, output: 10 }),
  embeddings: costOf('mistral_ai', 'mistral-embed', { input: 42 }),
};

describe.each(COPIES)('%s', (copy) => {
  const use = (): Client => clientOf(instrumentModule(load(copy)));

  it.each(Object.entries(SCENARIOS))('behaves with instrumentation as without: %s', async (name, scenario) => {
    expect(told(await scenario(use()))).toEqual(expected.get(`${copy} ${name}`));
  });

  it.each(Object.entries(COSTS))('reports once what it costs: %s', async (name, cost) => {
    const usd = cost === CHAT_COST ? CHAT_COSTS[copy] : cost;
    await SCENARIOS[name]?.(use());
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.usd': usd,
      'costel.usage.quality': 'reported',
      'gen_ai.provider.name': 'mistral_ai',
      'server.port': server.port,
    });
    expect((await telemetry.points('costel.cost')).map(({ value }) => value)).toEqual([Number(usd)]);
  });

  it('estimates a stream that was left, aborted or cancelled', async () => {
    for (const [name, end] of [
      ['a stream that was left', 'broken_off'],
      ['a stream aborted', 'aborted'],
      ['a stream cancelled', 'broken_off'],
    ] as const) {
      await telemetry.reset();
      await SCENARIOS[name]?.(use());
      await until(() => telemetry.spans.length === 1, `the span of ${name}`);
      expect(telemetry.onlySpan.attributes).toMatchObject({
        'costel.usage.quality': 'estimated',
        'costel.stream.end': end,
      });
    }
  });

  it('does not bill what was refused, and does not call it free', async () => {
    await SCENARIOS['a request is refused']?.(use());
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.status': 'not_billable',
      'http.response.status_code': 401,
    });
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBeUndefined();
  });

  it('counts the pages of a document', async () => {
    await SCENARIOS['a document is read']?.(use());
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.page': 3 });
  });

  it('counts what a classifier reads, estimated where the answer does not say', async () => {
    server.replies(json({ id: 'mod-1', model: 'mistral-moderation-latest', results: [] }));
    const request = { model: 'mistral-moderation-latest', inputs: ['is this a kind thing to say?'] };
    await use().classifiers.moderate(request);
    expect(telemetry.onlySpan.name).toBe('moderation mistral-moderation-latest');
    // 28 characters at 3.6 a token, rounded up.
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': 8,
    });
  });

  it('patches one client by wrapClient', async () => {
    server.replies(mistralJson());
    await wrapClient(clientOf(load(copy))).chat.complete(ASK);
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBe(CHAT_COSTS[copy]);
  });
});

describe('speech of mistral-2', () => {
  it('is counted by the characters that are spoken', async () => {
    server.replies(json({ audio_data: 'AAAA' }));
    const client = clientOf(instrumentModule(load('mistral-2')));
    await client.audio.speech?.complete({ model: 'voxtral-mini-tts-latest', input: 'hello', voiceId: 'v' });
    expect(telemetry.onlySpan.name).toBe('speech voxtral-mini-tts-latest');
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.character': 5 });
  });
});

describe('mistral-2 with spans of its own', () => {
  it('is counted once, of an answer and of a stream', async () => {
    const { registerTracerProvider } = loadSdk('mistral-2', '@mistralai/mistralai/extra/observability/index.js') as {
      registerTracerProvider: (provider: unknown) => void;
    };
    registerTracerProvider(trace.getTracerProvider());
    try {
      const client = clientOf(instrumentModule(load('mistral-2')));
      server.replies(mistralJson());
      await client.chat.complete(ASK);
      server.replies(mistralSse());
      await collect(await client.chat.stream(ASK));
      await until(() => telemetry.spans.length === 4, 'two spans of ours and two of the SDK’s own');
    } finally {
      registerTracerProvider(undefined);
    }
    const native = telemetry.spans.filter(({ instrumentationScope }) =>
      instrumentationScope.name.startsWith('mistralai'),
    );
    expect(native.map(({ attributes }) => attributes['gen_ai.usage.input_tokens'])).toEqual([100, 100]);
    const ids = telemetry.spans.map((span) => span.spanContext().spanId);
    expect(native.every(({ parentSpanContext }) => ids.includes(parentSpanContext?.spanId ?? ''))).toBe(true);
    const costs = telemetry.spans.map(({ attributes }) => attributes['costel.cost.usd']).filter(Boolean);
    expect(costs).toEqual([CHAT_COSTS['mistral-2'], CHAT_COSTS['mistral-2']]);
    const [point] = await telemetry.points('costel.cost');
    expect(point?.value).toBeCloseTo(2 * Number(CHAT_COSTS['mistral-2']), 12);
  });
});
