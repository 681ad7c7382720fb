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
import {
  json,
  ProviderServer,
  sse,
  type Reply,
} from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { forgetPackages, loadSdk } from './load-sdk.js';

const COPIES = ['cohere-7', 'cohere-8'] as const;

type Copy = (typeof COPIES)[number];

interface CoherePromise<Result> extends Promise<Result> {
  withRawResponse(): Promise<{ readonly data: Result; readonly rawResponse: { readonly status: number } }>;
}

type Method<Result = Record<string, unknown>> = (request: object, options?: object) => CoherePromise<Result>;

interface Client {
  readonly chat: Method;
  readonly chatStream: Method<AsyncIterable<unknown>>;
  readonly embed: Method;
  readonly rerank: Method;
}

interface CohereModule {
  readonly CohereClient: new (options: object) => Client & { readonly v2: Client };
  readonly CohereClientV2: new (options: object) => Client;
}

const server = new ProviderServer();

function load(copy: Copy): CohereModule {
  forgetPackages(['cohere-ai']);
  return loadSdk(copy, 'cohere-ai') as CohereModule;
}

const plain = new Map(COPIES.map((copy) => [copy, load(copy)]));
const telemetry = new Telemetry([new CostSpanProcessor()]);
const patched = new Map(COPIES.map((copy) => [copy, instrumentModule(load(copy))]));

/** Billed: input 90, output 9, of 100 and 10 that are counted. */
const USAGE = {
  billed_units: { input_tokens: 90, output_tokens: 9 },
  tokens: { input_tokens: 100, output_tokens: 10 },
};

const chatV2 = (): Reply =>
  json({
    id: 'c-fixed',
    finish_reason: 'COMPLETE',
    message: { role: 'assistant', content: [{ type: 'text', text: 'four' }] },
    usage: USAGE,
  });

const chatV1 = (): Reply =>
  json({ text: 'four', generation_id: 'g-fixed', finish_reason: 'COMPLETE', chat_history: [], meta: USAGE });

const TEXT_V2 = ['two and ', 'two make four'].map((text) => ({
  event: 'content-delta',
  data: { type: 'content-delta', index: 0, delta: { message: { content: { text } } } },
}));

const streamV2 = (options: { hold?: boolean } = {}): Reply => {
  const start = {
    event: 'message-start',
    data: { id: 'c-fixed', type: 'message-start', delta: { message: { role: 'assistant', content: [] } } },
  };
  const end = {
    event: 'message-end',
    data: { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: USAGE } },
  };
  return options.hold === true
    ? sse([start, ...TEXT_V2], { hold: true })
    : sse([start, ...TEXT_V2, end], { done: true });
};

/** The first version streams lines of JSON. */
const streamV1 = (): Reply => (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/stream+json' });
  const events = [
    { event_type: 'stream-start', generation_id: 'g-fixed', is_finished: false },
    { event_type: 'text-generation', text: 'four', is_finished: false },
    {
      event_type: 'stream-end',
      is_finished: true,
      finish_reason: 'COMPLETE',
      response: { text: 'four', generation_id: 'g-fixed', meta: USAGE },
    },
  ];
  response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
};

const embeddings = (): Reply =>
  json({
    id: 'e-fixed',
    response_type: 'embeddings_by_type',
    embeddings: { float: [[0.25, 0.5]] },
    texts: ['x'],
    meta: { api_version: { version: '2' }, billed_units: { input_tokens: 42 } },
  });

const ranking = (): Reply =>
  json({
    id: 'r-fixed',
    results: [{ index: 0, relevance_score: 0.5 }],
    meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
  });

const refused = (): Reply => json({ message: 'no' }, { status: 401 });

const MODEL = 'command-r-plus-08-2024';
const ASK = { model: MODEL, messages: [{ role: 'user', content: 'two and two?' }] };
const ASK_V1 = { model: MODEL, message: 'two and two?' };
const EMBED = { model: 'embed-v4.0', texts: ['x'], inputType: 'search_query', embeddingTypes: ['float'] };
const RERANK = { model: 'rerank-v3.5', query: 'q', documents: ['x'] };

interface Clients {
  readonly v1: Client & { readonly v2: Client };
  readonly v2: Client;
}

function clientsOf({ CohereClient, CohereClientV2 }: CohereModule): Clients {
  const options = { token: 'key', environment: server.url, maxRetries: 0 };
  return { v1: new CohereClient(options), v2: new CohereClientV2({ ...options }) };
}

async function firstOf(iterable: AsyncIterable<unknown>): Promise<unknown> {
  for await (const item of iterable) return item;
  return undefined;
}

const SCENARIOS: Readonly<Record<string, (clients: Clients) => Promise<unknown>>> = {
  'chat answers': ({ v2 }) => {
    server.replies(chatV2());
    return outcome(() => v2.chat(ASK));
  },
  'chat of the first version answers': ({ v1 }) => {
    server.replies(chatV1());
    return outcome(() => v1.chat(ASK_V1));
  },
  'the second version by the first one’s client': ({ v1 }) => {
    server.replies(chatV2());
    return outcome(() => v1.v2.chat(ASK));
  },
  'chat streams': async ({ v2 }) => {
    server.replies(streamV2());
    return collect(await v2.chatStream(ASK));
  },
  'chat of the first version streams': async ({ v1 }) => {
    server.replies(streamV1());
    return collect(await v1.chatStream(ASK_V1));
  },
  'a stream looks as it did': async ({ v2 }) => {
    server.replies(streamV2());
    const stream = await v2.chatStream(ASK);
    return [shape(stream), Object.getOwnPropertyNames(stream), await collect(stream)];
  },
  'a stream that was left': async ({ v2 }) => {
    server.replies(streamV2({ hold: true }));
    return firstOf(await v2.chatStream(ASK));
  },
  'a stream aborted': async ({ v2 }) => {
    server.replies(streamV2({ hold: true }));
    const controller = new AbortController();
    const stream = await v2.chatStream(ASK, { abortSignal: controller.signal });
    let items = 0;
    const { error } = (await outcome(async () => {
      for await (const item of stream) {
        if (item !== undefined) items += 1;
        if (items === 2) controller.abort();
      }
    })) as { error?: { name: string } };
    return [error?.name, items];
  },
  embeddings: ({ v2 }) => {
    server.replies(embeddings());
    return outcome(() => v2.embed(EMBED));
  },
  'documents are ranked': ({ v2 }) => {
    server.replies(ranking());
    return outcome(() => v2.rerank(RERANK));
  },
  'the raw response': async ({ v2 }) => {
    server.replies(chatV2());
    const { data, rawResponse } = await v2.chat(ASK).withRawResponse();
    return [data, rawResponse.status];
  },
  'what is returned': async ({ v2 }) => {
    server.replies(chatV2());
    const promise = v2.chat(ASK);
    await promise;
    return [prototypeNames(promise), Object.keys(promise), await promise.then(({ id }: Record<string, unknown>) => id)];
  },
  'the client looks as it did': async ({ v1, v2 }) => [Object.keys(v1), Object.keys(v2), shape(v2)],
  'the method looks as it did': async ({ v1 }) => {
    const prototype = Object.getPrototypeOf(Object.getPrototypeOf(v1)) as object;
    const { value, ...descriptor } = Object.getOwnPropertyDescriptor(prototype, '__chat') ?? {};
    const { name, length } = value as { name: string; length: number };
    return { name, length, descriptor, inFront: Object.getOwnPropertyNames(Object.getPrototypeOf(v1)) };
  },
  'a request is refused': ({ v2 }) => {
    server.replies(refused());
    return outcome(() => v2.chat(ASK));
  },
  'a stream is refused': ({ v2 }) => {
    server.replies(refused());
    return outcome(() => v2.chatStream(ASK));
  },
  'a failing call that nobody awaits': ({ v2 }) => {
    server.replies(refused());
    return unhandledDuring(() => {
      void v2.chat(ASK);
    });
  },
  'frozen arguments': ({ v2 }) => {
    server.replies(chatV2());
    return outcome(() => v2.chat(Object.freeze({ ...ASK }), Object.freeze({})));
  },
};

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const CHAT_COST = costOf('cohere', MODEL, { input: 90, output: 9 });
const COSTS: Readonly<Record<string, string>> = {
  'chat answers': CHAT_COST,
  'chat of the first version answers': CHAT_COST,
  'the second version by the first one’s client': CHAT_COST,
  'chat streams': CHAT_COST,
  'chat of the first version streams': CHAT_COST,
  'the raw response': CHAT_COST,
  embeddings: costOf('cohere', 'embed-v4.0', { input: 42 }),
};

describe.each(COPIES)('%s', (copy) => {
  const use = (modules: ReadonlyMap<Copy, CohereModule>): Clients => {
    const module = modules.get(copy);
    if (module === undefined) throw new Error(`${copy} is not installed`);
    return clientsOf(module);
  };

  it.each(Object.entries(SCENARIOS))('behaves with instrumentation as without: %s', async (_name, scenario) => {
    const expected = await scenario(use(plain));
    expect(telemetry.spans).toEqual([]);
    expect(await scenario(use(patched))).toEqual(expected);
  });

  it.each(Object.entries(COSTS))('reports once what is billed: %s', async (name, usd) => {
    await SCENARIOS[name]?.(use(patched));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.usd': usd,
      'costel.usage.quality': 'reported',
      'gen_ai.provider.name': 'cohere',
      'server.port': server.port,
    });
    expect((await telemetry.points('costel.cost')).map(({ value }) => value)).toEqual([Number(usd)]);
  });

  it('counts searches of a reranker', async () => {
    await SCENARIOS['documents are ranked']?.(use(patched));
    expect(telemetry.onlySpan.name).toBe('rerank rerank-v3.5');
    expect(Object.entries(telemetry.onlySpan.attributes)).toContainEqual(['costel.usage.rerank_search', 1]);
  });

  it('estimates a stream that was left or aborted', async () => {
    for (const [name, end] of [
      ['a stream that was left', 'broken_off'],
      ['a stream aborted', 'aborted'],
    ] as const) {
      await telemetry.reset();
      await SCENARIOS[name]?.(use(patched));
      await until(() => telemetry.spans.length === 1, `the span of ${name}`);
      expect(telemetry.onlySpan.attributes).toMatchObject({
        'costel.usage.quality': 'estimated',
        'costel.stream.end': end,
      });
    }
  });

  it('does not bill what was refused, and does not call it free', async () => {
    await SCENARIOS['a request is refused']?.(use(patched));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.status': 'not_billable',
      'error.type': 'UnauthorizedError',
    });
  });

  it('patches one client by wrapClient', async () => {
    const { v2 } = use(plain);
    server.replies(chatV2());
    await wrapClient(v2).chat(ASK);
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBe(CHAT_COST);
    await use(plain).v2.chat(ASK);
    expect(telemetry.spans).toHaveLength(1);
  });
});
