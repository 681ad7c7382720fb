import { weekday } from './calendar.js';
import type { DailySeries } from './series.js';
import { quantileOfSorted, sum } from './statistics.js';

/** Weekday profile × level: what a series looks like up to one day. */
export interface LevelModel {
  /** Factor of each weekday, 0 Sunday … 6 Saturday; mean 1. */
  readonly weekdayFactors: readonly number[];
  /** USD a day, weighted towards the last two weeks. */
  readonly recentLevelUsd: number;
  /** USD a day, mean of the last eight weeks. */
  readonly steadyLevelUsd: number;
}

/** Days that the profile is learned from: 16 of each weekday. */
const PROFILE_DAYS = 112;
/** A weekday starts as average, worth so many days: 0.5 + 2 × noise, at most 2. One odd Monday is not a profile. */
const MIN_PROFILE_SHRINKAGE_DAYS = 0.5;
const MAX_PROFILE_SHRINKAGE_DAYS = 2;
const SHRINKAGE_DAYS_PER_NOISE = 2;
/** Noise variance that each weekday brings along: a single week shows none of its own. */
const PRIOR_WEEKDAY_VARIANCE = 0.25;
/** No day counts for more than this quantile of all: with one odd Monday in sixteen weeks, Mondays are not dear. */
const PROFILE_BURST_QUANTILE = 0.975;
/** Days of the steady level, and days that decide what a burst is. */
const STEADY_DAYS = 56;
/** Adjusted values above this quantile count as much as the quantile: a burst is not a new level. */
const BURST_QUANTILE = 0.95;
/** Half-life of a day's weight in the recent level. */
const RECENT_HALF_LIFE_DAYS = 14;
/** Weight of the recent level `i` days ahead: 0.05 + 0.75 · 0.985^i. */
const RECENT_WEIGHT_BASE = 0.05;
const RECENT_WEIGHT = 0.75;
const RECENT_WEIGHT_DECAY = 0.985;

function fitWeekdayFactors(series: DailySeries, endIndex: number): readonly number[] {
  const { values, firstDay } = series;
  const sums = [0, 0, 0, 0, 0, 0, 0];
  const counts = [0, 0, 0, 0, 0, 0, 0];
  const startIndex = Math.max(0, endIndex - PROFILE_DAYS);
  const known = values.slice(startIndex, endIndex).filter((value) => !Number.isNaN(value));
  const capUsd = quantileOfSorted(known.sort(), PROFILE_BURST_QUANTILE);
  for (let index = startIndex; index < endIndex; index++) {
    const value = Math.min(values[index] ?? Number.NaN, capUsd);
    if (Number.isNaN(value)) continue;
    const day = weekday(firstDay + index);
    sums[day] = (sums[day] ?? 0) + value;
    counts[day] = (counts[day] ?? 0) + 1;
  }
  const count = sum(counts);
  const mean = sum(sums) / count;
  if (!(mean > 0)) return [1, 1, 1, 1, 1, 1, 1];
  const means = sums.map((daySum, day) => daySum / mean / Math.max(1, counts[day] ?? 0));
  let squares = 7 * PRIOR_WEEKDAY_VARIANCE;
  for (let index = startIndex; index < endIndex; index++) {
    const value = Math.min(values[index] ?? Number.NaN, capUsd);
    if (!Number.isNaN(value)) squares += (value / mean - (means[weekday(firstDay + index)] ?? 1)) ** 2;
  }
  const shrinkageDays = Math.min(
    MAX_PROFILE_SHRINKAGE_DAYS,
    MIN_PROFILE_SHRINKAGE_DAYS + SHRINKAGE_DAYS_PER_NOISE * Math.sqrt(squares / count),
  );
  const factors = sums.map((daySum, day) => (daySum / mean + shrinkageDays) / ((counts[day] ?? 0) + shrinkageDays));
  const meanFactor = sum(factors) / 7;
  return factors.map((factor) => factor / meanFactor);
}

/** Fits profile and level to the days before `endIndex` of a series; levels are 0 where no day is known. */
export function fitLevelModel(series: DailySeries, endIndex: number): LevelModel {
  const { values, firstDay } = series;
  const weekdayFactors = fitWeekdayFactors(series, endIndex);
  const days: { adjustedUsd: number; factor: number; ageDays: number }[] = [];
  for (let index = Math.max(0, endIndex - PROFILE_DAYS); index < endIndex; index++) {
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const factor = weekdayFactors[weekday(firstDay + index)] ?? 1;
    days.push({ adjustedUsd: value / factor, factor, ageDays: endIndex - 1 - index });
  }
  const near = days.filter(({ ageDays }) => ageDays < STEADY_DAYS);
  const steady = near.length === 0 ? days : near;
  const capUsd = quantileOfSorted(Float64Array.from(steady, ({ adjustedUsd }) => adjustedUsd).sort(), BURST_QUANTILE);
  const levelOf = (some: typeof days, weightOf: (ageDays: number) => number): number => {
    // Spend ÷ factors, not the mean of the ratios: a profile that is a little off must not move the sum of a week.
    let spendUsd = 0;
    let factors = 0;
    for (const { adjustedUsd, factor, ageDays } of some) {
      const weight = weightOf(ageDays) * factor;
      spendUsd += weight * Math.min(adjustedUsd, capUsd);
      factors += weight;
    }
    return factors > 0 ? spendUsd / factors : 0;
  };
  return {
    weekdayFactors,
    recentLevelUsd: levelOf(days, (ageDays) => 0.5 ** (ageDays / RECENT_HALF_LIFE_DAYS)),
    steadyLevelUsd: levelOf(steady, () => 1),
  };
}

/** Expected USD of the day `stepsAhead` (0: the first day after the fit), whose day number is `day`. */
export function expectedDayUsd(model: LevelModel, day: number, stepsAhead: number): number {
  const recentWeight = RECENT_WEIGHT_BASE + RECENT_WEIGHT * RECENT_WEIGHT_DECAY ** stepsAhead;
  const levelUsd = recentWeight * model.recentLevelUsd + (1 - recentWeight) * model.steadyLevelUsd;
  return levelUsd * (model.weekdayFactors[weekday(day)] ?? 1);
}
