import { describe, expect, it } from 'vitest';
import { createStreamReader, priceInteraction, readUsage } from '../../src/index.js';

const usage = {
  input_tokens: 200,
  input_tokens_details: { cached_tokens: 100, cache_write_tokens: 40 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 12 },
  total_tokens: 230,
};
const response = {
  id: 'resp_1',
  object: 'response',
  model: 'gpt-5.6-sol',
  status: 'completed',
  service_tier: 'default',
  output: [],
  usage,
};

describe('a response', () => {
  it('is read with cached, cache-written and reasoning tokens apart', () => {
    expect(readUsage('responses', 'openai', response)).toEqual({
      usage: { input: 60, cache_read: 100, cache_write_5m: 40, output: 18, reasoning: 12 },
      quality: 'reported',
      responseModel: 'gpt-5.6-sol',
      responseId: 'resp_1',
      serviceTier: '',
      region: '',
      finishReasons: ['completed'],
    });
    expect(readUsage('responses.compact', 'openai', response)?.usage.cache_read).toBe(100);
  });

  it('counts searches that are billed by the call, not pages opened', () => {
    const output = [
      { type: 'web_search_call', action: { type: 'search' } },
      { type: 'web_search_call', action: { type: 'open_page' } },
      { type: 'web_search_call' },
      { type: 'file_search_call' },
      { type: 'message' },
      null,
    ];
    expect(readUsage('responses', 'openai', { ...response, output })?.usage).toMatchObject({
      web_search: 2,
      file_search: 1,
    });
  });

  it('that is incomplete says why', () => {
    const incomplete = { ...response, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    expect(readUsage('responses', 'openai', incomplete)?.finishReasons).toEqual(['max_output_tokens']);
  });
});

describe('a stream of a response', () => {
  const created = { type: 'response.created', response: { ...response, status: 'in_progress', usage: null } };
  const delta = { type: 'response.output_text.delta', delta: 'x'.repeat(36) };

  it('is read from its last event', () => {
    const reader = createStreamReader('responses', 'openai');
    for (const event of [created, delta, { type: 'response.completed', response }]) reader.push(event);
    expect(reader.finish()).toEqual(readUsage('responses', 'openai', response));
  });

  it('that broke off is missing, or estimated when asked', () => {
    const reader = createStreamReader('responses', 'openai');
    for (const event of [created, delta]) reader.push(event);
    expect(reader.finish()).toMatchObject({ usage: {}, quality: 'missing', responseModel: 'gpt-5.6-sol' });
    expect(reader.finish({ estimateFromRequest: { input: 'y'.repeat(72) } })).toMatchObject({
      usage: { input: 20, output: 10 },
      quality: 'estimated',
    });
  });
});

describe('a search of the web by the preview of the tool', () => {
  const at = Date.UTC(2026, 10, 22);
  const SEARCH = { type: 'web_search_call', status: 'completed', action: { type: 'search' } };
  const counted = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };

  interface Call {
    readonly model: string;
    readonly tools?: readonly object[];
    readonly asked?: readonly object[];
    readonly tier?: string;
    readonly provider?: string;
    readonly atMs?: number;
  }

  /** The fee of an answer that searched twice, and why it has none. */
  const feeOf = ({ model, tools, asked, tier = 'default', provider = 'openai', atMs = at }: Call): unknown => {
    const body = { model, service_tier: tier, tools, output: [SEARCH, SEARCH], usage: counted };
    const request = { body: { model, tools: asked } };
    const response = { status: 200, body_kind: 'json', body };
    const answer = priceInteraction({ id: 'x', provider, api: 'responses', request, response }, { at: atMs, now: at });
    return answer.fees_usd ?? answer.reason;
  };

  const PREVIEW = [{ type: 'web_search_preview', search_context_size: 'medium' }];

  it.each([
    ['gpt-4o', PREVIEW, '0.05'],
    ['gpt-4.1-mini-2025-04-14', [{ type: 'web_search_preview_2025_03_11' }], '0.05'],
    ['gpt-5', PREVIEW, '0.02'],
    ['o4-mini', PREVIEW, '0.02'],
    ['gpt-5.6-sol', PREVIEW, '0.02'],
    ['gpt-4o', [{ type: 'web_search' }], '0.02'],
    ['gpt-4.1', [{ type: 'web_search_2025_08_26' }], '0.02'],
    ['gpt-4.1', [...PREVIEW, { type: 'web_search' }], '0.02'],
  ])('costs what it costs with %s, which was $10 a thousand with every model', (model, tools, fee) => {
    expect(feeOf({ model, tools })).toBe(fee);
  });

  it('costs the same in any service tier, and where the request alone names the tool', () => {
    expect(feeOf({ model: 'gpt-4.1', tools: PREVIEW, tier: 'priority' })).toBe('0.05');
    expect(feeOf({ model: 'gpt-5', tools: PREVIEW, tier: 'flex' })).toBe('0.02');
    expect(feeOf({ model: 'gpt-4o', asked: PREVIEW })).toBe('0.05');
  });

  it('was priced by its size until 25 June 2025, which is not known here', () => {
    const simpler = Date.UTC(2025, 5, 26);
    expect(feeOf({ model: 'gpt-4o', tools: PREVIEW, atMs: simpler - 1 })).toBe('no_price_for_bucket: request');
    expect(feeOf({ model: 'gpt-4o', tools: PREVIEW, atMs: simpler })).toBe('0.05');
  });

  it('of Azure, which is Bing’s, is priced as any search of it', () => {
    expect(feeOf({ model: 'gpt-4.1-mini', tools: PREVIEW, provider: 'azure' })).toBe('0.02');
  });

  it('is told of streams, too', () => {
    const reader = createStreamReader('responses', 'openai');
    reader.push({
      type: 'response.completed',
      response: { model: 'gpt-4o', tools: PREVIEW, output: [SEARCH], usage: counted },
    });
    expect(reader.finish()?.usage).toEqual({ input: 1000, output: 100, request: 1 });
  });
});
