import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../database.js';
import { runExclusively, withLedgerLock } from '../ledger/ledger-lock.js';
import { assertTurn } from '../ledger/work-lease.js';
import { REVISION_STEP } from '../ledger/ledger-select.js';
import { repricedBaseSql } from '../ledger/revisions.js';
import { currentDatabase } from '../migrate/migrate.js';
import { FINAL_SETTINGS } from '../query/cost-source.js';
import type { LedgerHold } from '../query/ledger-hold.js';
import { checkedRange, type TimeRange } from '../query/time-range.js';
import { refreshRates } from '../rates/refresh-rates.js';
import type { RateResolver } from '../rates/resolve-rates.js';
import { buildRollups } from '../rollup/build-rollups.js';
import { nextBuild } from '../rollup/plan-build.js';
import { readPublishedState } from '../rollup/published-state.js';
import { readsUnderWay } from '../rollup/read-view.js';
import { twoAtATime } from '../rollup/two-at-a-time.js';
import { abandonReprice } from './abandon-reprice.js';
import { insertChanges, REVISE_SETTINGS } from './changed-calls.js';
import { holdLedger, holdOpenQuarter, partitionsOf, refreshHold } from './hold-ledger.js';
import {
  compareModels,
  IN_COUNTED_RANGE,
  rangeParameters,
  readLedgerModels,
  type RangeFigures,
} from './range-figures.js';
import { recordReprice, type RepriceCause } from './reprice-log.js';

/** Points at which a test can hold a re-pricing still or end it; each is awaited. */
export interface RepriceHooks {
  /** Readers see the old figures, nothing has been written. */
  readonly afterHold?: () => Promise<void>;
  /** A day of the ledger has been written; two of them are written at once. */
  readonly afterDay?: (partition: string) => Promise<void>;
  /** All sealed hours are written, nothing of it is visible. */
  readonly beforePublish?: () => Promise<void>;
  /** The open quarter hour is written, too, and is not visible either. */
  readonly afterOpen?: () => Promise<void>;
}

/** How {@link reprice} works. */
export interface RepriceOptions {
  /** Counted time, half-open. What has left the ledger, or is about to, stays as it was published. */
  readonly from: Date;
  readonly to: Date;
  readonly resolver: RateResolver;
  /** Milliseconds since 1970: the clock of the caller. */
  readonly clock: () => number;
  /** As for `buildRollups`. */
  readonly ledgerDays?: number;
  /** How long readers of other processes get that planned before the hold and have not read yet. Default 1 000. */
  readonly settleMs?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly hooks?: RepriceHooks;
}

/** What {@link reprice} did. */
export interface RepriceResult extends RangeFigures {
  /** Number of the row of audit. */
  readonly reprice: bigint;
  readonly range: TimeRange;
}

const DEFAULT_SETTLE_MS = 1000;
/** The longest that readers of this process are waited for. */
const MAX_SETTLE_MS = 30_000;
/** Days that are written, at once, between two turns of other corrections of the ledger. */
const DAYS_A_TURN = 2;

/**
 * Large blocks, few parts; rows of one insert have different keys, so nothing is folded while they are written; the
 * indexes on ids are left to the next merge (half of the time of an insert, measured).
 */
const WRITE_SETTINGS =
  "max_partitions_per_insert_block = 0, optimize_on_insert = 0, exclude_materialize_skip_indexes_on_insert = 'idx_trace_id, idx_response_id', max_insert_threads = 2";
/** One block, which is one part: visible at once or not at all. */
const ONE_BLOCK_SETTINGS =
  'max_partitions_per_insert_block = 0, max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 0, min_insert_block_size_bytes = 4000000000';

/**
 * Prices the calls of a range again by what the resolver knows now, under their next version. Readers see two figures and
 * no third: sealed hours and the open quarter hour change in the one block that publishes the rebuilt rollups. Spans may come in all the while. A process that dies
 * leaves the old figures; see {@link abandonReprice}.
 * @throws StoreError `parameter_invalid`; `work_taken` (retryable) while another process is at it.
 */
export async function reprice(db: Database, options: RepriceOptions): Promise<RepriceResult> {
  const asked = checkedRange(options.from, options.to);
  return runExclusively(db, 'reprice', async () => {
    // Whoever held it before has lost its turn, which is its sign of life.
    await abandonReprice(db, { nowMs: options.clock(), deadAfterMs: 0 });
    await refreshRates(db, options.resolver);
    return repriceRange(db, asked, { ...options, cause: 'command', only: '1' });
  });
}

/** Which calls of a range are priced again, and why. */
export interface RepriceScope extends Omit<RepriceOptions, 'from' | 'to' | 'resolver'> {
  readonly cause: RepriceCause;
  /** A condition over `llm_calls AS c`. */
  readonly only: string;
}

/** What {@link reprice} does once the prices are in force, alone: see there. */
export async function repriceRange(db: Database, asked: TimeRange, options: RepriceScope): Promise<RepriceResult> {
  const { clock, hooks } = options;
  const buildOptions = options.ledgerDays === undefined ? {} : { ledgerDays: options.ledgerDays };
  // What is sealed and waits for its build is built first: afterwards the hold knows it as published.
  await buildRollups(db, { nowMs: clock(), ...buildOptions });
  const state = await readPublishedState(db);
  const { sealedUntilMs, frozenUntilMs } = state;
  const range = { fromMs: Math.max(asked.fromMs, frozenUntilMs), toMs: Math.max(asked.toMs, frozenUntilMs) };
  const sealed = { fromMs: Math.min(range.fromMs, sealedUntilMs), toMs: Math.min(range.toMs, sealedUntilMs) };
  const open = { fromMs: Math.max(range.fromMs, sealedUntilMs), toMs: Math.max(range.toMs, sealedUntilMs) };
  const marks = await newestBlocks(db);
  const before = await readLedgerModels(db, 'llm_calls', range);
  const record = { cause: options.cause, range };
  const nothing = { ...compareModels(before, before, new Map()), models: [] };
  const hasOpen = open.toMs > open.fromMs;
  const finish = async (number: bigint): Promise<RangeFigures> => {
    await assertTurn(db, 'reprice');
    if (hasOpen) await withLedgerLock(db, async () => writeChanges(db, open, options.only, ONE_BLOCK_SETTINGS));
    await hooks?.afterOpen?.();
    const changed = await changedByModel(db, range, marks);
    const result = compareModels(before, await readLedgerModels(db, 'llm_calls', range), changed);
    const models = result.models.filter(({ changedCalls }) => changedCalls > 0);
    await recordReprice(db, { ...record, ...result, models, reprice: number, state: 'applied' });
    return result;
  };
  if (sealed.toMs <= sealed.fromMs) {
    const number = nextBuild(state, clock());
    return { ...(await finish(number)), reprice: number, range };
  }
  const hold = await holdLedger(db, sealed, clock());
  await recordReprice(db, { ...record, ...nothing, reprice: hold.build, state: 'started' });
  await hooks?.afterHold?.();
  await settled(db, options);
  return withoutMerges(db, async () => {
    await writeDays(db, sealed, hold, options);
    // The open quarter hour is held for the last moment only, for nobody sees what comes in it meanwhile.
    const held = hasOpen ? await holdOpenQuarter(db, hold, open, clock()) : hold;
    // On a data directory the readers of the API are all of this process, and those of SQL were given their time.
    if (hasOpen) await settled(db, db.isShared === true ? options : { settleMs: 0 });
    let result: RangeFigures = nothing;
    const beforePublish = async (): Promise<void> => {
      await hooks?.beforePublish?.();
      result = await finish(hold.build);
    };
    await buildRollups(db, { nowMs: clock(), ...buildOptions, releaseHold: held.build, hooks: { beforePublish } });
    return { ...result, reprice: hold.build, range };
  });
}

/**
 * Leaves the ledger's parts as they are while `work` writes: merging what has just been written costs as much again. On a
 * server merges are everybody's and go on.
 */
async function withoutMerges<Result>(db: Database, work: () => Promise<Result>): Promise<Result> {
  if (db.isShared === true) return work();
  await db.command('SYSTEM STOP MERGES llm_calls');
  try {
    return await work();
  } finally {
    await db.command('SYSTEM START MERGES llm_calls');
  }
}

/**
 * Waits for readers that planned before a hold and have not read yet: those of this process, of the API and of SQL, are
 * known; others get their time. A statement plans in its first moments, so one that runs for long is not waited for.
 */
async function settled(db: Database, { settleMs = DEFAULT_SETTLE_MS }: Pick<RepriceScope, 'settleMs'>): Promise<void> {
  await pause(settleMs);
  const patience = new AbortController();
  await Promise.race([readsUnderWay(db), delay(MAX_SETTLE_MS, undefined, { signal: patience.signal })]);
  patience.abort();
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Writes the changes of a range day by day, two days at a time (they have no row in common), after all other corrections
 * of the ledger.
 */
async function writeDays(db: Database, range: TimeRange, hold: LedgerHold, options: RepriceScope): Promise<void> {
  const partitions = range.toMs > range.fromMs ? await partitionsOf(db, range) : [];
  for (let done = 0; done < partitions.length; done += DAYS_A_TURN) {
    options.onProgress?.(done, partitions.length);
    const turn = partitions.slice(done, done + DAYS_A_TURN);
    // A process that stood still for too long was taken for dead: what it held is no longer held.
    await assertTurn(db, 'reprice');
    await withLedgerLock(db, async () =>
      twoAtATime(turn, async (partition) =>
        writeChanges(db, range, `_partition_id = '${partition}' AND ${options.only}`, WRITE_SETTINGS),
      ),
    );
    await refreshHold(db, hold, options.clock());
    for (const partition of turn) await options.hooks?.afterDay?.(partition);
  }
  options.onProgress?.(partitions.length, partitions.length);
}

/** With the ledger's lock held. */
async function writeChanges(db: Database, range: TimeRange, where: string, settings: string): Promise<void> {
  const database = await currentDatabase(db);
  await db.command(
    `${insertChanges(database, `${where} AND ${IN_COUNTED_RANGE}`, await repricedBaseSql(db))}\n${FINAL_SETTINGS}, ${REVISE_SETTINGS}, ${settings}`,
    rangeParameters(range),
  );
}

/** The newest block of each partition of the ledger. */
async function newestBlocks(db: Database): Promise<ReadonlyMap<string, bigint>> {
  const rows = await db.query<{ id: string; block: string }>(
    `SELECT partition_id AS id, toUInt64(max(max_block_number)) AS block FROM system.parts
WHERE database = currentDatabase() AND table = 'llm_calls' AND active GROUP BY id`,
  );
  return new Map(rows.map(({ id, block }) => [id, BigInt(block)]));
}

/** How many calls that count got a new version since, by `["provider","model"]`. */
async function changedByModel(
  db: Database,
  range: TimeRange,
  marks: ReadonlyMap<string, bigint>,
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ provider: string; model: string; calls: string }>(
    `SELECT c.provider AS provider, c.model AS model, count() AS calls
FROM llm_calls AS c
WHERE ${IN_COUNTED_RANGE} AND c.counted AND c.version >= {revision_step:UInt64}
    AND _block_number > transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
GROUP BY provider, model`,
    {
      ...rangeParameters(range),
      partitions: [...marks.keys()],
      blocks: [...marks.values()],
      revision_step: REVISION_STEP,
    },
  );
  return new Map(rows.map((row) => [JSON.stringify([row.provider, row.model]), Number(row.calls)]));
}
