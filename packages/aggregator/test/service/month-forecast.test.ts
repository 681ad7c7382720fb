import { picoUsd } from '@costel/pricing';
import { describe, expect, it } from 'vitest';
import { forecastCurrentMonth, type DayCost } from '../../src/service/month-forecast.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-22T12:00:00Z');

/** $10 on every weekday and $2 at weekends, from a start to today's noon. */
function weekdayCosts(from: string): DayCost[] {
  const days: DayCost[] = [];
  for (let startMs = Date.parse(from); startMs < NOW_MS; startMs += DAY_MS) {
    const weekend = [0, 6].includes(new Date(startMs).getUTCDay());
    days.push({ startMs, costPicoUsd: picoUsd((weekend ? 2n : 10n) * 1_000_000_000_000n) });
  }
  return days;
}

describe('the forecast of the current month', () => {
  it('follows the weekday profile and counts today only for what is left of it', () => {
    const outlook = forecastCurrentMonth(weekdayCosts('2026-06-01'), NOW_MS);
    // November 2026 has 21 weekdays and 9 weekend days; Sunday the 22nd is booked whole, and half of it is to come.
    expect(outlook.forecast.method).toBe('weekday_profile_level');
    expect(outlook.forecast.monthTotal.meanEstimateUsd).toBeGreaterThan(225);
    expect(outlook.forecast.monthTotal.meanEstimateUsd).toBeLessThan(232);
    expect(Number(outlook.spentPicoUsd) / 1e12).toBe(15 * 10 + 7 * 2);
    expect(Number(outlook.previousPicoUsd) / 1e12).toBe(22 * 10 + 9 * 2);
    expect(outlook.dates).toEqual(
      ['22', '23', '24', '25', '26', '27', '28', '29', '30'].map((day) => `2026-11-${day}`),
    );
    expect(outlook.backtest.n).toBeGreaterThan(3);
  });

  it('claims nothing without history', () => {
    const outlook = forecastCurrentMonth([], NOW_MS);
    expect(outlook.forecast.method).toBe('no_history');
    expect(outlook.previousPicoUsd).toBeUndefined();
    expect(outlook.backtest).toEqual({ wape: null, coverage80: null, n: 0 });
  });

  it('takes the first day as a day like the others, with a wide interval, and says so', () => {
    const first = { startMs: Date.parse('2026-11-22T00:00:00Z'), costPicoUsd: picoUsd(4_000_000_000_000n) };
    const outlook = forecastCurrentMonth([first], NOW_MS);
    // $4 spent, half of today and eight days to come.
    expect(outlook.forecast.monthTotal.meanEstimateUsd).toBeCloseTo(4 + 8.5 * 4, 0);
    const { '0.1': low, '0.9': high } = outlook.forecast.monthTotal.quantilesEstimateUsd;
    expect(high - low).toBeGreaterThan(10);
    expect(outlook.notes[0]).toContain('today is the first day with spend');
  });

  it('counts a day without calls between others as free, not as unknown', () => {
    const days = weekdayCosts('2026-11-09').filter((day) => new Date(day.startMs).getUTCDay() !== 3);
    const outlook = forecastCurrentMonth(days, NOW_MS);
    expect(outlook.forecast.notes.join(' ')).toContain('13 known days');
  });
});
