import { weekday } from './calendar.js';
import { expectedDayUsd, fitLevelModel, type LevelModel } from './level-model.js';
import type { DailySeries } from './series.js';

/** How single days scatter about the model: ratios of actual to expected with their weights; weighted mean about 1. */
export interface DayNoise {
  /** Actual ÷ expected of past days. */
  readonly ratios: Float64Array;
  /** Cumulative weights of `ratios`; the last is 1. */
  readonly cumulativeWeights: Float64Array;
  /** Relative variance of a single day. */
  readonly variance: number;
}

/** Past days that the scatter is taken from, and the half-life of their weight. */
const NOISE_DAYS = 112;
const NOISE_HALF_LIFE_DAYS = 56;
/** A short history has seen less scatter than there is: so many days of a coefficient of variation of 0.6 are added to it. */
const PRIOR_NOISE_DAYS = 2;
const PRIOR_NOISE_VARIANCE = 0.36;
/** Origins of the series' own backtest: a week apart, half a year back. */
const MAX_ORIGINS = 24;
const ORIGIN_STEP_DAYS = 7;
/** An origin needs four weeks before it, or it measures the model's ignorance and not the series. */
const MIN_DAYS_BEFORE_ORIGIN = 28;
/** Neighbouring origins share most of their days, so each counts half. */
const ORIGIN_WEIGHT = 0.5;
/** What a level does by itself within a month: 6 %, and more the burstier the days; believed like twelve origins. */
const PRIOR_DRIFT = 0.06;
const PRIOR_DRIFT_VARIANCE_PER_NOISE = 0.05;
const PRIOR_WEIGHT = 6;
/** The level is never known better than this. */
const MIN_DRIFT = 0.05;
/** With few days the level itself is a guess; see `levelIgnorance`. */
const IGNORANCE_AFTER_WEEK = 0.5;
/** One absurd month of the past must not make every interval useless: log ratios are cut at ± 1.5 (factor 4.5). */
const MAX_LOG_ERROR = 1.5;

/** Scatter of the days before `endIndex` about a model fitted to them. */
export function measureDayNoise(series: DailySeries, model: LevelModel, endIndex: number): DayNoise {
  const { values, firstDay } = series;
  const levelUsd = (model.recentLevelUsd + model.steadyLevelUsd) / 2;
  const ratios: number[] = [];
  const weights: number[] = [];
  let weightSum = 0;
  let weighted = 0;
  for (let index = Math.max(0, endIndex - NOISE_DAYS); index < endIndex; index++) {
    const value = values[index] ?? Number.NaN;
    const expectedUsd = levelUsd * (model.weekdayFactors[weekday(firstDay + index)] ?? 1);
    if (Number.isNaN(value) || !(expectedUsd > 0)) continue;
    const weight = 0.5 ** ((endIndex - 1 - index) / NOISE_HALF_LIFE_DAYS);
    ratios.push(value / expectedUsd);
    weights.push(weight);
    weighted += (weight * value) / expectedUsd;
    weightSum += weight;
  }
  if (!(weighted > 0)) {
    return { ratios: Float64Array.of(1), cumulativeWeights: Float64Array.of(1), variance: PRIOR_NOISE_VARIANCE };
  }
  const mean = weighted / weightSum;
  const cumulativeWeights = new Float64Array(ratios.length);
  let cumulative = 0;
  let variance = 0;
  for (const [index, weight] of weights.entries()) {
    cumulative += weight / weightSum;
    cumulativeWeights[index] = cumulative;
    variance += (weight / weightSum) * ((ratios[index] ?? 1) / mean - 1) ** 2;
  }
  // The level leaves bursts out, so past ratios average above 1. A calm series is centred on its level again; the more
  // a series bursts, the more of its bursts stay in the interval.
  const centre = mean ** (1 / (1 + variance));
  return { ratios: Float64Array.from(ratios, (ratio) => ratio / centre), cumulativeWeights, variance };
}

/**
 * Log ratios of actual to forecast sums over `horizonDays`, at origins a week apart before `endIndex`; windows with an
 * unknown day are left out. A tenth of the expected sum is added to both sides, so that a month without spend is a
 * large error and not an infinite one.
 */
export function pastSumErrors(series: DailySeries, endIndex: number, horizonDays: number): readonly number[] {
  const { values, firstDay } = series;
  const errors: number[] = [];
  for (let back = 0; back < MAX_ORIGINS; back++) {
    const origin = endIndex - horizonDays - back * ORIGIN_STEP_DAYS;
    if (origin < MIN_DAYS_BEFORE_ORIGIN) break;
    const model = fitLevelModel(series, origin);
    let expectedUsd = 0;
    let actualUsd = 0;
    for (let step = 0; step < horizonDays; step++) {
      expectedUsd += expectedDayUsd(model, firstDay + origin + step, step);
      actualUsd += values[origin + step] ?? Number.NaN;
    }
    if (Number.isNaN(actualUsd) || !(expectedUsd > 0)) continue;
    const logError = Math.log((actualUsd + 0.1 * expectedUsd) / (1.1 * expectedUsd));
    errors.push(Math.max(-MAX_LOG_ERROR, Math.min(MAX_LOG_ERROR, logError)));
  }
  return errors;
}

/** Relative standard deviation of a level known from `knownDays` days: 1 after one, 0.5 after 7, 0.16 after 28, 0.02 after 365. */
function levelIgnorance(knownDays: number): number {
  return IGNORANCE_AFTER_WEEK * Math.min(2, (7 / Math.max(1, knownDays)) ** 0.8);
}

/** What the spread of a sum is made of. */
export interface SumSpread {
  readonly noise: DayNoise;
  readonly errors: readonly number[];
  readonly knownDays: number;
  /** Each day's share of the expected sum; sums to 1. */
  readonly shares: readonly number[];
}

/**
 * Standard deviation of the logarithm of the level's drift over the horizon: the spread of the sum that the series' own
 * past errors show, less what the scatter of single days explains, with a prior that gives way as errors accumulate.
 */
export function driftDeviation(spread: SumSpread): number {
  const { noise, errors, knownDays, shares } = spread;
  const dayVariance =
    (noise.variance * knownDays + PRIOR_NOISE_VARIANCE * PRIOR_NOISE_DAYS) / (knownDays + PRIOR_NOISE_DAYS);
  const noiseVariance = Math.log1p(dayVariance * shares.reduce((total, share) => total + share * share, 0));
  const priorVariance = PRIOR_DRIFT ** 2 + PRIOR_DRIFT_VARIANCE_PER_NOISE * noise.variance + noiseVariance;
  const squares = errors.reduce((total, error) => total + error * error, 0);
  const variance =
    (PRIOR_WEIGHT * priorVariance + ORIGIN_WEIGHT * squares) / (PRIOR_WEIGHT + ORIGIN_WEIGHT * errors.length);
  return Math.sqrt(Math.max(variance - noiseVariance, MIN_DRIFT ** 2) + levelIgnorance(knownDays) ** 2);
}
