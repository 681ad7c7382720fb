import type { Database } from '../database.js';
import { rangeCondition } from '../query/range-condition.js';
import { DAY_MS, floorTo, parseInstant, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { daysToBuild, FREEZE_MARGIN_MS, monthsToBuild, soFarDayToBuild, type BuildPlan } from './build-plan.js';
import { isResting } from './open-build-rest.js';
import {
  buildNumberAt,
  BUILDS_PER_MS,
  changedPartitions,
  findDirtyQuarters,
  firstDetailMs,
  type PublishedState,
} from './published-state.js';
import { countOpenCalls, END_OF_TIME_MS, MAX_LIVE_CALLS } from './read-view.js';

/** What a plan depends on besides what is published. */
export interface PlanOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /** How long after its end a quarter hour is sealed. Default 60 000: most late rows of it have come, the rest make it dirty. */
  readonly graceMs?: number;
  /**
   * How long calls stay in the ledger; see `applyRetention`. Default 760 days. Quarter hours about to leave it are frozen:
   * what still comes for them is added to what was published.
   */
  readonly ledgerDays?: number;
}

const DEFAULT_GRACE_MS = 60_000;
const DEFAULT_LEDGER_DAYS = 760;
/** A first build of a long history is published in pieces of at most so many days, fewer where they have more calls. */
const MAX_SEAL_DAYS = 31;
const MAX_SEAL_CALLS = 5_000_000;

/** What is to be built; nothing where nothing is new, or where the tail is long and was built a moment ago. */
export async function planBuild(
  db: Database,
  found: PublishedState,
  options: PlanOptions,
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
