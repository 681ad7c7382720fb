import {
  collect,
  outcome,
  prototypeNames,
  shape,
  unhandledDuring,
} from '../../../../packages/instrumentation/test/conformance/observe.js';
import type { ProviderServer } from '../../../../packages/instrumentation/test/support/provider-server.js';
import { loadSdk } from '../load-sdk.js';
import {
  mistralConversation,
  mistralEmbeddings,
  mistralJson,
  mistralOcr,
  mistralRefused,
  mistralSse,
} from '../mistral-replies.js';
import type { Scenario } from './compare.js';

export const MISTRAL_COPIES = ['mistral-1', 'mistral-2'] as const;

type Copy = (typeof MISTRAL_COPIES)[number];
type Method<Result = Record<string, unknown>> = (request: object, options?: object) => Promise<Result>;
type EventStream = ReadableStream<{ readonly data: unknown }> & AsyncIterable<{ readonly data: unknown }>;

/** What the tests use of the client. */
export interface MistralClient {
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

export interface MistralModule {
  readonly Mistral: new (options: object) => MistralClient;
}

export const loadMistral = (copy: Copy): MistralModule => loadSdk(copy, '@mistralai/mistralai') as MistralModule;

export const mistralClientOf = ({ Mistral }: MistralModule, url: string): MistralClient =>
  new Mistral({ apiKey: 'key', serverURL: url, retryConfig: { strategy: 'none' } });

export const MISTRAL_MODEL = 'mistral-small-latest';
export const MISTRAL_ASK = { model: MISTRAL_MODEL, messages: [{ role: 'user', content: 'two and two?' }] };
const AGENT = { agentId: 'ag-1', messages: MISTRAL_ASK.messages };

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

/** What is done with a client; each queues its replies, so that both runs see the same. */
export function mistralScenarios(server: ProviderServer): Readonly<Record<string, Scenario<MistralClient>>> {
  return {
    'chat answers': (client) => {
      server.replies(mistralJson());
      return outcome(() => client.chat.complete(MISTRAL_ASK));
    },
    'chat streams': async (client) => {
      server.replies(mistralSse());
      return collect(await client.chat.stream(MISTRAL_ASK));
    },
    'a stream looks as it did': async (client) => {
      server.replies(mistralSse());
      const stream = await client.chat.stream(MISTRAL_ASK);
      return [shape(stream), Object.getOwnPropertyNames(stream), stream.locked, (await collect(stream)) !== undefined];
    },
    'a stream read by its reader': async (client) => {
      server.replies(mistralSse());
      return readAll(await client.chat.stream(MISTRAL_ASK));
    },
    'a stream teed': async (client) => {
      server.replies(mistralSse());
      const stream = await client.chat.stream(MISTRAL_ASK);
      const read = await Promise.all(stream.tee().map(readAll));
      return [read, stream.locked];
    },
    'a stream piped': async (client) => {
      server.replies(mistralSse());
      return readAll((await client.chat.stream(MISTRAL_ASK)).pipeThrough(new TransformStream()));
    },
    'a stream that was left': async (client) => {
      server.replies(mistralSse({ hold: true }));
      for await (const event of await client.chat.stream(MISTRAL_ASK)) return event;
      return undefined;
    },
    'a stream cancelled': async (client) => {
      server.replies(mistralSse({ hold: true }));
      const stream = await client.chat.stream(MISTRAL_ASK);
      return [await outcome(() => stream.cancel('enough')), await readAll(stream)];
    },
    'a stream aborted': async (client) => {
      server.replies(mistralSse({ hold: true }));
      const controller = new AbortController();
      const stream = await client.chat.stream(MISTRAL_ASK, { fetchOptions: { signal: controller.signal } });
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
      return outcome(() => client.beta.conversations.start({ model: MISTRAL_MODEL, inputs: 'two and two?' }));
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
      return outcome(() => client.chat.complete(MISTRAL_ASK));
    },
    'a stream is refused': (client) => {
      server.replies(mistralRefused());
      return outcome(() => client.chat.stream(MISTRAL_ASK));
    },
    'a request that the SDK refuses': async (client) => {
      const { error } = (await outcome(() => client.chat.complete({ model: 5 }))) as { error?: { name?: string } };
      return error?.name;
    },
    'a failing call that nobody awaits': (client) => {
      server.replies(mistralRefused());
      return unhandledDuring(() => {
        void client.chat.complete(MISTRAL_ASK);
      });
    },
    'what is returned': async (client) => {
      server.replies(mistralJson());
      const promise = client.chat.complete(MISTRAL_ASK);
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
      return outcome(() => client.chat.complete(Object.freeze({ ...MISTRAL_ASK }), Object.freeze({})));
    },
  };
}

/** What cannot be equal twice: addresses of objects that hold the port or a date. */
export const comparableOfMistral = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      ['body$', 'headers', 'rawResponse', 'body', 'date'].includes(key) ? undefined : inner,
    ) ?? 'null',
  );
