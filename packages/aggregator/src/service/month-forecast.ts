import { utcDay, utcMonth, type TimeRange } from '@costel/store';
import {
  backtest,
  forecastMonth,
  formatDay,
  dayNumber,
  type Backtest,
  type DailySpend,
  type MonthForecast,
} from '@costel/forecast';
import { picoUsd, type PicoUsd } from '@costel/pricing';

const DAY_MS = 86_400_000;

/** How much history a forecast looks at. */
export const HISTORY_DAYS = 400;

/** What one UTC day cost. */
export interface DayCost {
  readonly startMs: number;
  readonly costPicoUsd: PicoUsd;
}

/** The forecast of the current UTC month, with how such forecasts did in the past. */
export interface MonthOutlook {
  readonly period: TimeRange;
  readonly spentPicoUsd: PicoUsd;
  /** The whole month before; undefined where nothing is known of it. */
  readonly previousPicoUsd: PicoUsd | undefined;
  readonly forecast: MonthForecast;
  readonly backtest: Backtest;
  readonly dates: readonly string[];
  /** What a reader must know. */
  readonly notes: readonly string[];
}

/** Days from `fromMs` on that cost something or nothing: a day without calls after the first one cost 0. */
function fillDays(days: readonly DayCost[], endMs: number): DailySpend[] {
  const byStart = new Map(days.map((day) => [day.startMs, day.costPicoUsd]));
  const firstMs = Math.min(...days.map((day) => day.startMs));
  const filled: DailySpend[] = [];
  for (let startMs = firstMs; startMs < endMs; startMs += DAY_MS) {
    filled.push({
      date: new Date(startMs).toISOString().slice(0, 10),
      valueUsd: Number(byStart.get(startMs) ?? 0n) / 1e12,
    });
  }
  return filled;
}

function sumWithin(days: readonly DayCost[], range: TimeRange): PicoUsd {
  const within = days.filter((day) => day.startMs >= range.fromMs && day.startMs < range.toMs);
  return picoUsd(within.reduce((sum, day) => sum + day.costPicoUsd, 0n));
}

/** Before the first day is over, a day is taken to cost what it has cost so far: little to go by, and it says so. */
const FIRST_DAY_NOTE = 'today is the first day with spend; every day is taken to cost what today has cost so far';

function firstDayHistory(days: readonly DayCost[], today: TimeRange): DailySpend[] {
  const before = new Date(today.fromMs - DAY_MS).toISOString().slice(0, 10);
  return [{ date: before, valueUsd: Number(sumWithin(days, today)) / 1e12 }];
}

/**
 * Forecasts the current UTC month from daily costs (any order, days without calls absent, today included). At noon of
 * the 22nd of November it forecasts half of that day and the eight days after it.
 */
export function forecastCurrentMonth(days: readonly DayCost[], nowMs: number): MonthOutlook {
  const period = utcMonth(nowMs);
  const today = utcDay(nowMs);
  const previous = utcMonth(period.fromMs - 1);
  const complete = days.filter((day) => day.startMs < today.fromMs);
  const isFirstDay = complete.length === 0 && sumWithin(days, today) > 0n;
  const history = isFirstDay ? firstDayHistory(days, today) : fillDays(complete, today.fromMs);
  const remainingDays = Math.round((period.toMs - today.fromMs) / DAY_MS);
  const firstDay = dayNumber(new Date(today.fromMs).toISOString().slice(0, 10));
  const dates = Array.from({ length: remainingDays }, (_, index) => formatDay(firstDay + index));
  const spentPicoUsd = sumWithin(days, period);
  const knowsPrevious = days.some((day) => day.startMs < period.fromMs);
  const previousPicoUsd = knowsPrevious ? sumWithin(days, previous) : undefined;
  const forecast = forecastMonth({
    history,
    dates,
    remainingDays,
    spentUsd: Math.max(0, Number(spentPicoUsd) / 1e12),
    firstDayShare: (today.toMs - nowMs) / DAY_MS,
    ...(previousPicoUsd === undefined
      ? {}
      : {
          previousPeriod: {
            totalUsd: Number(previousPicoUsd) / 1e12,
            days: Math.round((previous.toMs - previous.fromMs) / DAY_MS),
          },
        }),
  });
  const elapsedDays = Math.round((today.fromMs - period.fromMs) / DAY_MS);
  return {
    period,
    spentPicoUsd,
    previousPicoUsd,
    forecast,
    dates,
    notes: isFirstDay ? [FIRST_DAY_NOTE, ...forecast.notes] : forecast.notes,
    backtest: backtest(history, { remainingDays, elapsedDays }),
  };
}
