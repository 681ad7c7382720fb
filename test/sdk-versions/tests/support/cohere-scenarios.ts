import {
  collect,
  outcome,
  prototypeNames,
  shape,
  unhandledDuring,
} from '../../../../packages/instrumentation/test/conformance/observe.js';
import {
  json,
  sse,
  type ProviderServer,
  type Reply,
} from '../../../../packages/instrumentation/test/support/provider-server.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import type { Scenario } from './compare.js';

export const COHERE_COPIES = ['cohere-7', 'cohere-8'] as const;

type Copy = (typeof COHERE_COPIES)[number];

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

export interface CohereModule {
  readonly CohereClient: new (options: object) => Client & { readonly v2: Client };
  readonly CohereClientV2: new (options: object) => Client;
}

/** A copy of its own, so that one can be patched and another not. */
export function loadCohere(copy: Copy): CohereModule {
  forgetPackages(['cohere-ai']);
  return loadSdk(copy, 'cohere-ai') as CohereModule;
}

/** Billed: input 90, output 9, of 100 and 10 that are counted. */
const USAGE = {
  billed_units: { input_tokens: 90, output_tokens: 9 },
  tokens: { input_tokens: 100, output_tokens: 10 },
};

export const chatV2 = (): Reply =>
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

export const COHERE_MODEL = 'command-r-plus-08-2024';
export const COHERE_ASK = { model: COHERE_MODEL, messages: [{ role: 'user', content: 'two and two?' }] };
const ASK_V1 = { model: COHERE_MODEL, message: 'two and two?' };
const EMBED = { model: 'embed-v4.0', texts: ['x'], inputType: 'search_query', embeddingTypes: ['float'] };
const RERANK = { model: 'rerank-v3.5', query: 'q', documents: ['x'] };

export interface CohereClients {
  readonly v1: Client & { readonly v2: Client };
  readonly v2: Client;
}

export function cohereClientsOf({ CohereClient, CohereClientV2 }: CohereModule, url: string): CohereClients {
  const options = { token: 'key', environment: url, maxRetries: 0 };
  return { v1: new CohereClient(options), v2: new CohereClientV2({ ...options }) };
}

async function firstOf(iterable: AsyncIterable<unknown>): Promise<unknown> {
  for await (const item of iterable) return item;
  return undefined;
}

/** What is done with the clients; each queues its replies, so that both runs see the same. */
export function cohereScenarios(server: ProviderServer): Readonly<Record<string, Scenario<CohereClients>>> {
  return {
    'chat answers': ({ v2 }) => {
      server.replies(chatV2());
      return outcome(() => v2.chat(COHERE_ASK));
    },
    'chat of the first version answers': ({ v1 }) => {
      server.replies(chatV1());
      return outcome(() => v1.chat(ASK_V1));
    },
    'the second version by the first one’s client': ({ v1 }) => {
      server.replies(chatV2());
      return outcome(() => v1.v2.chat(COHERE_ASK));
    },
    'chat streams': async ({ v2 }) => {
      server.replies(streamV2());
      return collect(await v2.chatStream(COHERE_ASK));
    },
    'chat of the first version streams': async ({ v1 }) => {
      server.replies(streamV1());
      return collect(await v1.chatStream(ASK_V1));
    },
    'a stream looks as it did': async ({ v2 }) => {
      server.replies(streamV2());
      const stream = await v2.chatStream(COHERE_ASK);
      return [shape(stream), Object.getOwnPropertyNames(stream), await collect(stream)];
    },
    'a stream that was left': async ({ v2 }) => {
      server.replies(streamV2({ hold: true }));
      return firstOf(await v2.chatStream(COHERE_ASK));
    },
    'a stream aborted': async ({ v2 }) => {
      server.replies(streamV2({ hold: true }));
      const controller = new AbortController();
      const stream = await v2.chatStream(COHERE_ASK, { abortSignal: controller.signal });
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
      const { data, rawResponse } = await v2.chat(COHERE_ASK).withRawResponse();
      return [data, rawResponse.status];
    },
    'what is returned': async ({ v2 }) => {
      server.replies(chatV2());
      const promise = v2.chat(COHERE_ASK);
      await promise;
      return [
        prototypeNames(promise),
        Object.keys(promise),
        await promise.then(({ id }: Record<string, unknown>) => id),
      ];
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
      return outcome(() => v2.chat(COHERE_ASK));
    },
    'a stream is refused': ({ v2 }) => {
      server.replies(refused());
      return outcome(() => v2.chatStream(COHERE_ASK));
    },
    'a failing call that nobody awaits': ({ v2 }) => {
      server.replies(refused());
      return unhandledDuring(() => {
        void v2.chat(COHERE_ASK);
      });
    },
    'frozen arguments': ({ v2 }) => {
      server.replies(chatV2());
      return outcome(() => v2.chat(Object.freeze({ ...COHERE_ASK }), Object.freeze({})));
    },
  };
}
