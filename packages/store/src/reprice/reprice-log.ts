import type { Database } from '../database.js';
import { instantText, parseInstant, type TimeRange } from '../query/time-range.js';
import type { ModelFigures } from './range-figures.js';

/** Why calls were priced again: somebody asked for it, or calls without a price got one. */
export type RepriceCause = 'command' | 'new_prices';

/** `started`; then `applied`, or `abandoned` where its process died and the ledger was put back. */
export type RepriceState = 'started' | 'applied' | 'abandoned';

/** One row of the audit. */
export interface RepriceRecord {
  /** Number of the re-pricing; grows with time. */
  readonly reprice: bigint;
  readonly state: RepriceState;
  readonly cause: RepriceCause;
  readonly range: TimeRange;
  readonly changedCalls: number;
  /** Decimal dollars of all calls that count in the range. */
  readonly beforeUsd: string;
  readonly afterUsd: string;
  /** The models whose figures changed. */
  readonly models: readonly ModelFigures[];
}

/** Leaves a row of audit; durable on return. */
export async function recordReprice(db: Database, record: RepriceRecord): Promise<void> {
  const { models } = record;
  await db.insertRows('llm_reprices', [
    {
      reprice: record.reprice.toString(),
      state: record.state,
      cause: record.cause,
      range_from: instantText(record.range.fromMs),
      range_until: instantText(record.range.toMs),
      changed_calls: record.changedCalls,
      before_usd: record.beforeUsd,
      after_usd: record.afterUsd,
      models: models.map(({ provider, model }) => `${provider}/${model}`),
      model_calls: models.map(({ changedCalls }) => changedCalls),
      model_before_usd: models.map(({ beforeUsd }) => beforeUsd),
      model_after_usd: models.map(({ afterUsd }) => afterUsd),
    },
  ]);
}

/** What a list of re-pricings says of each. */
export interface RepriceSummary extends Omit<RepriceRecord, 'models'> {
  readonly writtenAt: Date;
}

interface LogRow {
  readonly reprice: string;
  readonly last_state: RepriceState;
  readonly last_cause: RepriceCause;
  readonly last_from: string;
  readonly last_until: string;
  readonly calls: string;
  readonly before: string;
  readonly after: string;
  readonly at: string;
}

/** The latest re-pricings as they stand, newest first. */
export async function listReprices(db: Database, limit = 100): Promise<RepriceSummary[]> {
  const rows = await db.query<LogRow>(
    `SELECT reprice, argMax(state, written_at) AS last_state, argMax(cause, written_at) AS last_cause,
    argMax(range_from, written_at) AS last_from, argMax(range_until, written_at) AS last_until,
    argMax(changed_calls, written_at) AS calls, argMax(before_usd, written_at) AS before,
    argMax(after_usd, written_at) AS after, max(written_at) AS at
FROM llm_reprices
GROUP BY reprice
ORDER BY reprice DESC
LIMIT {limit:UInt32}`,
    { limit },
  );
  return rows.map((row) => ({
    reprice: BigInt(row.reprice),
    state: row.last_state,
    cause: row.last_cause,
    range: { fromMs: parseInstant(row.last_from), toMs: parseInstant(row.last_until) },
    changedCalls: Number(row.calls),
    beforeUsd: row.before,
    afterUsd: row.after,
    writtenAt: new Date(parseInstant(row.at)),
  }));
}
