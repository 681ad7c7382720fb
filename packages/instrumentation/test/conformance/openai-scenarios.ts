import type * as OpenAiModule from 'openai';
import type { ProviderServer } from '../support/provider-server.js';
import { json, silence, sse, text } from '../support/provider-server.js';
import {
  CHAT_MODEL,
  chatJson,
  chatSse,
  chatToolCall,
  chatToolCallSse,
  completionJson,
  completionSse,
  embeddingJson,
  rateLimited,
  responseJson,
  responseSse,
  serverError,
} from '../support/openai-replies.js';
import { collect, deepFreeze, outcome, prototypeNames, seenError, shape, unhandledDuring } from './observe.js';

export interface OpenAiScenarioContext {
  readonly module: typeof OpenAiModule;
  readonly client: OpenAiModule.OpenAI;
  readonly server: ProviderServer;
}

/** Runs one use of the SDK and returns everything that its user could see of it. */
export type Scenario<Context> = (context: Context) => Promise<unknown>;

type ChatStream = AsyncIterable<unknown> & {
  controller: AbortController;
  tee(): [ChatStream, ChatStream];
  toReadableStream(): ReadableStream<Uint8Array>;
};

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'two and two?' }] };
const ASK_STREAM = { ...ASK, stream: true as const };
const ASK_RESPONSE = { model: CHAT_MODEL, input: 'two and two?' };

const ADD_TOOL = {
  type: 'function' as const,
  function: {
    name: 'add',
    description: 'adds',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
    parse: JSON.parse,
    function: ({ a, b }: { a: number; b: number }) => String(a + b),
  },
};

const ANSWER_FORMAT = {
  type: 'json_schema' as const,
  json_schema: {
    name: 'answer',
    strict: true,
    schema: { type: 'object', properties: { answer: { type: 'number' } }, required: ['answer'] },
  },
};

async function openStream({ client, server }: OpenAiScenarioContext, reply = chatSse()): Promise<ChatStream> {
  server.replies(reply);
  return client.chat.completions.create(ASK_STREAM);
}

async function read(stream: ReadableStream<Uint8Array>): Promise<string> {
  let all = '';
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read())
    all += new TextDecoder().decode(part.value);
  return all;
}

export const OPENAI_SCENARIOS: Readonly<Record<string, Scenario<OpenAiScenarioContext>>> = {
  'chat answers JSON': async ({ client, server }) => {
    server.replies(chatJson());
    return outcome(() => client.chat.completions.create(ASK));
  },
  'the promise looks as it did': async ({ client, server, module }) => {
    server.replies(chatJson());
    const promise = client.chat.completions.create(ASK);
    const seen = {
      ...shape(promise),
      isPromise: promise instanceof Promise,
      isApi: promise instanceof module.APIPromise,
    };
    await promise;
    return seen;
  },
  'the method looks as it did': async ({ client }) => {
    const prototype = Object.getPrototypeOf(client.chat.completions) as object;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'create');
    const method = descriptor?.value as { name: string; length: number };
    return {
      name: method.name,
      length: method.length,
      descriptor: { ...descriptor, value: undefined },
      own: Object.keys(client.chat.completions),
    };
  },
  'a promise awaited twice gives the same object': async ({ client, server }) => {
    server.replies(chatJson());
    const promise = client.chat.completions.create(ASK);
    const [first, second] = [await promise, await promise];
    return { same: first === second, requests: server.seen.length };
  },
  'then, catch and finally chain': async ({ client, server }) => {
    server.replies(chatJson());
    const log: string[] = [];
    const promise = client.chat.completions.create(ASK);
    const chained = promise.then(({ id }) => `${id}!`).finally(() => log.push('finally'));
    log.push(await chained, prototypeNames(chained).join());
    log.push(await promise.catch(() => undefined).then((value) => typeof value));
    return log;
  },
  'Promise.all and race take it': async ({ client, server }) => {
    server.replies(chatJson());
    const all = await Promise.all([client.chat.completions.create(ASK), client.chat.completions.create(ASK)]);
    const raced = await Promise.race([client.chat.completions.create(ASK), new Promise(() => undefined)]);
    return { all, raced };
  },
  'withResponse gives data, response and request id': async ({ client, server }) => {
    server.replies(chatJson());
    const { data, response, request_id: id, ...more } = await client.chat.completions.create(ASK).withResponse();
    return {
      data,
      status: response.status,
      used: response.bodyUsed,
      id,
      more,
      dataId: Reflect.get(data, '_request_id'),
    };
  },
  'asResponse gives a body that can be read': async ({ client, server }) => {
    server.replies(chatJson());
    const response = await client.chat.completions.create(ASK).asResponse();
    return { shape: shape(response), status: response.status, used: response.bodyUsed, json: await response.json() };
  },
  'asResponse of a body read as text': async ({ client, server }) => {
    server.replies(chatJson());
    const response = await client.chat.completions.create(ASK).asResponse();
    const methods = ['text', 'json'].map((name) => (Reflect.get(response, name) as { readonly name: string }).name);
    return { methods, text: await response.text(), used: response.bodyUsed };
  },
  'asResponse of a clone and of the body stream': async ({ client, server }) => {
    server.replies(chatJson());
    const response = await client.chat.completions.create(ASK).asResponse();
    const clone = response.clone();
    const body = response.body === null ? '' : await read(response.body);
    return { clone: await clone.json(), body };
  },
  'asResponse of an event stream': async ({ client, server }) => {
    server.replies(chatSse());
    const response = await client.chat.completions.create(ASK_STREAM).asResponse();
    return { type: response.headers.get('content-type'), body: await response.text() };
  },
  'asResponse and then the parsed body': async ({ client, server }) => {
    server.replies(chatJson());
    const promise = client.chat.completions.create(ASK);
    const response = await promise.asResponse();
    return {
      status: response.status,
      parsed: await outcome(() => promise),
      again: await outcome(() => response.json()),
    };
  },
  'asResponse of an error rejects': async ({ client, server }) => {
    server.replies(rateLimited());
    return outcome(() => client.chat.completions.create(ASK).asResponse());
  },
  '_thenUnwrap transforms, twice over': async ({ client, server }) => {
    server.replies(chatJson());
    const promise = client.chat.completions.create(ASK) as unknown as {
      _thenUnwrap<T>(fn: (data: { id: string }) => T): { _thenUnwrap<U>(fn: (data: T) => U): PromiseLike<U> };
    };
    const once = promise._thenUnwrap((data) => ({ first: data.id }));
    const twice = once._thenUnwrap((data) => ({ second: data.first }));
    return { shape: shape(once), twice: await twice };
  },
  '_thenUnwrap of an error rejects once': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(async () => {
      const promise = client.chat.completions.create(ASK) as unknown as {
        _thenUnwrap(fn: (data: unknown) => unknown): {
          _thenUnwrap(fn: (data: unknown) => unknown): PromiseLike<unknown>;
        };
      };
      const derived = promise._thenUnwrap((data) => data)._thenUnwrap((data) => data);
      await outcome(() => derived);
    });
  },
  'chat.completions.parse parses': async ({ client, server }) => {
    server.replies(chatJson({ content: '{"answer":4}' }));
    return outcome(() => client.chat.completions.parse({ ...ASK, response_format: ANSWER_FORMAT }));
  },
  'chat.completions.parse throws on a cut answer': async ({ client, server }) => {
    server.replies(chatJson({ content: '{"ans' }, 'length'));
    return outcome(() => client.chat.completions.parse({ ...ASK, response_format: ANSWER_FORMAT }));
  },
  'chat.completions.parse withResponse': async ({ client, server }) => {
    server.replies(chatJson({ content: '{"answer":4}' }));
    const { data, request_id: id } = await client.chat.completions
      .parse({ ...ASK, response_format: ANSWER_FORMAT })
      .withResponse();
    return { data, id };
  },
  'a stream gives its chunks': async (context) => collect(await openStream(context)),
  'a stream with usage gives its usage chunk': async ({ client, server }) => {
    server.replies(chatSse());
    const body = { ...ASK_STREAM, stream_options: { include_usage: true } };
    return collect(await client.chat.completions.create(body));
  },
  'a stream looks as it did': async (context) => {
    const stream = await openStream(context);
    const seen = { ...shape(stream), controller: prototypeNames(stream.controller) };
    await collect(stream);
    return seen;
  },
  'an iterator looks as it did': async (context) => {
    const stream = await openStream(context);
    const iterator = stream[Symbol.asyncIterator]() as AsyncGenerator;
    const { tag, classes, keys } = shape(iterator);
    const methods = [typeof iterator.next, typeof iterator.return, typeof iterator.throw];
    const isItself = iterator[Symbol.asyncIterator]() === iterator;
    await iterator.return(undefined);
    return { tag, classes, keys, methods, isItself };
  },
  'an iterator used by hand': async (context) => {
    const stream = await openStream(context);
    const iterator = stream[Symbol.asyncIterator]();
    const first = await iterator.next();
    const left = await iterator.return?.('left');
    return { first, left, after: await iterator.next() };
  },
  'an iterator asked ahead keeps the order': async (context) => {
    const stream = await openStream(context);
    const iterator = stream[Symbol.asyncIterator]();
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
    await iterator.return?.();
    return results;
  },
  'an iterator thrown into': async (context) => {
    const stream = await openStream(context);
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    return {
      thrown: await outcome(() => iterator.throw?.(new Error('mine'))),
      after: await outcome(() => iterator.next()),
    };
  },
  'breaking out of a stream aborts the request': async (context) => {
    const stream = await openStream(context, chatSse({ hold: true }));
    let chunks = 0;
    for await (const _ of stream) {
      chunks += 1;
      if (chunks === 2) break;
    }
    return { chunks, aborted: stream.controller.signal.aborted };
  },
  'an error thrown inside the loop comes out of it': async (context) => {
    const stream = await openStream(context);
    const thrown = await outcome(async () => {
      for await (const _ of stream) throw new Error('mine');
    });
    return { thrown, aborted: stream.controller.signal.aborted };
  },
  'aborting a stream ends its loop': async (context) => {
    const stream = await openStream(context, chatSse({ hold: true }));
    let chunks = 0;
    const end = await outcome(async () => {
      for await (const _ of stream) {
        chunks += 1;
        if (chunks === 2) stream.controller.abort();
      }
    });
    return { end, aborted: stream.controller.signal.aborted };
  },
  'aborting a stream before reading it': async (context) => {
    const stream = await openStream(context, chatSse({ hold: true }));
    stream.controller.abort();
    return collect(stream);
  },
  'a stream read twice throws': async (context) => {
    const stream = await openStream(context);
    return { first: await collect(stream), second: await collect(stream) };
  },
  'tee gives both halves everything': async (context) => {
    const stream = await openStream(context);
    const [left, right] = stream.tee();
    return { shape: shape(left), both: await Promise.all([collect(left), collect(right)]) };
  },
  'tee read one after the other': async (context) => {
    const [left, right] = (await openStream(context)).tee();
    return { left: await collect(left), right: await collect(right) };
  },
  'toReadableStream gives lines of JSON': async (context) => read((await openStream(context)).toReadableStream()),
  'a readable stream canceled': async (context) => {
    const stream = await openStream(context, chatSse({ hold: true }));
    const reader = stream.toReadableStream().getReader();
    const first = await reader.read();
    await reader.cancel();
    return { first: first.done, aborted: stream.controller.signal.aborted };
  },
  'an error event inside a stream': async (context) =>
    collect(await openStream(context, chatSse({ extra: [{ data: { error: { message: 'overloaded', code: 'x' } } }] }))),
  'a broken chunk inside a stream': async (context) =>
    collect(await openStream(context, chatSse({ extra: [{ data: '{"broken' }] }))),
  'an empty stream': async (context) => collect(await openStream(context, sse([], { done: true }))),
  'withResponse of a stream': async ({ client, server }) => {
    server.replies(chatSse());
    const { data, response, request_id: id } = await client.chat.completions.create(ASK_STREAM).withResponse();
    return { id, status: response.status, chunks: await collect(data) };
  },
  'stream() accumulates and tells its events': async ({ client, server }) => {
    server.replies(chatSse());
    const runner = client.chat.completions.stream(ASK);
    const events: unknown[] = [];
    runner.on('content', (piece, all) => events.push(['content', piece, all]));
    runner.on('finalContent', (content) => events.push(['finalContent', content]));
    runner.on('end', () => events.push(['end']));
    const final = await runner.finalChatCompletion();
    await runner.done();
    return { events, final, usage: await outcome(() => runner.totalUsage()) };
  },
  'stream() is iterable': async ({ client, server }) => {
    server.replies(chatSse());
    return collect(client.chat.completions.stream(ASK));
  },
  'stream() aborted': async ({ client, server }) => {
    server.replies(chatSse({ hold: true }));
    const runner = client.chat.completions.stream(ASK);
    runner.on('content', () => runner.abort());
    return outcome(() => runner.finalContent());
  },
  'stream() of an error': async ({ client, server }) => {
    server.replies(rateLimited());
    return outcome(() => client.chat.completions.stream(ASK).finalContent());
  },
  'runTools loops': async ({ client, server }) => {
    server.replies(chatToolCall(), chatJson());
    const runner = client.chat.completions.runTools({ ...ASK, tools: [ADD_TOOL] });
    return { final: await runner.finalContent(), messages: runner.messages, requests: server.seen.length };
  },
  'runTools loops over streams': async ({ client, server }) => {
    server.replies(chatToolCallSse(), chatSse());
    const runner = client.chat.completions.runTools({ ...ASK, stream: true, tools: [ADD_TOOL] });
    return { final: await runner.finalContent(), requests: server.seen.length };
  },
  'a 429 is thrown': async ({ client, server }) => {
    server.replies(rateLimited());
    return outcome(() => client.chat.completions.create(ASK));
  },
  'a 429 of a stream is thrown at the await': async ({ client, server }) => {
    server.replies(rateLimited());
    return outcome(() => client.chat.completions.create(ASK_STREAM));
  },
  'a 429 is retried inside the SDK': async ({ client, server }) => {
    server.replies(rateLimited(), chatJson());
    const value = await outcome(() => client.chat.completions.create(ASK, { maxRetries: 2 }));
    return { value, requests: server.seen.length };
  },
  'a 500 is thrown': async ({ client, server }) => {
    server.replies(serverError());
    return outcome(() => client.chat.completions.create(ASK));
  },
  'a timeout is thrown': async ({ client, server }) => {
    server.replies(silence);
    return outcome(() => client.chat.completions.create(ASK, { timeout: 60 }));
  },
  'nobody listening is thrown': async ({ module }) => {
    const client = new module.OpenAI({ apiKey: 'key', baseURL: 'http://127.0.0.1:9/v1', maxRetries: 0 });
    return outcome(() => client.chat.completions.create(ASK));
  },
  'aborting before the answer is thrown': async ({ client, server }) => {
    server.replies(silence);
    const controller = new AbortController();
    const promise = client.chat.completions.create(ASK, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    return outcome(() => promise);
  },
  'a signal that is aborted already is thrown': async ({ client, server }) => {
    server.replies(chatJson());
    return outcome(() => client.chat.completions.create(ASK, { signal: AbortSignal.abort() }));
  },
  'broken JSON is thrown': async ({ client, server }) => {
    server.replies(text('{"id": "bro', 'application/json'));
    return outcome(() => client.chat.completions.create(ASK));
  },
  'text in place of JSON is returned': async ({ client, server }) => {
    server.replies(text('plain', 'text/plain'));
    return outcome(() => client.chat.completions.create(ASK));
  },
  'no content is null': async ({ client, server }) => {
    server.replies((_request, response) => void response.writeHead(204).end());
    return outcome(() => client.chat.completions.create(ASK));
  },
  'an answer that is no completion': async ({ client, server }) => {
    server.replies(json([1, 2, 3]));
    return outcome(() => client.chat.completions.create(ASK));
  },
  'a call without a body throws as it did': async ({ client }) => {
    const completions = client.chat.completions as unknown as { create(): unknown };
    return outcome(() => completions.create());
  },
  'a method torn from its object throws as it did': async ({ client }) => {
    const { create } = client.chat.completions as unknown as { create: (body: unknown) => unknown };
    return outcome(() => Reflect.apply(create, undefined, [ASK]));
  },
  'arguments are not written to': async ({ client, server }) => {
    server.replies(chatJson(), chatSse());
    const body = deepFreeze({ ...ASK, messages: [{ role: 'user' as const, content: 'frozen' }] });
    const options = deepFreeze({ headers: { 'x-mine': '1' } });
    const first = await client.chat.completions.create(body, options);
    const second = await collect(await client.chat.completions.create(deepFreeze({ ...body, stream: true }), options));
    return { first, second, sent: server.seen.map((seen) => [seen.body, seen.headers['x-mine']]) };
  },
  'the request on the wire is the same': async ({ client, server }) => {
    server.replies(chatJson());
    await client.chat.completions.create(ASK, { headers: { 'x-mine': '1' }, query: { q: '1' } });
    return server.seen.map(({ url, body, headers }) => ({ url, body, headers: { ...headers, host: undefined } }));
  },
  'a failing call that nobody awaits is an unhandled rejection': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void client.chat.completions.create(ASK);
    });
  },
  'a failing call awaited late': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(async () => {
      const promise = client.chat.completions.create(ASK);
      await new Promise((resolve) => setTimeout(resolve, 60));
      await outcome(() => promise);
    });
  },
  'a failing call that is handled': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => client.chat.completions.create(ASK).catch(seenError));
  },
  'a failing asResponse that nobody awaits': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void client.chat.completions.create(ASK).asResponse();
    });
  },
  'a failing parse that nobody awaits': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void client.chat.completions.parse({ ...ASK, response_format: ANSWER_FORMAT });
    });
  },
  'a call that nobody awaits leaves no trace': async ({ client, server }) => {
    server.replies(chatJson());
    return unhandledDuring(() => {
      void client.chat.completions.create(ASK);
    });
  },
  'withOptions copies behave': async ({ client, server }) => {
    server.replies(chatJson());
    const copy = client.withOptions({ maxRetries: 0, defaultHeaders: { 'x-copy': '1' } });
    const value = await copy.chat.completions.create(ASK);
    return { value, header: server.seen.map(({ headers }) => headers['x-copy']) };
  },
  'a fetch of the application is used': async ({ module, server }) => {
    server.replies(chatJson());
    const urls: string[] = [];
    const client = new module.OpenAI({
      apiKey: 'key',
      baseURL: `${server.url}/v1`,
      fetch: (url, init) => {
        urls.push((url as string).replace(server.url, ''));
        return fetch(url, init);
      },
    });
    return { value: await client.chat.completions.create(ASK), urls };
  },
  'responses.create answers': async ({ client, server }) => {
    server.replies(responseJson());
    return outcome(() => client.responses.create(ASK_RESPONSE));
  },
  'responses.create streams': async ({ client, server }) => {
    server.replies(responseSse());
    return collect(await client.responses.create({ ...ASK_RESPONSE, stream: true }));
  },
  'responses.parse parses': async ({ client, server }) => {
    server.replies(responseJson());
    const format = { type: 'json_schema' as const, name: 'answer', schema: { type: 'object' } };
    return outcome(() => client.responses.parse({ ...ASK_RESPONSE, text: { format } }));
  },
  'responses.stream accumulates': async ({ client, server }) => {
    server.replies(responseSse());
    return outcome(() => client.responses.stream(ASK_RESPONSE).finalResponse());
  },
  'responses withResponse': async ({ client, server }) => {
    server.replies(responseJson());
    const { data, request_id: id } = await client.responses.create(ASK_RESPONSE).withResponse();
    return { data, id };
  },
  'a 429 of responses is thrown': async ({ client, server }) => {
    server.replies(rateLimited());
    return outcome(() => client.responses.create(ASK_RESPONSE));
  },
  'completions answer': async ({ client, server }) => {
    server.replies(completionJson());
    return outcome(() => client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'two and two?' }));
  },
  'completions stream': async ({ client, server }) => {
    server.replies(completionSse());
    const body = { model: 'gpt-3.5-turbo-instruct', prompt: 'two and two?', stream: true as const };
    return collect(await client.completions.create(body));
  },
  'embeddings are decoded': async ({ client, server }) => {
    server.replies(embeddingJson());
    const promise = client.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' });
    return { shape: shape(promise), value: await outcome(() => promise), sent: server.seen.map(({ body }) => body) };
  },
  'embeddings as floats': async ({ client, server }) => {
    server.replies(embeddingJson());
    const body = { model: 'text-embedding-3-small', input: 'hello', encoding_format: 'float' as const };
    return outcome(() =>
      client.embeddings
        .create(body)
        .withResponse()
        .then(({ data }) => data),
    );
  },
  'a failing embedding that nobody awaits': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void client.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' });
    });
  },
};
