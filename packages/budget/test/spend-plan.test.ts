import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createBudget, type Budget } from '../src/budget.js';
import { assignSpend, planSpendQueries, type SpendQuery } from '../src/spend-plan.js';

const NOW_MS = Date.parse('2026-11-22T12:00Z');

function budget(name: string, more: Partial<Parameters<typeof createBudget>[0]> = {}): Budget {
  return createBudget({ name, limitPicoUsd: 1n, window: 'month', ...more });
}

function only(queries: readonly SpendQuery[]): SpendQuery {
  const [query] = queries;
  if (query === undefined || queries.length !== 1) throw new Error(`expected one query, got ${queries.length}`);
  return query;
}

describe('planSpendQueries', () => {
  it('asks once for ten thousand budgets of single users', () => {
    const budgets = Array.from({ length: 10_000 }, (_, index) =>
      budget(`b${index}`, { filters: { user: [`u${index}`] } }),
    );
    const query = only(planSpendQueries(budgets, NOW_MS));
    expect(query.dimensions).toEqual(['user']);
    expect(query.budgets).toHaveLength(10_000);
  });

  it('asks once for each set of dimensions and each period', () => {
    const queries = planSpendQueries(
      [
        budget('total'),
        budget('berlin', { timeZone: 'Europe/Berlin' }),
        budget('by feature', { groupBy: ['feature'] }),
        budget('search', { filters: { feature: ['search'] } }),
        budget('search by user', { filters: { feature: ['search'] }, groupBy: ['user'] }),
      ],
      NOW_MS,
    );
    expect(queries.map(({ dimensions, budgets }) => [dimensions.join('+'), budgets.length])).toEqual([
      ['', 1],
      ['', 1],
      ['feature', 2],
      ['feature+user', 1],
    ]);
  });

  it('asks once for the same dimensions, whichever of them filter and whichever group', () => {
    const query = only(
      planSpendQueries(
        [
          budget('users of search', { filters: { feature: ['search'] }, groupBy: ['user'] }),
          budget('features of ann', { filters: { user: ['ann'] }, groupBy: ['feature'] }),
        ],
        NOW_MS,
      ),
    );
    expect(query.dimensions).toEqual(['feature', 'user']);
  });

  it('asks for the period before too while late data is expected', () => {
    const soonAfter = planSpendQueries([budget('total')], Date.parse('2026-11-02T23:59Z'));
    expect(soonAfter.map(({ period }) => new Date(period.startMs).toISOString().slice(0, 7))).toEqual([
      '2026-11',
      '2026-10',
    ]);
    expect(planSpendQueries([budget('total')], Date.parse('2026-11-03T00:00Z'))).toHaveLength(1);
  });

  it('asks for each of the days that ended within 48 hours', () => {
    const starts = (at: string) =>
      planSpendQueries([budget('daily', { window: 'day' })], Date.parse(at)).map(({ period }) =>
        new Date(period.startMs).toISOString().slice(0, 10),
      );
    expect(starts('2026-11-22T23:59:59.999Z')).toEqual(['2026-11-22', '2026-11-21', '2026-11-20']);
    expect(starts('2026-11-22T00:00Z')).toEqual(['2026-11-22', '2026-11-21', '2026-11-20']);
  });
});

describe('assignSpend', () => {
  it('gives a budget without matching spend a zero, and a grouped one nothing', () => {
    const total = only(planSpendQueries([budget('total')], NOW_MS));
    expect(assignSpend(total, []).map(({ spend }) => spend.spentPicoUsd)).toEqual([0n]);
    const grouped = only(planSpendQueries([budget('grouped', { groupBy: ['feature'] })], NOW_MS));
    expect(assignSpend(grouped, [])).toEqual([]);
  });

  it('deals each row to the budgets it matches', () => {
    const budgets = [
      budget('both', { filters: { feature: ['search', 'chat'], user: ['ann'] } }),
      budget('search by user', { filters: { feature: ['search'] }, groupBy: ['user'] }),
    ];
    const query = only(planSpendQueries(budgets, NOW_MS));
    const rows = [
      { values: { feature: 'search', user: 'ann' }, spentPicoUsd: 1n },
      { values: { feature: 'chat', user: 'ann' }, spentPicoUsd: 10n },
      { values: { feature: 'search', user: 'bob' }, spentPicoUsd: 100n },
      { values: { feature: 'other', user: 'ann' }, spentPicoUsd: 1000n },
    ];
    expect(
      assignSpend(query, rows).map(({ budget: { name }, spend }) => [name, spend.scopeValue, spend.spentPicoUsd]),
    ).toEqual([
      ['both', {}, 11n],
      ['search by user', { user: 'ann' }, 1n],
      ['search by user', { user: 'bob' }, 100n],
    ]);
  });

  it('gives every budget what trying each row would give', () => {
    const value = fc.constantFrom('a', 'b', 'c');
    const rows = fc.array(
      fc.record({ values: fc.record({ feature: value, team: value }), spentPicoUsd: fc.bigInt(0n, 1000n) }),
      { maxLength: 20 },
    );
    const filters = fc.record({ feature: fc.array(value, { minLength: 1 }), team: fc.array(value, { minLength: 1 }) });
    fc.assert(
      fc.property(rows, fc.array(filters, { minLength: 1, maxLength: 5 }), (someRows, someFilters) => {
        const budgets = someFilters.map((filter, index) => budget(`b${index}`, { filters: filter }));
        const assigned = assignSpend(only(planSpendQueries(budgets, NOW_MS)), someRows);
        const expected = someFilters.map((filter) =>
          someRows
            .filter(({ values }) => filter.feature.includes(values.feature) && filter.team.includes(values.team))
            .reduce((total, row) => total + row.spentPicoUsd, 0n),
        );
        expect(assigned.map(({ spend }) => spend.spentPicoUsd)).toEqual(expected);
      }),
    );
  });

  it('deals 100,000 rows to 10,000 budgets without trying each pair', () => {
    const budgets = Array.from({ length: 10_000 }, (_, index) =>
      budget(`b${index}`, { filters: { user: [`u${index}`] } }),
    );
    const rows = Array.from({ length: 100_000 }, (_, index) => ({
      values: { user: `u${index % 20_000}` },
      spentPicoUsd: 1n,
    }));
    const assigned = assignSpend(only(planSpendQueries(budgets, NOW_MS)), rows);
    expect(assigned.every(({ spend }) => spend.spentPicoUsd === 5n)).toBe(true);
  });
});
