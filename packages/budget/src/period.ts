import type { Budget } from './budget.js';
import { BudgetError } from './error.js';
import { addDays, calendarDateAt, startOfDateMs, type CalendarDate } from './time-zone.js';

/** A half-open interval `[startMs, endMs)` of instants, ms since 1970. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

/** The part of a budget that its calendar needs. */
export type BudgetCalendar = Pick<Budget, 'window' | 'timeZone'>;

// Beyond these a Date with a day's room on both sides no longer exists.
const MAX_INSTANT_MS = 8.64e15 - 400 * 86_400_000;

function firstDateOfPeriod(window: BudgetCalendar['window'], date: CalendarDate): CalendarDate {
  if (window === 'day') return date;
  if (window === 'month') return { ...date, day: 1 };
  const daysSinceMonday = (new Date(Date.UTC(date.year, date.month - 1, date.day)).getUTCDay() + 6) % 7;
  return addDays(date, -daysSinceMonday);
}

function firstDateOfNextPeriod(window: BudgetCalendar['window'], first: CalendarDate): CalendarDate {
  if (window === 'day') return addDays(first, 1);
  if (window === 'week') return addDays(first, 7);
  return first.month === 12
    ? { year: first.year + 1, month: 1, day: 1 }
    : { year: first.year, month: first.month + 1, day: 1 };
}

/**
 * The budget's calendar period that contains `atMs` (ms since 1970): `startMs <= atMs < endMs`. Periods of one budget
 * touch and never overlap. A day in Europe/Berlin has 23 hours on 2026-03-29: `[2026-03-28T23:00Z, 2026-03-29T22:00Z)`.
 *
 * @throws BudgetError `instant_out_of_range` beyond the range of dates.
 */
export function periodAt(budget: BudgetCalendar, atMs: number): Period {
  if (!Number.isFinite(atMs) || Math.abs(atMs) > MAX_INSTANT_MS) {
    throw new BudgetError('instant_out_of_range', `instant ${atMs} must be within ± ${MAX_INSTANT_MS} ms of 1970`);
  }
  const { timeZone, window } = budget;
  let first = firstDateOfPeriod(window, calendarDateAt(timeZone, atMs));
  let startMs = startOfDateMs(timeZone, first);
  for (;;) {
    const next = firstDateOfNextPeriod(window, first);
    const endMs = startOfDateMs(timeZone, next);
    // Past midnight the clock may fall back into the day before (St John's did, from 00:01): the new day has begun all the same.
    if (atMs < endMs) return { startMs, endMs };
    first = next;
    startMs = endMs;
  }
}

/** The period that ends where `period` begins. */
export function periodBefore(budget: BudgetCalendar, period: Period): Period {
  return periodAt(budget, period.startMs - 1);
}
