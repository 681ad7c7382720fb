import { describe, expect, it } from 'vitest';
import type { ListedPeriod } from '../src/build-periods.js';
import { followStandard } from '../src/follow-standard.js';
import { resolveRates } from '../src/price-book.js';
import { USAGE_BUCKETS } from '../src/usage.js';

const DAY = (date: string) => Date.parse(date);

function period(from: string, to: string, prices: Readonly<Record<string, bigint>>): ListedPeriod {
  const stated = new Map(Object.entries(prices)) as ListedPeriod['tiers'][number]['stated'];
  return {
    validFromMs: DAY(from),
    validToMs: DAY(to),
    tiers: [{ aboveInputTokens: 0, fromSecondOfDay: 0, toSecondOfDay: 86_400, stated }],
    catalogueModel: 'm',
    asOf: '2026-11-22',
    catalogue: 'list 1',
  };
}

const outline = (periods: readonly ListedPeriod[]) =>
  periods.map(({ validFromMs, validToMs, tiers }) => [
    new Date(validFromMs).toISOString().slice(0, 10),
    new Date(validToMs).toISOString().slice(0, 10),
    Object.fromEntries(tiers[0]?.stated ?? []),
  ]);

describe('a service tier of a list without dates', () => {
  const flex = period('1970-01-01', '2100-01-01', { input: 1n, output: 5n, web_search: 14n });

  it('keeps its share of the standard price from an announced change on; fees stay', () => {
    const standard = [
      period('1970-01-01', '2026-12-01', { input: 2n, output: 10n, web_search: 14n }),
      period('2026-12-01', '2100-01-01', { input: 4n, output: 30n, web_search: 28n }),
    ];
    expect(outline(followStandard([flex], standard))).toEqual([
      ['1970-01-01', '2026-12-01', { input: 1n, output: 5n, web_search: 14n }],
      ['2026-12-01', '2100-01-01', { input: 2n, output: 15n, web_search: 14n }],
    ]);
  });

  it('is not cut where the standard price changed before its data, or not at all', () => {
    const past = [
      period('1970-01-01', '2026-10-01', { input: 8n }),
      period('2026-10-01', '2026-12-01', { input: 2n }),
      period('2026-12-01', '2100-01-01', { input: 2n }),
    ];
    expect(outline(followStandard([flex], past))).toEqual(outline([flex]));
  });

  it('is left to a list that dates the tier itself', () => {
    const dated = [
      period('1970-01-01', '2026-12-01', { input: 1n }),
      period('2026-12-01', '2100-01-01', { input: 3n }),
    ];
    const standard = [
      period('1970-01-01', '2026-12-01', { input: 2n }),
      period('2026-12-01', '2100-01-01', { input: 4n }),
    ];
    expect(outline(followStandard(dated, standard))).toEqual(outline(dated));
  });
});

describe('Gemini’s introductory prices', () => {
  const inputAt = (model: string, serviceTier: string, atMs: number) => {
    const found = resolveRates({ provider: 'gcp.gemini', model, region: '', serviceTier }, atMs);
    if ('reason' in found) throw new Error(`no price of ${model}: ${found.reason}`);
    return found.tiers[0]?.prices[USAGE_BUCKETS.indexOf('input')];
  };

  it.each([
    ['gemini-4-argon', '2026-12-01'],
    ['gemini-3.8-flash', '2027-01-01'],
    ['gemini-3.6-flash', '2027-01-01'],
  ])('of %s end on %s at flex and priority too: they stayed at half', (model, day) => {
    for (const tier of ['flex', 'priority', '']) {
      const [before, after] = [inputAt(model, tier, DAY(day) - 1), inputAt(model, tier, DAY(day))];
      expect(before).toBeGreaterThan(0n);
      expect(after).toBe((before ?? 0n) * 2n);
    }
  });
});
