import type { Database } from '../database.js';
import { buildNumberAt } from '../rollup/published-state.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { ROLLUP_TABLES, USER_DAY_ROLLUP, WIDE_QUARTER_ROLLUP, type RollupTable } from '../rollup/rollup-tables.js';

/** How {@link dropOldBuilds} works. */
export interface DropOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /** How long a replaced build stays for queries that began before. Default 10 minutes. */
  readonly keepMs?: number;
}

const DEFAULT_KEEP_MS = 600_000;

/**
 * Deletes rows of builds that were replaced, or that a crash left unpublished, once no query can read them any more; then
 * what `published` says of them.
 */
export async function dropOldBuilds(db: Database, { nowMs, keepMs = DEFAULT_KEEP_MS }: DropOptions): Promise<void> {
  await runExclusively(db, 'build', async () => {
    const before = buildNumberAt(nowMs - keepMs);
    for (const table of ROLLUP_TABLES) await dropRows(db, table, before);
    await dropLists(db, before);
    await db.command(
      `DELETE FROM published
WHERE build < {before:UInt64}
    AND (grain, start, partition_id, build) NOT IN (
        SELECT grain, start, partition_id, max(build) FROM published GROUP BY grain, start, partition_id
    )
    AND (grain, start, partition_id, build) NOT IN (${NEWEST_BEFORE})
    AND NOT (grain = 'quarter' AND ${isSummedSoFar('start, build')})
    AND NOT (grain = 'seal' AND build IN (SELECT build FROM llm_adjusted_calls))`,
      { before },
    );
  });
}

/** The builds that a query sees that began `keepMs` ago: they stay until the next time. */
const NEWEST_BEFORE = `
        SELECT grain, start, partition_id, max(build) FROM published
        WHERE build < {before:UInt64} GROUP BY grain, start, partition_id
    `;

/**
 * SQL: the quarter hours and builds that the users of the open day were summed from, now and as of `before`: readers take off
 * what has changed since (see `planRead`).
 */
function isSummedSoFar(columns: string): string {
  const ofNewest = (condition: string): string => {
    const newest = `FROM published WHERE grain = 'so_far'${condition}`;
    return `(${columns}) IN (
        SELECT start, max(build) FROM published
        WHERE grain = 'quarter' AND build <= (SELECT max(build) ${newest}) AND start >= (SELECT argMax(start, build) ${newest})
        GROUP BY start
    )`;
  };
  return `(${['', ' AND build < {before:UInt64}'].map(ofNewest).join(' OR ')})`;
}

/** Of more periods than so many, all of a table are looked at. */
const MAX_PERIODS_AT_ONCE = 1000;

/** SQL: the periods and builds of a grain that readers may see, now and as of `before`; `start` names the period. */
function visibleBuilds(grain: string, start: string, columns: string): string {
  // A day that is sealed has sums of its own: what was summed of it while it was open is read no more.
  const open =
    grain === 'so_far'
      ? " AND start NOT IN (SELECT start FROM published WHERE grain = 'day' AND build < {before:UInt64})"
      : '';
  const newest = (condition: string) =>
    `(${columns}) NOT IN (SELECT ${start}, max(build) FROM published WHERE grain = '${grain}'${open}${condition} GROUP BY start)`;
  return `${newest('')}\n    AND ${newest(' AND build < {before:UInt64}')}`;
}

async function dropRows(db: Database, table: RollupTable, before: bigint): Promise<void> {
  const start = table.grain === 'quarter' ? 'start' : 'toDate(start)';
  const columns = `${table.timeColumn}, build`;
  const soFar =
    table === USER_DAY_ROLLUP
      ? `\n    AND ${visibleBuilds('so_far', start, columns)}`
      : table === WIDE_QUARTER_ROLLUP
        ? `\n    AND NOT ${isSummedSoFar(columns)}`
        : '';
  await deleteStale(db, {
    table: table.name,
    period: table.timeColumn,
    type: table.grain === 'quarter' ? "DateTime('UTC')" : 'Date',
    condition: `${visibleBuilds(table.grain, start, columns)}${soFar}`,
    before,
  });
}

async function dropLists(db: Database, before: bigint): Promise<void> {
  const visible = ['month', 'so_far'].map(
    (grain) => `(grain != '${grain}' OR ${visibleBuilds(grain, 'toDate(start)', 'start, build')})`,
  );
  await deleteStale(db, {
    table: 'llm_cost_top_users',
    period: 'start',
    type: 'Date',
    condition: visible.join(' AND '),
    before,
  });
}

/** What {@link deleteStale} deletes. */
interface StaleRows {
  readonly table: string;
  /** The column of the period, and its type. */
  readonly period: string;
  readonly type: 'Date' | "DateTime('UTC')";
  readonly condition: string;
  readonly before: bigint;
}

/** Deletes rows of the periods that hold such rows: a deletion looks into every part that it is not kept from (3 s of CPU). */
async function deleteStale(db: Database, { table, period, type, condition, before }: StaleRows): Promise<void> {
  const stale = `build < {before:UInt64}\n    AND ${condition}`;
  const rows = await db.query<{ stale_period: string }>(
    `SELECT DISTINCT ${period} AS stale_period FROM ${table} WHERE ${stale} LIMIT ${MAX_PERIODS_AT_ONCE + 1}`,
    { before },
  );
  if (rows.length === 0) return;
  const periods = rows.map((row) => row.stale_period);
  const isFew = periods.length <= MAX_PERIODS_AT_ONCE;
  const within = isFew ? `${period} IN {periods:Array(${type})} AND ` : '';
  await db.command(`DELETE FROM ${table} WHERE ${within}${stale}`, isFew ? { before, periods } : { before });
}
