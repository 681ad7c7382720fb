import { describe, expect, it } from 'vitest';

import { createBudget } from '../src/budget.js';
import { evaluateBudget, evaluateForecast } from '../src/evaluate.js';
import { periodAt } from '../src/period.js';
import { resolutionOf } from '../src/resolve.js';

const USD = 1_000_000_000_000n;
const NOW_MS = Date.parse('2026-11-22T12:00Z');
const BUDGET = createBudget({ name: 'all', limitPicoUsd: 10n * USD, window: 'month', thresholdsPercent: [75] });
const PERIOD = periodAt(BUDGET, NOW_MS);

function spendOf(cents: bigint): { period: typeof PERIOD; scopeValue: Record<string, string>; spentPicoUsd: bigint } {
  return { period: PERIOD, scopeValue: {}, spentPicoUsd: (cents * USD) / 100n };
}

const [FIRED] = evaluateBudget(BUDGET, spendOf(760n), NOW_MS);

describe('resolutionOf', () => {
  if (FIRED === undefined) throw new Error('the fixture must cross 75 percent');

  it('keeps an alert while spend swings about its threshold through corrections', () => {
    for (const cents of [760n, 749n, 751n, 710n, 700n]) {
      expect(resolutionOf(FIRED, { budget: BUDGET, spend: spendOf(cents) }, NOW_MS)).toBeUndefined();
    }
  });

  it('ends an alert when a correction takes spend clearly below its threshold', () => {
    expect(resolutionOf(FIRED, { budget: BUDGET, spend: spendOf(699n) }, NOW_MS)).toBe('spend_dropped');
  });

  it('does not fire again when spend comes back: the key has been told', () => {
    const [again] = evaluateBudget(BUDGET, spendOf(800n), NOW_MS + 3_600_000);
    expect(again?.key).toBe(FIRED.key);
  });

  it('ends an alert with its period', () => {
    const state = { budget: BUDGET, spend: undefined };
    expect(resolutionOf(FIRED, state, PERIOD.endMs - 1)).toBeUndefined();
    expect(resolutionOf(FIRED, state, PERIOD.endMs)).toBe('period_ended');
  });

  it('ends an alert when its budget is edited or removed', () => {
    const edited = createBudget({ name: 'all', limitPicoUsd: 20n * USD, window: 'month' });
    expect(resolutionOf(FIRED, { budget: edited, spend: spendOf(760n) }, NOW_MS)).toBe('budget_changed');
    expect(resolutionOf(FIRED, { budget: undefined, spend: undefined }, NOW_MS)).toBe('budget_changed');
  });

  it('keeps a forecast alert until its period ends', () => {
    const forecast = evaluateForecast(BUDGET, spendOf(100n), { totalQuantilesEstimateUsd: { '0.25': 11 } }, NOW_MS);
    if (forecast === undefined) throw new Error('the fixture must forecast a breach');
    expect(resolutionOf(forecast, { budget: BUDGET, spend: spendOf(0n) }, NOW_MS)).toBeUndefined();
    expect(resolutionOf(forecast, { budget: BUDGET, spend: spendOf(0n) }, PERIOD.endMs)).toBe('period_ended');
  });
});
