import { describe, expect, it } from 'vitest';
import { inputTokensOf, priceCall, priceInteraction, resolveRates, type Usage } from '../../src/index.js';

const AT = Date.UTC(2026, 10, 22);

function cost(provider: string, model: string, region: string, atMs = AT, input = 1_000_000): bigint | undefined {
  const usage = { input };
  return priceCall({ provider, requestModel: model, region, atMs, usage, quality: 'reported' }).costPicoUsd;
}

describe('a region', () => {
  it.each([
    ['azure', 'gpt-4o', 'eu'],
    ['azure', 'gpt-4o', 'us'],
    ['azure', 'gpt-6-sol', 'us'],
    ['gcp.vertex_ai', 'claude-sonnet-4-6', 'us-east5'],
    ['anthropic', 'claude-opus-4-6', 'us'],
  ])('of %s costs a tenth more: %s in %s', (provider, model, region) => {
    const standard = cost(provider, model, '') ?? 0n;
    expect(standard > 0n).toBe(true);
    expect(cost(provider, model, region)).toBe((standard * 11n) / 10n);
  });

  it.each(['gpt-6-sol', 'gpt-6.1-terra'])('of Azure costs a fifth more in the data zone of the EU: %s', (model) => {
    const standard = cost('azure', model, '') ?? 0n;
    expect(standard > 0n).toBe(true);
    expect(cost('azure', model, 'eu')).toBe((standard * 12n) / 10n);
  });

  it.each([
    ['gcp.vertex_ai', 'claude-sonnet-4-6', 'global'],
    ['gcp.vertex_ai', 'gemini-2.5-pro', 'us-east5'],
    ['openai', 'gpt-4o', 'us'],
    ['azure', 'gpt-4o', 'nowhere'],
  ])('of %s costs no more where no rule says so: %s in %s', (provider, model, region) => {
    expect(cost(provider, model, region)).toBe(cost(provider, model, ''));
  });

  it('is read from the address that a request to Vertex AI went to', () => {
    const interaction = (location: string): object => ({
      id: 'x',
      provider: 'gcp.vertex_ai',
      api: 'messages',
      request: {
        url: `https://${location}-aiplatform.googleapis.com/v1/projects/p/locations/${location}/publishers/anthropic/models/claude-sonnet-4-6:rawPredict`,
      },
      response: {
        status: 200,
        body_kind: 'json',
        body: { model: 'claude-sonnet-4-6', usage: { input_tokens: 1_000_000, output_tokens: 0 } },
      },
    });
    const answer = (location: string): unknown => priceInteraction(interaction(location), { at: AT, now: AT }).cost_usd;
    expect([answer('global'), answer('europe-west1')]).toEqual(['3', '3.3']);
  });
});

describe('a long context of Claude Sonnet 4.5', () => {
  it('costs more until 30 April 2026, and not from then on, in a batch too', () => {
    const end = Date.UTC(2026, 3, 30);
    const dear = 300_000n * 6_000_000n;
    expect(cost('anthropic', 'claude-sonnet-4-5-20250929', '', end - 1, 300_000)).toBe(dear);
    expect(cost('anthropic', 'claude-sonnet-4-5-20250929', '', end, 300_000)).toBe(dear / 2n);
    const key = { provider: 'anthropic', model: 'claude-sonnet-4-5', serviceTier: 'batch', region: '' };
    const thresholds = (atMs: number): unknown => {
      const rates = resolveRates(key, atMs);
      return 'reason' in rates ? rates.reason : rates.tiers.map((tier) => tier.aboveInputTokens);
    };
    expect([thresholds(end - 1), thresholds(end)]).toEqual([[0, 200_000], [0]]);
    expect(inputTokensOf({ input: 1, cache_read: 2 })).toBe(3);
  });
});

describe('a long context of Claude Sonnet 4', () => {
  const model = 'claude-sonnet-4-20250514';
  const [start, end] = [Date.UTC(2025, 7, 12), Date.UTC(2026, 3, 30)];

  it('cost twice as much while the beta of it lasted, where no catalogue has that', () => {
    const cheap = 300_000n * 3_000_000n;
    const at = [start - 1, start, end - 1, end].map((atMs) => cost('anthropic', model, '', atMs, 300_000));
    expect(at).toEqual([cheap, cheap * 2n, cheap * 2n, cheap]);
    expect(cost('anthropic', model, '', start, 200_000)).toBe(200_000n * 3_000_000n);
    expect(cost('anthropic', model, 'us', start, 300_000)).toBe((cheap * 2n * 11n) / 10n);
  });

  it('cost one and a half times as much for output, twice for what is cached, and no more for a search', () => {
    const call = (usage: Usage): bigint | undefined =>
      priceCall({ provider: 'anthropic', requestModel: model, atMs: start, usage, quality: 'reported' }).costPicoUsd;
    const usage = {
      cache_read: 100_000,
      cache_write_5m: 100_000,
      cache_write_1h: 100_000,
      output: 1_000,
      web_search: 1,
    };
    const tokens = 100_000n * (600_000n + 7_500_000n + 12_000_000n) + 1_000n * 22_500_000n;
    expect(call(usage)).toBe(tokens + 10_000_000_000n);
  });

  it('is not added to Bedrock and Vertex AI, whose prices of it are not known, and names its page', () => {
    expect(cost('aws.bedrock', `us.anthropic.${model}-v1:0`, '', start, 300_000)).toBe(300_000n * 3_000_000n);
    expect(cost('gcp.vertex_ai', 'claude-sonnet-4@20250514', '', start, 300_000)).toBe(300_000n * 3_000_000n);
    const rates = resolveRates({ provider: 'anthropic', model, serviceTier: '', region: '' }, start);
    expect('reason' in rates ? rates.reason : rates.catalogue).toMatch(
      /^genai-prices \S+ \(long context by anthropic\.com\//,
    );
  });
});

describe('a batch', () => {
  const batchCost = (provider: string, model: string, usage: object, atMs = AT): string => {
    const call = priceCall({
      provider,
      requestModel: model,
      serviceTier: 'batch',
      atMs,
      usage,
      quality: 'reported',
    });
    return call.costPicoUsd === undefined ? `${call.status}: ${call.reason}` : String(call.costPicoUsd);
  };
  const million = { input: 1_000_000, output: 1_000_000 };

  it('of Groq costs half for models that no catalogue lists it of, and cached input what other input does', () => {
    // $0.59 a million in and $0.79 out: half is $0.295 and $0.395.
    expect(batchCost('groq', 'llama-3.3-70b-versatile', million)).toBe('690000000000');
    // $0.075 a million in, $0.0375 cached and $0.30 out, one at a time; in a batch $0.0375 for both and $0.15.
    const cached = { input: 1_000_000, cache_read: 1_000_000, output: 1_000_000 };
    expect(batchCost('groq', 'openai/gpt-oss-safeguard-20b', cached)).toBe('225000000000');
    expect(batchCost('groq', 'openai/gpt-oss-20b', cached)).toBe('225000000000');
  });

  it('of Anthropic costs half for models that are offered no more, which had no price', () => {
    const all = { ...million, cache_read: 1_000_000, cache_write_5m: 1_000_000 };
    // $3 in, $15 out, $0.30 cached, $3.75 written.
    expect(batchCost('anthropic', 'claude-3-5-sonnet-20241022', { input: 1_000, output: 1_000 })).toBe('9000000000');
    expect(batchCost('anthropic', 'claude-3-7-sonnet-20250219', all)).toBe('11025000000000');
    expect(batchCost('anthropic', 'claude-3-haiku-20240307', million, Date.UTC(2024, 9, 8) - 1)).toBe(
      'unpriced: no_price_at_time',
    );
  });

  it('of Claude Sonnet 4 with a long context costs half of what that costs, while it was offered', () => {
    const long = { input: 250_000, output: 100 };
    // Half of $6 and $22.50 a million.
    expect(batchCost('anthropic', 'claude-sonnet-4-20250514', long, Date.UTC(2025, 9, 1))).toBe('751125000000');
    expect(batchCost('anthropic', 'claude-sonnet-4-20250514', long, Date.UTC(2026, 4, 1))).toBe('375750000000');
  });

  it('of Groq has no price in the time in which its discount was another', () => {
    expect(batchCost('groq', 'llama-3.3-70b-versatile', million, Date.UTC(2025, 3, 1))).toBe(
      'unpriced: no_price_at_time',
    );
  });

  it('of Together costs half for the models that its page names, and the standard price for the others', () => {
    expect(batchCost('together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', million)).toBe('880000000000');
    expect(batchCost('together', 'openai/gpt-oss-120b', million)).toBe('750000000000');
    expect(batchCost('together', 'openai/gpt-oss-120b', million, Date.UTC(2026, 8, 1))).toBe(
      'unpriced: no_price_at_time',
    );
  });

  it.each([
    ['cohere', 'command-a-03-2025', 'unpriced: unknown_service_tier'],
    ['groq', 'nobody-knows', 'unpriced: unknown_model'],
  ])('of %s stays without a price where none is published: %s', (provider, model, answer) => {
    expect(batchCost(provider, model, million)).toBe(answer);
  });

  it('names the page that states its share', () => {
    const key = { provider: 'groq', model: 'llama-3.1-8b-instant', serviceTier: 'batch', region: '' };
    const rates = resolveRates(key, AT);
    expect('reason' in rates ? rates.reason : rates.catalogue).toMatch(
      /^genai-prices \S+ \(batch by console\.groq\.com\/docs\/batch, as of 2026\)$/,
    );
  });
});
