import type { Database } from '../database.js';
import { StoreError } from '../engine/store-error.js';
import { LEDGER_COLUMNS } from '../ledger/ledger-columns.js';
import { REVISION_STEP } from '../ledger/ledger-select.js';
import { isUnderWay, runExclusively, withLedgerLock } from '../ledger/ledger-lock.js';
import { FINAL_SETTINGS } from '../query/cost-source.js';
import type { LedgerHold } from '../query/ledger-hold.js';
import { buildRollups } from '../rollup/build-rollups.js';
import { partitionsOf, readHold } from './hold-ledger.js';
import { IN_COUNTED_RANGE, rangeParameters } from './range-figures.js';
import { recordReprice } from './reprice-log.js';

/** How {@link abandonReprice} works. */
export interface AbandonOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /**
   * A hold without a sign of life for this long belongs to a process that died. Default: 0 on a data directory, which has
   * one process only; 10 minutes on a server.
   */
  readonly deadAfterMs?: number;
}

const SERVER_DEAD_AFTER_MS = 600_000;

/**
 * Puts the ledger back where a re-pricing died: calls that it had priced again get their old price under their next
 * version, and the hold is released by the build that publishes them. Totals do not move. Does nothing when no
 * re-pricing died.
 * @throws StoreError `reprice_running` when one is under way in another process.
 */
export async function abandonReprice(db: Database, options: AbandonOptions): Promise<boolean> {
  const { nowMs, deadAfterMs = db.isShared === true ? SERVER_DEAD_AFTER_MS : 0 } = options;
  const standing = await readHold(db);
  if (standing === undefined) return false;
  // The clock of a host may have gone back since: a sign of life that is still to come is one of now.
  const seenAgoMs = Math.max(0, nowMs - standing.seenAtMs);
  if (seenAgoMs < deadAfterMs) {
    throw new StoreError(
      'reprice_running',
      `re-pricing ${standing.hold.build} is under way in another process, last seen ${seenAgoMs} ms ago: wait until it ends`,
    );
  }
  const { hold } = standing;
  for (const partition of await partitionsOf(db, hold.range)) await putBack(db, hold, partition);
  await recordReprice(db, {
    reprice: hold.reprice ?? hold.build,
    state: 'abandoned',
    cause: 'command',
    range: hold.range,
    changedCalls: 0,
    beforeUsd: '0',
    afterUsd: '0',
    models: [],
  });
  await buildRollups(db, { nowMs, releaseHold: hold.build });
  return true;
}

/**
 * Puts back what a re-pricing left that nobody works at any more, so that the hours it held are seen as they are again. For
 * every few seconds: cheap where nothing is held. On a server a process that died is known by its lease, within 15 s.
 * @returns whether something was put back.
 */
export async function recoverReprice(db: Database, { nowMs }: Pick<AbandonOptions, 'nowMs'>): Promise<boolean> {
  if ((await readHold(db)) === undefined || (await isUnderWay(db, 'reprice'))) return false;
  return runExclusively(db, 'reprice', async () => abandonReprice(db, { nowMs, deadAfterMs: 0 }));
}

/** The price columns are those of the copy; a call that was judged otherwise in between stays as it was judged. */
async function putBack(db: Database, hold: LedgerHold, partition: string): Promise<void> {
  const columns = LEDGER_COLUMNS.map((column) => `\`${column}\``).join(', ');
  const where = `_partition_id = '${partition}' AND ${IN_COUNTED_RANGE}`;
  const restored = LEDGER_COLUMNS.map((column) =>
    column === 'version' ? `n.newest + ${REVISION_STEP} AS version` : `h.\`${column}\` AS \`${column}\``,
  );
  await withLedgerLock(db, async () =>
    db.command(
      `INSERT INTO llm_calls (${columns})
SELECT ${restored.join(', ')}
FROM (SELECT ${columns} FROM llm_calls_held AS c FINAL WHERE ${where}) AS h
INNER JOIN (
    SELECT tenant, started, trace_id, span_id, item, verdict, max(version) AS newest
    FROM llm_calls AS c FINAL WHERE ${where} AND c.version >= ${REVISION_STEP}
    GROUP BY tenant, started, trace_id, span_id, item, verdict
) AS n
ON h.tenant = n.tenant AND h.started = n.started AND h.trace_id = n.trace_id AND h.span_id = n.span_id
    AND h.item = n.item AND h.verdict = n.verdict
WHERE h.version < n.newest
${FINAL_SETTINGS}, max_partitions_per_insert_block = 0`,
      rangeParameters(hold.range),
    ),
  );
}
