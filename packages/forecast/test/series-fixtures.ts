import { formatDay, weekday } from '../src/calendar.js';
import type { DailySpend } from '../src/series.js';
import { createRandom, normalQuantile } from '../src/statistics.js';

/** 2026-01-05, a Monday. */
export const FIRST_DAY = 20_458;

/** The dates of `count` days from the `start`-th day after `FIRST_DAY`. */
export function datesFrom(start: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => formatDay(FIRST_DAY + start + index));
}

/** A history of `count` days from a function of the day's number from 0. */
export function historyOf(count: number, valueUsd: (index: number) => number | null): DailySpend[] {
  return datesFrom(0, count).map((date, index) => ({ date, valueUsd: valueUsd(index) }));
}

/** A service: weekdays at `levelUsd`, weekends at a fifth of it, each day off by a normal share of `noise`. */
export function serviceDay(levelUsd: number, noise: number, seed: number): (index: number) => number {
  const random = createRandom(seed);
  return (index) => {
    const isWeekend = [0, 6].includes(weekday(FIRST_DAY + index));
    const scatter = 1 + noise * normalQuantile(Math.min(0.999, Math.max(0.001, random())));
    return Math.max(0, levelUsd * (isWeekend ? 0.2 : 1) * scatter);
  };
}
