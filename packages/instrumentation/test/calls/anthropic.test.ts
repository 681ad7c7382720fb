import { estimateTokens } from '@costel/pricing';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, instrumentModule, withCostAttribution } from '../../src/index.js';
import { MESSAGE_MODEL, messageJson, messageSse, messageToolUse, rateLimited } from '../support/anthropic-replies.js';
import { untilCollected } from '../support/collect-garbage.js';
import { costOf } from '../support/expectations.js';
import { ProviderServer, silence } from '../support/provider-server.js';
import { ANTHROPIC_COPIES, loadAnthropic } from '../support/sdk-copies.js';
import { Telemetry, until } from '../support/telemetry.js';

const ASK = { model: MESSAGE_MODEL, max_tokens: 64, messages: [{ role: 'user' as const, content: 'two and two?' }] };
const USAGE = { input: 100, cache_read: 1024, cache_write_5m: 1048, cache_write_1h: 1000, output: 50, web_search: 2 };
const COST = costOf('anthropic', MESSAGE_MODEL, USAGE);

const server = new ProviderServer();
// With the processor in place too: a call must not be counted by both.
const telemetry = new Telemetry([new CostSpanProcessor()]);
const modules = new Map(ANTHROPIC_COPIES.map((copy) => [copy, instrumentModule(loadAnthropic(copy, true))]));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const CASES = ANTHROPIC_COPIES.flatMap((copy) => [
  { copy, native: copy !== 'anthropic-0-133' },
  ...(copy === 'anthropic-0-133' ? [] : [{ copy, native: false }]),
]);

describe.each(CASES)('a call of $copy, with native spans: $native', ({ copy, native }) => {
  const clientOf = (options: Record<string, unknown> = {}) => {
    const module = modules.get(copy);
    if (module === undefined) throw new Error(`${copy} is not installed`);
    const off = native ? {} : { openTelemetry: false as const };
    return new module.Anthropic({ apiKey: 'sk-canary', baseURL: server.url, maxRetries: 0, ...off, ...options });
  };
  type Client = ReturnType<typeof clientOf>;
  const attributes = () => telemetry.onlySpan.attributes;
  const drain = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream);
  };

  it.each([
    ['create', (client: Client) => client.messages.create(ASK), messageJson()],
    ['withResponse', (client: Client) => client.messages.create(ASK).withResponse(), messageJson()],
    ['parse', (client: Client) => client.messages.parse(ASK), messageJson()],
    ['beta create', (client: Client) => client.beta.messages.create(ASK), messageJson()],
    ['beta parse', (client: Client) => client.beta.messages.parse(ASK), messageJson()],
    [
      'create with stream',
      async (client: Client) => drain(await client.messages.create({ ...ASK, stream: true })),
      messageSse(),
    ],
    ['stream()', (client: Client) => client.messages.stream(ASK).finalMessage(), messageSse()],
    ['beta stream()', (client: Client) => client.beta.messages.stream(ASK).finalMessage(), messageSse()],
    [
      'tee',
      async (client: Client) => {
        const [left, right] = (await client.messages.create({ ...ASK, stream: true })).tee();
        await Promise.all([drain(left), drain(right)]);
      },
      messageSse(),
    ],
  ])('by %s is exactly one span with usage, cache writes by lifetime, and exact cost', async (_way, call, reply) => {
    server.replies(reply);
    await withCostAttribution({ feature: 'chat', customer: 'acme' }, () => call(clientOf()));
    const span = telemetry.onlySpan;
    expect(span.name).toBe(native ? 'anthropic.messages.create' : `chat ${MESSAGE_MODEL}`);
    expect(span.instrumentationScope.name).toBe(native ? 'com.anthropic.sdk.typescript' : '@costel/instrumentation');
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': MESSAGE_MODEL,
      'gen_ai.response.id': 'msg_fixed',
      'gen_ai.usage.input_tokens': 3172,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.cache_write.input_tokens': 2048,
      'costel.usage.input': 100,
      'costel.usage.cache_write_5m': 1048,
      'costel.usage.cache_write_1h': 1000,
      'costel.usage.web_search': 2,
      'costel.usage.quality': 'reported',
      'costel.cost.status': 'priced',
      'costel.cost.usd': COST,
      'costel.feature': 'chat',
      'costel.customer': 'acme',
      'server.address': '127.0.0.1',
    });
  });

  it('is counted once on the metrics', async () => {
    server.replies(messageJson());
    await clientOf().messages.create(ASK);
    const points = await telemetry.points('costel.cost');
    expect(points.map(({ value }) => value)).toEqual([Number(COST)]);
    const tokens = await telemetry.points('gen_ai.client.token.usage');
    expect(
      Object.fromEntries(
        tokens.map(({ value, attributes: labels }) => [labels['gen_ai.token.type'], (value as { sum: number }).sum]),
      ),
    ).toEqual({ input: 3172, output: 50 });
    expect(await telemetry.points('gen_ai.client.operation.duration')).toHaveLength(1);
  });

  it('whose answer an adviser of another model had a part in has a span of its own for that below it', async () => {
    const iterations = [
      { type: 'message', input_tokens: 100, output_tokens: 50 },
      { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 2000, output_tokens: 20 },
    ];
    server.replies(messageJson({ usage: { input_tokens: 100, output_tokens: 50, iterations } }));
    await withCostAttribution({ feature: 'chat' }, () => clientOf().messages.create(ASK));
    const [part, call] = telemetry.spans;
    if (part === undefined || call === undefined) throw new Error('expected two spans');
    expect(telemetry.spans).toHaveLength(2);
    expect(part.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect(part.name).toBe('chat claude-opus-4-8');
    expect(part.attributes).toMatchObject({
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.response.model': 'claude-opus-4-8',
      'gen_ai.usage.input_tokens': 2000,
      'gen_ai.usage.output_tokens': 20,
      'costel.cost.usd': costOf('anthropic', 'claude-opus-4-8', { input: 2000, output: 20 }),
      'costel.feature': 'chat',
    });
    expect(call.attributes['costel.cost.usd']).toBe(costOf('anthropic', MESSAGE_MODEL, { input: 100, output: 50 }));
    const costs = (await telemetry.points('costel.cost')).map(({ value }) => Number(value));
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBeCloseTo(
      Number(part.attributes['costel.cost.usd']) + Number(call.attributes['costel.cost.usd']),
      12,
    );
  });

  it('broken off has its exact input and an estimated output', async () => {
    server.replies(messageSse({ hold: true }));
    const stream = await clientOf().messages.create({ ...ASK, stream: true });
    let deltas = 0;
    for await (const event of stream) if (event.type === 'content_block_delta' && (deltas += 1) === 2) break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': 3172,
      'gen_ai.usage.output_tokens': estimateTokens('{"answer":4}'),
      'costel.cost.status': 'priced',
    });
    expect(Number(attributes()['costel.cost.usd'])).toBeGreaterThan(0);
  });

  it('aborted, while it is read and before, is estimated', async () => {
    server.replies(messageSse({ hold: true }));
    const client = clientOf();
    const stream = await client.messages.create({ ...ASK, stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') stream.controller.abort();
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'aborted', 'gen_ai.usage.input_tokens': 3172 });
    await telemetry.reset();
    const unread = await client.messages.create({ ...ASK, stream: true });
    unread.controller.abort();
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'aborted', 'costel.usage.quality': 'estimated' });
    await telemetry.reset();
    const helper = client.messages.stream(ASK);
    helper.on('text', () => helper.abort());
    await expect(helper.finalMessage()).rejects.toThrow();
    await until(() => telemetry.spans.length > 0, 'the span ended');
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'estimated', 'costel.cost.status': 'priced' });
  });

  it('whose stream fails in the middle is an error and is paid for', async () => {
    server.replies(messageSse({ failing: true }));
    await expect(drain(await clientOf().messages.create({ ...ASK, stream: true }))).rejects.toThrow();
    expect(telemetry.onlySpan.status.code).toBe(SpanStatusCode.ERROR);
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'estimated', 'costel.cost.status': 'priced' });
    expect(attributes()['error.type']).toBeDefined();
  });

  it('that ends in a 429 is one error with its attribution and without cost', async () => {
    server.replies(rateLimited());
    const call = () => clientOf().messages.create(ASK);
    await expect(withCostAttribution({ feature: 'chat' }, call)).rejects.toThrow();
    expect(telemetry.onlySpan.status.code).toBe(SpanStatusCode.ERROR);
    expect(attributes()).toMatchObject({ 'costel.feature': 'chat', 'http.response.status_code': 429 });
    expect(attributes()['error.type']).toBe(native ? 'rate_limit_error' : 'RateLimitError');
    expect(attributes()['costel.cost.usd']).toBeUndefined();
    expect(attributes()['costel.cost.status']).toBe('not_billable');
    expect(await telemetry.points('costel.cost')).toEqual([]);
  });

  it('that the SDK retries is one call', async () => {
    server.replies(rateLimited(), messageJson());
    await clientOf({ maxRetries: 2 }).messages.create(ASK);
    expect(attributes()['costel.cost.usd']).toBe(COST);
  });

  it('that is aborted before its answer has no known usage', async () => {
    server.replies(silence);
    await expect(clientOf().messages.create(ASK, { signal: AbortSignal.timeout(40) })).rejects.toThrow();
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'missing', 'costel.cost.status': 'no_usage' });
  });

  it('taken as a raw response is recorded', async () => {
    server.replies(messageJson());
    const response = await clientOf().messages.create(ASK).asResponse();
    await response.json();
    await until(() => telemetry.spans.length > 0, 'the span ended');
    // The SDK ends its own span with the headers, before anybody read the body.
    expect(attributes()['costel.usage.quality']).toBe(native ? 'estimated' : 'reported');
    expect(attributes()['costel.cost.status']).toBe('priced');
  });

  it('whose stream or promise is dropped unread is found when it is collected', async () => {
    server.replies(messageSse());
    await (async () => {
      await clientOf().messages.create({ ...ASK, stream: true });
    })();
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped stream was noticed');
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'abandoned', 'costel.usage.quality': 'estimated' });
    await telemetry.reset();
    server.replies(messageJson());
    (() => {
      void clientOf().messages.create(ASK);
    })();
    await until(() => server.seen.length === 1, 'the request arrived');
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped promise was noticed');
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'abandoned', 'costel.usage.quality': 'estimated' });
  });

  it('in a tool runner is a span a request', async () => {
    server.replies(messageToolUse(), messageJson());
    const tool = {
      type: 'custom' as const,
      name: 'add',
      input_schema: { type: 'object' as const },
      run: () => '4',
      parse: (input: unknown) => input,
    };
    await clientOf()
      .beta.messages.toolRunner({ ...ASK, tools: [tool] })
      .runUntilDone();
    const calls = telemetry.spans.filter((span) => span.attributes['costel.cost.status'] !== undefined);
    expect(calls.map((span) => span.attributes['costel.cost.usd'])).toEqual([COST, COST]);
  });

  it('takes the user from its metadata', async () => {
    server.replies(messageJson());
    await clientOf().messages.create({ ...ASK, metadata: { user_id: 'u-7' } });
    expect(attributes()['user.id']).toBe('u-7');
  });
});
