import { describe, expect, it } from 'vitest';

import { createBudget, type BudgetOptions } from '../src/budget.js';
import { BUDGET_ERROR_CODES, BudgetError } from '../src/error.js';

const SEARCH: BudgetOptions = { name: 'search', limitPicoUsd: 10_000_000_000_000n, window: 'month' };

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof BudgetError ? error.code : 'another error';
  }
}

describe('createBudget', () => {
  it('alerts at 50, 75, 90 and 100 percent in UTC unless told otherwise', () => {
    expect(createBudget(SEARCH)).toMatchObject({ id: 'search', timeZone: 'UTC', thresholdsPercent: [50, 75, 90, 100] });
  });

  it('gives equal definitions the same revision whatever the order of their parts', () => {
    const one = createBudget({ ...SEARCH, filters: { feature: ['b', 'a'], team: ['x'] }, groupBy: ['user', 'model'] });
    const other = createBudget({
      ...SEARCH,
      filters: { team: ['x'], feature: ['a', 'b', 'a'] },
      groupBy: ['model', 'user'],
    });
    expect(one.revision).toBe(other.revision);
  });

  it.each([
    ['the limit', { limitPicoUsd: 20_000_000_000_000n }],
    ['the window', { window: 'day' }],
    ['the time zone', { timeZone: 'Europe/Berlin' }],
    ['the filters', { filters: { feature: ['search'] } }],
    ['the grouping', { groupBy: ['user'] }],
  ] as const)('gives a new revision when %s is edited', (_what, edit) => {
    const edited = createBudget({ ...SEARCH, ...edit });
    expect(edited.id).toBe('search');
    expect(edited.revision).not.toBe(createBudget(SEARCH).revision);
  });

  it('keeps the revision when the name or the thresholds are edited', () => {
    const edited = createBudget({ ...SEARCH, id: 'search', name: 'Search', thresholdsPercent: [80, 100] });
    expect(edited.revision).toBe(createBudget(SEARCH).revision);
  });

  it.each([
    ['budget_name_invalid', { name: ' ' }],
    ['budget_limit_invalid', { limitPicoUsd: 0n }],
    ['budget_limit_invalid', { limitPicoUsd: -5n }],
    ['budget_time_zone_invalid', { timeZone: 'Europe/Berln' }],
    ['budget_time_zone_invalid', { timeZone: '+02:00' }],
    ['budget_threshold_invalid', { thresholdsPercent: [0] }],
    ['budget_threshold_invalid', { thresholdsPercent: [1000.5] }],
    ['budget_threshold_invalid', { thresholdsPercent: [33.333] }],
    ['budget_threshold_invalid', { thresholdsPercent: [Number.NaN] }],
    ['budget_scope_invalid', { filters: { colour: ['red'] } }],
    ['budget_scope_invalid', { filters: { feature: [] } }],
    ['budget_scope_invalid', { groupBy: ['tag.'] }],
  ] as const)('refuses with %s: %o', (code, edit) => {
    expect(codeOf(() => createBudget({ ...SEARCH, ...edit }))).toBe(code);
  });

  it('refuses what only untyped code can pass', () => {
    const untyped = JSON.parse('{"window": "year"}') as Partial<BudgetOptions>;
    expect(codeOf(() => createBudget({ ...SEARCH, ...untyped }))).toBe('budget_window_invalid');
    const confidence = JSON.parse('{"forecastConfidence": 0.6}') as Partial<BudgetOptions>;
    expect(codeOf(() => createBudget({ ...SEARCH, ...confidence }))).toBe('budget_confidence_invalid');
  });

  it('takes tags as dimensions and thresholds with two decimals', () => {
    const budget = createBudget({ ...SEARCH, groupBy: ['tag.cost-centre'], thresholdsPercent: [99.99, 0.01] });
    expect(budget.thresholdsPercent).toEqual([0.01, 99.99]);
  });

  it('lists its error codes once each', () => {
    expect(new Set(BUDGET_ERROR_CODES).size).toBe(BUDGET_ERROR_CODES.length);
  });
});
