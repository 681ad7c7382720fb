import type { Database } from '../database.js';
import { StoreError } from '../engine/store-error.js';
import { querySql } from '../sql-files.js';
import { measuresOf, type CostGroup, type MeasureRow } from './cost-rows.js';
import { aliases, checkedScope, keyOf } from './cost-scope.js';
import { queryCostSource, FINAL_SETTINGS, type Grain } from './cost-source.js';
import type { CostQuery } from './query-costs.js';
import { checkedRange } from './time-range.js';

/** Which series. */
export interface CostSeriesQuery extends CostQuery {
  readonly grain: Grain;
  /** IANA time zone in which a day begins; default UTC. */
  readonly timeZone?: string;
}

/** The sums of one group in one step of time. */
export interface CostPoint extends CostGroup {
  /** Where the step begins; the first one may begin before the range. */
  readonly start: Date;
}

const MAX_POINTS = 200_000;

/** Costs by step of time and group, in order of time; steps without calls have no point. @throws StoreError `parameter_invalid`. */
export async function queryCostSeries(db: Database, query: CostSeriesQuery): Promise<CostPoint[]> {
  const scope = checkedScope(query);
  const timeZone = checkedTimeZone(query.timeZone ?? 'UTC');
  const range = checkedRange(query.from, query.to);
  const columns = aliases(scope);
  const limit = Math.min(query.limit ?? MAX_POINTS, MAX_POINTS);
  const rows = await queryCostSource<MeasureRow & { start_ms: string }>(db, {
    scope,
    range,
    shape: { step: { grain: query.grain, timeZone } },
    statement: (source) =>
      querySql('cost_series', {
        dimensions: columns.map((column) => `${column}, `).join(''),
        source,
        order_by: columns.map((column) => `, ${column}`).join(''),
        settings: FINAL_SETTINGS,
      }),
    parameters: { limit },
  });
  return rows.map((row) => ({
    start: new Date(Number(row.start_ms)),
    key: keyOf(scope, { ...row }),
    ...measuresOf(row),
  }));
}

/** @throws StoreError `parameter_invalid` when the name is no IANA time zone. */
function checkedTimeZone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch (cause) {
    throw new StoreError('parameter_invalid', `time zone ${JSON.stringify(name)} is not an IANA name`, { cause });
  }
}

/** One day of spend, for the forecast. */
export interface DailySpend {
  /** The day in the asked time zone, e.g. `2026-11-22`. */
  readonly date: string;
  readonly costUsd: string;
  readonly calls: number;
  readonly unpricedCalls: number;
}

/** Spend by day, days without calls left out: whether they are zero or unknown is for the caller to say. */
export async function dailySpendSeries(
  db: Database,
  query: Omit<CostSeriesQuery, 'grain' | 'groupBy' | 'limit'>,
): Promise<DailySpend[]> {
  const points = await queryCostSeries(db, { ...query, grain: 'day', groupBy: [] });
  // The Swedish form of a date is the ISO one.
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: query.timeZone ?? 'UTC', dateStyle: 'short' });
  return points.map(({ start, costUsd, calls, unpricedCalls }) => ({
    date: day.format(start),
    costUsd,
    calls,
    unpricedCalls,
  }));
}
