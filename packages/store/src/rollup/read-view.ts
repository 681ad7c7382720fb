import type { Database } from '../database.js';
import { instantText } from '../query/time-range.js';
import { waitAtMost } from '../wait-at-most.js';
import { changedPartitions, findDirtyQuarters, readPublishedState, type PublishedState } from './published-state.js';

/** By what a query is planned: the published builds, and the sealed quarter hours to be read from the ledger instead. */
export interface ReadView {
  readonly state: PublishedState;
  readonly dirty: readonly number[];
}

/**
 * The most calls of the open hours that each query sums from the ledger: about 0.4 µs of a core each, e.g. 40 ms for these.
 * Above it builds hold the open quarter hours too, every few seconds, and queries are answered as of the newest.
 */
export const MAX_LIVE_CALLS = 100_000;

/** The oldest build that may stand for the open quarter hours; without a younger one they are read from the ledger. */
export const MAX_OPEN_AGE_MS = 60_000;

/** Later than every instant of a call. */
export const END_OF_TIME_MS = 4_102_444_800_000;

/** What is under way on each database, planned and perhaps not begun, and when it began, by `performance.now()`. */
type UnderWay = WeakMap<Database, Map<Promise<unknown>, number>>;

/** Reads by what is published, which {@link holdReads} lets wait. */
const reads: UnderWay = new WeakMap();

/** Statements that came over the ClickHouse interface: inserts, and reads that go by what views say. */
const statements: UnderWay = new WeakMap();

/** Of each database, what reads wait for before they ask what is published: see {@link holdReads}. */
const gates = new WeakMap<Database, Promise<void>>();

/** The longest that reads wait, whatever becomes of the build. */
const MAX_GATE_MS = 15_000;

/**
 * A read that takes longer hangs, as far as builds are concerned: they go on without it. What it answers when it ends, if it
 * does, is right all the same: it reads one state of the published, and no build that began before its end answers after it.
 */
export const HANGING_READ_MS = 10_000;

/**
 * Lets reads of this process wait until the result is called, and waits for those under way. A build of the open quarter
 * hours may answer only who asks after it began and after the last read of the ledger ended: where queries never pause, one
 * of them would be under way during each such build, and all of them would read a tail that grows and grows. A read that
 * hangs is waited for until it is {@link HANGING_READ_MS} old, and a warning of the process tells of it.
 */
export async function holdReads(db: Database): Promise<() => void> {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const release = (): void => {
    clearTimeout(timer);
    if (gates.get(db) === gate) gates.delete(db);
    open();
  };
  const timer = setTimeout(release, MAX_GATE_MS);
  gates.set(db, gate);
  await youngReads(db);
  return release;
}

/** Waits for the reads under way that do not hang yet, as long as a read may take. */
async function youngReads(db: Database): Promise<void> {
  const hangingMs = performance.now() - HANGING_READ_MS;
  const young = [...(reads.get(db) ?? [])].filter(([, beganMs]) => beganMs > hangingMs).map(([read]) => read);
  if (await waitAtMost(Promise.allSettled(young), HANGING_READ_MS)) return;
  process.emitWarning(
    `a read of costs has not ended within ${HANGING_READ_MS} ms: rollups are built without waiting for it`,
    'CostelWarning',
  );
}

/**
 * Runs a read that first asks what is published and then reads by it; {@link readsUnderWay} waits for it, and it waits for
 * {@link holdReads}.
 */
export async function planAndRead<Result>(db: Database, read: () => Promise<Result>): Promise<Result> {
  for (let gate = gates.get(db); gate !== undefined; gate = gates.get(db)) await gate;
  return track(reads, db, read);
}

/** Runs a statement that came over the ClickHouse interface; {@link readsUnderWay} waits for it, and it waits for nothing. */
export async function runStatement<Result>(db: Database, run: () => Promise<Result>): Promise<Result> {
  return track(statements, db, run);
}

async function track<Result>(all: UnderWay, db: Database, run: () => Promise<Result>): Promise<Result> {
  const underWay = all.get(db) ?? new Map<Promise<unknown>, number>();
  all.set(db, underWay);
  const result = run();
  underWay.set(result, performance.now());
  try {
    return await result;
  } finally {
    underWay.delete(result);
  }
}

/** Waits until every read and statement of this process has ended that is under way now; what they say is their callers' matter. */
export async function readsUnderWay(db: Database): Promise<void> {
  await Promise.allSettled([...(reads.get(db)?.keys() ?? []), ...(statements.get(db)?.keys() ?? [])]);
}

/** Reads of the ledger's newest calls, by `performance.now()`: when those under way began, and when the last one ended. */
interface LiveReads {
  readonly beganMs: Set<{ readonly ms: number }>;
  endedMs: number;
}

const liveReads = new WeakMap<Database, LiveReads>();

/** How long ago the last of them ended: 0 while one is under way that does not hang; Infinity where there was none. */
function liveEndedAgo(db: Database): number {
  const live = liveReads.get(db);
  if (live === undefined) return Infinity;
  const nowMs = performance.now();
  return [...live.beganMs].some(({ ms }) => nowMs - ms < HANGING_READ_MS) ? 0 : nowMs - live.endedMs;
}

/** A build that holds the open quarter hours, and what its readers went by before it. */
interface Handover {
  readonly build: bigint;
  readonly before: PublishedState;
}

/** Of each database, the build whose first answers are being worked out. */
const handovers = new WeakMap<Database, Handover>();

/**
 * From the publication of `build` until the result is called, readers that the build before it answers go on with that one,
 * as long as it may answer: what they ask again and again is worked out meanwhile, and they all change over at once.
 */
export function handOver(db: Database, build: bigint, before: PublishedState): () => void {
  const handover = { build, before };
  if (before.hasOpenBuild) handovers.set(db, handover);
  return () => {
    if (handovers.get(db) === handover) handovers.delete(db);
  };
}

/** What a query is to go by now: see {@link ReadView}. */
export async function readView(db: Database): Promise<ReadView> {
  const newest = await readPublishedState(db);
  return viewOf(db, stateBeforeHandover(db, newest) ?? newest);
}

/** What a query is to go by that works out an answer of the newest build for those who ask next. */
export async function readViewAhead(db: Database): Promise<ReadView> {
  return viewOf(db, await readPublishedState(db));
}

/** What queries answer by now. */
interface AnsweringState {
  readonly state: PublishedState;
  /** Whether its build stands for the open quarter hours: answers go as far as it has read the ledger. */
  readonly isBuilt: boolean;
}

/** What queries answer by now. Later ones go by nothing older, once what relied on this was read by {@link readLive}. */
export async function answeringState(db: Database): Promise<AnsweringState> {
  const newest = await readPublishedState(db);
  const state = stateBeforeHandover(db, newest) ?? newest;
  return { state, isBuilt: isAnsweredByOpenBuild(db, state) };
}

async function viewOf(db: Database, state: PublishedState): Promise<ReadView> {
  if (isAnsweredByOpenBuild(db, state)) {
    return { state: { ...state, quartersUntilMs: END_OF_TIME_MS }, dirty: [] };
  }
  return { state, dirty: await findDirtyQuarters(db, state) };
}

/** What readers went by before a build whose first answers are being worked out; undefined where they go by the newest. */
function stateBeforeHandover(db: Database, newest: PublishedState): PublishedState | undefined {
  const handover = handovers.get(db);
  if (handover?.build !== newest.snapshot) return undefined;
  const { ledgerBlocks, partitionsWithin, hold } = newest;
  const { before } = handover;
  const openAgeMs = newest.openAgeMs + newest.openBeganMs - before.openBeganMs;
  const state = { ...before, ledgerBlocks, partitionsWithin, hold, openAgeMs };
  if (isAnsweredByOpenBuild(db, state)) return state;
  // Once somebody has gone on to the new build nobody goes back.
  handovers.delete(db);
  return undefined;
}

/**
 * Runs a query that reads the ledger's newest calls. What it has seen is never taken back: a build of the open quarter
 * hours answers only readers that ask after a time when no such query ran while it began, or has ended since.
 */
export async function readLive<Result>(db: Database, read: () => Promise<Result>): Promise<Result> {
  const live: LiveReads = liveReads.get(db) ?? { beganMs: new Set(), endedMs: -Infinity };
  liveReads.set(db, live);
  const began = { ms: performance.now() };
  live.beganMs.add(began);
  try {
    return await read();
  } finally {
    live.beganMs.delete(began);
    live.endedMs = performance.now();
  }
}

/** Whether the newest build stands for the open quarter hours; builds are made for that only where the tail is long. */
function isAnsweredByOpenBuild(db: Database, state: PublishedState): boolean {
  if (!state.hasOpenBuild || state.hold !== undefined) return false;
  if (changedPartitions(state).size === 0) return true;
  return state.openAgeMs <= Math.min(MAX_OPEN_AGE_MS, liveEndedAgo(db));
}

/** Whether queries have read the ledger's newest calls a moment ago, for no build stands for them. */
export function isReadLive(db: Database, state: PublishedState): boolean {
  if (state.hold !== undefined || isAnsweredByOpenBuild(db, state)) return false;
  return liveEndedAgo(db) < MAX_OPEN_AGE_MS;
}

/** About how many rows a read of the open quarter hours goes through: the ledger is ordered by the hour of the start. */
export async function countOpenCalls(db: Database, sealedUntilMs: number): Promise<number> {
  if (sealedUntilMs === 0) return 0;
  const [row] = await db.query<{ calls: string }>(
    `SELECT count() AS calls FROM llm_calls
WHERE toDate(started) >= toDate({from:DateTime64(3, 'UTC')}) AND toStartOfHour(started) >= toStartOfHour({from:DateTime64(3, 'UTC')})`,
    { from: instantText(sealedUntilMs) },
  );
  return Number(row?.calls ?? 0);
}
