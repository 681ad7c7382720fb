import type * as AnthropicModule from '@anthropic-ai/sdk';
import { json, silence, text, type ProviderServer } from '../support/provider-server.js';
import { MESSAGE_MODEL, messageJson, messageSse, messageToolUse, rateLimited } from '../support/anthropic-replies.js';
import { collect, deepFreeze, outcome, prototypeNames, shape, unhandledDuring } from './observe.js';
import type { Scenario } from './openai-scenarios.js';

export interface AnthropicScenarioContext {
  readonly module: typeof AnthropicModule;
  readonly client: AnthropicModule.Anthropic;
  readonly server: ProviderServer;
}

const ASK = { model: MESSAGE_MODEL, max_tokens: 64, messages: [{ role: 'user' as const, content: 'two and two?' }] };
const ASK_STREAM = { ...ASK, stream: true as const };

const ADD_TOOL = {
  type: 'custom' as const,
  name: 'add',
  description: 'adds',
  input_schema: { type: 'object' as const, properties: { a: { type: 'number' }, b: { type: 'number' } } },
  run: (input: unknown) => String((input as { a: number }).a + (input as { b: number }).b),
  parse: (input: unknown) => input,
};

async function openStream({ client, server }: AnthropicScenarioContext, reply = messageSse()) {
  server.replies(reply);
  return client.messages.create(ASK_STREAM);
}

export const ANTHROPIC_SCENARIOS: Readonly<Record<string, Scenario<AnthropicScenarioContext>>> = {
  'messages answer JSON': async ({ client, server }) => {
    server.replies(messageJson());
    return outcome(() => client.messages.create(ASK));
  },
  'the promise looks as it did': async ({ client, server }) => {
    server.replies(messageJson());
    const promise = client.messages.create(ASK);
    const seen = shape(promise);
    await promise;
    return seen;
  },
  'the method looks as it did': async ({ client }) => {
    const prototype = Object.getPrototypeOf(client.messages) as object;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'create');
    const method = descriptor?.value as { name: string; length: number };
    return { name: method.name, length: method.length, own: Object.keys(client.messages) };
  },
  'withResponse gives data, response and request id': async ({ client, server }) => {
    server.replies(messageJson());
    const { data, response, request_id: id } = await client.messages.create(ASK).withResponse();
    return { data, status: response.status, id };
  },
  'asResponse gives a body that can be read': async ({ client, server }) => {
    server.replies(messageJson());
    const response = await client.messages.create(ASK).asResponse();
    return { shape: shape(response), status: response.status, json: await response.json() };
  },
  'asResponse and then the parsed body': async ({ client, server }) => {
    server.replies(messageJson());
    const promise = client.messages.create(ASK);
    const response = await promise.asResponse();
    return { status: response.status, parsed: await outcome(() => promise) };
  },
  'asResponse of an event stream': async ({ client, server }) => {
    server.replies(messageSse());
    return (await client.messages.create(ASK_STREAM).asResponse()).text();
  },
  'a stream gives its events': async (context) => collect(await openStream(context)),
  'a stream looks as it did': async (context) => {
    const stream = await openStream(context);
    // From 0.134 the SDK itself puts its observed iterator on the stream when it traces.
    const { classes, tag } = shape(stream);
    await collect(stream);
    return { classes, tag, controller: prototypeNames(stream.controller) };
  },
  'an iterator used by hand': async (context) => {
    const iterator = (await openStream(context))[Symbol.asyncIterator]();
    const first = await iterator.next();
    const left = await iterator.return?.();
    return { first, left, after: await iterator.next() };
  },
  'breaking out of a stream aborts the request': async (context) => {
    const stream = await openStream(context, messageSse({ hold: true }));
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    return { aborted: stream.controller.signal.aborted };
  },
  'an error thrown inside the loop comes out of it': async (context) => {
    const stream = await openStream(context);
    return outcome(async () => {
      for await (const _ of stream) throw new Error('mine');
    });
  },
  'aborting a stream ends its loop': async (context) => {
    const stream = await openStream(context, messageSse({ hold: true }));
    let events = 0;
    const end = await outcome(async () => {
      for await (const _ of stream) {
        events += 1;
        if (events === 3) stream.controller.abort();
      }
    });
    return { end, aborted: stream.controller.signal.aborted };
  },
  'aborting a stream before reading it': async (context) => {
    const stream = await openStream(context, messageSse({ hold: true }));
    stream.controller.abort();
    return collect(stream);
  },
  'a stream read twice throws': async (context) => {
    const stream = await openStream(context);
    return { first: await collect(stream), second: await collect(stream) };
  },
  'tee gives both halves everything': async (context) => {
    const [left, right] = (await openStream(context)).tee();
    return Promise.all([collect(left), collect(right)]);
  },
  'toReadableStream gives lines of JSON': async (context) =>
    new Response((await openStream(context)).toReadableStream() as ReadableStream<Uint8Array>).text(),
  'an error event inside a stream': async (context) =>
    collect(await openStream(context, messageSse({ failing: true }))),
  'withResponse of a stream': async ({ client, server }) => {
    server.replies(messageSse());
    const { data, response } = await client.messages.create(ASK_STREAM).withResponse();
    return { status: response.status, events: await collect(data) };
  },
  'stream() accumulates and tells its events': async ({ client, server }) => {
    server.replies(messageSse());
    const stream = client.messages.stream(ASK);
    const events: unknown[] = [];
    stream.on('text', (piece, all) => events.push(['text', piece, all]));
    stream.on('streamEvent', (event) => events.push(['event', event.type]));
    stream.on('end', () => events.push(['end']));
    const final = await stream.finalMessage();
    return { events, final, text: await stream.finalText(), messages: stream.messages, ended: stream.ended };
  },
  'stream() is iterable': async ({ client, server }) => {
    server.replies(messageSse());
    return collect(client.messages.stream(ASK));
  },
  'stream() withResponse': async ({ client, server }) => {
    server.replies(messageSse());
    const { data, response } = await client.messages.stream(ASK).withResponse();
    return { status: response.status, final: await data.finalMessage() };
  },
  'stream() aborted': async ({ client, server }) => {
    server.replies(messageSse({ hold: true }));
    const stream = client.messages.stream(ASK);
    stream.on('text', () => stream.abort());
    return outcome(() => stream.finalMessage());
  },
  'stream() of an error': async ({ client, server }) => {
    server.replies(rateLimited());
    return outcome(() => client.messages.stream(ASK).finalMessage());
  },
  'parse parses': async ({ client, server }) => {
    server.replies(messageJson());
    return outcome(() => client.messages.parse(ASK));
  },
  'beta.messages answer': async ({ client, server }) => {
    server.replies(messageJson());
    const value = await outcome(() => client.beta.messages.create({ ...ASK, betas: ['x-2025-01-01'] }));
    return { value, sent: server.seen.map(({ url, headers }) => [url, headers['anthropic-beta']]) };
  },
  'beta.messages stream': async ({ client, server }) => {
    server.replies(messageSse());
    return outcome(() => client.beta.messages.stream(ASK).finalMessage());
  },
  'the tool runner loops': async ({ client, server }) => {
    server.replies(messageToolUse(), messageJson());
    const runner = client.beta.messages.toolRunner({ ...ASK, tools: [ADD_TOOL] });
    return { final: await outcome(() => runner.runUntilDone()), requests: server.seen.length };
  },
  'countTokens is left alone': async ({ client, server }) => {
    server.replies(json({ input_tokens: 12 }));
    const { max_tokens: _, ...body } = ASK;
    return outcome(() => client.messages.countTokens(body));
  },
  'a 429 is thrown': async ({ client, server }) => {
    server.replies(rateLimited());
    return outcome(() => client.messages.create(ASK));
  },
  'a 429 is retried inside the SDK': async ({ client, server }) => {
    server.replies(rateLimited(), messageJson());
    const value = await outcome(() => client.messages.create(ASK, { maxRetries: 2 }));
    return { value, requests: server.seen.length };
  },
  'a timeout is thrown': async ({ client, server }) => {
    server.replies(silence);
    return outcome(() => client.messages.create(ASK, { timeout: 60 }));
  },
  'aborting before the answer is thrown': async ({ client, server }) => {
    server.replies(silence);
    const controller = new AbortController();
    const promise = client.messages.create(ASK, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    return outcome(() => promise);
  },
  'broken JSON is thrown': async ({ client, server }) => {
    server.replies(text('{"id": "bro', 'application/json'));
    return outcome(() => client.messages.create(ASK));
  },
  'a call without a body throws as it did': async ({ client }) => {
    const messages = client.messages as unknown as { create(): unknown };
    return outcome(() => messages.create());
  },
  'arguments are not written to': async ({ client, server }) => {
    server.replies(messageJson(), messageSse());
    const body = deepFreeze({ ...ASK, messages: [{ role: 'user' as const, content: 'frozen' }] });
    const options = deepFreeze({ headers: { 'x-mine': '1' } });
    const first = await client.messages.create(body, options);
    const second = await collect(await client.messages.create(deepFreeze({ ...body, stream: true as const }), options));
    return { first, second, sent: server.seen.map((seen) => [seen.body, seen.headers['x-mine']]) };
  },
  'a failing call that nobody awaits is an unhandled rejection': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void client.messages.create(ASK);
    });
  },
  'a failing call that is handled': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => outcome(() => client.messages.create(ASK)));
  },
  'a failing stream() that nobody awaits': async ({ client, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void client.messages.stream(ASK);
    });
  },
  'withOptions copies behave': async ({ client, server }) => {
    server.replies(messageJson());
    const copy = client.withOptions({ maxRetries: 0, defaultHeaders: { 'x-copy': '1' } });
    const value = await copy.messages.create(ASK);
    return { value, header: server.seen.map(({ headers }) => headers['x-copy']) };
  },
};
