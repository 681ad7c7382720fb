import type { Database } from '../database.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { LEDGER_COLUMNS } from '../ledger/ledger-columns.js';
import { holdText, parseHold, type LedgerHold } from '../query/ledger-hold.js';
import { ceilTo, floorTo, instantText, parseInstant, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { nextBuild } from '../rollup/plan-build.js';
import { findDirtyQuarters, readPublishedState, type PublishedState } from '../rollup/published-state.js';
import { holdReads } from '../rollup/read-view.js';
import { IN_COUNTED_RANGE, rangeParameters } from './range-figures.js';

/** What a hold says of itself in `published`. */
function holdRow(hold: LedgerHold, nowMs: number) {
  return {
    build: hold.build.toString(),
    grain: 'hold',
    start: instantText(0).slice(0, 19),
    partition_id: holdText(hold),
    block: '0',
    sealed_until: instantText(hold.range.toMs),
    published_at: instantText(nowMs),
  };
}

/** Partitions of the ledger with calls of a range of counted time. */
export async function partitionsOf(db: Database, range: TimeRange): Promise<readonly string[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT DISTINCT toString(_partition_id) AS id FROM llm_calls AS c WHERE ${IN_COUNTED_RANGE} ORDER BY id`,
    rangeParameters(range),
  );
  return rows.map(({ id }) => id);
}

/**
 * From here on everybody reads the calls of a range as they are now, whatever is written, until a build releases them.
 * The copy is made of hard links: it takes no room and no time. The range is widened to whole quarter hours.
 */
export async function holdLedger(db: Database, range: TimeRange, nowMs: number): Promise<LedgerHold> {
  return runExclusively(db, 'build', async () => {
    const wide = { fromMs: floorTo(range.fromMs, QUARTER_MS), toMs: ceilTo(range.toMs, QUARTER_MS) };
    // A table of its own each time: the ledger may have got a column since the last one.
    await db.command('CREATE OR REPLACE TABLE llm_calls_held AS llm_calls');
    const copied = (await readPublishedState(db)).ledgerBlocks;
    for (const partition of await partitionsOf(db, wide)) {
      await db.command(`ALTER TABLE llm_calls_held ATTACH PARTITION ID '${partition}' FROM llm_calls`);
    }
    return putInForce(db, { range: wide, copyRange: wide, copied, nowMs });
  });
}

/** Widens a hold by the open quarter hour as it is now; the copy gets its calls. @returns the hold that stands from now on. */
export async function holdOpenQuarter(
  db: Database,
  hold: LedgerHold,
  open: TimeRange,
  nowMs: number,
): Promise<LedgerHold> {
  return runExclusively(db, 'build', async () => {
    // Clocks may be ahead by less than a quarter hour; what comes later than that is nobody's to hold.
    const toMs = Math.min(ceilTo(open.toMs, QUARTER_MS), ceilTo(nowMs, QUARTER_MS) + QUARTER_MS);
    const range = { fromMs: hold.range.fromMs, toMs };
    const copyRange = { fromMs: open.fromMs, toMs };
    const copied = await copyNewer(db, copyRange, new Map());
    return putInForce(db, { range, copyRange, copied, nowMs, before: hold });
  });
}

/** By partition of the ledger: the block up to which it was copied. */
type Blocks = PublishedState['ledgerBlocks'];

/** A hold that is about to stand. */
interface NextHold {
  readonly range: TimeRange;
  /** What of it was copied, up to these blocks. */
  readonly copyRange: TimeRange;
  readonly copied: Blocks;
  readonly nowMs: number;
  /** The hold that it widens. */
  readonly before?: LedgerHold;
}

/**
 * Puts a hold in force without a call being seen before it and gone in it. Reads of this process wait meanwhile, for some
 * milliseconds, so that none of them sees what is committed between the last copy and the hold; what readers of SQL and other
 * processes may have seen is copied right after.
 */
async function putInForce(db: Database, { range, copyRange, copied, nowMs, before }: NextHold): Promise<LedgerHold> {
  const letRead = await holdReads(db);
  try {
    const inCopy = await copyNewer(db, copyRange, copied);
    const state = await readPublishedState(db);
    // Only where a hold begins: what is dirty in one that is widened is so as of its beginning.
    const dirtyNow = async (): Promise<readonly number[]> => {
      if (before !== undefined) return before.dirtyQuartersMs;
      const dirty = await findDirtyQuarters(db, { ...(await readPublishedState(db)), hold: undefined });
      return dirty.filter((quarter) => quarter >= range.fromMs && quarter < range.toMs);
    };
    const widened = before === undefined ? {} : { reprice: before.build };
    const hold: LedgerHold = { build: nextBuild(state, nowMs), range, dirtyQuartersMs: await dirtyNow(), ...widened };
    await db.insertRows('published', [holdRow(hold, nowMs)]);
    await copyNewer(db, copyRange, inCopy);
    const dirtyQuartersMs = await dirtyNow();
    if (dirtyQuartersMs.length === hold.dirtyQuartersMs.length) return hold;
    // What has come since makes quarter hours dirty that the hold says are built.
    const next: LedgerHold = { ...hold, build: hold.build + 1n, dirtyQuartersMs };
    await db.insertRows('published', [holdRow(next, nowMs)]);
    return next;
  } finally {
    letRead();
  }
}

/** Copies the calls of a range that are newer than these blocks; FINAL folds what is there twice. @returns what is copied. */
async function copyNewer(db: Database, range: TimeRange, copied: Blocks): Promise<Blocks> {
  const { ledgerBlocks } = await readPublishedState(db);
  const newer = [...ledgerBlocks].filter(([partition, block]) => block !== copied.get(partition));
  if (newer.length === 0) return ledgerBlocks;
  const columns = LEDGER_COLUMNS.map((column) => `\`${column}\``).join(', ');
  await db.command(
    `INSERT INTO llm_calls_held (${columns}) SELECT ${columns} FROM llm_calls AS c WHERE ${IN_COUNTED_RANGE}
    AND _partition_id IN {partitions:Array(String)}
    AND _block_number > transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
SETTINGS max_partitions_per_insert_block = 0`,
    {
      ...rangeParameters(range),
      partitions: newer.map(([partition]) => partition),
      blocks: newer.map(([partition]) => copied.get(partition) ?? 0n),
    },
  );
  return ledgerBlocks;
}

/** Says that a hold is still being worked on, so that nobody takes its process for dead. */
export async function refreshHold(db: Database, hold: LedgerHold, nowMs: number): Promise<void> {
  await db.insertRows('published', [holdRow(hold, nowMs)]);
}

/** The hold that stands, and when its process last gave a sign of life; undefined when none stands. */
export async function readHold(
  db: Database,
): Promise<{ readonly hold: LedgerHold; readonly seenAtMs: number } | undefined> {
  const [row] = await db.query<{ id: string; sealed_until: string; build: string; seen: string }>(
    `SELECT partition_id AS id, sealed_until, build, max(published_at) AS seen
FROM published
WHERE grain = 'hold' AND build = (SELECT max(build) FROM published WHERE grain = 'hold')
GROUP BY id, sealed_until, build`,
  );
  const hold = parseHold(row);
  return row === undefined || hold === undefined ? undefined : { hold, seenAtMs: parseInstant(row.seen) };
}

/** How {@link dropHeldCalls} works. */
export interface DropHeldOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /** How long the copy stays for queries that began while it was held. Default 10 minutes. */
  readonly keepMs?: number;
}

const DEFAULT_KEEP_MS = 600_000;

/** Gives up the copy of the days that were priced again, once no query can read it any more; its links keep parts on disk. */
export async function dropHeldCalls(db: Database, { nowMs, keepMs = DEFAULT_KEEP_MS }: DropHeldOptions): Promise<void> {
  await runExclusively(db, 'reprice', async () => {
    if ((await readHold(db)) !== undefined) return;
    const [held] = await db.query<{ rows: string; last: string }>(
      `SELECT (SELECT count() FROM llm_calls_held) AS rows, max(published_at) AS last FROM published WHERE grain = 'hold'`,
    );
    if (held === undefined || held.rows === '0' || nowMs - parseInstant(held.last) < keepMs) return;
    await db.command('TRUNCATE TABLE llm_calls_held');
  });
}
