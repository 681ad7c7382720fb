import type { Database } from '../database.js';
import { querySql } from '../sql-files.js';
import { measuresOf, NO_MEASURES, type CostGroup, type CostMeasures, type MeasureRow } from './cost-rows.js';
import { aliases, checkedScope, keyOf, type ScopeInput } from './cost-scope.js';
import { queryCostSource, FINAL_SETTINGS } from './cost-source.js';
import { checkedRange } from './time-range.js';

/** Which calls, in which half-open range, by what. */
export interface CostQuery extends ScopeInput {
  readonly from: Date;
  readonly to: Date;
  /** The most groups returned, the dearest first; the total is of all. Default 10 000. */
  readonly limit?: number;
}

/** What {@link queryCosts} answers. */
export interface CostReport {
  readonly total: CostMeasures;
  /** Descending by cost; one with an empty key when nothing was grouped. */
  readonly groups: readonly CostGroup[];
}

const DEFAULT_LIMIT = 10_000;

/** What calls cost in a range, in total and by group. @throws StoreError `parameter_invalid`. */
export async function queryCosts(db: Database, query: CostQuery): Promise<CostReport> {
  const scope = checkedScope(query);
  const columns = aliases(scope);
  const grouped = columns.length > 0;
  const statement = (source: string): string =>
    querySql('costs', {
      dimensions: columns.map((column) => `${column}, `).join(''),
      is_total: grouped ? `grouping(${columns[0] ?? ''})` : '1',
      source,
      group_by: grouped ? `GROUP BY GROUPING SETS ((${columns.join(', ')}), ())` : '',
      order_by: columns.map((column) => `, ${column}`).join(''),
      settings: FINAL_SETTINGS,
    });
  const limit = (query.limit ?? DEFAULT_LIMIT) + (grouped ? 1 : 0);
  const rows = await queryCostSource<MeasureRow & { is_total: number }>(db, {
    scope,
    range: checkedRange(query.from, query.to),
    statement,
    parameters: { limit },
  });
  const totalRow = rows.find((row) => row.is_total === 1);
  const total = totalRow === undefined ? NO_MEASURES : measuresOf(totalRow);
  const groups = grouped
    ? rows.filter((row) => row !== totalRow).map((row) => ({ key: keyOf(scope, { ...row }), ...measuresOf(row) }))
    : [{ key: {}, ...total }];
  return { total, groups };
}
