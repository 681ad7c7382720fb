import type { Database } from '../database.js';
import { buildNumberAt } from '../rollup/published-state.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { ROLLUP_TABLES, type RollupTable } from '../rollup/rollup-tables.js';

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
    await db.command(
      `DELETE FROM published
WHERE build < {before:UInt64}
    AND (grain, start, partition_id, build) NOT IN (
        SELECT grain, start, partition_id, max(build) FROM published GROUP BY grain, start, partition_id
    )
    AND (grain, start, partition_id, build) NOT IN (${NEWEST_BEFORE})
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

async function dropRows(db: Database, table: RollupTable, before: bigint): Promise<void> {
  const start = table.grain === 'quarter' ? 'start' : 'toDate(start)';
  const visible = (condition: string) =>
    `SELECT ${start}, max(build) FROM published WHERE grain = {grain:String}${condition} GROUP BY start`;
  const stale = `build < {before:UInt64}
    AND (${table.timeColumn}, build) NOT IN (${visible('')})
    AND (${table.timeColumn}, build) NOT IN (${visible(' AND build < {before:UInt64}')})`;
  const parameters = { before, grain: table.grain };
  const [found] = await db.query<{ rows: string }>(
    `SELECT count() AS rows FROM ${table.name} WHERE ${stale}`,
    parameters,
  );
  if (found === undefined || found.rows === '0') return;
  await db.command(`DELETE FROM ${table.name} WHERE ${stale}`, parameters);
}
