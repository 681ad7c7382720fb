import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, withCostAttribution, type CostelInstrumentationConfig } from '../../src/index.js';
import { costOf } from '../support/expectations.js';
import { CHAT_MODEL, chatBody, chatJson, chatSse, embeddingJson, rateLimited } from '../support/openai-replies.js';
import { json, ProviderServer } from '../support/provider-server.js';
import { loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'two and two?' }] };
const COST = Number(costOf('openai', CHAT_MODEL, { input: 176, cache_read: 1024, output: 100, reasoning: 200 }));
const server = new ProviderServer();
const telemetry = new Telemetry();

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

function clientOf(config: CostelInstrumentationConfig = {}) {
  const module = instrumentModule(loadOpenAi('openai-7', true), config);
  return new module.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
}

const sumOf = (value: unknown): number => (value as { sum: number }).sum;

describe('the metrics of a call', () => {
  it('are tokens by direction, duration and cost, with bounded labels', async () => {
    server.replies(chatJson());
    const attribution = { feature: 'search', customer: 'acme', user: 'u-1' };
    await withCostAttribution(attribution, () => clientOf().chat.completions.create(ASK));
    const labels = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'costel.feature': 'search',
    };
    const [cost] = await telemetry.points('costel.cost');
    expect(cost).toMatchObject({ value: COST, attributes: labels });
    expect(Object.keys(cost?.attributes ?? {}).sort()).toEqual(Object.keys(labels).sort());
    const tokens = await telemetry.points('gen_ai.client.token.usage');
    expect(tokens.map(({ value, attributes }) => [attributes['gen_ai.token.type'], sumOf(value)])).toEqual([
      ['input', 1200],
      ['output', 300],
    ]);
    const [duration] = await telemetry.points('gen_ai.client.operation.duration');
    expect(duration?.attributes).toEqual(labels);
    expect(await telemetry.points('gen_ai.client.operation.time_to_first_chunk')).toEqual([]);
    expect(await telemetry.points('costel.inexact_calls')).toEqual([]);
  });

  it('have the time to the first chunk of a stream, and say that its usage is estimated', async () => {
    server.replies(chatSse());
    for await (const _ of await clientOf().chat.completions.create({ ...ASK, stream: true }));
    expect(await telemetry.points('gen_ai.client.operation.time_to_first_chunk')).toHaveLength(1);
    const [inexact] = await telemetry.points('costel.inexact_calls');
    expect(inexact).toMatchObject({
      value: 1,
      attributes: { 'costel.cost.status': 'priced', 'costel.usage.quality': 'estimated' },
    });
  });

  it('count an unpriced call as such and add no cost', async () => {
    server.replies(json({ ...chatBody(), model: 'house-model-9' }));
    await clientOf().chat.completions.create({ ...ASK, model: 'house-model-9' });
    expect(await telemetry.points('costel.cost')).toEqual([]);
    const [inexact] = await telemetry.points('costel.inexact_calls');
    expect(inexact?.attributes).toMatchObject({ 'costel.cost.status': 'unpriced' });
    expect(await telemetry.points('gen_ai.client.token.usage')).toHaveLength(2);
  });

  it('of an error are its duration with error.type, and nothing else', async () => {
    server.replies(rateLimited());
    await expect(clientOf().chat.completions.create(ASK)).rejects.toThrow();
    const [duration] = await telemetry.points('gen_ai.client.operation.duration');
    expect(duration?.attributes['error.type']).toBe('RateLimitError');
    expect(await telemetry.points('gen_ai.client.token.usage')).toEqual([]);
    expect(await telemetry.points('costel.inexact_calls')).toEqual([]);
  });

  it('have labels of a limited number of values, the rest counted together', async () => {
    server.replies(chatJson());
    const client = clientOf({ metricLabels: ['customer', 'tag.plan'], metricLabelLimit: 2 });
    for (const customer of ['a', 'b', 'c', 'd', 'a']) {
      await withCostAttribution({ customer, feature: 'f', tags: { plan: 'free' } }, () =>
        client.chat.completions.create(ASK),
      );
    }
    const points = await telemetry.points('costel.cost');
    const byCustomer = points.map(({ value, attributes }) => [
      attributes['costel.customer'],
      Math.round(Number(value) / COST),
    ]);
    expect(byCustomer).toEqual([
      ['a', 2],
      ['b', 1],
      ['_overflow', 2],
    ]);
    expect(points.every(({ attributes }) => attributes['costel.tag.plan'] === 'free')).toBe(true);
    expect(points.every(({ attributes }) => attributes['costel.feature'] === undefined)).toBe(true);
    expect(telemetry.spans.map((span) => span.attributes['costel.customer'])).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  it('of embeddings have no output tokens', async () => {
    server.replies(embeddingJson());
    await clientOf().embeddings.create({ model: 'text-embedding-3-small', input: 'x' });
    const tokens = await telemetry.points('gen_ai.client.token.usage');
    expect(tokens.map(({ attributes }) => attributes['gen_ai.token.type'])).toEqual(['input']);
  });

  it('follow the edition of the conventions that is asked for', async () => {
    server.replies(chatJson());
    await clientOf({ conventions: 'next' }).chat.completions.create(ASK);
    expect(await telemetry.points('gen_ai.client.token.usage')).toEqual([]);
    const [input] = await telemetry.points('gen_ai.client.inference.usage.input_tokens');
    expect(input?.value).toBe(1200);
    await telemetry.reset();
    await clientOf({ conventions: '1.36' }).chat.completions.create(ASK);
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'gen_ai.system': 'openai' });
    expect(telemetry.onlySpan.attributes['gen_ai.provider.name']).toBeUndefined();
  });
});
