import { USAGE_BUCKETS, type Usage } from '@costel/pricing';
import type { Database, QueryParameters } from '../database.js';
import { USAGE_ARRAY_SQL } from '../ledger/buckets.js';
import { planAndRead, readView } from '../rollup/read-view.js';
import { querySql } from '../sql-files.js';
import {
  aliases,
  checkedScope,
  keyOf,
  ledgerExpression,
  scopeFragments,
  scopeParameters,
  type CostScope,
} from './cost-scope.js';
import { FINAL_SETTINGS, hoursOf, type CostSource, type LedgerTable } from './cost-source.js';
import { splitByHold } from './ledger-hold.js';
import type { CostQuery } from './query-costs.js';
import { queryCostSeries } from './query-series.js';
import { rangeCondition } from './range-condition.js';
import { checkedRange, type TimeRange } from './time-range.js';

/** What the calls of one group that have no price used together. */
export interface UnpricedUsage {
  readonly key: Readonly<Record<string, string>>;
  readonly calls: number;
  readonly usage: Usage;
}

interface UsageRow {
  readonly calls: string;
  readonly usage: readonly string[];
}

const HOUR_MS = 3_600_000;

/** The hours of a range in which calls had no price, by the same figures that totals are read from. */
async function unpricedHours(db: Database, query: CostQuery): Promise<readonly TimeRange[]> {
  const { fromMs, toMs } = checkedRange(query.from, query.to);
  const { groupBy: _groupBy, ...total } = query;
  const points = await queryCostSeries(db, { ...total, grain: 'hour' });
  return points
    .filter((point) => point.unpricedCalls > 0)
    .map(({ start }) => ({
      fromMs: Math.max(start.getTime(), fromMs),
      toMs: Math.min(start.getTime() + HOUR_MS, toMs),
    }));
}

/**
 * What calls without a price used, by the dimensions of a query; calls whose usage is unknown are not among them. Reads of
 * the ledger only the hours that have such calls.
 * @throws StoreError `parameter_invalid`.
 */
export async function queryUnpricedUsage(db: Database, query: CostQuery): Promise<UnpricedUsage[]> {
  const scope = checkedScope(query);
  const hours = await unpricedHours(db, query);
  return hours.length === 0 ? [] : planAndRead(db, () => readUsage(db, scope, hours));
}

async function readUsage(db: Database, scope: CostScope, hours: readonly TimeRange[]): Promise<UnpricedUsage[]> {
  const { state } = await readView(db);
  const { open, held } = splitByHold(hours, state.hold);
  const parts = [ledgerPart(scope, 'llm_calls', open), ledgerPart(scope, 'llm_calls_held', held)].flat();
  const columns = aliases(scope);
  const statement = querySql('unpriced_usage', {
    dimensions: columns.map((column) => `${column}, `).join(''),
    source: parts.map(({ sql }) => sql).join('    UNION ALL\n'),
    group_by: columns.length === 0 ? '' : `GROUP BY ${columns.join(', ')}`,
    settings: FINAL_SETTINGS,
  });
  const parameters: QueryParameters = Object.assign({}, ...parts.map((part) => part.parameters)) as QueryParameters;
  const rows = await db.query<UsageRow>(statement, { ...scopeParameters(scope), ...parameters });
  return rows
    .filter((row) => Number(row.calls) > 0)
    .map(({ usage, ...row }) => ({ key: keyOf(scope, row), calls: Number(row.calls), usage: usageOf(usage) }));
}

/** The part of the source that one of the ledger's tables holds; none where no range lies in it. */
function ledgerPart(scope: CostScope, ledger: LedgerTable, ranges: readonly TimeRange[]): CostSource[] {
  if (ranges.length === 0) return [];
  const condition = rangeCondition('c.counted_at', 'DateTime64', ranges, ledger === 'llm_calls' ? 'l' : 'h');
  const sql = querySql('source_unpriced', {
    dimensions: scopeFragments(scope, ledgerExpression).dimensions,
    usage: USAGE_ARRAY_SQL,
    ledger,
    ranges: condition.sql,
    hours: hoursOf(condition.sql, ledger),
  });
  return [{ sql, parameters: condition.parameters }];
}

/** Counts in the order of the buckets as a usage. */
function usageOf(counts: readonly string[]): Usage {
  return Object.fromEntries(
    USAGE_BUCKETS.map((bucket, index) => [bucket, Number(counts[index] ?? 0)] as const).filter(
      ([, count]) => count > 0,
    ),
  );
}
