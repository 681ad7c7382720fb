import type { Database, QueryParameters } from '../database.js';
import { querySql } from '../sql-files.js';
import { ledgerExpression, scopeFragments, scopeParameters, type CostScope } from './cost-scope.js';
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

/** The one function through which budgets, API and dashboards read costs. */
export async function costSource(_db: Database, scope: CostScope, range: TimeRange): Promise<CostSource> {
  const ranges = rangeCondition('counted_at', [range], 'l');
  const sql = querySql('source_ledger', { ...scopeFragments(scope, ledgerExpression), ranges: ranges.sql });
  return { sql, parameters: { ...scopeParameters(scope), ...ranges.parameters } };
}
