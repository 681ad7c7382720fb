import { dayNumber } from './calendar.js';
import { ForecastError } from './error.js';

/** What a day cost. `null`, like a day that is absent, is unknown; 0 is a day without spend. */
export interface DailySpend {
  /** `YYYY-MM-DD`, in the calendar of the budget or report. */
  readonly date: string;
  /** USD ≥ 0, or `null` where it is not known. */
  readonly valueUsd: number | null;
}

/** A history without holes in its days; a day that is not known is NaN. */
export interface DailySeries {
  /** Day number of `values[0]`. */
  readonly firstDay: number;
  /** USD a day; NaN where unknown. */
  readonly values: Float64Array;
  /** Days whose value is known. */
  readonly knownDays: number;
}

/** Only so much history is looked at: profile, level and errors come from the last 400 days at most. */
const MAX_HISTORY_DAYS = 400;

/**
 * Lines a history up by day, in any order of input.
 *
 * @throws ForecastError `history_invalid` for a day that appears twice and for negative or non-finite spend.
 */
export function toDailySeries(history: readonly DailySpend[]): DailySeries {
  const byDay = new Map<number, number>();
  let lastDay = Number.NEGATIVE_INFINITY;
  let firstDay = Number.POSITIVE_INFINITY;
  for (const { date, valueUsd } of history) {
    const day = dayNumber(date);
    if (byDay.has(day)) throw new ForecastError('history_invalid', `history has ${date} twice; give each day once`);
    if (valueUsd !== null && !(valueUsd >= 0 && Number.isFinite(valueUsd))) {
      throw new ForecastError(
        'history_invalid',
        `history ${date}: value ${valueUsd} USD must be >= 0, or null when it is not known`,
      );
    }
    byDay.set(day, valueUsd ?? Number.NaN);
    lastDay = Math.max(lastDay, day);
    firstDay = Math.min(firstDay, day);
  }
  if (byDay.size === 0) return { firstDay: 0, values: new Float64Array(), knownDays: 0 };
  firstDay = Math.max(firstDay, lastDay - MAX_HISTORY_DAYS + 1);
  const values = new Float64Array(lastDay - firstDay + 1).fill(Number.NaN);
  let knownDays = 0;
  for (const [day, value] of byDay) {
    if (day < firstDay) continue;
    values[day - firstDay] = value;
    if (!Number.isNaN(value)) knownDays++;
  }
  return { firstDay, values, knownDays };
}
