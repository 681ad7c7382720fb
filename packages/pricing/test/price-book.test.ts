import { describe, expect, it } from 'vitest';
import {
  priceCall,
  ratePeriods,
  resolveRates,
  USAGE_BUCKETS,
  type RateKey,
  type RatePeriod,
  type UsageBucket,
} from '../src/index.js';

function key(provider: string, model: string, serviceTier = ''): RateKey {
  return { provider, model, serviceTier, region: '' };
}

function periods(provider: string, model: string, serviceTier = ''): readonly RatePeriod[] {
  const found = ratePeriods(key(provider, model, serviceTier));
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

function priceOf(bucket: UsageBucket, period: RatePeriod | undefined, tier = 0): bigint | null | undefined {
  return period?.tiers[tier]?.prices[USAGE_BUCKETS.indexOf(bucket)];
}

describe('the periods of a rate key', () => {
  it('split at the instant of a price change, half-open', () => {
    const change = Date.UTC(2026, 7, 21);
    const at = (atMs: number): bigint | null | undefined => {
      const found = resolveRates(key('openai', 'gpt-5.6-sol'), atMs);
      return 'reason' in found ? undefined : priceOf('input', found);
    };
    expect([change - 1, change, change + 1].map(at)).toEqual([5_000_000n, 4_000_000n, 4_000_000n]);
  });

  it('follow each other without gap or overlap, and every tier has a price or null for every bucket', () => {
    for (const [provider, model] of [
      ['openai', 'gpt-5.6-sol'],
      ['deepseek', 'deepseek-chat'],
      ['anthropic', 'claude-opus-4-6'],
      ['mistral', 'mistral-large-latest'],
    ] as const) {
      const found = periods(provider, model);
      expect(found[0]?.validFromMs).toBe(0);
      expect(found.at(-1)?.validToMs).toBe(Date.UTC(2100, 0, 1));
      for (const [index, period] of found.entries()) {
        expect(period.validToMs).toBe(found[index + 1]?.validFromMs ?? period.validToMs);
        expect(period.tiers.every((tier) => tier.prices.length === USAGE_BUCKETS.length)).toBe(true);
      }
    }
  });

  it('hold a long-context premium only until it was retired', () => {
    const [before, after] = periods('anthropic', 'claude-opus-4-6');
    expect(before?.tiers.map((tier) => tier.aboveInputTokens)).toEqual([0, 200_000]);
    expect(after?.tiers.map((tier) => tier.aboveInputTokens)).toEqual([0]);
    expect(priceOf('input', before, 1)).toBe(10_000_000n);
  });

  it('hold daily windows that cover the day', () => {
    const windows = periods('deepseek', 'deepseek-chat').flatMap((period) => period.tiers);
    expect(windows.some((tier) => tier.fromSecondOfDay > 0)).toBe(true);
    const first = periods('deepseek', 'deepseek-chat').find((period) => period.tiers.length > 1);
    const seconds = first?.tiers.reduce((sum, tier) => sum + tier.toSecondOfDay - tier.fromSecondOfDay, 0);
    expect(seconds).toBe(86_400);
  });

  it.each(['deepseek-chat', 'deepseek-reasoner'])('follow %s, a name without a version, over its models', (name) => {
    const inputAt = (atMs: number): unknown => {
      const found = resolveRates(key('deepseek', name), atMs);
      return 'reason' in found ? found.reason : priceOf('input', found);
    };
    const v31 = Date.UTC(2025, 8, 5, 16);
    const v32 = Date.UTC(2025, 8, 29);
    expect([v31, v32 - 1, v32, Date.UTC(2026, 10, 22)].map(inputAt)).toEqual([560_000n, 560_000n, 280_000n, 280_000n]);
    expect(inputAt(v31 - 1)).not.toBe(560_000n);
    // 10 000 in and 1 000 out.
    const usage = { input: 10_000, output: 1000 };
    const call = { provider: 'deepseek', requestModel: name, usage, quality: 'reported' } as const;
    expect(priceCall({ ...call, atMs: Date.UTC(2026, 10, 22) }).costPicoUsd).toBe(3_220_000_000n);
    // What answered goes before what was asked for.
    const answered = priceCall({ ...call, responseModel: 'deepseek-v4-flash', atMs: Date.UTC(2026, 10, 22) });
    expect(answered).toMatchObject({ status: 'priced', model: 'deepseek-v4-flash' });
    expect(answered.costPicoUsd).not.toBe(3_220_000_000n);
  });

  it('follow an alias to the model that it stood for at the time', () => {
    const before = resolveRates(key('mistral', 'mistral-large-latest'), Date.UTC(2025, 10, 1));
    const after = resolveRates(key('mistral', 'mistral-large-latest'), Date.UTC(2026, 1, 1));
    const target = resolveRates(key('mistral', 'mistral-large-2512'), Date.UTC(2026, 1, 1));
    expect('reason' in before ? before : priceOf('input', before)).toBe(2_000_000n);
    expect('reason' in after ? after : priceOf('input', after)).toBe(500_000n);
    expect('reason' in target ? target : priceOf('input', target)).toBe(500_000n);
  });

  it('of a service tier start where its standard price did, not before', () => {
    expect(periods('openai', 'gpt-5', 'flex')[0]?.validFromMs).toBe(0);
    expect(periods('openai', 'gpt-5.6-sol', 'flex')[0]?.validFromMs).toBe(Date.UTC(2026, 7, 21));
    expect(resolveRates(key('openai', 'gpt-5.6-sol', 'flex'), Date.UTC(2026, 7, 20))).toEqual({
      reason: 'no_price_at_time',
    });
  });

  it('are those of the resold model where the provider lists none, without that provider’s tiers', () => {
    expect(priceOf('input', periods('azure.ai.openai', 'gpt-4o-mini-2024-07-18')[0])).toBe(150_000n);
    expect(ratePeriods(key('azure.ai.openai', 'gpt-5.1', 'flex'))).toEqual({ reason: 'unknown_service_tier' });
  });

  it('have the sound that only the second source lists, where both have one price for text: $40 and $80 a million', () => {
    const [period] = periods('openai', 'gpt-4o-audio-preview-2024-12-17');
    expect([priceOf('input', period), priceOf('input_audio', period), priceOf('output_audio', period)]).toEqual([
      2_500_000n,
      40_000_000n,
      80_000_000n,
    ]);
    expect(period?.catalogue).toMatch(/^genai-prices /);
  });

  it('have a service tier that only the second source lists', () => {
    const [period] = periods('gcp.vertex_ai', 'gemini-3-flash-preview', 'flex');
    expect([priceOf('input', period), priceOf('output', period)]).toEqual([250_000n, 1_500_000n]);
    expect(period?.catalogue).toMatch(/^litellm /);
  });

  it('are Vertex AI’s own where they differ from the Gemini API’s', () => {
    expect(priceOf('input', periods('gcp.vertex_ai', 'gemini-2.0-flash')[0])).toBe(150_000n);
    expect(priceOf('input', periods('gcp.gemini', 'gemini-2.0-flash')[0])).toBe(100_000n);
  });

  it('are remembered, and a flood of made-up names does not push the memory beyond its bound', () => {
    expect(ratePeriods(key('openai', 'gpt-4o'))).toBe(ratePeriods(key('openai', 'gpt-4o')));
    for (let index = 0; index < 6_000; index += 1) ratePeriods(key('acme', `model-${index}`));
    expect(ratePeriods(key('openai', 'gpt-4o'))).toEqual(periods('openai', 'gpt-4o'));
  });
});
