import { utcDay } from '@costel/store';
import type { Filters } from '../http/parameters.js';
import type { CostReader } from '../reading/cost-reader.js';
import { forecastCurrentMonth, HISTORY_DAYS, type MonthOutlook } from './month-forecast.js';

const DAY_MS = 86_400_000;
/** A month's forecast moves little within a minute, and costs a year of history to read. */
const CACHE_MS = 60_000;
/** Scopes that are remembered; a scope takes a few kilobytes. */
const MAX_CACHED = 200;

interface CachedOutlook {
  readonly madeAtMs: number;
  readonly outlook: Promise<MonthOutlook>;
}

/** Makes a forecast of the current month for any scope; made at most once a minute for each. */
export function createForecastService(
  reader: CostReader,
  clock: () => number,
): (filters: Filters) => Promise<MonthOutlook> {
  const cache = new Map<string, CachedOutlook>();

  const make = async (filters: Filters, nowMs: number): Promise<MonthOutlook> => {
    const { toMs } = utcDay(nowMs);
    const range = { fromMs: toMs - HISTORY_DAYS * DAY_MS, toMs };
    const points = await reader.readSeries({ range, groupBy: [], filters, step: 'day' });
    return forecastCurrentMonth(points, nowMs);
  };

  return (filters) => {
    const nowMs = clock();
    const key = JSON.stringify(Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1)));
    const cached = cache.get(key);
    if (cached && nowMs - cached.madeAtMs < CACHE_MS) return cached.outlook;
    if (cache.size >= MAX_CACHED) cache.clear();
    const outlook = make(filters, nowMs);
    cache.set(key, { madeAtMs: nowMs, outlook });
    // A failure is not remembered.
    outlook.catch(() => cache.delete(key));
    return outlook;
  };
}
