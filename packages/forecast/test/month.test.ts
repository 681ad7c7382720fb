import { describe, expect, it } from 'vitest';

import { ForecastError } from '../src/error.js';
import { forecastMonth } from '../src/month.js';
import { QUANTILE_LEVELS } from '../src/simulate.js';
import { datesFrom, historyOf, serviceDay } from './series-fixtures.js';

describe('forecastMonth', () => {
  const input = {
    history: historyOf(84, serviceDay(10, 0.3, 2)),
    dates: datesFrom(84, 30),
    remainingDays: 9,
    spentUsd: 150,
  };

  it('adds what is spent to what the rest of the month is expected to cost', () => {
    const { sum, monthTotal, meanEstimateUsd } = forecastMonth(input);
    const restUsd = meanEstimateUsd.slice(0, 9).reduce((total, day) => total + day, 0);
    expect(sum.meanEstimateUsd).toBeCloseTo(restUsd, 9);
    expect(monthTotal.meanEstimateUsd).toBeCloseTo(150 + restUsd, 9);
    for (const level of QUANTILE_LEVELS) {
      expect(monthTotal.quantilesEstimateUsd[level]).toBe(150 + sum.quantilesEstimateUsd[level]);
      expect(monthTotal.quantilesEstimateUsd[level]).toBeGreaterThanOrEqual(150);
    }
  });

  it('is certain on the last day once it is over', () => {
    const { monthTotal } = forecastMonth({ ...input, remainingDays: 0 });
    expect(monthTotal.meanEstimateUsd).toBe(150);
    expect(monthTotal.quantilesEstimateUsd['0.025']).toBe(monthTotal.quantilesEstimateUsd['0.975']);
  });

  it('counts only what is still to come of today', () => {
    const whole = forecastMonth(input).monthTotal.meanEstimateUsd;
    const half = forecastMonth({ ...input, firstDayShare: 0.5 });
    expect(whole - half.monthTotal.meanEstimateUsd).toBeCloseTo((half.meanEstimateUsd[0] ?? 0) / 2, 9);
  });

  it('refuses spend that is none', () => {
    expect(() => forecastMonth({ ...input, spentUsd: -1 })).toThrow(ForecastError);
    expect(() => forecastMonth({ ...input, spentUsd: Number.NaN })).toThrow(ForecastError);
  });
});
