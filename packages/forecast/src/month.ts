import { ForecastError } from './error.js';
import { fitForecast, type FitOptions, type Horizon, type SpendForecast } from './forecast.js';
import type { DailySpend } from './series.js';
import { mapQuantiles, type Quantiles } from './simulate.js';

/** What a month-end forecast is made from. */
export interface MonthInput extends FitOptions {
  /** Days that are over, at best a year of them; the current day is not among them. */
  readonly history: readonly DailySpend[];
  /** The days to forecast: the rest of the month first, more if wanted. */
  readonly dates: readonly string[];
  /** How many of the first `dates` belong to the month. */
  readonly remainingDays: number;
  /** USD spent in the month so far, what is spent today included. */
  readonly spentUsd: number;
  /** Share of the first date that is still to come, 0…1; 0.5 at noon when `dates` begin today. Default: 1. */
  readonly firstDayShare?: number;
}

/** A month-end forecast; estimates in USD, so floats. */
export interface MonthForecast extends SpendForecast {
  /** Spent so far plus what is expected; quantiles are never below what is spent. */
  readonly monthTotal: { readonly meanEstimateUsd: number; readonly quantilesEstimateUsd: Quantiles<number> };
}

/**
 * Forecasts the rest of a month day by day and its total: $300 spent and $200 ± 40 expected make $500 ± 40.
 * Costs about 3 ms with a year of history.
 *
 * @throws ForecastError as `fitForecast` and `predict` do; `option_invalid` for negative or non-finite spend.
 */
export function forecastMonth(input: MonthInput): MonthForecast {
  const { spentUsd } = input;
  if (!(spentUsd >= 0 && Number.isFinite(spentUsd))) {
    throw new ForecastError('option_invalid', `spent ${spentUsd} USD must be >= 0`);
  }
  const horizon: Horizon = {
    dates: input.dates,
    sumDays: input.remainingDays,
    ...(input.firstDayShare === undefined ? {} : { firstDayShare: input.firstDayShare }),
  };
  const forecast = fitForecast(input.history, input).predict(horizon);
  const rest = forecast.sum;
  return {
    ...forecast,
    monthTotal: {
      meanEstimateUsd: spentUsd + rest.meanEstimateUsd,
      quantilesEstimateUsd: mapQuantiles((level) => spentUsd + rest.quantilesEstimateUsd[level]),
    },
  };
}
