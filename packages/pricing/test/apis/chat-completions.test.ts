import { describe, expect, it } from 'vitest';
import { priceInteraction, readUsage } from '../../src/index.js';

function read(usage: unknown, rest: object = {}): ReturnType<typeof readUsage> {
  return readUsage('chat.completions', 'openai', {
    id: 'chatcmpl-1',
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ finish_reason: 'stop' }],
    usage,
    ...rest,
  });
}

describe('a chat completion', () => {
  it('is read with model, id, tier, finish reasons and disjoint buckets', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 60, audio_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 20, audio_tokens: 5 },
    };
    expect(read(usage, { service_tier: 'flex' })).toEqual({
      usage: { input: 30, cache_read: 60, input_audio: 10, output: 25, reasoning: 20, output_audio: 5 },
      quality: 'reported',
      responseModel: 'gpt-4o-mini-2024-07-18',
      responseId: 'chatcmpl-1',
      serviceTier: 'flex',
      region: '',
      finishReasons: ['stop'],
    });
  });

  it.each(['default', 'auto', 'standard', 'on_demand', null, undefined, 7])(
    'of service tier %o is standard',
    (serviceTier) => {
      expect(read({ prompt_tokens: 1, completion_tokens: 1 }, { service_tier: serviceTier })?.serviceTier).toBe('');
    },
  );

  it.each([
    [30, { cache_write_1h: 30, cache_write_5m: 20 }],
    [50, { cache_write_1h: 50 }],
    [60, { cache_write_5m: 50 }],
    ['30', { cache_write_5m: 50 }],
    [undefined, { cache_write_5m: 50 }],
  ])('of LiteLLM with %o of 50 cache writes for an hour', (hour, expected) => {
    const details = { ephemeral_1h_input_tokens: hour };
    const written = { cache_creation_tokens: 50, cache_creation_token_details: details };
    const usage = { prompt_tokens: 60, completion_tokens: 1, total_tokens: 61, prompt_tokens_details: written };
    expect(read(usage)?.usage).toEqual({ input: 10, output: 1, ...expected });
  });

  it.each([
    ['OpenAI', { prompt_tokens_details: { cached_tokens: 4 } }],
    ['DeepSeek', { prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 }],
    ['Moonshot', { cached_tokens: 4 }],
    ['Mistral', { num_cached_tokens: 4 }],
  ])('has its cached tokens where %s puts them', (_provider, cached) => {
    expect(read({ prompt_tokens: 10, completion_tokens: 1, ...cached })?.usage).toEqual({
      input: 6,
      cache_read: 4,
      output: 1,
    });
  });

  it('counts reasoning that the provider left out of the completion tokens', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 35,
      completion_tokens_details: { reasoning_tokens: 20 },
    };
    expect(read(usage)).toMatchObject({ usage: { input: 10, output: 5, reasoning: 20 }, quality: 'reported' });
  });

  it('without usage is missing, not zero', () => {
    expect(read(undefined)).toMatchObject({ usage: {}, quality: 'missing', responseModel: 'gpt-4o-mini-2024-07-18' });
    expect(read(null)?.quality).toBe('missing');
  });

  it.each([
    ['OpenRouter', { cost: 0.00042 }, 420_000_000n],
    ['Perplexity', { cost: { total_cost: 0.006 } }, 6_000_000_000n],
    ['xAI', { cost_in_usd_ticks: 123_456 }, 12_345_600n],
    ['binary noise', { cost: 9.625000000000001e-5 }, 96_250_000n],
    ['a cost of 0', { cost: 0 }, undefined],
    ['the customer’s own key', { cost: 0.01, is_byok: true }, undefined],
    ['a negative cost', { cost: -1 }, undefined],
    ['text', { cost: '0.01' }, undefined],
  ])('carries the cost reported by %s', (_case, reported, expected) => {
    expect(read({ prompt_tokens: 1, completion_tokens: 1, ...reported })?.reportedCostPicoUsd).toBe(expected);
  });

  it('is nothing when the body is no object or the API is unknown', () => {
    for (const body of [null, 'text', 7, [], undefined])
      expect(readUsage('chat.completions', 'openai', body)).toBeUndefined();
    expect(readUsage('telepathy', 'openai', {})).toBeUndefined();
  });
});

describe('an embedding', () => {
  it('has input only, from whichever total is stated', () => {
    const read = (usage: unknown): unknown =>
      readUsage('embeddings', 'openai', { model: 'text-embedding-3-small', usage })?.usage;
    expect(read({ prompt_tokens: 8, total_tokens: 8 })).toEqual({ input: 8 });
    expect(read({ total_tokens: 8 })).toEqual({ input: 8 });
    expect(read({ prompt_tokens: 8, completion_tokens: 3, total_tokens: 11 })).toEqual({ input: 8 });
  });
});

describe('an answer of Perplexity', () => {
  const at = Date.UTC(2026, 10, 22);
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
  const priced = (model: string, extra: object): unknown => {
    const answer = priceInteraction(
      {
        id: 'x',
        provider: 'perplexity',
        api: 'chat.completions',
        response: { status: 200, body_kind: 'json', body: { id: 'r', model, usage: { ...usage, ...extra } } },
      },
      { at, now: at },
    );
    return [answer.status, answer.cost_usd, answer.fees_usd];
  };

  it.each([
    ['sonar', 'low', '0.0011', '0.005'],
    ['sonar', 'medium', '0.0011', '0.008'],
    ['sonar', 'high', '0.0011', '0.012'],
    ['sonar-pro', 'medium', '0.0045', '0.01'],
  ])('of %s without a reported cost has the fee of its request by the %s search context', (model, size, cost, fee) => {
    expect(priced(model, { search_context_size: size })).toEqual(['priced', cost, fee]);
  });

  it('of deep research has citations, reasoning and searches, which had no price or were left out', () => {
    const counts = { citation_tokens: 20_000, reasoning_tokens: 70_000, num_search_queries: 18 };
    // $2 a million of 21 000, $8 of 100, $3 of 70 000; $5 a thousand of 18.
    const cost = ['priced', '0.2528', '0.09'];
    expect(priced('sonar-deep-research', { ...counts, search_context_size: 'low' })).toEqual(cost);
    expect(priced('sonar-deep-research', counts)).toEqual(cost);
    expect(priced('sonar-deep-research', { ...counts, total_tokens: 91_100 })).toEqual(cost);
    expect(priced('sonar-deep-research', { ...counts, cost: { total_cost: 0.25 } })).toEqual([
      'priced',
      '0.25',
      undefined,
    ]);
  });

  it('of deep research whose counts cannot be read is inconsistent, not cheaper in silence', () => {
    const read = (counts: object): unknown =>
      readUsage('chat.completions', 'perplexity', { model: 'sonar-deep-research', usage: { ...usage, ...counts } });
    expect(read({ num_search_queries: 2, citation_tokens: -5 })).toMatchObject({
      usage: { input: 1000, output: 100, web_search: 2 },
      quality: 'inconsistent',
    });
    expect(read({ num_search_queries: 1.5 })).toMatchObject({ quality: 'inconsistent' });
    expect(read({ num_search_queries: 2, total_tokens: 7 })).toMatchObject({ quality: 'inconsistent' });
    expect(read({ num_search_queries: 2, citation_tokens: 5 })).toMatchObject({ quality: 'reported' });
  });

  it('of other models has no price for citations: they are not billed there', () => {
    expect(priced('sonar-pro', { search_context_size: 'low', citation_tokens: 5_000, num_search_queries: 2 })).toEqual([
      'priced',
      '0.0045',
      '0.006',
    ]);
  });

  it('with a reported cost has no fee beside it: that cost is the whole', () => {
    expect(priced('sonar', { search_context_size: 'low', cost: { total_cost: 0.00512 } })).toEqual([
      'priced',
      '0.00512',
      undefined,
    ]);
  });

  it('of a search context that nobody lists is unpriced, and one that states none has no fee', () => {
    expect(priced('sonar', { search_context_size: 'enormous' })).toEqual(['unpriced', null, undefined]);
    expect(priced('sonar', {})).toEqual(['priced', '0.0011', undefined]);
  });

  it('whose tokens cannot be read has no price, and not that of its request alone', () => {
    expect(priced('sonar', { search_context_size: 'low', prompt_tokens: -1 })).toEqual(['unpriced', null, undefined]);
  });
});

describe('a chat with a model of OpenAI that searches before each answer', () => {
  const at = Date.UTC(2026, 10, 22);
  const priced = (model: string, usage: object): unknown => {
    const response = { status: 200, body_kind: 'json', body: { id: 'r', model, usage } };
    const interaction = { id: 'x', provider: 'openai', api: 'chat.completions', response };
    const answer = priceInteraction(interaction, { at, now: at });
    return [answer.status, answer.cost_usd, answer.fees_usd];
  };
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };

  it.each([
    ['gpt-4o-search-preview-2025-03-11', '0.0035', '0.025'],
    ['gpt-4o-mini-search-preview', '0.00021', '0.025'],
    ['gpt-4o-mini-search-preview-2025-03-11', '0.00021', '0.025'],
    ['gpt-5-search-api-2025-10-14', '0.00225', '0.01'],
    ['gpt-4o-mini', '0.00021', undefined],
  ])('costs its tokens and one search: %s', (model, cost, fee) => {
    expect(priced(model, usage)).toEqual(['priced', cost, fee]);
  });

  it('has no search without usage, nor where its tokens cannot be read or the cost is reported', () => {
    const model = 'gpt-4o-search-preview';
    expect(priced(model, { ...usage, prompt_tokens: 0.5 })).toEqual(['unpriced', null, undefined]);
    expect(priced(`openai/${model}`, { ...usage, cost: 0.03 })).toEqual(['priced', '0.03', undefined]);
    expect(readUsage('chat.completions', 'openai', { model, choices: [] })?.usage).toEqual({});
  });
});
