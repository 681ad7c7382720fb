import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { parseInstant, type TimeRange } from '../query/time-range.js';

/** Which counted time the rows of a partition of the ledger have, as of its block. */
interface CountedBounds {
  readonly block: bigint;
  readonly fromMs: number;
  readonly lastMs: number;
}

/** Of each database, what was learned; the ledger's partitions are days of the start, which a wrong clock moves. */
const learned = new WeakMap<Database, ReadonlyMap<string, CountedBounds>>();

/** So many partitions may have changed before they are looked at again: the days that calls come in for do all the time. */
const MAX_CHANGED = 8;

/**
 * Looks at the partitions that have changed, once there are several: 25 ms for a million calls. Afterwards reads by counted
 * time open the partitions that can hold it, and not the skip index of every part (33 ms at a hundred million calls).
 */
export async function learnCountedBounds(db: Database, ledgerBlocks: ReadonlyMap<string, bigint>): Promise<void> {
  const known = learned.get(db) ?? new Map<string, CountedBounds>();
  const standing = new Map([...known].filter(([partition, { block }]) => ledgerBlocks.get(partition) === block));
  const changed = [...ledgerBlocks].filter(([partition]) => !standing.has(partition));
  if (changed.length <= MAX_CHANGED) {
    if (standing.size < known.size) learned.set(db, standing);
    return;
  }
  const rows = await db.query<{ id: string; first: string; last: string }>(
    `SELECT toString(_partition_id) AS id, min(counted_at) AS first, max(counted_at) AS last FROM llm_calls
WHERE _partition_id IN {partitions:Array(String)} GROUP BY id SETTINGS ${BACKGROUND_SETTINGS}`,
    { partitions: changed.map(([partition]) => partition) },
  );
  for (const { id, first, last } of rows) {
    const block = ledgerBlocks.get(id);
    if (block !== undefined) standing.set(id, { block, fromMs: parseInstant(first), lastMs: parseInstant(last) });
  }
  learned.set(db, standing);
}

/**
 * The partitions that can hold calls counted in any of the ranges: those that are known to, and those that have changed
 * since they were looked at. `ledgerBlocks` must be read before the ledger is. Undefined where nothing was learned.
 */
export function partitionsWithin(
  db: Database,
  ledgerBlocks: ReadonlyMap<string, bigint>,
  ranges: readonly TimeRange[],
): readonly string[] | undefined {
  const known = learned.get(db);
  if (known === undefined || known.size === 0) return undefined;
  return [...ledgerBlocks]
    .filter(([partition, block]) => {
      const bounds = known.get(partition);
      if (bounds === undefined || bounds.block !== block) return true;
      return ranges.some(({ fromMs, toMs }) => bounds.lastMs >= fromMs && bounds.fromMs < toMs);
    })
    .map(([partition]) => partition);
}
