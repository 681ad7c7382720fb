import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BudgetError } from '../src/error.js';
import { periodAt, periodBefore, type BudgetCalendar } from '../src/period.js';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2008, 0, 1);
const TO_MS = Date.UTC(2028, 0, 1);
const WINDOWS = ['day', 'week', 'month'] as const;
const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone')];

/** The oracle knows nothing of offsets: it reads the date that a clock in the zone shows, and walks until it changes. */
class Oracle {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  }

  dateAt(ms: number): string {
    return this.#format.format(ms);
  }

  /** First minute at which the clock shows `date` or later. */
  startOf(date: string): number {
    const utcMidnightMs = Date.parse(`${date}T00:00:00Z`);
    let ms = utcMidnightMs - 16 * 3_600_000;
    while (this.dateAt(ms) < date) ms += QUARTER_MS;
    let minuteMs = ms - QUARTER_MS;
    while (this.dateAt(minuteMs) < date) minuteMs += MINUTE_MS;
    return minuteMs;
  }

  periodAt(window: BudgetCalendar['window'], ms: number): { startMs: number; endMs: number } {
    let [first, next] = this.#bounds(window, this.dateAt(ms));
    let endMs = this.startOf(next);
    // The clock may show yesterday again just after midnight; the new day has begun.
    while (endMs <= ms) {
      [first, next] = this.#bounds(window, next);
      endMs = this.startOf(next);
    }
    return { startMs: this.startOf(first), endMs };
  }

  #bounds(window: BudgetCalendar['window'], date: string): [string, string] {
    const day = new Date(`${date}T12:00:00Z`);
    const shifted = (days: number): string => new Date(day.getTime() + days * DAY_MS).toISOString().slice(0, 10);
    if (window === 'day') return [date, shifted(1)];
    if (window === 'week') {
      const sinceMonday = (day.getUTCDay() + 6) % 7;
      return [shifted(-sinceMonday), shifted(7 - sinceMonday)];
    }
    const nextMonth = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1)).toISOString().slice(0, 10);
    return [`${date.slice(0, 8)}01`, nextMonth];
  }
}

/** Instants in 20 years at which the zone's clock is moved, to the minute. */
function transitionsOf(timeZone: string): number[] {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset', year: 'numeric' });
  const offsetAt = (ms: number): string => clock.format(ms).replace(/^.*GMT/, '');
  const found: number[] = [];
  const stepMs = 20 * DAY_MS;
  let before = offsetAt(FROM_MS);
  for (let ms = FROM_MS + stepMs; ms < TO_MS; ms += stepMs) {
    const after = offsetAt(ms);
    if (after !== before) {
      let low = ms - stepMs;
      let high = ms;
      while (high - low > MINUTE_MS) {
        const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
        if (offsetAt(middle) === before) low = middle;
        else high = middle;
      }
      found.push(high);
    }
    before = after;
  }
  return found;
}

function iso({ startMs, endMs }: { startMs: number; endMs: number }): [string, string] {
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
}

describe('periodAt', () => {
  it.each([
    [
      'a day in Berlin that loses an hour',
      'Europe/Berlin',
      'day',
      '2026-03-29T12:00Z',
      '2026-03-28T23:00Z',
      '2026-03-29T22:00Z',
    ],
    [
      'a day in Berlin that gains an hour',
      'Europe/Berlin',
      'day',
      '2026-10-25T12:00Z',
      '2026-10-24T22:00Z',
      '2026-10-25T23:00Z',
    ],
    [
      'a day in Santiago that begins at 01:00',
      'America/Santiago',
      'day',
      '2026-09-06T12:00Z',
      '2026-09-06T04:00Z',
      '2026-09-07T03:00Z',
    ],
    [
      'a day on Lord Howe that loses 30 minutes',
      'Australia/Lord_Howe',
      'day',
      '2026-10-04T01:00Z',
      '2026-10-03T13:30Z',
      '2026-10-04T13:00Z',
    ],
    [
      'a day on Lord Howe that gains 30 minutes',
      'Australia/Lord_Howe',
      'day',
      '2026-04-05T01:00Z',
      '2026-04-04T13:00Z',
      '2026-04-05T13:30Z',
    ],
    ['a day at UTC+5:45', 'Asia/Kathmandu', 'day', '2026-11-22T12:00Z', '2026-11-21T18:15Z', '2026-11-22T18:15Z'],
    [
      'the day before the date that Apia skipped',
      'Pacific/Apia',
      'day',
      '2011-12-30T09:59Z',
      '2011-12-29T10:00Z',
      '2011-12-30T10:00Z',
    ],
    [
      'the day after the date that Apia skipped',
      'Pacific/Apia',
      'day',
      '2011-12-30T10:00Z',
      '2011-12-30T10:00Z',
      '2011-12-31T10:00Z',
    ],
    [
      'a midnight that comes twice',
      'America/Havana',
      'day',
      '2026-11-01T05:30Z',
      '2026-11-01T04:00Z',
      '2026-11-02T05:00Z',
    ],
    [
      'a midnight that is followed by yesterday',
      'America/St_Johns',
      'day',
      '2010-11-07T03:00Z',
      '2010-11-07T02:30Z',
      '2010-11-08T03:30Z',
    ],
    ['a week that begins on Monday', 'UTC', 'week', '2026-11-22T23:59Z', '2026-11-16T00:00Z', '2026-11-23T00:00Z'],
    ['February of a leap year', 'UTC', 'month', '2028-02-29T23:59Z', '2028-02-01T00:00Z', '2028-03-01T00:00Z'],
    ['December', 'America/New_York', 'month', '2027-01-01T04:59Z', '2026-12-01T05:00Z', '2027-01-01T05:00Z'],
  ] as const)('gives %s', (_name, timeZone, window, at, start, end) => {
    const expected = iso({ startMs: Date.parse(start), endMs: Date.parse(end) });
    expect(iso(periodAt({ window, timeZone }, Date.parse(at)))).toEqual(expected);
  });

  it('agrees with an oracle at every clock change of every zone in 20 years', () => {
    let checked = 0;
    for (const timeZone of ZONES) {
      const oracle = new Oracle(timeZone);
      const transitions = transitionsOf(timeZone);
      for (const [index, transitionMs] of transitions.entries()) {
        // Both sides of the change, in turn, halves the time.
        const atMs = index % 2 === 0 ? transitionMs : transitionMs - 1;
        expect(
          iso(periodAt({ window: 'day', timeZone }, atMs)),
          `${timeZone} at ${new Date(atMs).toISOString()}`,
        ).toEqual(iso(oracle.periodAt('day', atMs)));
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(3000);
  });

  it('agrees with an oracle at random instants of 20 years in every zone and window', () => {
    for (const timeZone of ZONES) {
      const oracle = new Oracle(timeZone);
      fc.assert(
        fc.property(fc.integer({ min: FROM_MS, max: TO_MS }), fc.constantFrom(...WINDOWS), (atMs, window) => {
          expect(iso(periodAt({ window, timeZone }, atMs))).toEqual(iso(oracle.periodAt(window, atMs)));
        }),
        { numRuns: 4, seed: 20 },
      );
    }
  });

  it('cuts time into periods that touch, contain their instants and have edges on quarter hours', () => {
    const arbitrary = fc.record({
      timeZone: fc.constantFrom(...ZONES),
      window: fc.constantFrom(...WINDOWS),
      atMs: fc.integer({ min: FROM_MS, max: TO_MS }),
    });
    fc.assert(
      fc.property(arbitrary, ({ timeZone, window, atMs }) => {
        const budget = { timeZone, window };
        const period = periodAt(budget, atMs);
        expect(period.startMs).toBeLessThanOrEqual(atMs);
        expect(period.endMs).toBeGreaterThan(atMs);
        expect(periodAt(budget, period.startMs)).toEqual(period);
        expect(periodAt(budget, period.endMs - 1)).toEqual(period);
        expect(periodAt(budget, period.endMs).startMs).toBe(period.endMs);
        expect(periodBefore(budget, period).endMs).toBe(period.startMs);
        expect(period.startMs % QUARTER_MS).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses an instant that is none', () => {
    for (const atMs of [Number.NaN, Number.POSITIVE_INFINITY, 9e15, 8.64e15, -8.64e15]) {
      expect(() => periodAt({ window: 'day', timeZone: 'UTC' }, atMs)).toThrow(BudgetError);
    }
    expect(() => periodAt({ window: 'month', timeZone: 'UTC' }, 8.64e15)).toThrow('instant 8640000000000000 must be');
  });
});
