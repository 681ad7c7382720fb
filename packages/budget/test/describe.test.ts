import { describe, expect, it } from 'vitest';

import { createBudget } from '../src/budget.js';
import { describeCrossing, formatUsd } from '../src/describe.js';
import { evaluateBudget, evaluateForecast, type Crossing } from '../src/evaluate.js';
import { periodAt } from '../src/period.js';

const USD = 1_000_000_000_000n;
const NOW_MS = Date.parse('2026-11-22T12:00Z');

describe('formatUsd', () => {
  it.each([
    [0n, '$0.00'],
    [7_605_000_000_000n, '$7.61'],
    [9_994_999_999_999n, '$9.99'],
    [10_000_000_000n, '$0.01'],
    [9_999_960_000n, '$0.01'],
    [1_234_567n, '$0.000001235'],
    [1n, '$0.000000000001'],
    [1_234_567n * USD, '$1234567.00'],
  ])('shows %s picodollars as %s', (picoUsd, text) => {
    expect(formatUsd(picoUsd)).toBe(text);
  });
});

describe('describeCrossing', () => {
  const budget = createBudget({ name: 'search', limitPicoUsd: 10n * USD, window: 'month', thresholdsPercent: [75] });
  const spend = { period: periodAt(budget, NOW_MS), scopeValue: {}, spentPicoUsd: (76n * USD) / 10n };

  function first(crossings: readonly (Crossing | undefined)[]): Crossing {
    const [crossing] = crossings;
    if (crossing === undefined) throw new Error('the fixture must cross');
    return crossing;
  }

  it('says what was reached, of what, when, and what was spent', () => {
    const crossing = first(evaluateBudget(budget, spend, NOW_MS));
    expect(describeCrossing(budget, crossing)).toBe(
      'budget "search" has reached 75 % of $10.00 in 2026-11: $7.60 spent',
    );
  });

  it('names scope, time zone, week and lateness', () => {
    const weekly = createBudget({
      name: 'w',
      limitPicoUsd: USD,
      window: 'week',
      timeZone: 'Asia/Tokyo',
      groupBy: ['user'],
    });
    const period = periodAt(weekly, NOW_MS);
    const crossing = first(
      evaluateBudget(weekly, { period, scopeValue: { user: 'ann' }, spentPicoUsd: USD }, period.endMs + 1e9),
    );
    expect(describeCrossing(weekly, crossing)).toBe(
      'budget "w" for user=ann has reached 50 % of $1.00 in the week of 2026-11-16 (Asia/Tokyo): $1.00 spent, found in late data',
    );
  });

  it('says that a forecast is one', () => {
    const crossing = first([evaluateForecast(budget, spend, { totalQuantilesEstimateUsd: { '0.25': 11 } }, NOW_MS)]);
    expect(describeCrossing(budget, crossing)).toBe(
      'budget "search" is expected to exceed $10.00 in 2026-11: $7.60 spent so far',
    );
  });
});
