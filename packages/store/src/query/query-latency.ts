import type { Database } from '../database.js';
import { querySql } from '../sql-files.js';
import { aliases, checkedScope, keyOf } from './cost-scope.js';
import { queryCostSource, FINAL_SETTINGS } from './cost-source.js';
import { percentileMs } from './latency-buckets.js';
import type { CostQuery } from './query-costs.js';
import { checkedRange } from './time-range.js';

/** Latencies of one group, within 4.9 %; calls that failed are left out. */
export interface LatencyGroup {
  readonly key: Readonly<Record<string, string>>;
  /** Calls that were measured. */
  readonly calls: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/**
 * How long calls took, by group, most calls first. Of several databases (the shards of a cluster) it is what they have
 * together: counts by bucket add up, percentiles do not. @throws StoreError `parameter_invalid`.
 */
export async function queryLatency(
  db: Database | readonly Database[],
  query: Omit<CostQuery, 'limit'>,
): Promise<LatencyGroup[]> {
  const scope = checkedScope(query);
  const range = checkedRange(query.from, query.to);
  const statement = (source: string): string =>
    querySql('latency', {
      dimensions: aliases(scope)
        .map((column) => `${column},`)
        .join(' '),
      source,
      settings: FINAL_SETTINGS,
    });
  const read = (one: Database) =>
    queryCostSource<{ bucket: number; calls: string }>(one, { scope, range, shape: { latency: true }, statement });
  const rows = (await Promise.all((Array.isArray(db) ? db : [db]).map(read))).flat();
  const groups = new Map<string, { key: Readonly<Record<string, string>>; counts: Map<number, number> }>();
  for (const row of rows) {
    const key = keyOf(scope, { ...row });
    const id = JSON.stringify(key);
    const group = groups.get(id) ?? { key, counts: new Map<number, number>() };
    groups.set(id, group);
    group.counts.set(row.bucket, (group.counts.get(row.bucket) ?? 0) + Number(row.calls));
  }
  return [...groups.values()]
    .map(({ key, counts }) => ({
      key,
      calls: [...counts.values()].reduce((sum, count) => sum + count, 0),
      p50Ms: percentileMs(counts, 0.5),
      p95Ms: percentileMs(counts, 0.95),
      p99Ms: percentileMs(counts, 0.99),
    }))
    .toSorted((left, right) => right.calls - left.calls);
}
