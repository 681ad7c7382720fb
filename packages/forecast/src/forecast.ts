import { dayNumber } from './calendar.js';
import { ForecastError } from './error.js';
import { expectedDayUsd, fitLevelModel, type LevelModel } from './level-model.js';
import { toDailySeries, type DailySeries, type DailySpend } from './series.js';
import { simulateQuantiles, type Quantiles } from './simulate.js';
import { sum } from './statistics.js';
import { driftDeviation, measureDayNoise, pastSumErrors } from './uncertainty.js';

/**
 * What a forecast rests on. `weekday_profile_level`: the series' own profile, level and past errors.
 * `short_history`: fewer than 28 known days, so the interval is mostly prior and wide. `previous_period`: fewer than 7,
 * so the previous month's mean carries the level. `no_history`: nothing known, zero with no claim. `zero`: every known
 * day was free.
 */
export type ForecastMethod = 'weekday_profile_level' | 'short_history' | 'previous_period' | 'no_history' | 'zero';

/** The month before, for months that have just begun with a series that has no history of its own. */
export interface PreviousPeriod {
  /** USD of the whole period. */
  readonly totalUsd: number;
  /** Its number of days, > 0. */
  readonly days: number;
}

/** How `fitForecast` works; all optional. */
export interface FitOptions {
  readonly previousPeriod?: PreviousPeriod;
  /** Seed of the simulation, a 32-bit integer. Default: 1. The same seed and history give the same forecast. */
  readonly seed?: number;
  /** Simulated paths, ≥ 50. Default: 400. */
  readonly pathCount?: number;
}

/** How far the level has moved: the last two weeks against the last eight. */
export type Trend = 'rising' | 'falling' | 'steady' | 'unknown';

/** Spend of single days and of the sum of the first of them; estimates in USD, so floats. */
export interface SpendForecast {
  readonly method: ForecastMethod;
  /** What a reader must know, e.g. how few days the forecast rests on; empty when there is nothing. */
  readonly notes: readonly string[];
  readonly trend: Trend;
  /** Expected USD of each date. */
  readonly meanEstimateUsd: readonly number[];
  /** Quantiles of each date. */
  readonly quantilesEstimateUsd: Quantiles<readonly number[]>;
  /** Expected USD and quantiles of the sum over the first `sumDays` dates. */
  readonly sum: { readonly meanEstimateUsd: number; readonly quantilesEstimateUsd: Quantiles<number> };
}

/** A fitted series; predicts as often as wanted. */
export interface FittedForecast {
  readonly method: ForecastMethod;
  /**
   * Forecasts `dates` (ascending, after the history); `sum` covers the first `sumDays` of them, the first of these only
   * to `firstDayShare` (0…1, default 1) where part of that day is already spent.
   *
   * @throws ForecastError `horizon_invalid` for dates that are not ascending or not after the history.
   */
  predict(horizon: Horizon): SpendForecast;
}

/** Which days to forecast. */
export interface Horizon {
  /** `YYYY-MM-DD`, ascending, after the last day of the history. At most 400. */
  readonly dates: readonly string[];
  /** How many of the first dates are summed; 0…dates. Default: all. */
  readonly sumDays?: number;
  /** Share of the first date that is still to come, 0…1. Default: 1. */
  readonly firstDayShare?: number;
}

const DEFAULT_SEED = 1;
const DEFAULT_PATH_COUNT = 400;
const MAX_HORIZON_DAYS = 400;
/** Below: no weekday has been seen four times, and the series has no past errors of its own. */
const SHORT_HISTORY_DAYS = 28;
/** Below: the previous period's mean counts as this many days of history. */
const PREVIOUS_PERIOD_DAYS = 7;
/** Levels that differ by more than this share are a trend. */
const TREND_SHARE = 0.1;

interface Fit {
  readonly series: DailySeries;
  readonly model: LevelModel;
  readonly method: ForecastMethod;
  readonly notes: readonly string[];
  readonly options: FitOptions;
}

function describeHistory(series: DailySeries, model: LevelModel, options: FitOptions): Pick<Fit, 'method' | 'notes'> {
  const { knownDays } = series;
  const days = knownDays === 1 ? '1 known day' : `${knownDays} known days`;
  const previous = options.previousPeriod;
  if (knownDays < PREVIOUS_PERIOD_DAYS && previous !== undefined && previous.totalUsd > 0) {
    return {
      method: 'previous_period',
      notes: [`rests on the previous period's mean and ${days}: the interval is wide`],
    };
  }
  if (knownDays === 0) return { method: 'no_history', notes: ['no day is known: nothing can be expected yet'] };
  if (model.recentLevelUsd === 0 && model.steadyLevelUsd === 0) {
    return { method: 'zero', notes: [`no spend in ${days}: zero is expected, a first spend cannot be foreseen`] };
  }
  if (knownDays < SHORT_HISTORY_DAYS) {
    return {
      method: 'short_history',
      notes: [`rests on ${days}, fewer than ${SHORT_HISTORY_DAYS}: the interval is wide`],
    };
  }
  return { method: 'weekday_profile_level', notes: [] };
}

/** Early in a series the previous period's mean stands in for the days that are not there yet. */
function blendPreviousPeriod(model: LevelModel, knownDays: number, previous: PreviousPeriod | undefined): LevelModel {
  if (previous === undefined || knownDays >= PREVIOUS_PERIOD_DAYS) return model;
  if (!(previous.days > 0) || !(previous.totalUsd >= 0) || !Number.isFinite(previous.totalUsd)) {
    throw new ForecastError(
      'option_invalid',
      `previousPeriod ${previous.totalUsd} USD in ${previous.days} days must be >= 0 USD in > 0 days`,
    );
  }
  const previousUsd = previous.totalUsd / previous.days;
  const ownShare = knownDays / PREVIOUS_PERIOD_DAYS;
  return {
    ...model,
    recentLevelUsd: ownShare * model.recentLevelUsd + (1 - ownShare) * previousUsd,
    steadyLevelUsd: ownShare * model.steadyLevelUsd + (1 - ownShare) * previousUsd,
  };
}

function trendOf({ model, method }: Fit): Trend {
  if (method !== 'weekday_profile_level' || !(model.steadyLevelUsd > 0)) return 'unknown';
  const change = model.recentLevelUsd / model.steadyLevelUsd - 1;
  return change > TREND_SHARE ? 'rising' : change < -TREND_SHARE ? 'falling' : 'steady';
}

function checkHorizon(horizon: Horizon, lastDay: number | undefined): readonly number[] {
  const days = horizon.dates.map(dayNumber);
  if (days.length > MAX_HORIZON_DAYS) {
    throw new ForecastError('horizon_invalid', `horizon of ${days.length} dates must be <= ${MAX_HORIZON_DAYS}`);
  }
  let before = lastDay ?? Number.NEGATIVE_INFINITY;
  for (const [index, day] of days.entries()) {
    if (day <= before) {
      throw new ForecastError(
        'horizon_invalid',
        `date ${horizon.dates[index]} must be after the history and the dates before it`,
      );
    }
    before = day;
  }
  const { sumDays = days.length, firstDayShare = 1 } = horizon;
  if (!Number.isInteger(sumDays) || sumDays < 0 || sumDays > days.length) {
    throw new ForecastError(
      'horizon_invalid',
      `sum of ${sumDays} days must be a whole number from 0 to the ${days.length} dates given`,
    );
  }
  if (!(firstDayShare >= 0 && firstDayShare <= 1)) {
    throw new ForecastError('horizon_invalid', `share ${firstDayShare} of the first day must be from 0 to 1`);
  }
  return days;
}

function predict(fit: Fit, horizon: Horizon): SpendForecast {
  const { series, model, options } = fit;
  const lastDay = series.values.length === 0 ? undefined : series.firstDay + series.values.length - 1;
  const days = checkHorizon(horizon, lastDay);
  const { sumDays = days.length, firstDayShare = 1 } = horizon;
  const meanEstimateUsd = days.map((day) => expectedDayUsd(model, day, day - ((lastDay ?? (days[0] ?? 0) - 1) + 1)));
  const inSumUsd = meanEstimateUsd
    .slice(0, sumDays)
    .map((dayUsd, index) => (index === 0 ? dayUsd * firstDayShare : dayUsd));
  const sumMeanUsd = sum(inSumUsd);
  const noise = measureDayNoise(series, model, series.values.length);
  const simulated = simulateQuantiles({
    expectedUsd: meanEstimateUsd,
    sumDays,
    firstDayShare,
    noise,
    driftDeviation: driftDeviation({
      noise,
      errors: sumDays > 0 ? pastSumErrors(series, series.values.length, sumDays) : [],
      knownDays: series.knownDays,
      shares: sumMeanUsd > 0 ? inSumUsd.map((dayUsd) => dayUsd / sumMeanUsd) : [],
    }),
    pathCount: options.pathCount ?? DEFAULT_PATH_COUNT,
    seed: options.seed ?? DEFAULT_SEED,
  });
  return {
    method: fit.method,
    notes: fit.notes,
    trend: trendOf(fit),
    meanEstimateUsd,
    quantilesEstimateUsd: simulated.daysUsd,
    sum: { meanEstimateUsd: sumMeanUsd, quantilesEstimateUsd: simulated.sumUsd },
  };
}

/**
 * Fits weekday profile × level to a history (any order, unknown days `null` or absent; it ends with its latest date).
 * Pure and deterministic.
 *
 * @throws ForecastError `date_invalid`, `history_invalid`, `option_invalid`.
 */
export function fitForecast(history: readonly DailySpend[], options: FitOptions = {}): FittedForecast {
  const { pathCount = DEFAULT_PATH_COUNT } = options;
  if (!Number.isInteger(pathCount) || pathCount < 50) {
    throw new ForecastError('option_invalid', `pathCount ${pathCount} must be a whole number >= 50`);
  }
  const series = toDailySeries(history);
  const model = blendPreviousPeriod(
    fitLevelModel(series, series.values.length),
    series.knownDays,
    options.previousPeriod,
  );
  const fit: Fit = { series, model, ...describeHistory(series, model, options), options };
  return { method: fit.method, predict: (horizon) => predict(fit, horizon) };
}
