import {
  collect,
  deepFreeze,
  outcome,
  prototypeNames,
  seenError,
  shape,
  unhandledDuring,
} from '../../../packages/instrumentation/test/conformance/observe.js';
import {
  chatJson,
  chatSse,
  embeddingJson,
  rateLimited,
  serverError,
} from '../../../packages/instrumentation/test/support/openai-replies.js';
import {
  SOUND,
  speechSound,
  transcriptJson,
} from '../../../packages/instrumentation/test/support/openai-media-replies.js';
import {
  json,
  silence,
  sse,
  text,
  type ProviderServer,
} from '../../../packages/instrumentation/test/support/provider-server.js';
import type { StainlessClient, StainlessModule, StainlessSdk, StainlessStream } from './stainless-sdks.js';

export interface StainlessContext {
  readonly sdk: StainlessSdk;
  readonly module: StainlessModule;
  readonly client: StainlessClient;
  readonly server: ProviderServer;
}

/** Runs one use of the SDK and returns everything that its user could see of it. */
type Scenario = (context: StainlessContext) => Promise<unknown>;

const ask = ({ sdk }: StainlessContext): Record<string, unknown> => ({
  model: sdk.chatModel,
  messages: [{ role: 'user', content: 'two and two?' }],
});

async function openStream(context: StainlessContext, reply = chatSse()): Promise<StainlessStream> {
  context.server.replies(reply);
  return (await context.client.chat.completions.create({ ...ask(context), stream: true })) as StainlessStream;
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let all = '';
  for await (const part of stream) all += Buffer.from(part).toString();
  return all;
}

const sound = (): File => new File([SOUND], 'sound.mp3', { type: 'audio/mpeg' });

/** What every SDK that is generated like OpenAI's offers. */
export const STAINLESS_SCENARIOS: Readonly<Record<string, Scenario>> = {
  'chat answers JSON': async (context) => {
    context.server.replies(chatJson());
    return outcome(() => context.client.chat.completions.create(ask(context)));
  },
  'the promise looks as it did': async (context) => {
    context.server.replies(chatJson());
    const promise = context.client.chat.completions.create(ask(context));
    const seen = { ...shape(promise), isPromise: promise instanceof Promise };
    await promise;
    return seen;
  },
  'the method looks as it did': async ({ client }) => {
    const prototype = Object.getPrototypeOf(client.chat.completions) as object;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'create');
    const method: unknown = descriptor?.value;
    const { name, length } = method as { name: string; length: number };
    return { name, length, descriptor: { ...descriptor, value: undefined }, own: Object.keys(client.chat.completions) };
  },
  'a promise awaited twice gives the same object': async (context) => {
    context.server.replies(chatJson());
    const promise = context.client.chat.completions.create(ask(context));
    const [first, second] = [await promise, await promise];
    return { same: first === second, requests: context.server.seen.length };
  },
  'then, catch and finally chain': async (context) => {
    context.server.replies(chatJson());
    const log: string[] = [];
    const promise = context.client.chat.completions.create(ask(context));
    const chained = promise.then((value) => `${typeof value}!`).finally(() => log.push('finally'));
    log.push(await chained, prototypeNames(chained).join());
    log.push(await promise.catch(() => undefined).then((value) => typeof value));
    return log;
  },
  'Promise.all and race take it': async (context) => {
    context.server.replies(chatJson());
    const call = () => context.client.chat.completions.create(ask(context));
    return {
      all: await Promise.all([call(), call()]),
      raced: await Promise.race([call(), new Promise(() => undefined)]),
    };
  },
  'withResponse gives data and response': async (context) => {
    context.server.replies(chatJson());
    const { data, response, ...more } = await context.client.chat.completions.create(ask(context)).withResponse();
    return { data, status: response.status, used: response.bodyUsed, more };
  },
  'asResponse gives a body that can be read, as JSON and as text': async (context) => {
    context.server.replies(chatJson());
    const call = () => context.client.chat.completions.create(ask(context)).asResponse();
    const response = await call();
    const seen = { shape: shape(response), status: response.status, used: response.bodyUsed };
    return { ...seen, json: await response.json(), text: await (await call()).text() };
  },
  'asResponse of an event stream': async (context) => {
    context.server.replies(chatSse());
    const response = await context.client.chat.completions.create({ ...ask(context), stream: true }).asResponse();
    return { type: response.headers.get('content-type'), body: await response.text() };
  },
  'asResponse of an error rejects': async (context) => {
    context.server.replies(rateLimited());
    return outcome(() => context.client.chat.completions.create(ask(context)).asResponse());
  },
  '_thenUnwrap transforms, twice over': async (context) => {
    context.server.replies(chatJson());
    const once = context.client.chat.completions.create(ask(context))._thenUnwrap((data) => ({ first: data }));
    const twice = once._thenUnwrap((data) => ({ second: data }));
    return { shape: shape(once), twice: await twice };
  },
  'a stream gives its chunks': async (context) => collect(await openStream(context)),
  'a stream looks as it did': async (context) => {
    const stream = await openStream(context);
    const seen = { ...shape(stream), controller: prototypeNames(stream.controller) };
    await collect(stream);
    return seen;
  },
  'an iterator looks as it did, and is used by hand': async (context) => {
    const stream = await openStream(context);
    const iterator = stream[Symbol.asyncIterator]() as AsyncGenerator;
    const { tag, classes, keys } = shape(iterator);
    const isItself = iterator[Symbol.asyncIterator]() === iterator;
    const first = await iterator.next();
    const left = await iterator.return('left');
    return { tag, classes, keys, isItself, first, left, after: await iterator.next() };
  },
  'a stream left in the middle closes its connection': async (context) => {
    const stream = await openStream(context, chatSse({ hold: true }));
    for await (const chunk of stream) return { chunk, aborted: stream.controller.signal.aborted };
    return 'nothing came';
  },
  'a stream aborted in the middle': async (context) => {
    const stream = await openStream(context, chatSse({ hold: true }));
    const seen: unknown[] = [];
    const run = async (): Promise<void> => {
      for await (const chunk of stream) {
        seen.push(chunk);
        if (seen.length === 3) stream.controller.abort();
      }
    };
    return { end: await outcome(run), seen };
  },
  'a stream read twice': async (context) => {
    const stream = await openStream(context);
    return { first: await collect(stream), second: await collect(stream) };
  },
  'tee gives two streams': async (context) => {
    const [left, right] = (await openStream(context)).tee();
    return { left: await collect(left), right: await collect(right), classes: prototypeNames(left) };
  },
  'toReadableStream gives lines': async (context) => textOf((await openStream(context)).toReadableStream()),
  'an error event inside a stream': async (context) => {
    const error = { error: { message: 'overloaded', type: 'server_error' } };
    return collect(await openStream(context, sse([{ event: 'error', data: error }])));
  },
  'an empty stream': async (context) => collect(await openStream(context, sse([]))),
  'errors keep class, status, body and headers': async (context) => {
    const seen: unknown[] = [];
    for (const reply of [
      rateLimited(),
      serverError(),
      json({ error: { message: 'no', code: 'bad' } }, { status: 400 }),
      text('<html>', 'text/html', 502),
    ]) {
      context.server.replies(reply);
      seen.push(await outcome(() => context.client.chat.completions.create(ask(context))));
    }
    return seen;
  },
  'an error of a stream comes before the stream': async (context) => {
    context.server.replies(rateLimited());
    return outcome(() => context.client.chat.completions.create({ ...ask(context), stream: true }));
  },
  'a body that is no JSON rejects': async (context) => {
    context.server.replies(text('{"id":', 'application/json'));
    return outcome(() => context.client.chat.completions.create(ask(context)));
  },
  'a failing call that nobody awaits raises one unhandledRejection': async (context) => {
    context.server.replies(rateLimited());
    return unhandledDuring(() => void context.client.chat.completions.create(ask(context)));
  },
  'a failing call that is caught raises none': async (context) => {
    context.server.replies(rateLimited());
    return unhandledDuring(() => context.client.chat.completions.create(ask(context)).catch(() => undefined));
  },
  'a time-out and an abort': async (context) => {
    context.server.replies(silence);
    const create = (options: Record<string, unknown>) =>
      outcome(() => context.client.chat.completions.create(ask(context), options));
    return { timeout: await create({ timeout: 40 }), abort: await create({ signal: AbortSignal.timeout(40) }) };
  },
  'a retried call is made as often': async (context) => {
    context.server.replies(rateLimited(), chatJson());
    const answer = await outcome(() => context.client.chat.completions.create(ask(context), { maxRetries: 2 }));
    return { answer, requests: context.server.seen.length };
  },
  'frozen arguments stay as they are, and are what is sent': async (context) => {
    context.server.replies(chatJson());
    const body = deepFreeze(ask(context));
    await context.client.chat.completions.create(body, Object.freeze({ headers: { 'x-house': '1' } }));
    const [seen] = context.server.seen;
    return { body, sent: seen?.body, header: seen?.headers['x-house'] };
  },
  'no arguments at all': async ({ client, server }) => {
    server.replies(chatJson());
    const create = client.chat.completions.create as () => unknown;
    try {
      return await outcome(() => Reflect.apply(create, client.chat.completions, []));
    } catch (error) {
      return seenError(error);
    }
  },
  'a method taken from its object fails as it did': async (context) => {
    const { create } = context.client.chat.completions;
    try {
      return await outcome(() => create(ask(context)));
    } catch (error) {
      return seenError(error);
    }
  },
  embeddings: async ({ client, server }) => {
    server.replies(embeddingJson());
    return outcome(() => client.embeddings.create({ model: 'm', input: 'hello' }));
  },
  'sound is transcribed and translated': async ({ client, server }) => {
    server.replies(transcriptJson());
    const transcribed = await outcome(() => client.audio.transcriptions.create({ model: 'whisper', file: sound() }));
    return {
      transcribed,
      translated: await outcome(() => client.audio.translations.create({ model: 'whisper', file: sound() })),
    };
  },
  'speech gives a response whose body nobody read': async ({ client, server }) => {
    server.replies(speechSound());
    const response = (await client.audio.speech.create({ model: 'm', voice: 'v', input: 'two' })) as Response;
    const seen = { classes: prototypeNames(response), used: response.bodyUsed };
    return { ...seen, length: (await response.arrayBuffer()).byteLength };
  },
};

/** What only Together's offers. */
export const TOGETHER_SCENARIOS: Readonly<Record<string, Scenario>> = {
  'the stream helper gives the whole answer': async (context) => {
    context.server.replies(chatSse());
    const runner = context.client.chat.completions.stream(ask(context)) as unknown as {
      finalChatCompletion(): Promise<unknown>;
      on(event: 'chunk', listener: (chunk: unknown) => void): void;
    };
    const chunks: unknown[] = [];
    runner.on('chunk', (chunk) => chunks.push(chunk));
    return { final: await outcome(() => runner.finalChatCompletion()), chunks };
  },
  'completions, images and a reranker': async ({ client, server }) => {
    const answer = { id: 'x', object: 'any', model: 'm', choices: [], data: [], results: [] };
    server.replies(json(answer));
    return [
      await client.completions.create({ model: 'm', prompt: 'two and two?' }),
      await client.images.generate({ model: 'm', prompt: 'a house' }),
      await client.rerank.create({ model: 'm', query: 'q', documents: ['a'] }),
    ];
  },
};
