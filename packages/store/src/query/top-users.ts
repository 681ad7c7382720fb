import { parsePicoUsd } from '@costel/pricing';
import type { Database } from '../database.js';
import type { PublishedState } from '../rollup/published-state.js';
import { planAndRead, readLive, readView, readViewAhead } from '../rollup/read-view.js';
import { USER_MONTH_ROLLUP, USER_SO_FAR_ROLLUP, type RollupTable } from '../rollup/rollup-tables.js';
import { querySql } from '../sql-files.js';
import {
  addMeasures,
  measuresOf,
  NO_MEASURES,
  type CostGroup,
  type CostMeasures,
  type MeasureRow,
} from './cost-rows.js';
import type { CostScope } from './cost-scope.js';
import { FINAL_SETTINGS, sourceOfPlan } from './cost-source.js';
import { keptRows, noteAsked } from './kept-answers.js';
import { planRead, type PlanNeeds, type ReadPlan } from './read-plan.js';
import { readTopList, type SummedPeriod, type TopList } from './top-lists.js';
import { instantText, type TimeRange } from './time-range.js';

/** The dearest users of a range, descending by cost, and what all users cost. */
export interface TopUsers {
  readonly total: CostMeasures;
  /** One more than was asked for, which shows that nobody else is as dear. */
  readonly groups: readonly CostGroup[];
}

/** So many of each list are looked at beside those that are asked for. */
const SPARE_CANDIDATES = 30;
/** Months that a range may have: each has a list to be read. */
const MAX_MONTHS = 13;

/**
 * The dearest users of a range that has summed months, or the open day, in it. Adding up a million users takes a third of a
 * second; but who is among the dearest in total is so in one of the lists that builds keep of summed periods, or in the rest
 * of the range (the last quarter hours): whoever is at the head of none of them costs at most what the last ones of these
 * heads cost together. Exact: every user that is returned is added up over all parts.
 * @returns undefined where there is no list, or where the heads do not prove it: then everybody is added up.
 */
export async function topUsers(
  db: Database,
  scope: CostScope,
  range: TimeRange,
  limit: number,
): Promise<TopUsers | undefined> {
  return planAndRead(db, async () => {
    const { state, dirty } = await readView(db);
    const plan = planRead(NEEDS, range, state, dirty);
    if (plan.ledger.length === 0 && range.toMs >= state.openAtMs) {
      const again = async (nowMs: number) => {
        const until = { ...range, toMs: Math.max(range.toMs, nowMs) };
        await planAndRead(db, async () => {
          const view = await readViewAhead(db);
          const next = planRead(NEEDS, until, view.state, view.dirty);
          if (next.ledger.length === 0) await topUsersOf(db, { scope, plan: next, state: view.state, limit });
        });
      };
      noteAsked(db, JSON.stringify(['top users', scope, range.fromMs, limit]), again);
    }
    return topUsersOf(db, { scope, plan, state, limit });
  });
}

const NEEDS: PlanNeeds = { dimensions: ['user'], stepMs: 0, latency: false };

interface TopQuery {
  readonly scope: CostScope;
  readonly plan: ReadPlan;
  readonly state: PublishedState;
  readonly limit: number;
}

async function topUsersOf(db: Database, { scope, plan, state, limit }: TopQuery): Promise<TopUsers | undefined> {
  const periods = summedPeriods(plan, state);
  if (periods === undefined || periods.length === 0 || periods.length > MAX_MONTHS) return undefined;
  const lists = await Promise.all(periods.map(async (period) => readTopList(db, scope.tenant, period)));
  const heads = lists.flatMap((list) => list.users.slice(0, limit + SPARE_CANDIDATES));
  const named = [...new Set(heads.map((group) => userOf(group)))];
  const rest = await readRest(db, { scope, plan, state, named, spare: limit + SPARE_CANDIDATES });
  return rank({ db, scope, lists, rest, named, limit });
}

/** The parts of a plan that have lists; undefined where a summed month has none. */
function summedPeriods(plan: ReadPlan, state: PublishedState): readonly SummedPeriod[] | undefined {
  const rangesOf = (wanted: RollupTable) => plan.rollups.find(({ table }) => table === wanted)?.ranges ?? [];
  const periods: SummedPeriod[] = [];
  for (const { fromMs } of rangesOf(USER_MONTH_ROLLUP)) {
    const build = state.listedMonths.get(fromMs);
    if (build === undefined) return undefined;
    periods.push({ table: USER_MONTH_ROLLUP, startMs: fromMs, build });
  }
  if (rangesOf(USER_SO_FAR_ROLLUP).length > 0 && state.soFar !== undefined) {
    periods.push({ table: USER_SO_FAR_ROLLUP, startMs: state.soFar.dayMs, build: state.soFar.build });
  }
  return periods;
}

/** What a range has beside its lists. */
interface Rest {
  readonly total: CostMeasures;
  /** All that are named and have something in it, and the dearest of the others. */
  readonly users: ReadonlyMap<string, CostMeasures>;
  /** Pico-dollars that nobody else exceeds. */
  readonly othersAtMost: bigint;
}

interface RestQuery {
  readonly scope: CostScope;
  readonly plan: ReadPlan;
  readonly state: PublishedState;
  readonly named: readonly string[];
  readonly spare: number;
}

type UserRow = MeasureRow & { readonly d0: string; readonly is_total: number };

async function readRest(db: Database, { scope, plan, state, named, spare }: RestQuery): Promise<Rest> {
  const isListed = (table: RollupTable) => table === USER_MONTH_ROLLUP || table === USER_SO_FAR_ROLLUP;
  const left: ReadPlan = { ...plan, rollups: plan.rollups.filter(({ table }) => !isListed(table)) };
  if (left.rollups.length + left.ledger.length === 0) {
    return { total: NO_MEASURES, users: new Map<string, CostMeasures>(), othersAtMost: 0n };
  }
  const source = sourceOfPlan(scope, left, {}, state);
  const sql = querySql('top_of_part', { source: source.sql, settings: FINAL_SETTINGS });
  const limit = 1 + named.length + spare;
  const parameters = { ...source.parameters, named, limit };
  const read = async () =>
    left.ledger.length === 0 ? keptRows<UserRow>(db, sql, parameters) : db.query<UserRow>(sql, parameters);
  const isLive = left.ledger.length > 0 && state.quartersUntilMs === state.sealedUntilMs;
  const rows = isLive ? await readLive(db, read) : await read();
  const totalRow = rows.find((row) => row.is_total === 1);
  const users = rows.filter((row) => row.is_total === 0);
  return {
    total: totalRow === undefined ? NO_MEASURES : measuresOf(totalRow),
    users: new Map(users.map((row) => [row.d0, measuresOf(row)])),
    // Who has nothing in it may come before those that have less than nothing (of a day that was corrected).
    othersAtMost: rows.length < limit ? 0n : atLeastNothing(parsePicoUsd(users.at(-1)?.cost_usd ?? '0')),
  };
}

interface Parts {
  readonly db: Database;
  readonly scope: CostScope;
  readonly lists: readonly TopList[];
  readonly rest: Rest;
  readonly named: readonly string[];
  readonly limit: number;
}

async function rank({ db, scope, lists, rest, named, limit }: Parts): Promise<TopUsers | undefined> {
  const headSize = limit + SPARE_CANDIDATES;
  const othersAtMost = lists.reduce((sum, list) => sum + list.costAtMost(headSize), rest.othersAtMost);
  const candidates = [...new Set([...named, ...rest.users.keys()])].map((user) => candidateOf(user, lists, rest));
  const known = candidates.filter(({ unknown }) => unknown.length === 0);
  const least = known.map(({ sum }) => picoOf(sum)).toSorted((left, right) => (left < right ? 1 : -1))[limit];
  // Only who could come in front of those that are known is looked up in the sums of all users.
  const open = candidates.filter(
    ({ unknown, atMost }) => unknown.length > 0 && (least === undefined || atMost >= least),
  );
  const found = await lookUp(db, scope, open);
  const groups = [...known.map(({ user, sum }) => ({ key: { user }, ...sum })), ...found].toSorted(byCost);
  const last = groups[limit];
  if (last === undefined || picoOf(last) <= othersAtMost) return undefined;
  const total = lists.reduce((sum, list) => addMeasures(sum, list.total), rest.total);
  return { total, groups: groups.slice(0, limit + 1) };
}

/** A user and what is known of them; `unknown` are the lists that are too short to say. */
interface Candidate {
  readonly user: string;
  readonly sum: CostMeasures;
  readonly unknown: readonly TopList[];
  /** Pico-dollars that the whole sum cannot exceed. */
  readonly atMost: bigint;
}

function candidateOf(user: string, lists: readonly TopList[], rest: Rest): Candidate {
  let sum = rest.users.get(user) ?? NO_MEASURES;
  const unknown: TopList[] = [];
  for (const list of lists) {
    const measures = list.byUser.get(user);
    if (measures !== undefined) sum = addMeasures(sum, measures);
    else if (!list.isComplete) unknown.push(list);
  }
  const atMost = unknown.reduce((most, list) => most + list.costAtMost(list.users.length), picoOf(sum));
  return { user, sum, unknown, atMost };
}

/** Adds to candidates what the lists do not say, a statement a period. */
async function lookUp(db: Database, scope: CostScope, candidates: readonly Candidate[]): Promise<CostGroup[]> {
  const sums = new Map(candidates.map(({ user, sum }) => [user, sum]));
  for (const list of new Set(candidates.flatMap(({ unknown }) => unknown))) {
    const users = candidates.filter(({ unknown }) => unknown.includes(list)).map(({ user }) => user);
    const { table, startMs, build } = list.period;
    const rows = await keptRows<MeasureRow & { readonly d0: string }>(
      db,
      querySql('top_lookup', { table: table.name, time: table.timeColumn }),
      { tenant: scope.tenant, start: instantText(startMs).slice(0, 10), build, users },
    );
    for (const row of rows) sums.set(row.d0, addMeasures(sums.get(row.d0) ?? NO_MEASURES, measuresOf(row)));
  }
  return [...sums].map(([user, sum]) => ({ key: { user }, ...sum }));
}

const picoOf = (measures: CostMeasures): bigint => parsePicoUsd(measures.costUsd);
const userOf = (group: CostGroup): string => group.key['user'] ?? '';
const atLeastNothing = (pico: bigint): bigint => (pico > 0n ? pico : 0n);

/** The order of `costs.sql`: by cost, then calls, both descending, then name as bytes. */
function byCost(left: CostGroup, right: CostGroup): number {
  const [leftPico, rightPico] = [picoOf(left), picoOf(right)];
  if (leftPico !== rightPico) return leftPico < rightPico ? 1 : -1;
  if (left.calls !== right.calls) return right.calls - left.calls;
  return Buffer.compare(Buffer.from(userOf(left)), Buffer.from(userOf(right)));
}
