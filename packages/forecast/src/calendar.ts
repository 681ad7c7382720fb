import { ForecastError } from './error.js';

const DAY_MS = 86_400_000;

/**
 * The number of a calendar date, days since 1970-01-01: `2026-11-22` is 20,779.
 *
 * @throws ForecastError `date_invalid` unless `date` is an existing day written `YYYY-MM-DD`.
 */
export function dayNumber(date: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  const ms = match === null ? Number.NaN : Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  if (Number.isNaN(ms) || formatDay(ms / DAY_MS) !== date) {
    throw new ForecastError(
      'date_invalid',
      `date "${date}" must be an existing day written YYYY-MM-DD, e.g. 2026-11-22`,
    );
  }
  return ms / DAY_MS;
}

/** The date `YYYY-MM-DD` of a day number. */
export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Day of the week of a day number: 0 Sunday … 6 Saturday. */
export function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}
