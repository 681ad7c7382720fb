import type { Database, QueryParameters } from '../database.js';
import { querySql } from '../sql-files.js';
import { aliases, ledgerExpression, scopeFragments, scopeParameters, type CostScope } from './cost-scope.js';
import { latencyBucketSql } from './latency-buckets.js';
import { instantText, type TimeRange } from './time-range.js';

/**
 * Settings of every read with FINAL. Skip indexes stay exact under FINAL only in exact mode (a resend was counted in two
 * hours without it); rows of one key never lie in two partitions, for the partition is part of the key.
 */
export const FINAL_SETTINGS =
  'SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1';

/** Rows of `d0…, calls, …, cost_usd` for a scope and a range: what every cost query aggregates. */
export interface CostSource {
  readonly sql: string;
  readonly parameters: QueryParameters;
}

/** A condition that holds in any of the ranges, with its parameters `<prefix>0_from`, …; false for no range. */
export function rangeCondition(
  column: string,
  ranges: readonly TimeRange[],
  prefix: string,
): { readonly sql: string; readonly parameters: QueryParameters } {
  const parameters: Record<string, string> = {};
  const conditions = ranges.map(({ fromMs, toMs }, index) => {
    parameters[`${prefix}${index}_from`] = instantText(fromMs);
    parameters[`${prefix}${index}_to`] = instantText(toMs);
    const bound = (edge: string) => `{${prefix}${index}_${edge}:DateTime64(3, 'UTC')}`;
    return `(${column} >= ${bound('from')} AND ${column} < ${bound('to')})`;
  });
  return { sql: conditions.length === 0 ? '0' : conditions.join(' OR '), parameters };
}

/** What a source adds to its dimensions. */
export interface SourceShape {
  /** A column `step`: where the step of time of a row begins. */
  readonly step?: StepShape | undefined;
  /** A column `latency`: calls by bucket. */
  readonly latency?: boolean;
}

/** The steps of a series. */
export interface StepShape {
  readonly grain: Grain;
  /** IANA name; where a day begins. */
  readonly timeZone: string;
}

/** `15m` and `hour` are steps of UTC, a `day` is one of the time zone. */
export type Grain = '15m' | 'hour' | 'day';

/** SQL: where the step begins that an instant lies in. The zone is bound as `time_zone`. */
function stepSql(instant: string, grain: Grain): string {
  if (grain === '15m') return `toStartOfFifteenMinutes(${instant})`;
  return grain === 'hour' ? `toStartOfHour(${instant})` : `toStartOfDay(${instant}, {time_zone:String})`;
}

/** The one function through which budgets, API and dashboards read costs. */
export async function costSource(
  _db: Database,
  scope: CostScope,
  range: TimeRange,
  shape: SourceShape = {},
): Promise<CostSource> {
  const ranges = rangeCondition('counted_at', [range], 'l');
  const fragments = scopeFragments(scope, ledgerExpression);
  const { step } = shape;
  const groupColumns = [...aliases(scope), ...(step === undefined ? [] : ['step'])];
  const sql = querySql('source_ledger', {
    ...fragments,
    dimensions: `${fragments['dimensions'] ?? ''}${step === undefined ? '' : `${stepSql('c.counted_at', step.grain)} AS step,`}`,
    latency: shape.latency === true ? `,\n        ${LEDGER_LATENCY}` : '',
    group_by: groupColumns.length === 0 ? '' : `GROUP BY ${groupColumns.join(', ')}`,
    ranges: ranges.sql,
  });
  const zone = step === undefined ? {} : { time_zone: step.timeZone };
  return { sql, parameters: { ...scopeParameters(scope), ...ranges.parameters, ...zone } };
}

/** Calls by bucket of latency: those that count, cost-free items aside, and did not fail. */
const LEDGER_LATENCY = `sumMapIf(map(${latencyBucketSql('c.duration_ns')}, toUInt64(1)), c.counted AND c.error_type = '' AND c.cost_kind = '' AND c.duration_ns > 0) AS latency`;
