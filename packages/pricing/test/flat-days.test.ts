import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LAST_PERIOD_MS, type ListedPeriod } from '../src/build-periods.js';
import { withFlatDays } from '../src/flat-days.js';
import { resolveRates } from '../src/price-book.js';
import { priceCall } from '../src/price-call.js';

const DAY_MS = 86_400_000;
const MONDAY = Date.UTC(2026, 10, 16);

function tier(fromSecondOfDay: number, toSecondOfDay: number, price: bigint): ListedPeriod['tiers'][number] {
  return { aboveInputTokens: 0, fromSecondOfDay, toSecondOfDay, stated: new Map([['input', price]]) };
}

const HOURLY = [tier(0, 3600, 1n), tier(3600, 7200, 2n), tier(7200, 86_400, 1n)];

function period(validFromMs: number, validToMs: number, tiers: ListedPeriod['tiers'] = HOURLY): ListedPeriod {
  return { validFromMs, validToMs, tiers, catalogueModel: 'm', asOf: '2026-11-22', catalogue: 'test' };
}

const days = { fromMs: MONDAY, toMs: MONDAY + 14 * DAY_MS, holidays: new Set([MONDAY + DAY_MS]) };

describe('days on which a price by the hour is flat', () => {
  it('are weekends and holidays, and cut the period there', () => {
    const cut = withFlatDays([period(MONDAY, MONDAY + 7 * DAY_MS)], days);
    const outline = cut.map(({ validFromMs, validToMs, tiers }) => [
      (validFromMs - MONDAY) / DAY_MS,
      (validToMs - MONDAY) / DAY_MS,
      tiers.length,
    ]);
    expect(outline).toEqual([
      [0, 1, 3],
      [1, 2, 1],
      [2, 5, 3],
      [5, 7, 1],
    ]);
    expect(cut[1]?.tiers).toEqual([tier(0, 86_400, 1n)]);
  });

  it('leave a price that holds all day as it is', () => {
    const flat = [period(0, LAST_PERIOD_MS, [tier(0, 86_400, 1n)])];
    expect(withFlatDays(flat, days)).toEqual(flat);
  });

  it('never leave a gap or an overlap, whenever a period begins and ends', () => {
    const instant = fc.integer({ min: MONDAY - 3 * DAY_MS, max: MONDAY + 20 * DAY_MS });
    fc.assert(
      fc.property(instant, instant, (one, other) => {
        fc.pre(one !== other);
        const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other)];
        const cut = withFlatDays([period(fromMs, toMs)], days);
        expect([cut[0]?.validFromMs, cut.at(-1)?.validToMs]).toEqual([fromMs, toMs]);
        for (const [index, { validFromMs, validToMs }] of cut.entries()) {
          expect(validFromMs).toBeLessThan(validToMs);
          if (index > 0) expect(validFromMs).toBe(cut[index - 1]?.validToMs);
        }
      }),
    );
  });
});

/** Pico-dollars of a million tokens in. */
function millionIn(requestModel: string, at: string): bigint | null | undefined {
  const usage = { input: 1_000_000 };
  return priceCall({ provider: 'deepseek', requestModel, usage, quality: 'reported', atMs: Date.parse(at) })
    .costPicoUsd;
}

describe('the dearer hours of DeepSeek', () => {
  it.each([
    ['a weekday in a peak hour', '2026-11-20T01:00:00Z', 300_000_000_000n],
    ['a weekday one millisecond before', '2026-11-20T00:59:59.999Z', 150_000_000_000n],
    ['a Saturday', '2026-11-21T02:00:00Z', 150_000_000_000n],
    ['a holiday in China', '2026-10-05T02:00:00Z', 150_000_000_000n],
    ['a Saturday before weekends were excepted', '2026-08-22T02:00:00Z', 440_000_000_000n],
    ['a weekday before there were peak hours', '2026-06-10T02:00:00Z', 140_000_000_000n],
    ['the instant since which there are', '2026-08-16T16:00:00Z', 220_000_000_000n],
  ])('of V4 Flash cost on %s what is published', (_name, at, cost) => {
    expect(millionIn('deepseek-v4-flash', at)).toBe(cost);
  });

  it('at night were not cheaper before 26 February 2025, 16:30 UTC', () => {
    const change = Date.UTC(2025, 1, 26, 16, 30);
    expect(millionIn('deepseek-chat', '2025-01-01T18:00:00Z')).toBe(140_000_000_000n);
    expect(millionIn('deepseek-chat', '2025-02-20T18:00:00Z')).toBe(270_000_000_000n);
    expect(millionIn('deepseek-chat', new Date(change - 1).toISOString())).toBe(270_000_000_000n);
    expect(millionIn('deepseek-chat', new Date(change).toISOString())).toBe(135_000_000_000n);
    expect(millionIn('deepseek-reasoner', new Date(change - 1).toISOString())).toBe(550_000_000_000n);
    expect(millionIn('deepseek-reasoner', new Date(change).toISOString())).toBe(135_000_000_000n);
  });

  it('give a name without a version the price of V4 Flash while it stood for it', () => {
    expect(millionIn('deepseek-chat', '2026-04-23T12:00:00Z')).toBe(280_000_000_000n);
    expect(millionIn('deepseek-chat', '2026-04-24T12:00:00Z')).toBe(140_000_000_000n);
  });

  it('share their tiers over all the weeks, so that a key with a hundred periods takes little memory', () => {
    const key = { provider: 'deepseek', model: 'deepseek-v4-flash', serviceTier: '', region: '' };
    const at = (day: string): unknown => {
      const found = resolveRates(key, Date.parse(day));
      return 'reason' in found ? found.reason : found.tiers;
    };
    expect(at('2026-11-20')).toBe(at('2026-11-13'));
    expect(at('2026-11-21')).toBe(at('2026-11-14'));
  });
});
