import type { Database } from '../database.js';
import { instantText } from '../query/time-range.js';
import { changedPartitions, findDirtyQuarters, readPublishedState, type PublishedState } from './published-state.js';

/** By what a query is planned: the published builds, and the sealed quarter hours to be read from the ledger instead. */
export interface ReadView {
  readonly state: PublishedState;
  readonly dirty: readonly number[];
}

/**
 * The most calls of the open hours that each query sums from the ledger: about 0.4 µs of a core each, e.g. 60 ms for these.
 * Above it builds hold the open quarter hours too, every few seconds, and queries are answered as of the newest.
 */
export const MAX_LIVE_CALLS = 150_000;

/** The oldest build that may stand for the open quarter hours; without a younger one they are read from the ledger. */
const MAX_OPEN_AGE_MS = 60_000;

/** Later than every instant of a call. */
export const END_OF_TIME_MS = 4_102_444_800_000;

/** What a query is to go by now: see {@link ReadView}. */
export async function readView(db: Database): Promise<ReadView> {
  const state = await readPublishedState(db);
  if (await isAnsweredByOpenBuild(db, state)) {
    return { state: { ...state, quartersUntilMs: END_OF_TIME_MS }, dirty: [] };
  }
  return { state, dirty: await findDirtyQuarters(db, state) };
}

async function isAnsweredByOpenBuild(db: Database, state: PublishedState): Promise<boolean> {
  if (!state.hasOpenBuild || state.hold !== undefined) return false;
  if (changedPartitions(state).size === 0) return true;
  return state.openAgeMs <= MAX_OPEN_AGE_MS && (await countOpenCalls(db, state.sealedUntilMs)) > MAX_LIVE_CALLS;
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
