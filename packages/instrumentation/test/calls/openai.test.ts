import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { estimateTokens } from '@costel/pricing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { finishOpenCalls, instrumentModule, withCostAttribution } from '../../src/index.js';
import { untilCollected } from '../support/collect-garbage.js';
import { costOf } from '../support/expectations.js';
import {
  CHAT_MODEL,
  chatBody,
  chatJson,
  chatSse,
  chatToolCall,
  completionJson,
  completionSse,
  embeddingJson,
  rateLimited,
  responseJson,
  responseSse,
  serverError,
} from '../support/openai-replies.js';
import { json, ProviderServer, silence } from '../support/provider-server.js';
import { loadOpenAi, OPENAI_COPIES } from '../support/sdk-copies.js';
import { Telemetry, until } from '../support/telemetry.js';

const ASK = {
  model: CHAT_MODEL,
  messages: [{ role: 'user' as const, content: 'what is two and two? answer briefly' }],
};
const CHAT_COST = costOf('openai', CHAT_MODEL, { input: 176, cache_read: 1024, output: 100, reasoning: 200 });

const server = new ProviderServer();
const telemetry = new Telemetry();
const modules = new Map(OPENAI_COPIES.map((copy) => [copy, instrumentModule(loadOpenAi(copy, true))]));
const asking = new Map(
  OPENAI_COPIES.map((copy) => [copy, instrumentModule(loadOpenAi(copy, true), { includeUsage: true })]),
);

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

describe.each(OPENAI_COPIES)('a call of %s', (copy) => {
  const clientOf = (options: Record<string, unknown> = {}, all = modules) => {
    const module = all.get(copy);
    if (module === undefined) throw new Error(`${copy} is not installed`);
    return new module.OpenAI({ apiKey: 'sk-canary', baseURL: `${server.url}/v1`, maxRetries: 0, ...options });
  };
  const attributes = () => telemetry.onlySpan.attributes;
  /** A stream ends its span when the reader sees the end, which is before the test does. */
  const drain = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream);
  };

  it('that answers JSON is one span with usage and exact cost', async () => {
    server.replies(chatJson());
    await clientOf().chat.completions.create(ASK);
    const span = telemetry.onlySpan;
    expect(span.name).toBe('chat gpt-4o');
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.id': 'chatcmpl-fixed',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 1200,
      'gen_ai.usage.output_tokens': 300,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.reasoning.output_tokens': 200,
      'costel.usage.quality': 'reported',
      'costel.cost.status': 'priced',
      'costel.cost.usd': CHAT_COST,
      'gen_ai.usage.cost.amount': Number(CHAT_COST),
      'gen_ai.usage.cost.currency': 'USD',
      'gen_ai.usage.cost.source': 'local',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
    expect(span.attributes['gen_ai.request.stream']).toBeUndefined();
  });

  it('names its buckets where the counts of the conventions do not tell them', async () => {
    const details = { prompt_tokens_details: { audio_tokens: 60 } };
    server.replies(
      json({ ...chatBody(), usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, ...details } }),
    );
    await clientOf().chat.completions.create(ASK);
    expect(attributes()).toMatchObject({
      'gen_ai.usage.input_tokens': 100,
      'costel.usage.input': 40,
      'costel.usage.input_audio': 60,
      'costel.usage.output': 10,
    });
  });

  it('has line items that add up to its cost', async () => {
    server.replies(chatJson());
    await clientOf().chat.completions.create(ASK);
    const items = JSON.parse(String(attributes()['costel.cost.line_items'])) as { bucket: string; cost_usd: string }[];
    expect(items.map(({ bucket }) => bucket)).toEqual(['input', 'cache_read', 'output', 'reasoning']);
    const sum = items.reduce((total, { cost_usd: cost }) => total + Number(cost), 0);
    expect(sum).toBeCloseTo(Number(CHAT_COST), 12);
  });

  it.each([
    ['parse', (client: ReturnType<typeof clientOf>) => client.chat.completions.parse(ASK)],
    ['withResponse', (client: ReturnType<typeof clientOf>) => client.chat.completions.create(ASK).withResponse()],
    ['then', (client: ReturnType<typeof clientOf>) => client.chat.completions.create(ASK).then((value) => value)],
    [
      'asResponse().json()',
      async (client: ReturnType<typeof clientOf>) => (await client.chat.completions.create(ASK).asResponse()).json(),
    ],
    [
      'asResponse().text()',
      async (client: ReturnType<typeof clientOf>) => (await client.chat.completions.create(ASK).asResponse()).text(),
    ],
  ])('taken by %s has its usage', async (_way, take) => {
    server.replies(chatJson());
    await take(clientOf());
    await until(() => telemetry.spans.length > 0, 'the span ended');
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported', 'costel.cost.usd': CHAT_COST });
  });

  it('taken as a response after others were made has its usage', async () => {
    server.replies(chatJson());
    server.replies(chatJson());
    const client = clientOf();
    const first = client.chat.completions.create(ASK);
    const second = client.chat.completions.create(ASK);
    const response = await first.asResponse();
    await response.json();
    await second;
    await until(() => telemetry.spans.length === 2, 'both spans ended');
    for (const span of telemetry.spans)
      expect(span.attributes).toMatchObject({ 'costel.usage.quality': 'reported', 'costel.cost.usd': CHAT_COST });
  });

  it('leaves no property on the promise of its response, for that made every promise of the process dearer', async () => {
    server.replies(chatJson());
    const promise = clientOf().chat.completions.create(ASK);
    const response: unknown = Reflect.get(promise, 'responsePromise');
    expect(response).toBeInstanceOf(Promise);
    const own = Reflect.ownKeys(response as object).map(String);
    expect(own.filter((key) => key.includes('costel'))).toEqual([]);
    await promise;
  });

  it('whose parse throws is still paid for', async () => {
    server.replies(chatJson({ content: '{"ans' }, 'length'));
    const format = { type: 'json_schema' as const, json_schema: { name: 'x', schema: {} } };
    await expect(clientOf().chat.completions.parse({ ...ASK, response_format: format })).rejects.toThrow();
    expect(attributes()).toMatchObject({ 'costel.cost.usd': CHAT_COST, 'gen_ai.response.finish_reasons': ['length'] });
  });

  it('is the parent of what happens inside it, and not of what follows', async () => {
    server.replies(chatJson());
    const tracer = trace.getTracer('test');
    const inner: (string | undefined)[] = [];
    const client = clientOf({
      fetch: (...args: Parameters<typeof fetch>) => {
        inner.push(trace.getSpan(context.active())?.spanContext().spanId);
        return fetch(...args);
      },
    });
    await tracer.startActiveSpan('outer', async (outer) => {
      await client.chat.completions.create(ASK);
      expect(trace.getSpan(context.active())).toBe(outer);
      outer.end();
    });
    const [call, outer] = telemetry.spans;
    expect(inner).toEqual([call?.spanContext().spanId]);
    expect(call?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
  });

  it('that the SDK retries is one call', async () => {
    server.replies(rateLimited(), rateLimited(), chatJson());
    await clientOf({ maxRetries: 3 }).chat.completions.create(ASK);
    expect(server.seen).toHaveLength(3);
    expect(attributes()['costel.cost.usd']).toBe(CHAT_COST);
  });

  it.each([
    ['429', rateLimited(), { 'error.type': 'RateLimitError', 'http.response.status_code': 429 }],
    ['500', serverError(), { 'error.type': 'InternalServerError', 'http.response.status_code': 500 }],
  ])('that ends in a %s is an error without cost', async (_status, reply, expected) => {
    server.replies(reply);
    await expect(clientOf().chat.completions.create(ASK)).rejects.toThrow();
    expect(telemetry.onlySpan.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(attributes()).toMatchObject({ ...expected, 'costel.cost.status': 'not_billable' });
    expect(attributes()['costel.cost.usd']).toBeUndefined();
  });

  it('that times out or is aborted before its answer has no known usage, and is not free', async () => {
    server.replies(silence);
    const client = clientOf();
    await expect(client.chat.completions.create(ASK, { timeout: 40 })).rejects.toThrow();
    expect(attributes()).toMatchObject({
      'error.type': 'APIConnectionTimeoutError',
      'costel.usage.quality': 'missing',
      'costel.cost.status': 'no_usage',
      'costel.cost.reason': 'usage_missing',
    });
    await telemetry.reset();
    const signal = AbortSignal.timeout(40);
    await expect(client.chat.completions.create(ASK, { signal })).rejects.toThrow();
    expect(attributes()).toMatchObject({ 'error.type': 'APIUserAbortError', 'costel.usage.quality': 'missing' });
  });

  it('with broken JSON is an error whose usage is missing', async () => {
    server.replies((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":');
    });
    await expect(clientOf().chat.completions.create(ASK)).rejects.toThrow(SyntaxError);
    expect(attributes()).toMatchObject({ 'error.type': 'SyntaxError', 'costel.usage.quality': 'missing' });
  });

  it('of a model without a price is unpriced, not free', async () => {
    server.replies(json({ ...chatBody(), model: 'house-model-9' }));
    await clientOf().chat.completions.create({ ...ASK, model: 'house-model-9' });
    expect(attributes()).toMatchObject({ 'costel.cost.status': 'unpriced', 'costel.cost.reason': 'unknown_model' });
    expect(attributes()['costel.cost.usd']).toBeUndefined();
    expect(attributes()['gen_ai.usage.cost.amount']).toBeUndefined();
  });

  it('streamed with usage has it, exactly', async () => {
    server.replies(chatSse());
    const body = { ...ASK, stream: true as const, stream_options: { include_usage: true } };
    await drain(await clientOf().chat.completions.create(body));
    expect(attributes()).toMatchObject({
      'gen_ai.request.stream': true,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': CHAT_COST,
      'gen_ai.response.finish_reasons': ['stop'],
    });
    expect(attributes()['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
  });

  it('streamed without usage is estimated from its text', async () => {
    server.replies(chatSse());
    await drain(await clientOf().chat.completions.create({ ...ASK, stream: true }));
    // 'two and ' + 'two ' + 'make four'
    expect(attributes()).toMatchObject({
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.output_tokens': estimateTokens(21),
      'costel.cost.status': 'priced',
    });
    expect(attributes()['gen_ai.usage.input_tokens']).toBeGreaterThan(5);
    expect(attributes()['costel.stream.end']).toBeUndefined();
  });

  it.each([
    ['stream()', (client: ReturnType<typeof clientOf>) => client.chat.completions.stream(ASK).finalContent()],
    [
      'tee',
      async (client: ReturnType<typeof clientOf>) => {
        const [left, right] = (await client.chat.completions.create({ ...ASK, stream: true })).tee();
        await Promise.all([drain(left), drain(right)]);
      },
    ],
    [
      'toReadableStream',
      async (client: ReturnType<typeof clientOf>) => {
        const stream = await client.chat.completions.create({ ...ASK, stream: true });
        await new Response(stream.toReadableStream() as ReadableStream<Uint8Array>).text();
      },
    ],
  ])('streamed and read by %s is one call', async (_way, read) => {
    server.replies(chatSse());
    await read(clientOf());
    expect(attributes()).toMatchObject({
      'gen_ai.usage.output_tokens': estimateTokens(21),
      'costel.usage.quality': 'estimated',
    });
  });

  it('broken off after two chunks is estimated from what was seen', async () => {
    server.replies(chatSse({ hold: true }));
    let chunks = 0;
    for await (const _ of await clientOf().chat.completions.create({ ...ASK, stream: true }))
      if ((chunks += 1) === 3) break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.output_tokens': estimateTokens(12),
      'costel.cost.status': 'priced',
    });
  });

  it('aborted while it is read is estimated', async () => {
    server.replies(chatSse({ hold: true }));
    const stream = await clientOf().chat.completions.create({ ...ASK, stream: true });
    for await (const _ of stream) stream.controller.abort();
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'aborted', 'costel.usage.quality': 'estimated' });
  });

  it('aborted before it is read is estimated from the request', async () => {
    server.replies(chatSse({ hold: true }));
    const stream = await clientOf().chat.completions.create({ ...ASK, stream: true });
    stream.controller.abort();
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'aborted', 'costel.usage.quality': 'estimated' });
    expect(attributes()['gen_ai.usage.input_tokens']).toBeGreaterThan(5);
  });

  it('whose stream fails in the middle is an error and is paid for', async () => {
    server.replies(chatSse({ extra: [{ data: { error: { message: 'overloaded' } } }] }));
    await expect(drain(await clientOf().chat.completions.create({ ...ASK, stream: true }))).rejects.toThrow();
    expect(attributes()).toMatchObject({
      'error.type': 'APIError',
      'costel.usage.quality': 'estimated',
      'costel.cost.status': 'priced',
    });
  });

  it('whose stream is dropped unread is found when it is collected', async () => {
    server.replies(chatSse());
    await (async () => {
      await clientOf().chat.completions.create({ ...ASK, stream: true });
    })();
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped stream was noticed');
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'abandoned', 'costel.usage.quality': 'estimated' });
  });

  it('whose stream is dropped half read is found when it is collected', async () => {
    server.replies(chatSse());
    await (async () => {
      const stream = await clientOf().chat.completions.create({ ...ASK, stream: true });
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      await iterator.next();
    })();
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped iterator was noticed');
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'abandoned',
      'gen_ai.usage.output_tokens': estimateTokens(8),
    });
  });

  it('that nobody awaits is found when its promise is collected', async () => {
    server.replies(chatJson());
    (() => {
      void clientOf().chat.completions.create(ASK);
    })();
    await until(() => server.seen.length === 1, 'the request arrived');
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped promise was noticed');
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'abandoned', 'costel.usage.quality': 'estimated' });
  });

  it('awaited late is not taken for dropped', async () => {
    server.replies(chatJson());
    const promise = clientOf().chat.completions.create(ASK);
    await until(() => server.seen.length === 1, 'the request arrived');
    let rounds = 0;
    await untilCollected(() => (rounds += 1) > 5, 'garbage was collected');
    await promise;
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported' });
  });

  it('that is open at the end of the process is finished then', async () => {
    server.replies(chatSse({ hold: true }), silence);
    const client = clientOf();
    const stream = await client.chat.completions.create({ ...ASK, stream: true });
    const unanswered = client.chat.completions.create(ASK, { timeout: 2000 }).catch(() => undefined);
    await until(() => server.seen.length === 2, 'the second request arrived');
    finishOpenCalls();
    expect(new Set(telemetry.spans.map((span) => span.attributes['costel.usage.quality']))).toEqual(
      new Set(['estimated', 'missing']),
    );
    stream.controller.abort();
    await unanswered;
    expect(telemetry.spans).toHaveLength(2);
  });

  it('in a tool loop is a span a request', async () => {
    server.replies(chatToolCall(), chatJson());
    const tool = {
      type: 'function' as const,
      function: {
        name: 'add',
        description: 'adds',
        parameters: {},
        parse: (text: string) => JSON.parse(text) as object,
        function: () => '4',
      },
    };
    await clientOf()
      .chat.completions.runTools({ ...ASK, tools: [tool] })
      .finalContent();
    expect(telemetry.spans.map((span) => span.attributes['gen_ai.response.finish_reasons'])).toEqual([
      ['tool_calls'],
      ['stop'],
    ]);
  });

  it('with includeUsage asks for usage, hides the chunk and leaves the request alone', async () => {
    server.replies(chatSse());
    const body = Object.freeze({ ...ASK, stream: true as const });
    const chunks: unknown[] = [];
    for await (const chunk of await clientOf({}, asking).chat.completions.create(body)) chunks.push(chunk);
    expect(server.seen[0]?.body).toMatchObject({ stream_options: { include_usage: true } });
    expect(body).not.toHaveProperty('stream_options');
    expect(chunks).toHaveLength(5);
    expect(chunks.every((chunk) => !Object.hasOwn(chunk as object, 'usage'))).toBe(true);
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported', 'costel.cost.usd': CHAT_COST });
  });

  it('with includeUsage respects a caller who decided', async () => {
    server.replies(chatSse());
    const client = clientOf({}, asking);
    const chunks: unknown[] = [];
    const options = { include_usage: true };
    for await (const chunk of await client.chat.completions.create({ ...ASK, stream: true, stream_options: options }))
      chunks.push(chunk);
    expect(chunks).toHaveLength(6);
    await drain(
      await client.chat.completions.create({ ...ASK, stream: true, stream_options: { include_usage: false } }),
    );
    expect(server.seen[1]?.body).toMatchObject({ stream_options: { include_usage: false } });
  });

  it('with includeUsage keeps what a helper gives', async () => {
    server.replies(chatSse());
    const final = await clientOf({}, asking).chat.completions.stream(ASK).finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('two and two make four');
    expect(final.usage ?? undefined).toBeUndefined();
    expect(attributes()['costel.usage.quality']).toBe('reported');
  });

  it('of the Responses API has its usage, as JSON and as a stream', async () => {
    const client = clientOf();
    const cost = costOf('openai', CHAT_MODEL, { input: 388, cache_read: 512, output: 56, reasoning: 64 });
    const request = { model: CHAT_MODEL, input: 'two and two?' };
    for (const call of [
      async () => (server.replies(responseJson()), client.responses.create(request)),
      async () => (server.replies(responseJson()), client.responses.parse(request)),
      async () => (server.replies(responseSse()), drain(await client.responses.create({ ...request, stream: true }))),
      async () => (server.replies(responseSse()), client.responses.stream(request).finalResponse()),
    ]) {
      await telemetry.reset();
      await call();
      expect(telemetry.onlySpan.name).toBe('chat gpt-4o');
      expect(attributes()).toMatchObject({
        'costel.usage.quality': 'reported',
        'gen_ai.response.id': 'resp_fixed',
        'gen_ai.usage.cache_read.input_tokens': 512,
        'costel.cost.usd': cost,
      });
    }
  });

  it('of the Responses API broken off is estimated', async () => {
    server.replies(responseSse({ hold: true }));
    const stream = await clientOf().responses.create({ model: CHAT_MODEL, input: 'two and two?', stream: true });
    for await (const event of stream) if (event.type === 'response.output_text.delta') break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.response.id': 'resp_fixed',
    });
  });

  it('of completions and embeddings has its usage', async () => {
    const client = clientOf();
    server.replies(completionJson());
    await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'two and two?' });
    expect(telemetry.onlySpan.name).toBe('text_completion gpt-3.5-turbo-instruct');
    expect(attributes()).toMatchObject({ 'gen_ai.usage.input_tokens': 5, 'gen_ai.usage.output_tokens': 2 });
    await telemetry.reset();
    server.replies(completionSse());
    const body = { model: 'gpt-3.5-turbo-instruct', prompt: 'two and two?', stream: true as const };
    await drain(await clientOf({}, asking).completions.create(body));
    expect(attributes()).toMatchObject({ 'gen_ai.usage.output_tokens': 2, 'costel.usage.quality': 'reported' });
    for (const format of [undefined, 'float' as const]) {
      await telemetry.reset();
      server.replies(embeddingJson());
      const ask = { model: 'text-embedding-3-small', input: 'hello' };
      await client.embeddings.create(format === undefined ? ask : { ...ask, encoding_format: format });
      expect(telemetry.onlySpan.name).toBe('embeddings text-embedding-3-small');
      expect(attributes()).toMatchObject({
        'gen_ai.operation.name': 'embeddings',
        'gen_ai.usage.input_tokens': 42,
        'costel.cost.usd': costOf('openai', 'text-embedding-3-small', { input: 42 }),
      });
    }
  });

  it('takes user and conversation from the request where nobody said them outside', async () => {
    server.replies(chatJson(), chatJson(), responseJson());
    const client = clientOf();
    await client.chat.completions.create({ ...ASK, user: 'u-old' });
    await withCostAttribution({ user: 'u-outer', feature: 'search' }, () =>
      client.chat.completions.create({ ...ASK, safety_identifier: 'u-inner' }),
    );
    await client.responses.create({
      model: CHAT_MODEL,
      input: 'x',
      conversation: 'conv_1',
      safety_identifier: 'u-new',
    });
    expect(
      telemetry.spans.map((span) => [span.attributes['user.id'], span.attributes['gen_ai.conversation.id']]),
    ).toEqual([
      ['u-old', undefined],
      ['u-outer', undefined],
      ['u-new', 'conv_1'],
    ]);
  });

  it('says how far the clocks are apart, beyond five minutes', async () => {
    const at = (offsetMs: number) => ({ headers: { date: new Date(Date.now() + offsetMs).toUTCString() } });
    server.replies(json(chatBody(), at(-3_600_000)), json(chatBody(), at(240_000)));
    const client = clientOf({ baseURL: `${server.url}/skewed/${copy}/v1` });
    await client.chat.completions.create(ASK);
    await client.chat.completions.create(ASK);
    const [apart, close] = telemetry.spans.map((span) => span.attributes['costel.clock.offset_ms']);
    expect(apart).toBeGreaterThan(3_590_000);
    expect(apart).toBeLessThan(3_610_000);
    expect(close).toBeUndefined();
  });

  it('tells Azure and OpenAI-compatible servers apart', async () => {
    server.replies(chatJson());
    const module = modules.get(copy);
    if (module === undefined) throw new Error('not installed');
    const toServer = (_url: unknown, init?: RequestInit) => fetch(`${server.url}/v1/chat/completions`, init);
    const azure = new module.AzureOpenAI({
      apiKey: 'k',
      endpoint: 'https://house.openai.azure.com',
      apiVersion: '2025-01-01',
      fetch: toServer,
    });
    const router = clientOf({ baseURL: 'https://openrouter.ai/api/v1', fetch: toServer });
    const proxy = clientOf({ baseURL: 'http://127.0.0.1:4000', fetch: toServer });
    for (const client of [azure, router, proxy]) await client.chat.completions.create(ASK);
    expect(
      telemetry.spans.map(({ attributes: all }) => [
        all['gen_ai.provider.name'],
        all['server.address'],
        all['server.port'],
      ]),
    ).toEqual([
      ['azure.ai.openai', 'house.openai.azure.com', 443],
      ['openrouter', 'openrouter.ai', 443],
      ['openai', '127.0.0.1', 4000],
    ]);
  });

  it('whose provider reports its own cost has that cost', async () => {
    const toServer = (_url: unknown, init?: RequestInit) => fetch(`${server.url}/v1/chat/completions`, init);
    server.replies(
      json({ ...chatBody(), usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.00042 } }),
    );
    await clientOf({ baseURL: 'https://openrouter.ai/api/v1', fetch: toServer }).chat.completions.create(ASK);
    expect(attributes()).toMatchObject({ 'costel.cost.usd': '0.00042', 'gen_ai.usage.cost.source': 'provider' });
  });
});
