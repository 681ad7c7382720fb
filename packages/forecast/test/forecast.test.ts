import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ForecastError } from '../src/error.js';
import { fitForecast } from '../src/forecast.js';
import { QUANTILE_LEVELS } from '../src/simulate.js';
import { datesFrom, historyOf, serviceDay } from './series-fixtures.js';

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof ForecastError ? error.code : 'another error';
  }
}

describe('fitForecast', () => {
  it('finds the weekday profile and the level of a regular service', () => {
    const service = serviceDay(100, 0, 1);
    const { meanEstimateUsd, sum, method, notes, trend } = fitForecast(historyOf(84, service)).predict({
      dates: datesFrom(84, 14),
    });
    expect(method).toBe('weekday_profile_level');
    expect(notes).toEqual([]);
    expect(trend).toBe('steady');
    for (const [index, estimate] of meanEstimateUsd.entries()) {
      const actual = service(84 + index);
      expect(Math.abs(estimate - actual)).toBeLessThan(12);
    }
    expect(sum.meanEstimateUsd).toBeGreaterThan(0.95 * (10 * 100 + 4 * 20));
    expect(sum.meanEstimateUsd).toBeLessThan(1.05 * (10 * 100 + 4 * 20));
  });

  it('sums the expected days, the first only to its share that is still to come', () => {
    const fitted = fitForecast(historyOf(84, serviceDay(100, 0.2, 1)));
    const dates = datesFrom(84, 10);
    const { meanEstimateUsd, sum } = fitted.predict({ dates, sumDays: 3, firstDayShare: 0.25 });
    const [first = 0, second = 0, third = 0] = meanEstimateUsd;
    expect(meanEstimateUsd).toHaveLength(10);
    expect(sum.meanEstimateUsd).toBeCloseTo(0.25 * first + second + third, 9);
    expect(fitted.predict({ dates, sumDays: 0 }).sum).toEqual({
      meanEstimateUsd: 0,
      quantilesEstimateUsd: Object.fromEntries(QUANTILE_LEVELS.map((level) => [level, 0])),
    });
  });

  it('gives the same forecast for the same history and seed, in any order of its days', () => {
    const history = historyOf(60, serviceDay(10, 0.5, 3));
    const horizon = { dates: datesFrom(60, 20) };
    const forecast = fitForecast(history).predict(horizon);
    expect(fitForecast([...history].reverse()).predict(horizon)).toEqual(forecast);
    expect(fitForecast(history, { seed: 2 }).predict(horizon).sum.quantilesEstimateUsd).not.toEqual(
      forecast.sum.quantilesEstimateUsd,
    );
  });

  it('keeps quantiles in order, finite and not negative, whatever the history', () => {
    const value = fc.option(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })), { nil: null });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 90 }), fc.integer({ min: 1, max: 31 }), (values, days) => {
        const history = historyOf(values.length, (index) => values[index] ?? null);
        const forecast = fitForecast(history).predict({ dates: datesFrom(values.length, days) });
        const sums = QUANTILE_LEVELS.map((level) => forecast.sum.quantilesEstimateUsd[level]);
        expect(sums.every((quantile) => Number.isFinite(quantile) && quantile >= 0)).toBe(true);
        expect([...sums].sort((left, right) => left - right)).toEqual(sums);
        expect(forecast.meanEstimateUsd.every((estimate) => Number.isFinite(estimate) && estimate >= 0)).toBe(true);
        for (let day = 0; day < days; day++) {
          const quantiles = QUANTILE_LEVELS.map((level) => forecast.quantilesEstimateUsd[level][day] ?? Number.NaN);
          expect([...quantiles].sort((left, right) => left - right)).toEqual(quantiles);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('scales with the currency', () => {
    const service = serviceDay(10, 0.4, 5);
    const horizon = { dates: datesFrom(70, 12) };
    const one = fitForecast(historyOf(70, service)).predict(horizon).sum;
    const again = serviceDay(10, 0.4, 5);
    const thousand = fitForecast(historyOf(70, (index) => 1000 * again(index))).predict(horizon).sum;
    expect(thousand.meanEstimateUsd / one.meanEstimateUsd).toBeCloseTo(1000, 6);
    expect(thousand.quantilesEstimateUsd['0.9'] / one.quantilesEstimateUsd['0.9']).toBeCloseTo(1000, 6);
  });

  it('takes an unknown day as unknown and not as free', () => {
    const service = serviceDay(100, 0, 1);
    const horizon = { dates: datesFrom(84, 28) };
    const whole = fitForecast(historyOf(84, service)).predict(horizon).sum.meanEstimateUsd;
    const isOutage = (index: number): boolean => index >= 70 && index < 80;
    const unknown = fitForecast(historyOf(84, (index) => (isOutage(index) ? null : service(index)))).predict(horizon);
    const absent = fitForecast(historyOf(84, service).filter((_, index) => !isOutage(index))).predict(horizon);
    const free = fitForecast(historyOf(84, (index) => (isOutage(index) ? 0 : service(index)))).predict(horizon);
    expect(Math.abs(unknown.sum.meanEstimateUsd / whole - 1)).toBeLessThan(0.03);
    expect(absent).toEqual(unknown);
    expect(free.sum.meanEstimateUsd).toBeLessThan(0.8 * whole);
  });

  it('does not take one burst for a new level, and keeps bursts in the interval of a series that has them', () => {
    const calm = historyOf(84, () => 10);
    const burst = historyOf(84, (index) => (index === 80 ? 1000 : 10));
    const bursts = historyOf(84, (index) => (index % 9 === 0 ? 200 : 10));
    const horizon = { dates: datesFrom(84, 20) };
    const calmSum = fitForecast(calm).predict(horizon).sum;
    const burstSum = fitForecast(burst).predict(horizon).sum;
    const burstsSum = fitForecast(bursts).predict(horizon).sum;
    expect(burstSum.meanEstimateUsd / calmSum.meanEstimateUsd).toBeLessThan(1.5);
    expect(burstsSum.quantilesEstimateUsd['0.975']).toBeGreaterThan(20 * 10 + 2 * 200);
  });

  it('follows a level that has moved and says so', () => {
    const rising = fitForecast(historyOf(84, (index) => (index < 70 ? 10 : 20))).predict({ dates: datesFrom(84, 7) });
    expect(rising.trend).toBe('rising');
    expect(rising.meanEstimateUsd[0]).toBeGreaterThan(14);
    const falling = fitForecast(historyOf(84, (index) => (index < 70 ? 20 : 10))).predict({ dates: datesFrom(84, 7) });
    expect(falling.trend).toBe('falling');
  });

  it('is narrower for a calm series than for a noisy one, and for a sum than for its days', () => {
    const horizon = { dates: datesFrom(140, 25) };
    const widths = [0.1, 0.6].map((noise) => {
      const { sum } = fitForecast(historyOf(140, serviceDay(50, noise, 9))).predict(horizon);
      return (sum.quantilesEstimateUsd['0.9'] - sum.quantilesEstimateUsd['0.1']) / sum.meanEstimateUsd;
    });
    expect(widths[0]).toBeLessThan(widths[1] ?? 0);
    const { sum, quantilesEstimateUsd } = fitForecast(historyOf(140, serviceDay(50, 0.6, 9))).predict(horizon);
    const daysWidth = quantilesEstimateUsd['0.9'].reduce(
      (total, high, day) => total + high - (quantilesEstimateUsd['0.1'][day] ?? 0),
      0,
    );
    expect(sum.quantilesEstimateUsd['0.9'] - sum.quantilesEstimateUsd['0.1']).toBeLessThan(0.6 * daysWidth);
  });
});

describe('a short history', () => {
  const horizon = { dates: datesFrom(28, 20) };

  it('is forecast wide, and says so', () => {
    const widths = [1, 3, 7, 14].map((days) => {
      const history = historyOf(28, (index) => (index >= 28 - days ? 10 : null));
      const { method, notes, sum, trend } = fitForecast(history).predict(horizon);
      expect(method).toBe('short_history');
      expect(notes.join()).toMatch(/known day/);
      expect(trend).toBe('unknown');
      return (sum.quantilesEstimateUsd['0.9'] - sum.quantilesEstimateUsd['0.1']) / sum.meanEstimateUsd;
    });
    expect(widths).toEqual([...widths].sort((left, right) => right - left));
    expect(widths[0]).toBeGreaterThan(1.5);
    expect(widths[3]).toBeGreaterThan(0.5);
  });

  it('rests on the previous period where there is one', () => {
    const previousPeriod = { totalUsd: 300, days: 30 };
    const none = fitForecast([], { previousPeriod }).predict(horizon);
    expect(none.method).toBe('previous_period');
    expect(none.sum.meanEstimateUsd).toBeCloseTo(200, 6);
    expect(none.sum.quantilesEstimateUsd['0.9']).toBeGreaterThan(350);
    const one = fitForecast(
      historyOf(1, () => 80),
      { previousPeriod },
    ).predict(horizon);
    expect(one.meanEstimateUsd[0]).toBeCloseTo(10 + 70 / 7, 6);
  });

  it('leans on the previous period for less than a week, and is short for less than four', () => {
    const methodAfter = (days: number) =>
      fitForecast(
        historyOf(days, () => 10),
        { previousPeriod: { totalUsd: 300, days: 30 } },
      ).method;
    expect([6, 7, 27, 28].map(methodAfter)).toEqual([
      'previous_period',
      'short_history',
      'short_history',
      'weekday_profile_level',
    ]);
  });

  it('gives zero and says that nothing is known, where nothing is', () => {
    const nothing = fitForecast([]).predict(horizon);
    expect(nothing.method).toBe('no_history');
    expect(nothing.notes).toHaveLength(1);
    expect(nothing.sum.meanEstimateUsd).toBe(0);
    expect(fitForecast(historyOf(10, () => null)).predict(horizon).method).toBe('no_history');
  });

  it('gives zero for a series that never cost anything', () => {
    const zero = fitForecast(historyOf(90, () => 0)).predict({ dates: datesFrom(90, 5) });
    expect(zero.method).toBe('zero');
    expect(zero.sum.quantilesEstimateUsd['0.975']).toBe(0);
  });
});

describe('bad input', () => {
  const history = historyOf(30, () => 1);

  it.each([
    ['date_invalid', () => fitForecast([{ date: '2026-02-30', valueUsd: 1 }])],
    ['date_invalid', () => fitForecast([{ date: '22.11.2026', valueUsd: 1 }])],
    ['history_invalid', () => fitForecast([...history, ...history])],
    ['history_invalid', () => fitForecast([{ date: '2026-01-01', valueUsd: -1 }])],
    ['history_invalid', () => fitForecast([{ date: '2026-01-01', valueUsd: Number.NaN }])],
    ['history_invalid', () => fitForecast([{ date: '2026-01-01', valueUsd: Number.POSITIVE_INFINITY }])],
    ['horizon_invalid', () => fitForecast(history).predict({ dates: datesFrom(29, 1) })],
    ['horizon_invalid', () => fitForecast(history).predict({ dates: [...datesFrom(31, 1), ...datesFrom(30, 1)] })],
    ['horizon_invalid', () => fitForecast(history).predict({ dates: datesFrom(30, 401) })],
    ['horizon_invalid', () => fitForecast(history).predict({ dates: [...datesFrom(30, 1), ...datesFrom(30, 1)] })],
    ['horizon_invalid', () => fitForecast(history).predict({ dates: datesFrom(30, 2), sumDays: 3 })],
    ['horizon_invalid', () => fitForecast(history).predict({ dates: datesFrom(30, 2), firstDayShare: 1.1 })],
    ['option_invalid', () => fitForecast(history, { pathCount: 10 })],
    ['option_invalid', () => fitForecast([], { previousPeriod: { totalUsd: Number.NaN, days: 30 } })],
    ['option_invalid', () => fitForecast([], { previousPeriod: { totalUsd: 1, days: 0 } })],
  ] as const)('is refused with %s', (code, run) => {
    expect(codeOf(run)).toBe(code);
  });

  it('ends at 400 days and not before', () => {
    const { meanEstimateUsd } = fitForecast(history, { pathCount: 50 }).predict({ dates: datesFrom(30, 400) });
    expect(meanEstimateUsd).toHaveLength(400);
  });

  it('skips days that are missing between history and horizon', () => {
    const { meanEstimateUsd } = fitForecast(history).predict({ dates: datesFrom(40, 3) });
    expect(meanEstimateUsd).toHaveLength(3);
  });
});
