export { backtest, type Backtest, type BacktestOptions } from './backtest.js';
export { dayNumber, formatDay, weekday } from './calendar.js';
export { FORECAST_ERROR_CODES, ForecastError, type ForecastErrorCode } from './error.js';
export {
  fitForecast,
  type FitOptions,
  type FittedForecast,
  type ForecastMethod,
  type Horizon,
  type PreviousPeriod,
  type SpendForecast,
  type Trend,
} from './forecast.js';
export { forecastMonth, type MonthForecast, type MonthInput } from './month.js';
export type { DailySpend } from './series.js';
export { QUANTILE_LEVELS, type QuantileLevel, type Quantiles } from './simulate.js';
export { forecastTask, type ForecastAnswer } from './task.js';
