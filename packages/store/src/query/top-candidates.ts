import { parsePicoUsd } from '@costel/pricing';
import type { Database } from '../database.js';
import type { PublishedState } from '../rollup/published-state.js';
import { readLive, readView } from '../rollup/read-view.js';
import { USER_MONTH_ROLLUP } from '../rollup/rollup-tables.js';
import { querySql } from '../sql-files.js';
import type { CostScope } from './cost-scope.js';
import { FINAL_SETTINGS, sourceOfPlan } from './cost-source.js';
import { planRead, type ReadPlan } from './read-plan.js';
import { instantText, type TimeRange } from './time-range.js';

/** Values that may be the dearest ones, and what none of the others can reach. */
export interface TopCandidates {
  readonly values: readonly string[];
  /** Pico-dollars: a value that is not among them costs at most so much. */
  readonly othersAtMost: bigint;
}

/** So many of each part are looked at beside those that are asked for. */
const SPARE_CANDIDATES = 30;
/** Rows of the month rollup from which on it is cheaper to look for candidates than to add everybody up. */
const WORTHWHILE_ROWS = 200_000;

interface CandidateRow {
  readonly d0: string;
  readonly cost_usd: string;
}

/**
 * The users that may be among the dearest of a range. Adding up half a million users takes a fifth of a second; but who
 * is among the dearest in total is so in the month that is summed already, or in one of the other parts of the range:
 * whoever is in none of these lists costs at most what the last ones of all lists cost together.
 * @returns undefined where no month is summed, or where there are few users.
 */
export async function topUserCandidates(
  db: Database,
  scope: CostScope,
  range: TimeRange,
  limit: number,
): Promise<TopCandidates | undefined> {
  const { state, dirty } = await readView(db);
  const plan = planRead({ dimensions: ['user'], stepMs: 0, latency: false }, range, state, dirty);
  if (!isWorthwhile(plan, state)) return undefined;
  const candidates = limit + SPARE_CANDIDATES;
  const rest: ReadPlan = { ...plan, rollups: plan.rollups.filter(({ table }) => table !== USER_MONTH_ROLLUP) };
  const months = plan.rollups.find(({ table }) => table === USER_MONTH_ROLLUP)?.ranges ?? [];
  const lists = await Promise.all([
    ...months.map(async ({ fromMs }) =>
      db.query<CandidateRow>(querySql('top_of_month', { dimension: 'user', table: USER_MONTH_ROLLUP.name }), {
        tenant: scope.tenant,
        month: instantText(fromMs).slice(0, 10),
        snapshot: state.snapshot,
        candidates,
      }),
    ),
    dearestOfRest(db, scope, rest, state, candidates),
  ]);
  // Who is in no list of the rest has nothing in it, which is more than less than nothing (of a day that was corrected).
  const last = (rows: readonly CandidateRow[]): bigint => {
    const least = rows.length < candidates ? 0n : parsePicoUsd(rows.at(-1)?.cost_usd ?? '0');
    return least > 0n ? least : 0n;
  };
  return {
    values: [...new Set(lists.flat().map((row) => row.d0))],
    othersAtMost: lists.reduce((sum, rows) => sum + last(rows), 0n),
  };
}

/** Months that are stale or only partly asked for are read in days, which are many rows to add up anyway. */
function isWorthwhile(plan: ReadPlan, state: PublishedState): boolean {
  const months = plan.rollups.find(({ table }) => table === USER_MONTH_ROLLUP)?.ranges.length ?? 0;
  return months > 0 && months <= 3 && state.userMonthRows >= WORTHWHILE_ROWS;
}

async function dearestOfRest(
  db: Database,
  scope: CostScope,
  plan: ReadPlan,
  state: PublishedState,
  candidates: number,
): Promise<CandidateRow[]> {
  if (plan.rollups.length === 0 && plan.ledger.length === 0) return [];
  const source = sourceOfPlan(scope, plan, {}, state);
  const sql = querySql('top_of_part', { source: source.sql, settings: FINAL_SETTINGS });
  const read = async () => db.query<CandidateRow>(sql, { ...source.parameters, candidates });
  return plan.ledger.length > 0 ? readLive(db, read) : read();
}
