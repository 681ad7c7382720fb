import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createBudget, type Budget } from '../src/budget.js';
import {
  countedPicoUsd,
  crossingKey,
  evaluateBudget,
  evaluateForecast,
  formatScopeValue,
  hasReached,
  type BudgetSpend,
} from '../src/evaluate.js';
import { periodAt } from '../src/period.js';
import { resolutionOf } from '../src/resolve.js';

const USD = 1_000_000_000_000n;
const NOW_MS = Date.parse('2026-11-22T12:00Z');
const BUDGET = createBudget({ name: 'all', limitPicoUsd: 10n * USD, window: 'month' });
const PERIOD = periodAt(BUDGET, NOW_MS);

function spent(spentPicoUsd: bigint, more: Partial<BudgetSpend> = {}): BudgetSpend {
  return { period: PERIOD, scopeValue: {}, spentPicoUsd, ...more };
}

function thresholds(budget: Budget, spend: BudgetSpend): number[] {
  return evaluateBudget(budget, spend, NOW_MS).map(({ thresholdPercent }) => thresholdPercent);
}

describe('evaluateBudget', () => {
  it('crosses a threshold at exactly its share of the limit, not a picodollar before', () => {
    expect(thresholds(BUDGET, spent(5n * USD - 1n))).toEqual([]);
    expect(thresholds(BUDGET, spent(5n * USD))).toEqual([50]);
    expect(thresholds(BUDGET, spent(10n * USD - 1n))).toEqual([50, 75, 90]);
    expect(thresholds(BUDGET, spent(10n * USD))).toEqual([50, 75, 90, 100]);
  });

  it('is exact where doubles are not', () => {
    const limit = 123_456_789_012_345_678_901n;
    const budget = createBudget({ name: 'odd', limitPicoUsd: limit, window: 'day', thresholdsPercent: [33.33] });
    const needed = (limit * 3333n + 9999n) / 10_000n;
    expect(thresholds(budget, spent(needed - 1n))).toEqual([]);
    expect(thresholds(budget, spent(needed))).toEqual([33.33]);
  });

  it('never loses a crossing as spend grows', () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, 10n ** 20n),
        fc.bigInt(0n, 10n ** 20n),
        fc.bigInt(0n, 10n ** 18n),
        (limitPicoUsd, less, more) => {
          const budget = createBudget({ name: 'any', limitPicoUsd, window: 'day' });
          const before = thresholds(budget, spent(less));
          expect(thresholds(budget, spent(less + more)).slice(0, before.length)).toEqual(before);
          for (const percent of before)
            expect(Number(less) * 100).toBeGreaterThanOrEqual(Number(limitPicoUsd) * percent * (1 - 1e-12));
        },
      ),
    );
  });

  it('says the same about the same money every time, so that an outbox tells it once', () => {
    const first = evaluateBudget(BUDGET, spent(9n * USD), NOW_MS).map(({ key }) => key);
    const later = evaluateBudget(BUDGET, spent(9n * USD + 5n), NOW_MS + 60_000).map(({ key }) => key);
    expect(later).toEqual(first);
    expect(new Set(first).size).toBe(3);
    for (const key of first) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  it('counts what calls without a price are assumed to cost, beside what was spent', () => {
    const spend = { ...spent(4n * USD), assumedPicoUsd: 4n * USD };
    const crossings = evaluateBudget(BUDGET, spend, NOW_MS);
    expect(crossings.map(({ thresholdPercent }) => thresholdPercent)).toEqual([50, 75]);
    expect(crossings[0]).toMatchObject({ spentPicoUsd: 4n * USD, assumedPicoUsd: 4n * USD });
    // The same question about the same money: when a price appears nothing is told twice.
    expect(crossings.map(({ key }) => key)).toEqual(
      evaluateBudget(BUDGET, spent(8n * USD), NOW_MS).map(({ key }) => key),
    );
    expect(countedPicoUsd(spend)).toBe(8n * USD);
    const resolutions = crossings.map((open) => [
      resolutionOf(open, { budget: BUDGET, spend }, NOW_MS),
      resolutionOf(open, { budget: BUDGET, spend: { ...spend, assumedPicoUsd: 0n } }, NOW_MS),
    ]);
    expect(resolutions).toEqual([
      [undefined, 'spend_dropped'],
      [undefined, 'spend_dropped'],
    ]);
  });

  it('is critical from 100 percent on', () => {
    const severities = evaluateBudget(BUDGET, spent(10n * USD), NOW_MS).map(({ severity }) => severity);
    expect(severities).toEqual(['warning', 'warning', 'warning', 'critical']);
  });

  it('is late when the period was over for five minutes before the spend was seen', () => {
    const lateAt = PERIOD.endMs + 300_000;
    expect(evaluateBudget(BUDGET, spent(5n * USD), lateAt - 1).map(({ isLate }) => isLate)).toEqual([false]);
    expect(evaluateBudget(BUDGET, spent(5n * USD), lateAt).map(({ isLate }) => isLate)).toEqual([true]);
  });
});

describe('crossingKey', () => {
  const identity = {
    budget: BUDGET,
    scopeValue: {},
    period: PERIOD,
    thresholdPercent: 50,
    kind: 'budget_threshold',
  } as const;
  const other = createBudget({ name: 'all', limitPicoUsd: 20n * USD, window: 'month' });

  it.each([
    ['the budget', { budget: { ...BUDGET, id: 'other' } }],
    ['the revision', { budget: other }],
    ['the scope value', { scopeValue: { feature: 'search' } }],
    ['the period', { period: periodAt(BUDGET, PERIOD.endMs) }],
    ['the threshold', { thresholdPercent: 75 }],
    ['the kind', { kind: 'budget_forecast' }],
  ] as const)('differs when %s differs', (_what, edit) => {
    expect(crossingKey({ ...identity, ...edit })).not.toBe(crossingKey(identity));
  });

  it('tells a limit that is edited and set back what it has told already', () => {
    const back = createBudget({ name: 'all', limitPicoUsd: 10n * USD, window: 'month' });
    expect(crossingKey({ ...identity, budget: back })).toBe(crossingKey(identity));
  });

  it('tells a renamed budget with the same id nothing again, and one without an id everything', () => {
    const renamed = createBudget({ name: 'everything', id: 'all', limitPicoUsd: 10n * USD, window: 'month' });
    expect(crossingKey({ ...identity, budget: renamed })).toBe(crossingKey(identity));
    const fresh = createBudget({ name: 'everything', limitPicoUsd: 10n * USD, window: 'month' });
    expect(crossingKey({ ...identity, budget: fresh })).not.toBe(crossingKey(identity));
  });
});

describe('formatScopeValue', () => {
  it('never writes two scope values the same way', () => {
    const scope = fc.dictionary(
      fc.constantFrom('feature', 'user', 'team'),
      fc.string({ unit: fc.constantFrom('a', ',', '=', '\\') }),
    );
    fc.assert(
      fc.property(scope, scope, (one, other) => {
        const entries = (value: Record<string, string>): [string, string][] =>
          Object.entries(value).sort(([left], [right]) => left.localeCompare(right));
        const isSame = JSON.stringify(entries(one)) === JSON.stringify(entries(other));
        expect(formatScopeValue(one) === formatScopeValue(other)).toBe(isSame);
      }),
    );
  });
});

describe('hasReached', () => {
  it('takes nothing spent as below every threshold', () => {
    expect(hasReached(0n, 1n, 0.01)).toBe(false);
  });
});

describe('evaluateForecast', () => {
  const quantiles = { '0.025': 8, '0.1': 9, '0.25': 10.5, '0.5': 12, '0.75': 14, '0.9': 16, '0.975': 20 };
  const forecast = { totalQuantilesEstimateUsd: quantiles };

  it('alerts when the breach is as probable as the budget demands', () => {
    const crossing = evaluateForecast(BUDGET, spent(4n * USD), forecast, NOW_MS);
    expect(crossing).toMatchObject({
      kind: 'budget_forecast',
      severity: 'warning',
      thresholdPercent: 100,
      isLate: false,
    });
    const surer = createBudget({ name: 'all', limitPicoUsd: 10n * USD, window: 'month', forecastConfidence: 0.9 });
    expect(evaluateForecast(surer, spent(4n * USD), forecast, NOW_MS)).toBeUndefined();
  });

  it('alerts where the demanded quantile is the limit to the cent, and not a cent below', () => {
    const at = (estimateUsd: number) =>
      evaluateForecast(BUDGET, spent(4n * USD), { totalQuantilesEstimateUsd: { '0.25': estimateUsd } }, NOW_MS);
    expect(at(10)).toBeDefined();
    expect(at(9.99)).toBeUndefined();
  });

  it('is silent when switched off, when the limit is spent, when the period is over and without the quantile', () => {
    const off = createBudget({ name: 'all', limitPicoUsd: 10n * USD, window: 'month', forecastConfidence: null });
    expect(evaluateForecast(off, spent(0n), forecast, NOW_MS)).toBeUndefined();
    expect(evaluateForecast(BUDGET, spent(10n * USD), forecast, NOW_MS)).toBeUndefined();
    expect(evaluateForecast(BUDGET, spent(0n), forecast, PERIOD.endMs)).toBeUndefined();
    expect(evaluateForecast(BUDGET, spent(0n), { totalQuantilesEstimateUsd: {} }, NOW_MS)).toBeUndefined();
    expect(
      evaluateForecast(BUDGET, spent(0n), { totalQuantilesEstimateUsd: { '0.25': Number.NaN } }, NOW_MS),
    ).toBeUndefined();
  });

  it('has a key of its own, apart from the 100 percent threshold', () => {
    const threshold = evaluateBudget(BUDGET, spent(10n * USD), NOW_MS).at(-1);
    expect(evaluateForecast(BUDGET, spent(4n * USD), forecast, NOW_MS)?.key).not.toBe(threshold?.key);
  });
});
