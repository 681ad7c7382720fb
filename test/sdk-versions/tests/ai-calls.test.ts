import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { messageJson } from '../../../packages/instrumentation/test/support/anthropic-replies.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import {
  chatJson,
  chatSse,
  embeddingJson,
  responseJson,
  responseSse,
} from '../../../packages/instrumentation/test/support/openai-replies.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { AI_SCENARIOS, type AiContext } from './ai-scenarios.js';
import { AI_COPIES, aiContext, loadAi } from './ai-sdk.js';
import { loadSdk } from './load-sdk.js';
import { context, trace } from './otel-api.js';

const server = new ProviderServer();
const telemetry = new Telemetry([new CostSpanProcessor()]);

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const CHAT_COST = costOf('openai', 'gpt-4o', { input: 176, cache_read: 1024, output: 100, reasoning: 200 });
const RESPONSE_COST = costOf('openai', 'gpt-4o', { input: 388, cache_read: 512, output: 56, reasoning: 64 });
const MESSAGE_COST = costOf('anthropic', 'claude-sonnet-4-6', {
  input: 100,
  cache_read: 1024,
  cache_write_5m: 1048,
  cache_write_1h: 1000,
  output: 50,
  web_search: 2,
});
const EMBEDDING_COST = costOf('openai', 'text-embedding-3-small', { input: 42 });

/** Dollars by scenario: what its requests cost, each once. */
const COSTS: Readonly<Record<string, readonly string[]>> = {
  'generateText by chat completions': [CHAT_COST],
  'generateText by responses': [RESPONSE_COST],
  'generateText by messages': [MESSAGE_COST],
  'a loop of tools': [CHAT_COST, CHAT_COST],
  'streamText read as text': [CHAT_COST],
  'streamText read as parts': [RESPONSE_COST],
  'streamText by messages': [MESSAGE_COST],
  'streamText as a response': [CHAT_COST],
  'streamText consumed by itself': [CHAT_COST],
  'streamText teed': [CHAT_COST],
  generateObject: [RESPONSE_COST],
  streamObject: [RESPONSE_COST],
  embed: [EMBEDDING_COST],
  embedMany: [EMBEDDING_COST],
  'an agent': [CHAT_COST],
  'a model called directly': [CHAT_COST],
  'a model streamed directly': [CHAT_COST],
  'a model streamed directly, teed': [CHAT_COST],
  'a model streamed directly, piped': [CHAT_COST],
  'middleware around a model': [CHAT_COST],
  'middleware that answers itself': [],
};

describe.each(AI_COPIES)('%s', (copy) => {
  const use = (): AiContext => aiContext(copy, instrumentModule(loadAi(copy)), server);
  const costs = () => telemetry.spans.map(({ attributes }) => attributes['costel.cost.usd']);

  it.each(Object.entries(COSTS))('reports once what it costs: %s', async (name, expected) => {
    // A model's class is known from the first function that is given one.
    const ai = use();
    server.replies(chatJson());
    await ai.ai.generateText({ model: ai.openai.chat('gpt-4o'), prompt: 'x' });
    await telemetry.reset();

    await AI_SCENARIOS[name]?.(ai);
    expect(costs()).toEqual(expected);
    const points = await telemetry.points('costel.cost');
    const counted = points.reduce((sum, { value }) => sum + Number(value), 0);
    expect(counted).toBeCloseTo(
      expected.reduce((sum, usd) => sum + Number(usd), 0),
      12,
    );
  });

  it('says whose model it was, and where', async () => {
    const { ai, anthropic, openai } = use();
    server.replies(messageJson(), chatJson(), embeddingJson());
    await ai.generateText({ model: anthropic('claude-sonnet-4-6'), prompt: 'x' });
    await ai.generateText({ model: openai.chat('gpt-4o'), prompt: 'x' });
    await ai.embed({ model: openai.textEmbeddingModel('text-embedding-3-small'), value: 'x' });
    const seen = telemetry.spans.map(({ name, attributes }) => [
      name,
      attributes['gen_ai.provider.name'],
      attributes['gen_ai.operation.name'],
      attributes['gen_ai.response.id'],
      attributes['server.port'],
    ]);
    expect(seen).toEqual([
      ['chat claude-sonnet-4-6', 'anthropic', 'chat', 'msg_fixed', server.port],
      ['chat gpt-4o', 'openai', 'chat', 'chatcmpl-fixed', server.port],
      ['embeddings text-embedding-3-small', 'openai', 'embeddings', undefined, server.port],
    ]);
  });

  it('estimates a stream that was aborted, and does not call it free', async () => {
    await AI_SCENARIOS['streamText aborted']?.(use());
    await until(() => telemetry.spans.length === 1, 'the span of the aborted stream');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.usage.quality': 'estimated',
      'costel.stream.end': 'aborted',
      'costel.cost.status': 'priced',
    });
  });

  it('estimates a stream that was left after its first parts', async () => {
    const { openai } = use();
    server.replies(chatSse({ hold: true }));
    const { stream } = await openai.chat('gpt-4o').doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'two and two?' }] }],
    });
    const reader = stream.getReader();
    for (let parts = 0; parts < 4; parts += 1) await reader.read();
    await reader.cancel();
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.usage.quality': 'estimated',
      'costel.stream.end': 'broken_off',
    });
  });

  it('reports each attempt that the SDK makes again, and none of them as free or paid twice', async () => {
    await AI_SCENARIOS['a rejected request is retried']?.(use());
    const seen = telemetry.spans.map(({ attributes }) => [
      attributes['costel.cost.status'],
      attributes['costel.cost.usd'],
      attributes['http.response.status_code'],
    ]);
    expect(seen).toEqual([
      ['not_billable', undefined, 429],
      ['priced', CHAT_COST, undefined],
    ]);
  });

  it('counts once where the SDK’s own telemetry is on', async () => {
    const { ai, openai } = use();
    const own = { isEnabled: true, tracer: trace.getTracer('ai') };
    const options = { model: openai.chat('gpt-4o'), prompt: 'x', experimental_telemetry: own };
    server.replies(chatJson(), chatSse());
    await ai.generateText(options);
    await ai.streamText(options).consumeStream();
    // Version 7 reports on its own spans through integrations alone, which the corpus of nested cases has.
    expect(telemetry.spans.length > 2).toBe(copy !== 'ai-7');
    const costsTold = costs().filter((usd) => usd !== undefined);
    expect(costsTold).toEqual([CHAT_COST, CHAT_COST]);
    const [point] = await telemetry.points('costel.cost');
    expect(point?.value).toBeCloseTo(2 * Number(CHAT_COST), 12);
  });

  it('leaves one billed call where a model calls an SDK that is patched itself', async () => {
    const { ai, openai } = use();
    server.replies(responseJson());
    const inner = openai.responses('gpt-4o');
    const answer = {
      specificationVersion: copy === 'ai-5' ? 'v2' : copy === 'ai-6' ? 'v3' : 'v4',
      provider: 'mine',
      modelId: 'gpt-4o',
      supportedUrls: {},
      doGenerate: (options: Readonly<Record<string, unknown>>) => inner.doGenerate(options),
      doStream: (options: Readonly<Record<string, unknown>>) => inner.doStream(options),
    };
    await ai.generateText({ model: openai.responses('gpt-4o'), prompt: 'x' });
    await telemetry.reset();
    await ai.generateText({ model: answer, prompt: 'x' });
    expect(costs().filter((usd) => usd !== undefined)).toEqual([RESPONSE_COST]);
    expect(telemetry.spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat')).toHaveLength(1);
    expect((await telemetry.points('costel.cost')).map(({ value }) => value)).toEqual([Number(RESPONSE_COST)]);
  });

  it('sees a model whose module a bundler hid, by wrapClient', async () => {
    const { openai } = use();
    const model = wrapClient(openai('gpt-4o'));
    server.replies(responseSse());
    const { stream } = await model.doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] });
    const reader = stream.getReader();
    while (!(await reader.read()).done);
    expect(costs()).toEqual([RESPONSE_COST]);
  });

  it('runs the request inside the span of its call', async () => {
    const { ai } = use();
    const { createOpenAI } = loadSdk(copy, '@ai-sdk/openai') as {
      createOpenAI: (options: Readonly<Record<string, unknown>>) => AiContext['openai'];
    };
    const inside: (string | undefined)[] = [];
    const fetching: typeof fetch = (url, init) => {
      inside.push(trace.getSpan(context.active())?.spanContext().spanId);
      return fetch(url, init);
    };
    server.replies(chatJson());
    const openai = createOpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, fetch: fetching });
    await ai.generateText({ model: openai.chat('gpt-4o'), prompt: 'x' });
    expect(inside).toEqual([telemetry.onlySpan.spanContext().spanId]);
  });

  it('tells an error by its class', async () => {
    await AI_SCENARIOS['a rejected request']?.(use());
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'error.type': 'APICallError' });
  });
});
