import type { Database } from '../database.js';
import type { CostGroup, CostMeasures } from './cost-rows.js';
import type { CostFilters } from './cost-scope.js';
import { queryCosts } from './query-costs.js';

/** A window `[from, to)` of a budget. */
export interface SpendWindow {
  readonly from: Date;
  readonly to: Date;
}

/** What was spent in one window, by the values of the dimensions. */
export interface WindowSpend {
  readonly window: SpendWindow;
  readonly total: CostMeasures;
  readonly groups: readonly CostGroup[];
}

/** Values that one window may have; above it the cheapest are left out of `groups` (never of `total`). */
const MAX_GROUPS = 1_000_000;

/**
 * Spend of all budgets over one set of dimensions: one query a window, never one a budget.
 * @throws StoreError `parameter_invalid`.
 */
export async function querySpendWindows(
  db: Database,
  dimensions: readonly string[],
  windows: readonly SpendWindow[],
  options: { readonly tenant?: string; readonly filters?: CostFilters } = {},
): Promise<WindowSpend[]> {
  const spends: WindowSpend[] = [];
  for (const window of windows) {
    const report = await queryCosts(db, { ...window, ...options, groupBy: dimensions, limit: MAX_GROUPS });
    spends.push({ window, total: report.total, groups: report.groups });
  }
  return spends;
}
