import type { MonthForecast } from '@costel/forecast';
import { formatPicoUsd } from '@costel/pricing';
import type { MonthOutlook } from '../service/month-forecast.js';
import { estimateUsd, toIso } from './cost-json.js';
import { defineEndpoint, type Endpoint } from './endpoint.js';
import type { Filters } from './parameters.js';

function dayJson(
  { meanEstimateUsd, quantilesEstimateUsd: quantiles }: MonthForecast,
  date: string,
  index: number,
): object {
  return {
    date,
    expected_usd: estimateUsd(meanEstimateUsd[index] ?? 0),
    interval80: [estimateUsd(quantiles['0.1'][index] ?? 0), estimateUsd(quantiles['0.9'][index] ?? 0)],
  };
}

function outlookJson(outlook: MonthOutlook): object {
  const { forecast, period } = outlook;
  const { meanEstimateUsd, quantilesEstimateUsd: quantiles } = forecast.monthTotal;
  const known = forecast.method !== 'no_history';
  return {
    period: { start: toIso(period.fromMs), end: toIso(period.toMs) },
    currency: 'USD',
    spent_usd: formatPicoUsd(outlook.spentPicoUsd),
    expected_usd: known ? estimateUsd(meanEstimateUsd) : null,
    intervals: known
      ? {
          80: [estimateUsd(quantiles['0.1']), estimateUsd(quantiles['0.9'])],
          95: [estimateUsd(quantiles['0.025']), estimateUsd(quantiles['0.975'])],
        }
      : null,
    previous_period_usd: outlook.previousPicoUsd === undefined ? null : formatPicoUsd(outlook.previousPicoUsd),
    trend: forecast.trend,
    method: forecast.method,
    notes: outlook.notes,
    backtest: outlook.backtest,
    days: known ? outlook.dates.map((date, index) => dayJson(forecast, date, index)) : [],
  };
}

/** The endpoint of the month-end forecast; `filter.DIM=VALUE` is its scope. */
export function forecastEndpoint(forecast: (filters: Filters) => Promise<MonthOutlook>): Endpoint {
  return defineEndpoint({
    path: '/forecast',
    summary: 'What the current UTC month will cost, with intervals and the measured past error',
    parameters: {},
    hasFilters: true,
    answer: async ({ filters }) => outlookJson(await forecast(filters)),
  });
}
