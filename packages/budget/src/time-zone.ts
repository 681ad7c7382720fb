import { BudgetError } from './error.js';

/** A date on a calendar, without a time or a zone; month 1–12, day 1–31. */
export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const HOUR_MS = 3_600_000;
// Offsets reach from UTC−12 to UTC+14; one more hour on each side for a transition close to midnight.
const EARLIEST_MIDNIGHT_MS = -15 * HOUR_MS;
const LATEST_MIDNIGHT_MS = 13 * HOUR_MS;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Building a formatter costs about 50 µs, using one 2 µs; zone names come from configuration, so the map stays small. */
function formatterFor(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(timeZone, made);
  return made;
}

/**
 * Whether this runtime knows `timeZone` as an IANA name, e.g. `Europe/Berlin` or `UTC`.
 * Plain offsets such as `+02:00` are refused: they have no daylight saving time, which is rarely what is meant.
 */
export function isTimeZone(timeZone: string): boolean {
  if (!/^[A-Za-z]/.test(timeZone)) return false;
  try {
    formatterFor(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** The wall clock of `timeZone` at `atMs`, as if it were UTC, in ms; whole seconds. */
function wallClockMs(timeZone: string, atMs: number): number {
  let year = 0;
  let month = 1;
  let day = 1;
  let hour = 0;
  let minute = 0;
  let second = 0;
  for (const part of formatterFor(timeZone).formatToParts(atMs)) {
    if (part.type === 'year') year = Number(part.value);
    else if (part.type === 'month') month = Number(part.value);
    else if (part.type === 'day') day = Number(part.value);
    else if (part.type === 'hour') hour = Number(part.value);
    else if (part.type === 'minute') minute = Number(part.value);
    else if (part.type === 'second') second = Number(part.value);
  }
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * How far the wall clock of `timeZone` is ahead of UTC at `atMs` (ms since 1970), in ms:
 * Europe/Berlin in July is 7,200,000.
 */
export function zoneOffsetMs(timeZone: string, atMs: number): number {
  const wholeSecondMs = Math.floor(atMs / 1000) * 1000;
  return wallClockMs(timeZone, wholeSecondMs) - wholeSecondMs;
}

/** The date that a calendar in `timeZone` shows at `atMs` (ms since 1970). */
export function calendarDateAt(timeZone: string, atMs: number): CalendarDate {
  const wall = new Date(wallClockMs(timeZone, atMs));
  return { year: wall.getUTCFullYear(), month: wall.getUTCMonth() + 1, day: wall.getUTCDate() };
}

/** `date` moved by whole days; day may be out of range, e.g. 31 April + 0 is 1 May. */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  const moved = new Date(Date.UTC(date.year, date.month - 1, date.day + days));
  return { year: moved.getUTCFullYear(), month: moved.getUTCMonth() + 1, day: moved.getUTCDate() };
}

/** The first ms in `(fromMs, toMs]` that has the offset of `toMs`; the zone changes once between them. */
function transitionMs(timeZone: string, fromMs: number, toMs: number): number {
  const before = zoneOffsetMs(timeZone, fromMs);
  let lowSeconds = Math.floor(fromMs / 1000);
  let highSeconds = Math.ceil(toMs / 1000);
  while (highSeconds - lowSeconds > 1) {
    const middle = Math.floor((lowSeconds + highSeconds) / 2);
    if (zoneOffsetMs(timeZone, middle * 1000) === before) lowSeconds = middle;
    else highSeconds = middle;
  }
  return highSeconds * 1000;
}

/**
 * The first instant (ms since 1970) at which a clock in `timeZone` has reached 00:00 of `date`.
 *
 * Where the clock jumps over midnight it is the instant of the jump (Santiago springs from 24:00 to 01:00); where it
 * jumps over the whole day it is the start of the day after (Apia had no 30 December 2011); where midnight comes twice
 * it is the first (Havana falls back from 01:00 to 00:00).
 */
export function startOfDateMs(timeZone: string, date: CalendarDate): number {
  const midnightMs = Date.UTC(date.year, date.month - 1, date.day);
  if (!Number.isFinite(midnightMs)) {
    throw new BudgetError(
      'instant_out_of_range',
      `date ${date.year}-${date.month}-${date.day} is outside the range of dates`,
    );
  }
  const fromMs = midnightMs + EARLIEST_MIDNIGHT_MS;
  const toMs = midnightMs + LATEST_MIDNIGHT_MS;
  const offsetBeforeMs = zoneOffsetMs(timeZone, fromMs);
  const withOffsetBeforeMs = midnightMs - offsetBeforeMs;
  if (zoneOffsetMs(timeZone, withOffsetBeforeMs) === offsetBeforeMs) return withOffsetBeforeMs;
  const offsetAfterMs = zoneOffsetMs(timeZone, toMs);
  const withOffsetAfterMs = midnightMs - offsetAfterMs;
  if (zoneOffsetMs(timeZone, withOffsetAfterMs) === offsetAfterMs) return withOffsetAfterMs;
  return transitionMs(timeZone, fromMs, toMs);
}
