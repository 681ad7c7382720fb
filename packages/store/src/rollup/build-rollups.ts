import type { Database } from '../database.js';
import { rangeCondition } from '../query/range-condition.js';
import { joinRanges } from '../query/read-plan.js';
import { DAY_MS, floorTo, instantText, parseInstant, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { querySql } from '../sql-files.js';
import { daysToBuild, monthsToBuild, soFarDayToBuild, type BuildPlan } from './build-plan.js';
import { learnCountedBounds } from './counted-bounds.js';
import { publishBuild } from './publish-build.js';
import {
  buildNumberAt,
  BUILDS_PER_MS,
  changedPartitions,
  findDirtyQuarters,
  firstDetailMs,
  readPublishedState,
  type PublishedState,
} from './published-state.js';
import { countOpenCalls, END_OF_TIME_MS, holdReads, isReadLive, MAX_LIVE_CALLS } from './read-view.js';
import {
  DAY_ROLLUPS,
  QUARTER_ROLLUP,
  QUARTER_ROLLUPS,
  USER_DAY_ROLLUP,
  USER_MONTH_ROLLUP,
  USER_SO_FAR_ROLLUP,
  type RollupTable,
} from './rollup-tables.js';
import { twoAtATime } from './two-at-a-time.js';
import {
  adjustRollup,
  listTopUsers,
  recordAdjustedCalls,
  sumDays,
  writeQuarters,
  writeRollup,
} from './write-rollup.js';

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
/** A first build of a long history is published in pieces of at most so many days, fewer where they have more calls. */
const MAX_SEAL_DAYS = 31;
const MAX_SEAL_CALLS = 5_000_000;
/** Quarter hours that one statement builds, so that its memory does not grow with what has changed. */
const MAX_QUARTERS_AT_ONCE = 384;
/** Building the open quarter hours takes one part in so many of the time, more where the next one would come too late. */
const OPEN_BUILD_SHARE = 10;
const MIN_REST_SHARE = 2;
/** From the end of such a build to the end of the next one: what it answers is a minute old at most. */
const MAX_REST_MS = 50_000;

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
  const calledMs = performance.now();
  // The blocks are read before any row: what commits after this is above them, and therefore new to the next build.
  const found = await readPublishedState(db);
  await learnCountedBounds(db, found.ledgerBlocks);
  const { hold } = found;
  if (hold !== undefined && hold.build !== options.releaseHold) return nothingBuilt(found.sealedUntilMs);
  await options.hooks?.afterBlocksRead?.();
  const { plan, more } = await planBuild(db, found, options);
  if (plan === undefined) return nothingBuilt(found.sealedUntilMs);
  if (!plan.isOpen || plan.isRelease || !isReadLive(db, found)) return carryOut(db, plan, options, more);
  const letRead = await holdReads(db);
  try {
    // Planned again, as of now: what the reads that have ended saw must be in it.
    const nowMs = options.nowMs + Math.ceil(performance.now() - calledMs);
    const again = await planBuild(db, await readPublishedState(db), { ...options, nowMs });
    if (again.plan === undefined) return nothingBuilt(found.sealedUntilMs);
    return await carryOut(db, { ...again.plan, isAwaited: true }, options, again.more);
  } finally {
    letRead();
  }
}

async function carryOut(db: Database, plan: BuildPlan, options: BuildOptions, more: boolean): Promise<BuildStep> {
  const startedMs = performance.now();
  await writeBuild(db, plan);
  await options.hooks?.beforePublish?.();
  await publishBuild(db, plan);
  const endedMs = performance.now();
  if (plan.isOpen) openBuilds.set(db, { endedMs, tookMs: endedMs - startedMs });
  const sealedUntil = new Date(plan.sealedUntilMs);
  return { build: plan.build, quarters: plan.quarters.length, days: plan.days.length, sealedUntil, more };
}

/** When the last build of the open quarter hours ended, and how long it took. */
const openBuilds = new WeakMap<Database, { readonly endedMs: number; readonly tookMs: number }>();

/** Whether it is too early for another build of the open quarter hours. */
function isResting(db: Database): boolean {
  const last = openBuilds.get(db);
  if (last === undefined) return false;
  const restMs = Math.max(
    MIN_REST_SHARE * last.tookMs,
    Math.min(OPEN_BUILD_SHARE * last.tookMs, MAX_REST_MS - 2 * last.tookMs),
  );
  return performance.now() - last.endedMs < restMs;
}

/** What is to be built; nothing where nothing is new, or where the tail is long and was built a moment ago. */
async function planBuild(
  db: Database,
  found: PublishedState,
  options: BuildOptions,
): Promise<{ readonly plan: BuildPlan | undefined; readonly more: boolean }> {
  const { nowMs, graceMs = DEFAULT_GRACE_MS, ledgerDays = DEFAULT_LEDGER_DAYS } = options;
  const isRelease = found.hold !== undefined;
  const state = { ...found, hold: undefined };
  const seal = await nextSeal(db, state, floorTo(nowMs - graceMs, QUARTER_MS));
  const isOpen = !seal.more && changedPartitions(state).size > 0 && (await isTailLong(db, seal.toMs));
  if (isOpen && !isRelease && isResting(db)) return { plan: undefined, more: false };
  const detail = await detailToBuild(db, state, seal, nowMs);
  const quarters = await quartersToBuild(db, state, { fromMs: seal.fromMs, toMs: isOpen ? END_OF_TIME_MS : seal.toMs });
  const all = [...new Set([...quarters, ...detail.quarters])].toSorted((left, right) => left - right);
  const needs = { state, quarters: all, sealedUntilMs: seal.toMs, detailFromMs: detail.fromMs, nowMs };
  const days = daysToBuild(needs);
  const months = monthsToBuild(days, state, nowMs);
  const soFarDay = seal.more ? undefined : soFarDayToBuild(needs);
  const isNothingNew = all.length + days.length + months.length === 0 && seal.toMs === state.sealedUntilMs;
  if (isNothingNew && !isRelease) return { plan: undefined, more: false };
  const frozenUntilMs = frozenUntil(nowMs, ledgerDays);
  const isFirstDetail = state.detailFromMs === Infinity;
  const build = nextBuild(found, nowMs);
  return {
    plan: {
      ...needs,
      build,
      days,
      months,
      soFarDay,
      frozenUntilMs,
      isFirstDetail,
      isOpen,
      isRelease,
      isAwaited: false,
    },
    more: seal.more,
  };
}

async function isTailLong(db: Database, sealedUntilMs: number): Promise<boolean> {
  return (await countOpenCalls(db, sealedUntilMs)) > MAX_LIVE_CALLS;
}

/** Quarter hours of the sealed time with new rows, and those of a range that is sealed (or open and built) now. */
async function quartersToBuild(db: Database, state: PublishedState, range: TimeRange): Promise<readonly number[]> {
  const dirty = await findDirtyQuarters(db, { ...state, frozenUntilMs: 0 });
  return [...dirty, ...(await quartersWithCalls(db, range))];
}

/** From where on the `recent` rollups are complete after this build, and what is built again for it on the first one. */
async function detailToBuild(
  db: Database,
  state: PublishedState,
  seal: TimeRange,
  nowMs: number,
): Promise<{ readonly fromMs: number; readonly quarters: readonly number[] }> {
  if (state.detailFromMs !== Infinity) return { fromMs: state.detailFromMs, quarters: [] };
  if (state.sealedUntilMs === 0) return { fromMs: firstDetailMs(seal.fromMs, nowMs), quarters: [] };
  // A directory of an earlier version: days that were summed then stay as they are, the open day gets its quarter hours.
  const fromMs = floorTo(state.sealedUntilMs, DAY_MS);
  return { fromMs, quarters: await quartersWithCalls(db, { fromMs, toMs: state.sealedUntilMs }) };
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
  const toMs = Math.max(fromMs, Math.min(targetMs, fromMs + MAX_SEAL_DAYS * DAY_MS));
  const calls = toMs - fromMs > DAY_MS ? await countCalls(db, { fromMs, toMs }) : 0;
  const days = Math.max(1, Math.floor((MAX_SEAL_CALLS / calls) * MAX_SEAL_DAYS));
  const stepToMs = Math.min(toMs, fromMs + days * DAY_MS);
  return { fromMs, toMs: stepToMs, more: stepToMs < targetMs };
}

async function countCalls(db: Database, range: TimeRange): Promise<number> {
  const condition = rangeCondition('counted_at', 'DateTime64', [range], 'l');
  const sql = `SELECT count() AS calls FROM llm_calls WHERE ${condition.sql}`;
  const [row] = await db.query<{ calls: string }>(sql, condition.parameters);
  return Number(row?.calls ?? 0);
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

function frozenUntil(nowMs: number, ledgerDays: number): number {
  const retentionMs = ledgerDays * DAY_MS;
  return Math.max(0, floorTo(nowMs - Math.max(retentionMs - FREEZE_MARGIN_MS, retentionMs / 2), DAY_MS));
}

async function writeBuild(db: Database, plan: BuildPlan): Promise<void> {
  const { build, quarters, days, detailFromMs } = plan;
  const withDetail = quarters.filter((quarter) => quarter >= detailFromMs);
  const older = quarters.filter((quarter) => quarter < detailFromMs);
  await writeLiveQuarters(db, plan, withDetail);
  await writePeriods(db, plan, QUARTER_ROLLUP, older);
  await twoAtATime(QUARTER_ROLLUPS, async (table) => addToFrozen(db, plan, table, withDetail));
  const frozen = quarters.filter((quarter) => isFrozen(plan, quarter));
  if (frozen.length > 0) {
    await recordAdjustedCalls(db, build, rangesOf(frozen, QUARTER_MS), changedPartitions(plan.state));
  }
  const fromQuarters = days.filter((day) => day >= detailFromMs);
  const fromLedger = days.filter((day) => day < detailFromMs);
  await twoAtATime(DAY_ROLLUPS, async (table) => {
    if (fromLedger.length > 0) await writePeriods(db, plan, table, fromLedger);
    if (fromQuarters.length === 0) return;
    const until = fromQuarters.at(-1) ?? 0;
    await sumDays(db, table, {
      build,
      days: fromQuarters.map(dateText),
      quarters: quarters.map(secondText),
      until: secondText(until + DAY_MS),
    });
  });
  await writeUserSums(db, plan);
}

/** The users of whole months, and of the open day up to the seal, with the dearest of each listed. */
async function writeUserSums(
  db: Database,
  { build, quarters, days, months, soFarDay, sealedUntilMs }: BuildPlan,
): Promise<void> {
  if (months.length > 0) {
    await db.command(querySql('build_user_months'), {
      build,
      months: months.map(dateText),
      until: dateText(floorTo(sealedUntilMs, DAY_MS)),
      days: days.map(dateText),
    });
    await listTopUsers(db, USER_MONTH_ROLLUP, build, months.map(dateText));
  }
  if (soFarDay === undefined) return;
  const sealed = quarters.filter((quarter) => quarter < sealedUntilMs);
  await sumDays(db, USER_DAY_ROLLUP, {
    build,
    days: [dateText(soFarDay)],
    quarters: sealed.map(secondText),
    until: secondText(sealedUntilMs),
  });
  await listTopUsers(db, USER_SO_FAR_ROLLUP, build, [dateText(soFarDay)]);
}

/** Builds quarter hours of every rollup of them from the ledger, but for those whose calls may have left it. */
async function writeLiveQuarters(db: Database, plan: BuildPlan, quarters: readonly number[]): Promise<void> {
  const live = quarters.filter((quarter) => !isFrozen(plan, quarter));
  for (let index = 0; index < live.length; index += MAX_QUARTERS_AT_ONCE) {
    const ranges = rangesOf(live.slice(index, index + MAX_QUARTERS_AT_ONCE), QUARTER_MS);
    const partitions = plan.state.partitionsWithin(ranges);
    await writeQuarters(db, { build: plan.build, ranges, partitions, isUrgent: !plan.isOpen || plan.isAwaited });
  }
}

/** Builds periods of one rollup from the ledger; to those whose calls may have left it, what is new is added. */
async function writePeriods(
  db: Database,
  plan: BuildPlan,
  table: RollupTable,
  starts: readonly number[],
): Promise<void> {
  const { build, state } = plan;
  const lengthMs = table.grain === 'day' ? DAY_MS : QUARTER_MS;
  const atOnce = MAX_QUARTERS_AT_ONCE / (lengthMs / QUARTER_MS);
  const live = starts.filter((start) => !isFrozen(plan, start));
  for (let index = 0; index < live.length; index += atOnce) {
    const ranges = rangesOf(live.slice(index, index + atOnce), lengthMs);
    await writeRollup(db, table, { build, ranges, partitions: state.partitionsWithin(ranges) });
  }
  await addToFrozen(db, plan, table, starts);
}

/** Adds what is new to periods of one rollup whose calls may have left the ledger. */
async function addToFrozen(
  db: Database,
  plan: BuildPlan,
  table: RollupTable,
  starts: readonly number[],
): Promise<void> {
  const lengthMs = table.grain === 'day' ? DAY_MS : QUARTER_MS;
  const frozen = starts.filter((start) => isFrozen(plan, start));
  if (frozen.length === 0) return;
  await adjustRollup(db, table, plan.build, rangesOf(frozen, lengthMs), changedPartitions(plan.state));
}

/** Whether a period is added to. On the first build nothing is published that could be. */
function isFrozen({ state, frozenUntilMs }: BuildPlan, start: number): boolean {
  return start < frozenUntilMs && start < state.sealedUntilMs;
}

function rangesOf(starts: readonly number[], lengthMs: number): readonly TimeRange[] {
  return joinRanges(starts.map((fromMs) => ({ fromMs, toMs: fromMs + lengthMs })));
}

const dateText = (ms: number): string => instantText(ms).slice(0, 10);
const secondText = (ms: number): string => instantText(ms).slice(0, 19);
