import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { hoursOf, FINAL_SETTINGS } from '../query/cost-source.js';
import { splitByHold } from '../query/ledger-hold.js';
import { planRead } from '../query/read-plan.js';
import { DAY_MS, floorTo, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { rangeCondition } from '../query/range-condition.js';
import { findDirtyQuarters, readPublishedState } from '../rollup/published-state.js';
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

interface Sums {
  readonly calls: string;
  readonly cost_usd: string;
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
  const [ledger, rollup] = [await ledgerSums(db, published), await rollupSums(db, published, state.snapshot)];
  return {
    rawToLedgerCalls: missing.calls,
    ledgerToRollupCalls: Math.abs(Number(ledger.calls) - Number(rollup.calls)),
    ledgerToRollupUsd: difference(ledger.cost_usd, rollup.cost_usd),
    from: new Date(range.fromMs),
    to: new Date(range.toMs),
  };
}

function difference(left: string, right: string): string {
  const pico = parsePicoUsd(left) - parsePicoUsd(right);
  return formatPicoUsd(picoUsd(pico < 0n ? -pico : pico));
}

async function ledgerSums(db: Database, ranges: readonly TimeRange[]): Promise<Sums> {
  const condition = rangeCondition('c.counted_at', 'DateTime64', ranges, 'l');
  const rows = await db.query<Sums>(
    `SELECT sum(toInt64(counted)) AS calls, ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd
FROM llm_calls AS c FINAL WHERE (${condition.sql}) AND ${hoursOf(condition.sql)} ${FINAL_SETTINGS}, ${BACKGROUND_SETTINGS}`,
    condition.parameters,
  );
  return rows[0] ?? { calls: '0', cost_usd: '0' };
}

async function rollupSums(db: Database, ranges: readonly TimeRange[], snapshot: bigint): Promise<Sums> {
  const condition = rangeCondition('r.quarter', 'DateTime', ranges, 'r');
  const rows = await db.query<Sums>(
    `SELECT sum(toInt64(r.calls)) AS calls, sum(r.cost_usd) AS cost_usd
FROM llm_cost_15m AS r
WHERE (${condition.sql}) AND (r.quarter, r.build) IN (
    SELECT start, max(build) FROM published WHERE grain = 'quarter' AND build <= {snapshot:UInt64} GROUP BY start
)`,
    { ...condition.parameters, snapshot },
  );
  return rows[0] ?? { calls: '0', cost_usd: '0' };
}
