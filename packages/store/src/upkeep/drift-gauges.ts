import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { hoursOf, FINAL_SETTINGS } from '../query/cost-source.js';
import { splitByHold } from '../query/ledger-hold.js';
import { planRead } from '../query/read-plan.js';
import { DAY_MS, floorTo, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { rangeCondition } from '../query/range-condition.js';
import { findDirtyQuarters, readPublishedState, type PublishedState } from '../rollup/published-state.js';
import { countMissing } from './repair.js';

/** How far the stages of the store have drifted apart; all must stay 0. */
export interface DriftGauges {
  /** Billable spans of the raw table without their ledger row, by distinct identity. */
  readonly rawToLedgerCalls: number;
  /** Calls by which published quarter hours differ from the ledger. */
  readonly ledgerToRollupCalls: number;
  /** Dollars by which they differ, exact. */
  readonly ledgerToRollupUsd: string;
  /** What was compared: spans by their receipt, however late they came, and quarter hours by counted time. */
  readonly from: Date;
  readonly to: Date;
}

/** Which time {@link driftGauges} compares. */
export interface DriftOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /** How far back. Default one day. */
  readonly windowMs?: number;
}

interface QuarterSums {
  readonly quarter_ms: string;
  readonly calls: string;
  readonly cost_usd: string;
}

/** What the ledger has beyond what is published, by quarter hour; negative where it has less. */
interface Difference {
  calls: number;
  picoUsd: bigint;
}

/** Compares raw with ledger, and ledger with published quarter hours, over the last day. */
export async function driftGauges(db: Database, { nowMs, windowMs = DAY_MS }: DriftOptions): Promise<DriftGauges> {
  const toMs = floorTo(nowMs, QUARTER_MS);
  const range = { fromMs: Math.max(0, floorTo(toMs - windowMs, QUARTER_MS)), toMs };
  const missing = await countMissing(db, range);
  const state = await readPublishedState(db);
  const dirty = await findDirtyQuarters(db, state);
  const plan = planRead({ dimensions: [], stepMs: QUARTER_MS, latency: false }, range, state, dirty);
  // What is held differs on purpose: its new versions are written and not published.
  const published = splitByHold(
    plan.rollups.flatMap((rollup) => rollup.ranges),
    state.hold,
  ).open;
  const ledger = await ledgerSums(db, published);
  const drifted = await standing(db, state, differences(ledger, await rollupSums(db, published, state.snapshot)));
  const calls = drifted.reduce((sum, difference) => sum + difference.calls, 0);
  const picoOfAll = drifted.reduce((sum, difference) => sum + difference.picoUsd, 0n);
  return {
    rawToLedgerCalls: missing.calls,
    ledgerToRollupCalls: Math.abs(calls),
    ledgerToRollupUsd: formatPicoUsd(picoUsd(picoOfAll < 0n ? -picoOfAll : picoOfAll)),
    from: new Date(range.fromMs),
    to: new Date(range.toMs),
  };
}

/** The quarter hours that differ, by where they begin. */
function differences(
  ledger: readonly QuarterSums[],
  published: readonly QuarterSums[],
): ReadonlyMap<number, Difference> {
  const all = new Map<number, Difference>();
  const add = (rows: readonly QuarterSums[], sign: 1 | -1): void => {
    for (const { quarter_ms, calls, cost_usd } of rows) {
      const quarter = Number(quarter_ms);
      const sum = all.get(quarter) ?? { calls: 0, picoUsd: 0n };
      sum.calls += sign * Number(calls);
      sum.picoUsd += BigInt(sign) * parsePicoUsd(cost_usd);
      all.set(quarter, sum);
    }
  };
  add(ledger, 1);
  add(published, -1);
  return new Map([...all].filter(([, { calls, picoUsd: pico }]) => calls !== 0 || pico !== 0n));
}

/**
 * The differences of quarter hours that no row has come for since the build was looked up: a late call that was counted in
 * the ledger meanwhile is no drift, it is built next.
 */
async function standing(
  db: Database,
  state: PublishedState,
  found: ReadonlyMap<number, Difference>,
): Promise<readonly Difference[]> {
  if (found.size === 0) return [];
  const { ledgerBlocks } = await readPublishedState(db);
  const dirty = new Set(await findDirtyQuarters(db, { ...state, ledgerBlocks }));
  return [...found].flatMap(([quarter, difference]) => (dirty.has(quarter) ? [] : [difference]));
}

async function ledgerSums(db: Database, ranges: readonly TimeRange[]): Promise<readonly QuarterSums[]> {
  const condition = rangeCondition('c.counted_at', 'DateTime64', ranges, 'l');
  return db.query<QuarterSums>(
    `SELECT toUnixTimestamp(toStartOfFifteenMinutes(c.counted_at)) * 1000 AS quarter_ms,
    sum(toInt64(counted)) AS calls, ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd
FROM llm_calls AS c FINAL WHERE (${condition.sql}) AND ${hoursOf(condition.sql)}
GROUP BY quarter_ms ${FINAL_SETTINGS}, ${BACKGROUND_SETTINGS}`,
    condition.parameters,
  );
}

async function rollupSums(
  db: Database,
  ranges: readonly TimeRange[],
  snapshot: bigint,
): Promise<readonly QuarterSums[]> {
  const condition = rangeCondition('r.quarter', 'DateTime', ranges, 'r');
  return db.query<QuarterSums>(
    `SELECT toUnixTimestamp(r.quarter) * 1000 AS quarter_ms, sum(toInt64(r.calls)) AS calls, sum(r.cost_usd) AS cost_usd
FROM llm_cost_15m AS r
WHERE (${condition.sql}) AND (r.quarter, r.build) IN (
    SELECT start, max(build) FROM published WHERE grain = 'quarter' AND build <= {snapshot:UInt64} GROUP BY start
)
GROUP BY quarter_ms`,
    { ...condition.parameters, snapshot },
  );
}
