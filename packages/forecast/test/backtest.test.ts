import { describe, expect, it } from 'vitest';

import { backtest } from '../src/backtest.js';
import { historyOf, serviceDay } from './series-fixtures.js';

describe('backtest', () => {
  it('measures a small error and fair coverage on a regular service', () => {
    const results = [1, 2, 3, 4, 5].map((seed) =>
      backtest(historyOf(365, serviceDay(50, 0.25, seed)), { remainingDays: 20 }),
    );
    for (const { wape, n } of results) {
      expect(n).toBe(12);
      expect(wape).toBeLessThan(0.15);
    }
    const coverage = results.reduce((total, { coverage80 }) => total + (coverage80 ?? 0), 0) / results.length;
    expect(coverage).toBeGreaterThan(0.6);
  });

  it('relates the error to the whole period, of which part was known', () => {
    const history = historyOf(200, serviceDay(50, 0.5, 4));
    const rest = backtest(history, { remainingDays: 10 });
    const month = backtest(history, { remainingDays: 10, elapsedDays: 20 });
    expect(month.n).toBe(rest.n);
    expect(month.coverage80).toBe(rest.coverage80);
    expect(month.wape ?? 1).toBeLessThan((rest.wape ?? 0) / 2);
  });

  it('uses nothing later than its origins', () => {
    const calm = historyOf(120, serviceDay(50, 0.2, 6));
    const jump = calm.map((day, index) => (index >= 110 ? { ...day, valueUsd: 10_000 } : day));
    const before = backtest(calm, { remainingDays: 10, maxOrigins: 1 });
    const after = backtest(jump, { remainingDays: 10, maxOrigins: 1 });
    expect(before.wape).toBeLessThan(0.3);
    expect(after).toMatchObject({ coverage80: 0, n: 1 });
  });

  it('has no figures where the past is too short or unknown', () => {
    expect(
      backtest(
        historyOf(30, () => 1),
        { remainingDays: 10 },
      ),
    ).toEqual({ wape: null, coverage80: null, n: 0 });
    expect(backtest([], { remainingDays: 10 }).n).toBe(0);
    const gaps = historyOf(100, (index) => (index % 5 === 0 ? null : 1));
    expect(backtest(gaps, { remainingDays: 10 }).n).toBe(0);
  });

  it('leaves out a period with an unknown day and goes on with those before it', () => {
    const withGap = historyOf(100, (index) => (index === 95 ? null : 1));
    // Origins are days 90, 83, … 34: nine, of which the first holds the gap.
    expect(backtest(withGap, { remainingDays: 10 }).n).toBe(8);
  });

  it('finds no error in a series that never cost anything', () => {
    expect(
      backtest(
        historyOf(100, () => 0),
        { remainingDays: 10 },
      ),
    ).toMatchObject({ wape: 0, coverage80: 1 });
  });
});
