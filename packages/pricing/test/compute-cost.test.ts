import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  computeCost,
  formatPicoUsd,
  picoUsd,
  ratePeriods,
  resolveRates,
  selectTier,
  USAGE_BUCKETS,
  type ComputedCost,
  type RatePeriod,
  type RateTier,
  type Usage,
} from '../src/index.js';
import { usages } from './arbitraries.js';

const NOON = Date.UTC(2026, 10, 22, 12);

function tier(
  aboveInputTokens: number,
  price: bigint | null,
  window: readonly [number, number] = [0, 86_400],
): RateTier {
  const prices = USAGE_BUCKETS.map(() => (price === null ? null : picoUsd(price)));
  return { aboveInputTokens, fromSecondOfDay: window[0], toSecondOfDay: window[1], prices };
}

function period(...tiers: RateTier[]): RatePeriod {
  return { validFromMs: 0, validToMs: 1e15, tiers, source: 'catalogue', catalogueModel: 'm', asOf: '2026-11-22' };
}

function cost(usage: Usage, rates: RatePeriod, atMs = NOON): ComputedCost {
  const computed = computeCost(usage, rates, atMs);
  if ('reason' in computed) throw new Error(computed.reason);
  return computed;
}

function rates(provider: string, model: string, atMs = NOON): RatePeriod {
  const found = resolveRates({ provider, model, serviceTier: '', region: '' }, atMs);
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

describe('the cost of a call', () => {
  it.each([
    ['openai', 'gpt-4o', { input: 2_000, cache_read: 8_000, output: 1_000 }, '0.025'],
    ['openai', 'gpt-5.4', { input: 300_000, output: 1_000 }, '1.5225'],
    ['openai', 'text-embedding-3-small', { input: 10_000 }, '0.0002'],
    [
      'anthropic',
      'claude-haiku-4-5',
      { input: 1_000, cache_read: 6_000, cache_write_5m: 3_000, output: 1_000 },
      '0.01035',
    ],
    ['anthropic', 'claude-sonnet-4-6', { input: 7_000, cache_write_1h: 3_000, output: 1_000 }, '0.054'],
  ] as const)('of %s %s is the listed one', (provider, model, usage, expected) => {
    expect(formatPicoUsd(cost(usage, rates(provider, model)).costPicoUsd)).toBe(expected);
  });

  it('lists one line item a used bucket, in the order of the buckets', () => {
    const { lineItems } = cost({ output: 3, input: 2, cache_read: 0 }, period(tier(0, 5n)));
    expect(lineItems).toEqual([
      { bucket: 'input', quantity: 2, unitPricePicoUsd: 5n, costPicoUsd: 10n },
      { bucket: 'output', quantity: 3, unitPricePicoUsd: 5n, costPicoUsd: 15n },
    ]);
  });

  it('is none when one used bucket has no price, and names the bucket', () => {
    const prices = USAGE_BUCKETS.map((bucket) => (bucket === 'output_audio' ? null : picoUsd(1n)));
    const rates = period({ ...tier(0, 1n), prices });
    expect(computeCost({ input: 5, output_audio: 1 }, rates, NOON)).toEqual({
      reason: 'no_price_for_bucket',
      buckets: ['output_audio'],
    });
    expect(cost({ input: 5 }, rates).costPicoUsd).toBe(5n);
  });
});

describe('the tier of a call', () => {
  const longContext = period(tier(0, 3n), tier(200_000, 6n));

  it.each([
    [199_999, 3n],
    [200_000, 3n],
    [200_001, 6n],
  ])('with %i input tokens prices the whole call', (input, price) => {
    expect(cost({ input, output: 10 }, longContext).costPicoUsd).toBe(BigInt(input + 10) * price);
  });

  it('counts cached tokens of every kind as input', () => {
    const usage: Usage = { input: 1, cache_read: 100_000, cache_write_1h: 99_999, input_audio: 1 };
    expect(selectTier(longContext, 200_001, NOON)?.prices[0]).toBe(6n);
    expect(cost(usage, longContext).costPicoUsd).toBe(200_001n * 6n);
  });

  it('does not count output as input', () => {
    expect(cost({ input: 1, output: 300_000 }, longContext).costPicoUsd).toBe(300_001n * 3n);
  });

  it('holds within its daily window, start included, end excluded', () => {
    const daily = period(tier(0, 9n), tier(0, 4n, [3_600, 7_200]));
    const at = (ms: number): unknown => cost({ input: 1 }, daily, ms).costPicoUsd;
    const day = Date.UTC(2026, 1, 3);
    expect([3_599_999, 3_600_000, 7_199_999, 7_200_000].map((ms) => at(day + ms))).toEqual([9n, 4n, 4n, 9n]);
  });

  it('is none outside every window', () => {
    expect(computeCost({ input: 1 }, period(tier(0, 1n, [10, 20])), 0)).toEqual({
      reason: 'no_price_at_time',
      buckets: [],
    });
  });
});

describe('any cost', () => {
  const flat = rates('openai', 'gpt-4o-mini');
  const priced = usages.filter((usage) => !('reason' in computeCost(usage, flat, NOON)));

  it('is the sum of its line items and never negative', () => {
    fc.assert(
      fc.property(priced, (usage) => {
        const { costPicoUsd, lineItems } = cost(usage, flat);
        expect(lineItems.reduce((sum, item) => sum + item.costPicoUsd, 0n)).toBe(costPicoUsd);
        expect(lineItems.every((item) => item.costPicoUsd === BigInt(item.quantity) * item.unitPricePicoUsd)).toBe(
          true,
        );
        expect(costPicoUsd >= 0n).toBe(true);
      }),
    );
  });

  it.each([
    ['openai', 'gpt-4o-mini', ''],
    ['openai', 'gpt-5.6-sol', 'batch'],
    ['anthropic', 'claude-sonnet-4-5-20250929', ''],
    ['gcp.gemini', 'gemini-2.5-pro', ''],
    ['gcp.vertex_ai', 'gemini-3-flash-preview', 'flex'],
    ['deepseek', 'deepseek-chat', ''],
    ['alibaba_cloud', 'qwen3-max', ''],
    ['mistral', 'voxtral-mini-latest', ''],
  ])(
    'does not fall when any bucket grows, across long-context tiers and windows: %s %s %s',
    (provider, model, tier) => {
      const found = ratePeriods({ provider, model, serviceTier: tier, region: '' });
      if ('reason' in found) throw new Error(found.reason);
      const instant = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2027, 0, 1) });
      const growth = fc.integer({ min: 1, max: 500_000 });
      fc.assert(
        fc.property(usages, fc.constantFrom(...USAGE_BUCKETS), growth, instant, (usage, bucket, more, atMs) => {
          const held = found.find(({ validFromMs, validToMs }) => validFromMs <= atMs && atMs < validToMs);
          if (held === undefined) return;
          const before = computeCost(usage, held, atMs);
          const after = computeCost({ ...usage, [bucket]: (usage[bucket] ?? 0) + more }, held, atMs);
          if ('reason' in before || 'reason' in after) return;
          expect(after.costPicoUsd >= before.costPicoUsd).toBe(true);
        }),
      );
    },
  );

  it('does not depend on the order of the buckets', () => {
    fc.assert(
      fc.property(priced, (usage) => {
        const reversed = Object.fromEntries(Object.entries(usage).reverse());
        expect(cost(reversed, flat)).toEqual(cost(usage, flat));
      }),
    );
  });

  it('of two calls together is the sum of both, while no tier is crossed', () => {
    fc.assert(
      fc.property(priced, priced, (a, b) => {
        const both = Object.fromEntries(USAGE_BUCKETS.map((bucket) => [bucket, (a[bucket] ?? 0) + (b[bucket] ?? 0)]));
        expect(cost(both, flat).costPicoUsd).toBe(cost(a, flat).costPicoUsd + cost(b, flat).costPicoUsd);
      }),
    );
  });
});
