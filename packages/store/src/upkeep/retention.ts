import type { Database } from '../database.js';
import { StoreError } from '../engine/store-error.js';

/** How long each kind of row is kept. Daily and monthly rollups are kept for ever. */
export interface Retention {
  /** Spans, logs and metric points, from their receipt. Default 90. */
  readonly rawDays?: number;
  /** Calls and quarter-hour rollups. Default 25 months, 760 days. */
  readonly ledgerDays?: number;
}

const DEFAULT_RAW_DAYS = 90;
const DEFAULT_LEDGER_DAYS = 760;
const MIN_DAYS = 1;
const MAX_DAYS = 36_500;

const RAW_TABLES = [
  'otel_traces',
  'otel_logs',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
] as const;

/**
 * Sets how long rows are kept. Rows leave in whole parts, and only when receipt and counted time both allow it: the
 * start of a span with a wrong clock decides nothing.
 * @throws StoreError `parameter_invalid` for a length outside 1 day … 100 years.
 */
export async function applyRetention(db: Database, retention: Retention): Promise<void> {
  const rawDays = checkedDays('raw days', retention.rawDays ?? DEFAULT_RAW_DAYS);
  const ledgerDays = checkedDays('ledger days', retention.ledgerDays ?? DEFAULT_LEDGER_DAYS);
  for (const table of RAW_TABLES) {
    await db.command(`ALTER TABLE ${table} MODIFY TTL toDateTime(ReceivedAt) + toIntervalDay(${rawDays})`);
  }
  await db.command(`ALTER TABLE otel_traces_trace_id_ts MODIFY TTL toDateTime(Start) + toIntervalDay(${rawDays})`);
  await db.command(
    `ALTER TABLE llm_calls MODIFY TTL toDateTime(greatest(received_at, counted_at)) + toIntervalDay(${ledgerDays})`,
  );
  await db.command(`ALTER TABLE llm_cost_15m MODIFY TTL quarter + toIntervalDay(${ledgerDays})`);
}

function checkedDays(name: string, days: number): number {
  if (Number.isInteger(days) && days >= MIN_DAYS && days <= MAX_DAYS) return days;
  throw new StoreError(
    'parameter_invalid',
    `${name} must be a whole number in [${MIN_DAYS}, ${MAX_DAYS}], not ${days}`,
  );
}
