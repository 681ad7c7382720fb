import { parsePicoUsd } from '@costel/pricing';
import type { Database } from '../database.js';
import type { RollupTable } from '../rollup/rollup-tables.js';
import { TOP_LIST_SIZE } from '../rollup/write-rollup.js';
import { querySql } from '../sql-files.js';
import { measuresOf, NO_MEASURES, type CostGroup, type CostMeasures, type MeasureRow } from './cost-rows.js';
import { instantText } from './time-range.js';

/** A month, or the open day, whose users a build has summed and listed. */
export interface SummedPeriod {
  readonly table: RollupTable;
  readonly startMs: number;
  readonly build: bigint;
}

/** The dearest users of a summed period. It never changes. */
export interface TopList {
  readonly period: SummedPeriod;
  /** What all users of the period cost. */
  readonly total: CostMeasures;
  /** Descending by cost. */
  readonly users: readonly CostGroup[];
  readonly byUser: ReadonlyMap<string, CostMeasures>;
  /** Whether it has every user of the period. */
  readonly isComplete: boolean;
  /** Pico-dollars, at least 0, that nobody exceeds who is not among the first so many. */
  readonly costAtMost: (head: number) => bigint;
}

/** Lists that are kept of each database, the newest last: of each tenant that is asked about, a month or two and the day. */
const MAX_KEPT_LISTS = 12;
const kept = new WeakMap<Database, Map<string, Promise<TopList>>>();

/** Reads a list, or gives back the one that was read before. */
export async function readTopList(db: Database, tenant: string, period: SummedPeriod): Promise<TopList> {
  const lists = kept.get(db) ?? new Map<string, Promise<TopList>>();
  kept.set(db, lists);
  const key = JSON.stringify([tenant, period.table.grain, period.startMs, period.build.toString()]);
  const known = lists.get(key);
  const list = known ?? queryTopList(db, tenant, period);
  lists.delete(key);
  lists.set(key, list);
  for (const oldest of lists.keys()) {
    if (lists.size <= MAX_KEPT_LISTS) break;
    lists.delete(oldest);
  }
  // A failure is not kept: the next reader asks again.
  list.catch(() => lists.delete(key));
  return list;
}

async function queryTopList(db: Database, tenant: string, period: SummedPeriod): Promise<TopList> {
  const rows = await db.query<MeasureRow & { readonly d0: string; readonly is_total: number }>(querySql('top_list'), {
    tenant,
    grain: period.table.grain,
    start: instantText(period.startMs).slice(0, 10),
    build: period.build,
  });
  const totalRow = rows.find((row) => row.is_total === 1);
  const users = rows.filter((row) => row.is_total === 0).map((row) => ({ key: { user: row.d0 }, ...measuresOf(row) }));
  return {
    period,
    total: totalRow === undefined ? NO_MEASURES : measuresOf(totalRow),
    users,
    byUser: new Map(users.map(({ key: { user }, ...measures }) => [user, measures])),
    isComplete: users.length < TOP_LIST_SIZE,
    costAtMost: (head) => {
      // Who is not among all that there are has nothing.
      if (head >= users.length && users.length < TOP_LIST_SIZE) return 0n;
      const last = parsePicoUsd(users[Math.min(head, users.length) - 1]?.costUsd ?? '0');
      return last > 0n ? last : 0n;
    },
  };
}
