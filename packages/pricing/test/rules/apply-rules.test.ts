import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  computeCost,
  createPriceBook,
  NO_RULES,
  picoUsd,
  priceCall,
  USAGE_BUCKETS,
  type PriceRules,
  type RateKey,
  type RatePeriod,
  type UsageBucket,
} from '../../src/index.js';
import { lazyCatalogue } from '../../src/catalogue/catalogue.js';
import { compileRules } from '../../src/rules/compile-rules.js';
import { usages } from '../arbitraries.js';

const CHANGE = Date.UTC(2026, 5, 1);
const catalogue = lazyCatalogue('test 1', '2026-11-22', {
  openai: JSON.stringify({
    models: [
      [
        'known',
        '^known',
        [
          [null, { input_mtok: 1_000, cache_read_mtok: 100, output_mtok: [4_000, [200_000, 6_000]] }],
          ['2026-06-01', { input_mtok: 800, cache_read_mtok: 80, output_mtok: 3_000 }],
        ],
        [[{ processing: 'batch' }, { input_mtok: 500, output_mtok: 2_000 }, null]],
      ],
    ],
  }),
});

function bookOf(rules: Partial<PriceRules>): ReturnType<typeof createPriceBook> {
  return createPriceBook({ rules: { ...NO_RULES, ...rules }, catalogues: [catalogue] });
}

const KEY: RateKey = { provider: 'openai', model: 'known-1', serviceTier: '', region: '' };

function periodsOf(rules: Partial<PriceRules>, key: Partial<RateKey> = {}): readonly RatePeriod[] {
  const found = bookOf(rules).ratePeriods({ ...KEY, ...key });
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

function price(bucket: UsageBucket, period: RatePeriod | undefined, tier = 0): bigint | null | undefined {
  return period?.tiers[tier]?.prices[USAGE_BUCKETS.indexOf(bucket)];
}

describe('an override', () => {
  it('states some prices and keeps the list’s others, with gaps filled from its own', () => {
    const [first] = periodsOf({ overrides: [{ name: 'mine', prices: { output: picoUsd(10n) } }] });
    expect(price('output', first)).toBe(10n);
    expect(price('reasoning', first)).toBe(10n);
    expect(price('input', first)).toBe(1_000n);
    expect(price('output', first, 1)).toBe(10n);
    expect(first).toMatchObject({ source: 'override', ruleIds: ['override:mine'], catalogue: 'test 1' });
  });

  it('cuts time exactly where it begins and ends, and where the list changes', () => {
    const fromMs = Date.UTC(2026, 4, 10, 13, 30, 0, 1);
    const toMs = Date.UTC(2026, 6, 1);
    const found = periodsOf({ overrides: [{ name: 'mine', fromMs, toMs, prices: { input: picoUsd(7n) } }] });
    expect(found.map((period) => [period.validFromMs, price('input', period), price('output', period)])).toEqual([
      [0, 1_000n, 4_000n],
      [fromMs, 7n, 4_000n],
      [CHANGE, 7n, 3_000n],
      [toMs, 800n, 3_000n],
    ]);
  });

  it('prices a model that no list knows, and nothing beyond what it states', () => {
    const found = periodsOf(
      { overrides: [{ name: 'own', provider: 'acme', prices: { input: picoUsd(5n) } }] },
      { provider: 'acme', model: 'x' },
    );
    expect(found).toHaveLength(1);
    expect(price('input', found[0])).toBe(5n);
    expect(price('cache_read', found[0])).toBe(5n);
    expect(price('output', found[0])).toBeNull();
    expect(found[0]).toMatchObject({ catalogueModel: 'x', asOf: '1970-01-01' });
  });

  it('has thresholds of its own beside the list’s', () => {
    const [first] = periodsOf({
      overrides: [
        {
          name: 'long',
          prices: { input: picoUsd(2n) },
          above: [{ aboveInputTokens: 100_000, prices: { input: picoUsd(3n) } }],
        },
      ],
    });
    expect(first?.tiers.map((tier) => tier.aboveInputTokens)).toEqual([0, 100_000, 200_000]);
    expect([0, 1, 2].map((tier) => price('input', first, tier))).toEqual([2n, 3n, 3n]);
    expect([0, 1, 2].map((tier) => price('output', first, tier))).toEqual([4_000n, 4_000n, 6_000n]);
  });

  it('holds only for the provider (under any of its names), model, tier and region that it names', () => {
    const rule = { name: 'r', prices: { input: picoUsd(1n) }, provider: 'azure', model: 'GPT-*-mini', serviceTier: '' };
    const book = createPriceBook({ rules: { ...NO_RULES, overrides: [rule] } });
    const input = (provider: string, model: string, serviceTier = ''): unknown => {
      const found = book.ratePeriods({ provider, model, serviceTier, region: '' });
      return 'reason' in found ? found.reason : price('input', found[0]);
    };
    expect(input('azure.ai.openai', 'gpt-4o-mini')).toBe(1n);
    expect(input('azure.ai.openai', 'gpt-4o')).not.toBe(1n);
    expect(input('openai', 'gpt-4o-mini')).not.toBe(1n);
    expect(input('azure.ai.openai', 'gpt-4o-mini', 'batch')).not.toBe(1n);
  });

  it('is the first one that matches', () => {
    const [first] = periodsOf({
      overrides: [
        { name: 'narrow', model: 'known-1', prices: { input: picoUsd(1n) } },
        { name: 'wide', prices: { input: picoUsd(2n), output: picoUsd(2n) } },
      ],
    });
    expect([price('input', first), price('output', first)]).toEqual([1n, 4_000n]);
  });
});

describe('a discount', () => {
  it('takes its percentage off every price of every tier, rounded half up, batch and long context too', () => {
    const discounts = [{ name: 'acme', millionthsOff: 150_000 }];
    const [first] = periodsOf({ discounts });
    expect([price('input', first), price('output', first), price('output', first, 1)]).toEqual([850n, 3_400n, 5_100n]);
    const [batch] = periodsOf({ discounts }, { serviceTier: 'batch' });
    expect([price('input', batch), price('output', batch)]).toEqual([425n, 1_700n]);
    expect(first).toMatchObject({ source: 'catalogue', ruleIds: ['discount:acme'] });
    const [half] = periodsOf({ discounts: [{ name: 'h', millionthsOff: 999_500 }] });
    expect(price('input', half)).toBe(1n);
  });

  it('may state rates, and takes its percentage off the others', () => {
    const [first] = periodsOf({
      discounts: [{ name: 'acme', millionthsOff: 500_000, prices: { input: picoUsd(900n) } }],
    });
    expect([price('input', first), price('cache_read', first), price('output', first)]).toEqual([900n, 50n, 2_000n]);
  });

  it('does not add up with another: the first one that matches holds', () => {
    const [first] = periodsOf({
      discounts: [
        { name: 'a', millionthsOff: 100_000 },
        { name: 'b', millionthsOff: 500_000 },
      ],
    });
    expect(price('input', first)).toBe(900n);
    expect(first?.ruleIds).toEqual(['discount:a']);
  });

  it('of one feature prices the calls of that feature alone, under the same rate key', () => {
    const book = bookOf({
      discounts: [
        { name: 'search', feature: 'search', millionthsOff: 200_000 },
        { name: 'all', millionthsOff: 100_000 },
        { name: 'late', feature: 'chat', millionthsOff: 900_000 },
      ],
    });
    const call = {
      provider: 'openai',
      requestModel: 'known-1',
      atMs: 1,
      usage: { input: 10, output: 1 },
      quality: 'reported',
    } as const;
    const cost = (feature?: string): bigint | undefined => priceCall({ ...call, feature }, book).costPicoUsd;
    expect(cost()).toBe(12_600n);
    expect(cost('search')).toBe(11_200n);
    expect(cost('chat')).toBe(12_600n);
    const long = { ...call, usage: { input: 200_001, output: 1 }, feature: 'search' } as const;
    expect(priceCall(long, book).costPicoUsd).toBe(200_001n * 800n + 4_800n);
    expect(priceCall(call, book).ruleIds).toEqual(['discount:search', 'discount:all']);
  });

  it('applies to an override too, and makes no price where there is none', () => {
    const book = bookOf({
      overrides: [{ name: 'own', provider: 'acme', prices: { input: picoUsd(200n) } }],
      discounts: [{ name: 'd', millionthsOff: 250_000 }],
    });
    const found = book.ratePeriods({ ...KEY, provider: 'acme' });
    expect('reason' in found ? found : price('input', found[0])).toBe(150n);
    expect(book.ratePeriods({ ...KEY, model: 'unheard-of' })).toEqual({ reason: 'unknown_model' });
  });
});

describe('a ceiling', () => {
  it('bounds usage that has no price, and never becomes one', () => {
    const prices = { input: picoUsd(15n), output: picoUsd(75n) };
    const book = bookOf({ ceiling: [{ prices, fromMs: 0, toMs: 100 }] });
    expect(book.ceilingPicoUsd({ input: 2, output: 1 }, 1)).toBe(105n);
    expect(book.ceilingPicoUsd({ input: 2, web_search: 1 }, 1)).toBeUndefined();
    expect(bookOf({}).ceilingPicoUsd({ input: 2 }, 1)).toBeUndefined();
    expect(
      priceCall({ provider: 'openai', requestModel: 'nope', atMs: 1, usage: { input: 2 }, quality: 'reported' }, book),
    ).toMatchObject({ status: 'unpriced', reason: 'unknown_model' });
  });
});

describe('rules of any kind', () => {
  const instant = fc.integer({ min: 0, max: Date.UTC(2030, 0, 1) });
  const scope = {
    name: fc.constantFrom('a', 'b'),
    fromMs: fc.option(instant, { nil: undefined }),
    toMs: fc.option(instant, { nil: undefined }),
    feature: fc.option(fc.constantFrom('search', 'chat'), { nil: undefined }),
    millionthsOff: fc.integer({ min: 0, max: 1_000_000 }),
  };
  const discounts = fc.array(fc.record(scope), { maxLength: 5 }).map((rules) =>
    rules.map(({ fromMs, toMs, feature, ...rest }) => ({
      ...rest,
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(toMs === undefined ? {} : { toMs }),
      ...(feature === undefined ? {} : { feature }),
    })),
  );

  it('leave periods without gap or overlap, and a discount never makes a call dearer nor its cost negative', () => {
    fc.assert(
      fc.property(discounts, usages, instant, fc.constantFrom('', 'search', 'other'), (rules, usage, atMs, feature) => {
        const periods = periodsOf({ discounts: rules });
        for (const [index, period] of periods.entries())
          expect(period.validToMs).toBe(periods[index + 1]?.validFromMs ?? Date.UTC(2100, 0, 1));
        const at = (all: readonly RatePeriod[]): RatePeriod | undefined =>
          all.find((period) => period.validFromMs <= atMs && atMs < period.validToMs);
        const [reduced, listed] = [at(periods), at(periodsOf({}))];
        if (reduced === undefined || listed === undefined) throw new Error('no period');
        const cost = computeCost(usage, reduced, atMs, feature);
        const list = computeCost(usage, listed, atMs, feature);
        if ('reason' in cost || 'reason' in list) expect(cost).toEqual(list);
        else {
          expect(cost.costPicoUsd >= 0n && cost.costPicoUsd <= list.costPicoUsd).toBe(true);
          expect(cost.lineItems.reduce((sum, item) => sum + item.costPicoUsd, 0n)).toBe(cost.costPicoUsd);
        }
      }),
    );
  });

  it('is that of the call’s time, and changes at the millisecond', () => {
    const rates = (input: string) => ({ currency: 'USD', perMillion: { input } });
    const rules = compileRules({
      currencies: {
        EUR: [
          { fromMs: 2000, usd: '2' },
          { fromMs: 3000, usd: '3' },
        ],
      },
      overrides: [],
      discounts: [],
      selfHosted: [],
      ceiling: {
        ...rates('10'),
        changes: [
          { currency: 'EUR', perMillion: { input: '1' }, fromMs: 1000 },
          { ...rates('7'), fromMs: 4000 },
        ],
      },
    });
    const book = bookOf(rules);
    const at = (ms: number) => book.assumedPicoUsd({ input: 1 }, ms);
    // $10; then 1 EUR at its first rate, $2, and at $3; then $7, a million.
    expect([999, 1000, 1999, 2000, 2999, 3000, 3999, 4000].map(at)).toEqual(
      [10, 2, 2, 2, 2, 3, 3, 7].map((usd) => BigInt(usd) * 1_000_000n),
    );
    expect(book.ceilingTimes(500, 3500)).toEqual([
      { fromMs: 500, toMs: 1000 },
      { fromMs: 1000, toMs: 2000 },
      { fromMs: 2000, toMs: 3000 },
      { fromMs: 3000, toMs: 3500 },
    ]);
    expect(bookOf({}).ceilingTimes(0, 1)).toEqual([]);
  });
});

describe('where calls are that do not say it', () => {
  const from = Date.UTC(2026, 6, 1);
  const book = createPriceBook({
    rules: compileRules({
      currencies: {},
      overrides: [],
      discounts: [{ name: 'acme', provider: 'azure', region: 'eu', currency: 'USD', percent: 50 }],
      selfHosted: [],
      regions: [
        { name: 'eu-zone', provider: 'azure', model: 'gpt-4o*', region: 'eu', fromMs: from },
        { name: 'us-zone', provider: 'azure', model: 'gpt-4*', region: 'us' },
      ],
    }),
  });
  const find = (model: string, region: string, atMs: number): readonly unknown[] => {
    const found = book.resolveRates({ provider: 'azure.ai.openai', model, serviceTier: '', region }, atMs);
    return 'reason' in found ? [found.reason] : [found.tiers[0]?.prices[0], found.ruleIds];
  };

  it('is said by rules, from a date on: their calls have the price of a data zone, and the discounts of calls there', () => {
    // $2.50 a million, a tenth more in a zone; from July on it is the European one, half of whose price is negotiated.
    expect(find('gpt-4o', '', from - 1)).toEqual([2_750_000n, ['region:us-zone']]);
    expect(find('gpt-4o', '', from)).toEqual([1_375_000n, ['region:eu-zone', 'discount:acme']]);
    expect(find('gpt-4.1', '', from)).toEqual([2_200_000n, ['region:us-zone']]);
  });

  it('is not said of calls that name their region, nor of other models', () => {
    expect(find('gpt-4o', 'us', from)).toEqual([2_750_000n, undefined]);
    expect(find('gpt-5', '', from)).toEqual([1_250_000n, undefined]);
    expect(find('nobody-lists-it', '', from)).toEqual(['unknown_model']);
  });
});
