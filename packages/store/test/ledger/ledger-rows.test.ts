import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertSpans, newId, openTestStore, spanRow, type SpanInput, type TestStore } from '../support/test-store.js';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(async () => store.close());

type Row = Readonly<Record<string, unknown>>;

/** The ledger row of one span, or undefined when it has none. */
async function rowOf(input: SpanInput): Promise<Row | undefined> {
  const span = newId(16);
  await insertSpans(store, [spanRow({ ...input, span })]);
  const rows = await store.db.query<Row>(
    'SELECT *, input_tokens, output_tokens FROM llm_calls FINAL WHERE span_id = {span:String}',
    { span },
  );
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0];
}

/** Buckets that are not zero. */
function usageOf(row: Row | undefined): Record<string, number> {
  return Object.fromEntries(
    Object.entries(row ?? {})
      .filter(
        ([name, value]) =>
          name.startsWith('usage_') && name !== 'usage_quality' && name !== 'usage_more' && value !== '0',
      )
      .map(([name, value]) => [name.slice('usage_'.length), Number(value)]),
  );
}

const openai = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-x' };

describe('usage', () => {
  it('is read from costel.usage.* alone when any of it is there', async () => {
    const row = await rowOf({
      attributes: {
        ...openai,
        'costel.usage.input': '60',
        'costel.usage.cache_read': '40',
        'costel.usage.output': '9',
        'costel.usage.quality': 'estimated',
        'gen_ai.usage.input_tokens': '7777',
      },
    });
    expect(usageOf(row)).toEqual({ input: 60, cache_read: 40, output: 9 });
    expect(row).toMatchObject({ usage_quality: 'estimated', input_tokens: '100', output_tokens: '9' });
  });

  it.each([
    [
      'the conventions, cached input included',
      {
        'gen_ai.usage.input_tokens': '100',
        'gen_ai.usage.cache_read.input_tokens': '30',
        'gen_ai.usage.cache_write.input_tokens': '20',
        'gen_ai.usage.output_tokens': '50',
        'gen_ai.usage.reasoning.output_tokens': '15',
      },
      { input: 50, cache_read: 30, cache_write_5m: 20, output: 35, reasoning: 15 },
    ],
    [
      'the earlier names of cache writes and totals',
      {
        'gen_ai.usage.prompt_tokens': '100',
        'gen_ai.usage.cache_creation.input_tokens': '20',
        'gen_ai.usage.completion_tokens': '5',
      },
      { input: 80, cache_write_5m: 20, output: 5 },
    ],
    [
      'OpenInference',
      {
        'llm.token_count.prompt': '100',
        'llm.token_count.completion': '10',
        'llm.token_count.prompt_details.cache_read': '25',
        'openinference.span.kind': 'LLM',
      },
      { input: 75, cache_read: 25, output: 10 },
    ],
    ['the AI SDK', { 'ai.usage.promptTokens': '12', 'ai.usage.completionTokens': '3' }, { input: 12, output: 3 }],
    [
      'the Anthropic SDK, with lifetimes of cache writes',
      {
        'gen_ai.usage.input_tokens': '3172',
        'gen_ai.usage.cache_read.input_tokens': '1024',
        'gen_ai.usage.cache_write.input_tokens': '2048',
        'anthropic.usage.cache_creation.ephemeral_5m_input_tokens': '1048',
        'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': '1000',
        'gen_ai.usage.output_tokens': '50',
      },
      { input: 100, cache_read: 1024, cache_write_5m: 1048, cache_write_1h: 1000, output: 50 },
    ],
    [
      'modalities',
      {
        'gen_ai.usage.input_tokens': '100',
        'gen_ai.usage.audio.input_tokens': '90',
        'gen_ai.usage.output_tokens': '10',
        'gen_ai.usage.audio.output_tokens': '4',
      },
      { input: 10, input_audio: 90, output: 6, output_audio: 4 },
    ],
    [
      'numbers written as floats',
      { 'gen_ai.usage.input_tokens': '300.0', 'gen_ai.usage.output_tokens': '1e3' },
      { input: 300, output: 1000 },
    ],
  ])('is made disjoint from %s', async (_dialect, attributes, expected) => {
    const row = await rowOf({ attributes: { ...openai, ...attributes }, scope: 'someone' });
    expect(usageOf(row)).toEqual(expected);
    expect(row).toMatchObject({ usage_quality: 'reported' });
  });

  it('adds cached input where the emitter leaves it out', async () => {
    const attributes = {
      'gen_ai.system': 'Anthropic',
      'gen_ai.usage.input_tokens': '100',
      'gen_ai.usage.cache_read_input_tokens': '1024',
      'gen_ai.usage.cache_creation_input_tokens': '2048',
    };
    const traceloop = await rowOf({ attributes, scope: '@traceloop/instrumentation-anthropic' });
    expect(usageOf(traceloop)).toEqual({ input: 100, cache_read: 1024, cache_write_5m: 2048 });
    expect(traceloop).toMatchObject({ provider: 'anthropic', input_tokens: '3172' });
  });

  it('is cut to its total and flagged when its parts exceed it', async () => {
    const row = await rowOf({
      attributes: {
        ...openai,
        'gen_ai.usage.input_tokens': '10',
        'gen_ai.usage.cache_read.input_tokens': '25',
        'gen_ai.usage.output_tokens': '4',
      },
    });
    expect(usageOf(row)).toEqual({ cache_read: 10, output: 4 });
    expect(row).toMatchObject({ usage_quality: 'inconsistent' });
  });

  it.each([
    ['a count of a name that no table has', { 'gen_ai.usage.smell.input_tokens': '7' }, 'inconsistent'],
    ['such a count of 0', { 'gen_ai.usage.smell.input_tokens': '0' }, 'reported'],
    [
      'a sum, or what explains a count',
      { 'gen_ai.usage.total_tokens': '15', 'gen_ai.usage.details.text_tokens': '10' },
      'reported',
    ],
  ])('that has %s beside the known ones is priced by these: %j is %s', async (_what, attributes, quality) => {
    const row = await rowOf({
      attributes: {
        ...openai,
        'gen_ai.usage.input_tokens': '10',
        'gen_ai.usage.output_tokens': '5',
        ...attributes,
      },
      scope: 'someone',
    });
    expect(usageOf(row)).toEqual({ input: 10, output: 5 });
    expect(row).toMatchObject({ usage_quality: quality });
  });

  it.each(['NaN', '-5', '1.5', '1000000001', '18446744073709551615', 'lots', '1e400', '0x10', ' 7'])(
    'that says %s is not believed and has no price',
    async (text) => {
      const row = await rowOf({
        attributes: { ...openai, 'gen_ai.usage.input_tokens': text, 'gen_ai.usage.output_tokens': '5' },
      });
      expect(usageOf(row)).toEqual({});
      expect(row).toMatchObject({
        usage_quality: 'inconsistent',
        cost_status: 'unpriced',
        cost_reason: 'usage_inconsistent',
        cost_usd: null,
      });
    },
  );

  it('in a bucket of a newer instrumentation makes the call unpriced, not cheaper', async () => {
    const row = await rowOf({ attributes: { ...openai, 'costel.usage.input': '5', 'costel.usage.holograms': '3' } });
    expect(row).toMatchObject({ cost_status: 'unpriced', cost_usd: null });
  });
});

describe('which spans are rows', () => {
  it.each([
    ['a tool span without usage', { 'gen_ai.operation.name': 'execute_tool' }, false],
    ['an agent span without usage', { 'gen_ai.operation.name': 'invoke_agent' }, false],
    ['an agent span with usage', { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': '5' }, true],
    ['a chat span without usage', { 'gen_ai.operation.name': 'chat' }, true],
    ['an HTTP span', { 'gen_ai.operation.name': '', 'http.request.method': 'POST' }, false],
    [
      'a recorded cost',
      { 'gen_ai.operation.name': '', 'costel.cost.kind': 'tool_call', 'costel.cost.usd': '0.25' },
      true,
    ],
    ['a chain of OpenInference', { 'gen_ai.operation.name': '', 'openinference.span.kind': 'CHAIN' }, false],
  ])('%s: %o', async (_what, attributes, isRow) => {
    expect((await rowOf({ attributes })) !== undefined).toBe(isRow);
  });
});

describe('cost', () => {
  it('that the provider stated survives as given, the exact text before the double', async () => {
    const row = await rowOf({
      attributes: {
        ...openai,
        'gen_ai.usage.cost.source': 'provider',
        'gen_ai.usage.cost.amount': '0.1',
        'costel.cost.usd': '0.100000000001',
        'costel.usage.input': '5',
      },
    });
    expect(row).toMatchObject({
      cost_usd: '0.100000000001',
      reported_cost_usd: '0.100000000001',
      price_source: 'provider',
      cost_status: 'priced',
    });
    const double = await rowOf({
      attributes: { ...openai, 'gen_ai.usage.cost.source': 'provider', 'gen_ai.usage.cost.amount': '1e-7' },
    });
    expect(double).toMatchObject({ cost_usd: '0.0000001', cost_status: 'priced' });
  });

  it('that the app computed is kept beside and is not the ledger’s', async () => {
    const row = await rowOf({
      attributes: { ...openai, 'costel.cost.usd': '0.5', 'costel.cost.status': 'priced', 'costel.usage.input': '5' },
    });
    expect(row).toMatchObject({ app_cost_usd: '0.5', reported_cost_usd: null, cost_status: 'pending', cost_usd: null });
  });

  it('that was recorded by hand is taken as given', async () => {
    const row = await rowOf({
      attributes: {
        'gen_ai.operation.name': '',
        'costel.cost.kind': 'tool_call',
        'costel.cost.usd': '0.000000000001',
        'costel.cost.status': 'priced',
      },
    });
    expect(row).toMatchObject({
      cost_usd: '0.000000000001',
      price_source: 'recorded',
      cost_kind: 'tool_call',
      operation: 'tool_call',
    });
    const bare = await rowOf({
      attributes: { 'gen_ai.operation.name': '', 'costel.cost.kind': 'gpu', 'costel.cost.usd': '-3' },
    });
    expect(bare).toMatchObject({ cost_usd: null, cost_status: 'unpriced' });
  });

  it('is none for an error, for nothing used and for what is not known, each with its reason', async () => {
    expect(await rowOf({ attributes: { ...openai, 'error.type': 'RateLimitError' }, status: 'Error' })).toMatchObject({
      cost_usd: null,
      cost_status: 'no_usage',
      cost_reason: 'error',
      error_type: 'RateLimitError',
      status: 'error',
    });
    expect(await rowOf({ attributes: { ...openai, 'costel.usage.quality': 'missing' } })).toMatchObject({
      cost_usd: null,
      cost_status: 'no_usage',
      cost_reason: 'usage_missing',
    });
    expect(await rowOf({ attributes: { ...openai, 'gen_ai.usage.input_tokens': '0' } })).toMatchObject({
      cost_usd: null,
      cost_status: 'not_billable',
    });
    expect(await rowOf({ attributes: { 'gen_ai.usage.input_tokens': '5' } })).toMatchObject({
      cost_usd: null,
      cost_status: 'unpriced',
      cost_reason: 'unknown_model',
    });
    expect(
      await rowOf({ attributes: { 'gen_ai.request.model': 'm', 'gen_ai.usage.input_tokens': '5' } }),
    ).toMatchObject({ cost_status: 'unpriced', cost_reason: 'unknown_provider' });
  });
});

describe('attribution', () => {
  it('comes from the span, then from its resource', async () => {
    const row = await rowOf({
      attributes: {
        ...openai,
        'costel.feature': 'search',
        'costel.customer': 'acme',
        'enduser.id': 'eve',
        'gen_ai.agent.id': 'agent-7',
        'gen_ai.conversation.id': 'c-1',
        'costel.tag.experiment': 'b',
        'costel.tag.empty': '',
      },
      resource: {
        'deployment.environment.name': 'prod',
        'costel.team': 'core',
        'costel.feature': 'default',
        'costel.tag.region': 'eu',
      },
    });
    expect(row).toMatchObject({
      tenant: 'default',
      service: 'shop',
      environment: 'prod',
      feature: 'search',
      customer: 'acme',
      user: 'eve',
      team: 'core',
      agent: 'agent-7',
      conversation: 'c-1',
      tags: { experiment: 'b', region: 'eu' },
    });
  });

  it('takes the tenant that the receiver stamped', async () => {
    expect(await rowOf({ resource: { 'costel.tenant': 'acme' } })).toMatchObject({ tenant: 'acme' });
  });

  it('knows a provider by its older names', async () => {
    expect(await rowOf({ attributes: { 'gen_ai.system': 'az.ai.openai' } })).toMatchObject({
      provider: 'azure.ai.openai',
    });
    expect(await rowOf({ attributes: { 'ai.model.provider': 'openai.chat' } })).toMatchObject({ provider: 'openai' });
  });

  it('reads tier and first chunk, and an ordinary tier as none', async () => {
    expect(
      await rowOf({
        attributes: {
          ...openai,
          'openai.response.service_tier': 'flex',
          'gen_ai.response.time_to_first_chunk': '0.25',
        },
      }),
    ).toMatchObject({ service_tier: 'flex', time_to_first_chunk_ns: '250000000' });
    expect(await rowOf({ attributes: { ...openai, 'openai.response.service_tier': 'default' } })).toMatchObject({
      service_tier: '',
    });
    expect(await rowOf({ attributes: { ...openai, 'costel.service_tier': 'Batch' } })).toMatchObject({
      service_tier: 'Batch',
    });
  });
});

describe('clocks', () => {
  const at = async (startIso: string, receivedIso: string, attributes: Record<string, string> = {}) => {
    const row = await rowOf({ at: startIso, receivedAt: receivedIso, attributes });
    return [row?.['clock_status'], row?.['counted_at']];
  };

  it('believe a span that is late by a year, and count it when it happened', async () => {
    expect(await at('2026-01-05T00:00:00.000Z', '2026-11-10T10:00:00.000Z')).toEqual(['ok', '2026-01-05 00:00:00.000']);
  });

  it('count at receipt what starts more than five minutes ahead, or is older than 400 days', async () => {
    const received = '2026-11-10T10:00:00.000Z';
    const counted = ['received', '2026-11-10 10:00:00.000'];
    expect(await at('2026-11-10T10:05:00.000Z', received)).toEqual(['ok', '2026-11-10 10:05:00.000']);
    expect(await at('2026-11-10T10:05:00.001Z', received)).toEqual(counted);
    expect(await at('2026-11-11T13:00:00.000Z', received)).toEqual(counted);
    expect(await at('1970-01-01T00:00:00.000Z', received)).toEqual(counted);
    expect(await at('2262-04-01T00:00:00.000Z', received)).toEqual(counted);
    expect(await at('2025-10-06T10:00:00.000Z', received)).toEqual(['ok', '2025-10-06 10:00:00.000']);
    expect(await at('2025-10-06T09:59:59.999Z', received)).toEqual(counted);
  });

  it('are corrected by the offset that our own spans measured, beyond five minutes', async () => {
    const received = '2026-11-10T10:00:00.000Z';
    expect(await at('2026-11-11T13:00:00.000Z', received, { 'costel.clock.offset_ms': '97200000' })).toEqual([
      'corrected',
      '2026-11-10 10:00:00.000',
    ]);
    expect(await at('2026-11-10T08:00:00.000Z', received, { 'costel.clock.offset_ms': '-7199000' })).toEqual([
      'corrected',
      '2026-11-10 09:59:59.000',
    ]);
    expect(await at('2026-11-10T10:01:00.000Z', received, { 'costel.clock.offset_ms': '60000' })).toEqual([
      'ok',
      '2026-11-10 10:01:00.000',
    ]);
    expect(await at('2026-11-10T10:01:00.000Z', received, { 'costel.clock.offset_ms': 'soon' })).toEqual([
      'ok',
      '2026-11-10 10:01:00.000',
    ]);
  });

  it('keep key and partition within [1970, 2100)', async () => {
    const row = await rowOf({ at: '2262-04-01T00:00:00.000Z', receivedAt: '2026-11-10T10:00:00.000Z' });
    expect(row).toMatchObject({ started: '2099-12-31 23:59:59.999' });
  });
});
