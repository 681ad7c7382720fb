import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import type { Database } from '../database.js';
import type { CostGroup, CostMeasures } from './cost-rows.js';
import { queryCosts, type CostQuery } from './query-costs.js';
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

/** The dearest values of a dimension, what all others cost, and the total. @throws StoreError `parameter_invalid`. */
export async function queryTop(
  db: Database,
  dimension: Dimension,
  query: Omit<CostQuery, 'groupBy'>,
): Promise<TopReport> {
  const limit = query.limit ?? DEFAULT_TOP;
  const { total, groups } = await queryCosts(db, { ...query, groupBy: [dimension], limit: limit + 1 });
  const top = groups.slice(0, limit);
  return { total, top, rest: groups.length > limit ? subtract(total, top) : undefined };
}

function subtract(total: CostMeasures, parts: readonly CostMeasures[]): CostMeasures {
  const left = (pick: (measures: CostMeasures) => number) =>
    parts.reduce((remaining, part) => remaining - pick(part), pick(total));
  const cost = parts.reduce(
    (remaining, part) => remaining - parsePicoUsd(part.costUsd),
    parsePicoUsd(total.costUsd) + 0n,
  );
  return {
    costUsd: formatPicoUsd(picoUsd(cost)),
    calls: left((measures) => measures.calls),
    inputTokens: left((measures) => measures.inputTokens),
    outputTokens: left((measures) => measures.outputTokens),
    unpricedCalls: left((measures) => measures.unpricedCalls),
    estimatedCalls: left((measures) => measures.estimatedCalls),
    errorCalls: left((measures) => measures.errorCalls),
  };
}
