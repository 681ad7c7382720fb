import type { Database } from '../database.js';
import { rangeCondition } from '../query/range-condition.js';
import { joinRanges } from '../query/read-plan.js';
import { ceilTo, DAY_MS, floorTo, instantText, parseInstant, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { querySql } from '../sql-files.js';
import { changedPartitions, findDirtyQuarters, readPublishedState, type PublishedState } from './published-state.js';
import { DAY_ROLLUPS, QUARTER_ROLLUP, type RollupTable } from './rollup-tables.js';
import { adjustRollup, writeRollup } from './write-rollup.js';

/** Points at which a test can hold a build still; each is awaited. */
export interface BuildHooks {
  /** The ledger's newest blocks are known, no row has been read. */
  readonly afterBlocksRead?: () => Promise<void>;
  /** All rows of the build are written, none is visible. */
  readonly beforePublish?: () => Promise<void>;
}

/** How {@link buildRollups} works. */
export interface BuildOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /** How long after its end a quarter hour is sealed. Default 60 000: most late rows of it have come, the rest make it dirty. */
  readonly graceMs?: number;
  /**
   * How long calls stay in the ledger; see `applyRetention`. Default 760 days. Quarter hours about to leave it are frozen:
   * what still comes for them is added to what was published.
   */
  readonly ledgerDays?: number;
  /** The hold that ends with this build; while another stands nothing is built. */
  readonly releaseHold?: bigint;
  readonly hooks?: BuildHooks;
}

/** What one {@link buildRollups} did. */
export interface BuildResult {
  /** The build that was published; undefined when nothing was new. */
  readonly build: bigint | undefined;
  readonly quarters: number;
  readonly days: number;
  readonly sealedUntil: Date;
}

const DEFAULT_GRACE_MS = 60_000;
const DEFAULT_LEDGER_DAYS = 760;
/** Quarter hours are frozen this long before their calls leave the ledger (half of the retention where that is less). */
const FREEZE_MARGIN_MS = 2 * DAY_MS;
/** A first build of a long history is published in pieces of this length. */
const MAX_SEAL_STEP_MS = 31 * DAY_MS;
/** Builds are numbered by time, in steps that leave room for 2^20 a millisecond: numbers never repeat after a crash. */
const BUILDS_PER_MS = 2n ** 20n;

/** The first build number that can have been given at an instant. */
export function buildNumberAt(ms: number): bigint {
  return BigInt(Math.max(0, Math.floor(ms))) * BUILDS_PER_MS;
}

/**
 * Rebuilds what changed and seals what has ended: quarter hours with rows newer than the last build, from FINAL, under a
 * new build number, made visible together by one block in `published`. Run by one process at a time.
 */
export async function buildRollups(db: Database, options: BuildOptions): Promise<BuildResult> {
  return runExclusively(db, 'build', async () => {
    let result = await buildOnce(db, options);
    while (result.more) result = { ...(await buildOnce(db, options)) };
    return result;
  });
}

interface BuildStep extends BuildResult {
  readonly more: boolean;
}

async function buildOnce(db: Database, options: BuildOptions): Promise<BuildStep> {
  const { nowMs, graceMs = DEFAULT_GRACE_MS, hooks } = options;
  // The blocks are read before any row: what commits after this is above them, and therefore new to the next build.
  const found = await readPublishedState(db);
  const { hold } = found;
  if (hold !== undefined && hold.build !== options.releaseHold) return nothingBuilt(found.sealedUntilMs);
  const state = { ...found, hold: undefined };
  await hooks?.afterBlocksRead?.();
  const seal = await nextSeal(db, state, floorTo(nowMs - graceMs, QUARTER_MS));
  const dirty = await findDirtyQuarters(db, { ...state, frozenUntilMs: 0 });
  const sealed = await quartersWithCalls(db, { fromMs: seal.fromMs, toMs: seal.toMs });
  const quarters = [...new Set([...dirty, ...sealed])].toSorted((left, right) => left - right);
  if (quarters.length === 0 && seal.toMs === state.sealedUntilMs && hold === undefined) return nothingBuilt(seal.toMs);
  const build = nextBuild(found, nowMs);
  const days = daysToBuild(quarters, state.sealedUntilMs, seal.toMs);
  const frozenUntilMs = frozenUntil(nowMs, options.ledgerDays ?? DEFAULT_LEDGER_DAYS);
  await writeBuild(db, { build, state, quarters, days, daysUntilMs: floorTo(seal.toMs, DAY_MS), frozenUntilMs });
  await hooks?.beforePublish?.();
  const isRelease = hold !== undefined;
  await publish(db, { build, state, quarters, days, sealedUntilMs: seal.toMs, frozenUntilMs, isRelease, nowMs });
  return { build, quarters: quarters.length, days: days.length, sealedUntil: new Date(seal.toMs), more: seal.more };
}

function nothingBuilt(sealedUntilMs: number): BuildStep {
  return { build: undefined, quarters: 0, days: 0, sealedUntil: new Date(sealedUntilMs), more: false };
}

/** A number above those of all builds and holds so far. */
export function nextBuild(state: PublishedState, nowMs: number): bigint {
  const random = BigInt(Math.floor(Math.random() * Number(BUILDS_PER_MS)));
  const byClock = buildNumberAt(nowMs) + random;
  const held = state.hold?.build ?? 0n;
  const last = held > state.snapshot ? held : state.snapshot;
  return byClock > last ? byClock : last + 1n;
}

/** From where to where this build seals; the first one starts with the ledger's first call. */
async function nextSeal(
  db: Database,
  state: PublishedState,
  targetMs: number,
): Promise<TimeRange & { readonly more: boolean }> {
  const fromMs = state.sealedUntilMs === 0 ? await firstCallMs(db, targetMs) : state.sealedUntilMs;
  const toMs = Math.max(fromMs, Math.min(targetMs, fromMs + MAX_SEAL_STEP_MS));
  return { fromMs, toMs, more: toMs < targetMs };
}

async function firstCallMs(db: Database, targetMs: number): Promise<number> {
  const [row] = await db.query<{ first: string; calls: string }>(
    'SELECT min(counted_at) AS first, count() AS calls FROM llm_calls',
  );
  if (row === undefined || row.calls === '0') return floorTo(targetMs, DAY_MS);
  return Math.min(floorTo(parseInstant(row.first), DAY_MS), floorTo(targetMs, DAY_MS));
}

async function quartersWithCalls(db: Database, range: TimeRange): Promise<number[]> {
  if (range.toMs <= range.fromMs) return [];
  const condition = rangeCondition('counted_at', 'DateTime64', [range], 'l');
  const rows = await db.query<{ quarter: string }>(
    `SELECT DISTINCT toStartOfFifteenMinutes(counted_at) AS quarter FROM llm_calls WHERE ${condition.sql}`,
    condition.parameters,
  );
  return rows.map((row) => parseInstant(row.quarter));
}

/** Sealed days with a quarter hour to build, and days that are sealed by this build. */
function daysToBuild(quarters: readonly number[], sealedBeforeMs: number, sealedUntilMs: number): readonly number[] {
  const days = new Set<number>();
  const lastDay = floorTo(sealedUntilMs, DAY_MS);
  for (const quarter of quarters) {
    const day = floorTo(quarter, DAY_MS);
    if (day < lastDay) days.add(day);
  }
  if (sealedBeforeMs > 0) for (let day = floorTo(sealedBeforeMs, DAY_MS); day < lastDay; day += DAY_MS) days.add(day);
  return [...days].toSorted((left, right) => left - right);
}

function frozenUntil(nowMs: number, ledgerDays: number): number {
  const retentionMs = ledgerDays * DAY_MS;
  return Math.max(0, floorTo(nowMs - Math.max(retentionMs - FREEZE_MARGIN_MS, retentionMs / 2), DAY_MS));
}

interface BuildPlan {
  readonly build: bigint;
  readonly state: PublishedState;
  readonly quarters: readonly number[];
  readonly days: readonly number[];
  /** Where the first day begins that is not sealed. */
  readonly daysUntilMs: number;
  /** Earlier periods are added to, not built again. */
  readonly frozenUntilMs: number;
}

async function writeBuild(db: Database, plan: BuildPlan): Promise<void> {
  const { build, days } = plan;
  await writePeriods(db, plan, [QUARTER_ROLLUP], plan.quarters, QUARTER_MS);
  if (days.length === 0) return;
  await writePeriods(db, plan, DAY_ROLLUPS, days, DAY_MS);
  await db.command(querySql('build_user_months'), {
    build,
    months: monthsOf(days).map(dateText),
    until: dateText(plan.daysUntilMs),
    days: days.map(dateText),
  });
}

async function writePeriods(
  db: Database,
  { build, state, frozenUntilMs }: BuildPlan,
  tables: readonly RollupTable[],
  starts: readonly number[],
  lengthMs: number,
): Promise<void> {
  const rangesOf = (some: readonly number[]) => joinRanges(some.map((fromMs) => ({ fromMs, toMs: fromMs + lengthMs })));
  // On the first build nothing is published that could be added to.
  const isFrozen = (start: number) => start < frozenUntilMs && start < state.sealedUntilMs;
  const frozen = rangesOf(starts.filter(isFrozen));
  const live = rangesOf(starts.filter((start) => !isFrozen(start)));
  for (const table of tables) {
    if (live.length > 0) await writeRollup(db, table, build, live);
    if (frozen.length > 0) await adjustRollup(db, table, build, frozen, changedPartitions(state));
  }
}

const dateText = (ms: number): string => instantText(ms).slice(0, 10);

function monthsOf(days: readonly number[]): readonly number[] {
  return [...new Set(days.map((day) => monthStart(day)))];
}

function monthStart(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

interface Publication {
  readonly build: bigint;
  readonly state: PublishedState;
  readonly quarters: readonly number[];
  readonly days: readonly number[];
  readonly sealedUntilMs: number;
  readonly frozenUntilMs: number;
  /** Whether the hold that stands ends with this build. */
  readonly isRelease: boolean;
  readonly nowMs: number;
}

/** One insert of one block: everything of the build becomes visible at once, or nothing does. */
async function publish(db: Database, publication: Publication): Promise<void> {
  const { build, state, quarters, days, sealedUntilMs, nowMs } = publication;
  const row = (grain: string, startMs: number, partition = '', block = 0n, until = 0) => ({
    build: build.toString(),
    grain,
    start: instantText(startMs).slice(0, 19),
    partition_id: partition,
    block: block.toString(),
    sealed_until: instantText(until),
    published_at: instantText(nowMs),
  });
  const daysUntilMs = floorTo(sealedUntilMs, DAY_MS);
  const monthUntil = (month: number) => Math.min(daysUntilMs, ceilTo(nextMonth(month), DAY_MS));
  const gone = [...state.readBlocks]
    .filter(([partition, block]) => block > 0n && !state.ledgerBlocks.has(partition))
    .map(([partition]) => partition);
  await db.insertRows('published', [
    row('seal', 0, '', 0n, sealedUntilMs),
    row('frozen', 0, '', 0n, publication.frozenUntilMs),
    ...(publication.isRelease ? [row('hold', 0)] : []),
    ...[...changedPartitions(state).keys()].map((partition) =>
      row('partition', 0, partition, state.ledgerBlocks.get(partition)),
    ),
    // A partition that retention dropped starts again from nothing, for its numbers may be used again.
    ...gone.map((partition) => row('partition', 0, partition, 0n)),
    ...quarters.map((quarter) => row('quarter', quarter)),
    ...days.map((day) => row('day', day)),
    ...monthsOf(days).map((month) => row('month', month, '', 0n, monthUntil(month))),
  ]);
}

function nextMonth(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
