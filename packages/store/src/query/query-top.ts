import type { Database } from '../database.js';
import { subtractMeasures, type CostGroup, type CostMeasures } from './cost-rows.js';
import { checkedScope } from './cost-scope.js';
import { queryCosts, type CostQuery } from './query-costs.js';
import { checkedRange } from './time-range.js';
import { topUsers } from './top-users.js';
import type { Dimension } from './dimensions.js';

/** The dearest values of one dimension. */
export interface TopReport {
  readonly total: CostMeasures;
  /** Descending by cost. */
  readonly top: readonly CostGroup[];
  /** Everything that is not in `top`; undefined when nothing is left. */
  readonly rest: CostMeasures | undefined;
}

const DEFAULT_TOP = 20;

/** Above it, all values are added up. */
const MAX_LISTED_LIMIT = 200;

/** The dearest values of a dimension, what all others cost, and the total; exact. @throws StoreError `parameter_invalid`. */
export async function queryTop(
  db: Database,
  dimension: Dimension,
  query: Omit<CostQuery, 'groupBy'>,
): Promise<TopReport> {
  const limit = query.limit ?? DEFAULT_TOP;
  const chosen = await topOfLists(db, dimension, query, limit);
  if (chosen !== undefined) return chosen;
  const { total, groups } = await queryCosts(db, { ...query, groupBy: [dimension], limit: limit + 1 });
  return reportOf(total, groups, limit);
}

function reportOf(total: CostMeasures, groups: readonly CostGroup[], limit: number): TopReport {
  const top = groups.slice(0, limit);
  return { total, top, rest: groups.length > limit ? top.reduce(subtractMeasures, total) : undefined };
}

/** The same out of the lists that builds keep of the dearest users; undefined where they do not prove it. */
async function topOfLists(
  db: Database,
  dimension: Dimension,
  query: Omit<CostQuery, 'groupBy'>,
  limit: number,
): Promise<TopReport | undefined> {
  const scope = checkedScope({ ...query, groupBy: [dimension] });
  if (dimension !== 'user' || scope.filters.length > 0 || limit > MAX_LISTED_LIMIT) return undefined;
  const found = await topUsers(db, scope, checkedRange(query.from, query.to), limit);
  return found === undefined ? undefined : reportOf(found.total, found.groups, limit);
}
