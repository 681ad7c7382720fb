import type { ListedPeriod, ListedTier } from './build-periods.js';

const DAY_MS = 86_400_000;
const SECONDS_PER_DAY = 86_400;

/** Days of the UTC on which a price that changes by the hour does not: all day it is what it is at midnight. */
export interface FlatDays {
  /** The first day on which weekends and holidays are such days, and the first on which nothing is known of them. */
  readonly fromMs: number;
  readonly toMs: number;
  /** First milliseconds of holidays, besides Saturdays and Sundays. */
  readonly holidays: ReadonlySet<number>;
}

/** A stretch of days, half-open, and whether its price is flat. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isFlat: boolean;
}

function isFlatDay(dayMs: number, { fromMs, toMs, holidays }: FlatDays): boolean {
  const weekday = new Date(dayMs).getUTCDay();
  return dayMs >= fromMs && dayMs < toMs && (weekday === 0 || weekday === 6 || holidays.has(dayMs));
}

/** A period cut where flat days begin and end, e.g. from a Friday to the next Monday: Friday, the weekend, Monday. */
function stretchesOf({ validFromMs, validToMs }: ListedPeriod, days: FlatDays): Stretch[] {
  const stretches: Stretch[] = [];
  let current = { fromMs: validFromMs, isFlat: isFlatDay(Math.floor(validFromMs / DAY_MS) * DAY_MS, days) };
  const first = Math.ceil(Math.max(validFromMs + 1, days.fromMs) / DAY_MS) * DAY_MS;
  for (let dayMs = first; dayMs < validToMs && dayMs <= days.toMs; dayMs += DAY_MS) {
    const isFlat = isFlatDay(dayMs, days);
    if (isFlat === current.isFlat) continue;
    stretches.push({ ...current, toMs: dayMs });
    current = { fromMs: dayMs, isFlat };
  }
  return [...stretches, { ...current, toMs: validToMs }];
}

function flatTiers(tiers: readonly ListedTier[]): readonly ListedTier[] {
  return tiers
    .filter((tier) => tier.fromSecondOfDay === 0)
    .map((tier) => ({ ...tier, toSecondOfDay: SECONDS_PER_DAY }));
}

/**
 * Periods cut at flat days; those without hours of their own, and all where `days` is undefined, as they are. Stretches of
 * one period share their tiers: a year of weekends is a hundred stretches.
 */
export function withFlatDays(periods: readonly ListedPeriod[], days: FlatDays | undefined): readonly ListedPeriod[] {
  if (days === undefined) return periods;
  return periods.flatMap((period) => {
    if (period.tiers.every((tier) => tier.toSecondOfDay - tier.fromSecondOfDay === SECONDS_PER_DAY)) return [period];
    const flat = flatTiers(period.tiers);
    return stretchesOf(period, days).map(({ fromMs, toMs, isFlat }) => ({
      ...period,
      validFromMs: fromMs,
      validToMs: toMs,
      tiers: isFlat ? flat : period.tiers,
    }));
  });
}
