import { formatDay } from './calendar.js';
import { fitForecast } from './forecast.js';
import { toDailySeries, type DailySeries, type DailySpend } from './series.js';

/** How a series was forecast in its own past. */
export interface Backtest {
  /** Sum of absolute errors of the period totals ÷ sum of the totals, as a share: 0.06 is 6 %; `null` without origins. */
  readonly wape: number | null;
  /** Share of totals inside the 80 % interval, as a share; `null` without origins. */
  readonly coverage80: number | null;
  /** How many past origins were forecast; they are a week apart, so their periods overlap. */
  readonly n: number;
}

/** What is repeated in the past. */
export interface BacktestOptions {
  /** Days that are forecast from each origin, ≥ 1. */
  readonly remainingDays: number;
  /** Known days before each origin that belong to the same period, as month to date does. Default: 0. */
  readonly elapsedDays?: number;
  /** Origins at most. Default: 12; each costs as much as a forecast. */
  readonly maxOrigins?: number;
}

const ORIGIN_STEP_DAYS = 7;
const MIN_DAYS_BEFORE_ORIGIN = 28;
const DEFAULT_MAX_ORIGINS = 12;
const PATH_COUNT = 200;

function sumBetween(series: DailySeries, startIndex: number, endIndex: number): number {
  let totalUsd = 0;
  for (let index = startIndex; index < endIndex; index++) totalUsd += series.values[index] ?? Number.NaN;
  return totalUsd;
}

function historyBefore(series: DailySeries, endIndex: number): readonly DailySpend[] {
  return Array.from(series.values.subarray(0, endIndex), (value, index) => ({
    date: formatDay(series.firstDay + index),
    valueUsd: Number.isNaN(value) ? null : value,
  }));
}

/**
 * Forecasts a series' own past as it would have been forecast then, a week apart, and compares: the error that is shown
 * next to each forecast. Periods with an unknown day are left out. About 18 ms with a year of history; cache it for a day.
 *
 * @throws ForecastError as `fitForecast` does.
 */
export function backtest(history: readonly DailySpend[], options: BacktestOptions): Backtest {
  const { remainingDays, elapsedDays = 0, maxOrigins = DEFAULT_MAX_ORIGINS } = options;
  const series = toDailySeries(history);
  let absoluteErrorUsd = 0;
  let actualSumUsd = 0;
  let covered = 0;
  let n = 0;
  for (let back = 0; back < maxOrigins; back++) {
    const origin = series.values.length - remainingDays - back * ORIGIN_STEP_DAYS;
    if (origin < Math.max(MIN_DAYS_BEFORE_ORIGIN, elapsedDays)) break;
    const elapsedUsd = sumBetween(series, origin - elapsedDays, origin);
    const actualUsd = elapsedUsd + sumBetween(series, origin, origin + remainingDays);
    if (Number.isNaN(actualUsd)) continue;
    const dates = Array.from({ length: remainingDays }, (_, step) => formatDay(series.firstDay + origin + step));
    const { sum } = fitForecast(historyBefore(series, origin), { pathCount: PATH_COUNT }).predict({ dates });
    absoluteErrorUsd += Math.abs(elapsedUsd + sum.meanEstimateUsd - actualUsd);
    actualSumUsd += actualUsd;
    const restUsd = actualUsd - elapsedUsd;
    // A hair of tolerance: sums of floats in another order differ in the last digit.
    const slackUsd = 1e-9 * actualUsd;
    if (sum.quantilesEstimateUsd['0.1'] <= restUsd + slackUsd && restUsd - slackUsd <= sum.quantilesEstimateUsd['0.9'])
      covered++;
    n++;
  }
  if (n === 0) return { wape: null, coverage80: null, n };
  const wape = actualSumUsd > 0 ? absoluteErrorUsd / actualSumUsd : absoluteErrorUsd === 0 ? 0 : null;
  return { wape, coverage80: covered / n, n };
}
