import { describe, expect, it } from 'vitest';
import { inputTokensOf, priceCall, priceInteraction, resolveRates } from '../../src/index.js';

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
