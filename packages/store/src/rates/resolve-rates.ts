import type { RateKey } from '@costel/pricing';
import type { Database } from '../database.js';
import { COPIED_COLUMNS, REVISED_COLUMNS_SQL, reviseSelect } from '../ledger/revise-select.js';
import { withLedgerLock } from '../ledger/ledger-lock.js';
import { currentDatabase } from '../migrate/migrate.js';
import { hoursOf, FINAL_SETTINGS } from '../query/cost-source.js';
import { querySql } from '../sql-files.js';
import type { ResolvedRates } from './rate-rows.js';
import { writeRates } from './write-rates.js';

/** Rate keys that are kept: above them a call is `unpriced` with reason `too_many_models`. */
export const MAX_RATE_KEYS = 10_000;

/** What finds prices: `ratePeriods` of `@costel/pricing`, with the user's overrides in front of it. */
export type RateResolver = (key: RateKey) => ResolvedRates;

/** What one {@link resolveRates} did. */
export interface ResolveRatesResult {
  /** Keys resolved for the first time, priced or not. */
  readonly resolvedKeys: number;
  /** Whether rows that waited were priced again. */
  readonly healed: boolean;
}

/** Keys of calls that wait for a price and were never resolved, at most `limit`. */
export async function pendingRateKeys(db: Database, limit: number = MAX_RATE_KEYS): Promise<RateKey[]> {
  const rows = await db.query<{ provider: string; rate_model: string; service_tier: string; region: string }>(
    querySql('pending_rate_keys'),
    { limit },
  );
  return rows.map((row) => ({
    provider: row.provider,
    model: row.rate_model,
    serviceTier: row.service_tier,
    region: row.region,
  }));
}

/**
 * One tick of pricing: resolves the keys that are new, stores their prices, and prices again what waited for them. Also
 * heals rows whose insert was under way while their key was stored. Cheap when nothing waits.
 */
export async function resolveRates(db: Database, resolver: RateResolver): Promise<ResolveRatesResult> {
  const keys = await pendingRateKeys(db);
  if (keys.length > 0) {
    const [known] = await db.query<{ keys: string }>(
      'SELECT uniqExact(provider, model, service_tier, region) AS keys FROM llm_rates',
    );
    const room = Math.max(0, MAX_RATE_KEYS - Number(known?.keys ?? 0));
    await writeRates(
      db,
      keys.slice(0, room).map((key) => ({ key, rates: resolver(key) })),
    );
  }
  const healed = await healPending(db, keys.length);
  return { resolvedKeys: keys.length, healed };
}

async function healPending(db: Database, newKeys: number): Promise<boolean> {
  if (newKeys === 0 && !(await hasPendingCalls(db))) return false;
  await healCalls(db);
  return true;
}

/** Calls that wait for a price. */
const PENDING = `c.cost_status = 'pending' AND ${hoursOf("c.cost_status = 'pending'")}`;

async function hasPendingCalls(db: Database): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 AS pending FROM llm_calls AS c FINAL WHERE ${PENDING} LIMIT 1 ${FINAL_SETTINGS}`,
  );
  return rows.length > 0;
}

/**
 * Prices the rows again that wait for a price, under the next revision; started, counted and received stay as they are.
 * Rows whose key is still unknown stay as they are, too, unless no more keys are taken: then they are `unpriced` with
 * reason `too_many_models`.
 */
export async function healCalls(db: Database): Promise<void> {
  const database = await currentDatabase(db);
  const columns = COPIED_COLUMNS.map((column) => `\`${column}\``).join(', ');
  const rows = `SELECT ${columns} FROM llm_calls AS c FINAL WHERE ${PENDING}`;
  const full = `(SELECT uniqExact(provider, model, service_tier, region) FROM llm_rates) >= ${MAX_RATE_KEYS}`;
  await withLedgerLock(db, async () =>
    // The rows are chosen in a query of their own: beside REPLACE, a condition would see the replaced status.
    db.command(`INSERT INTO llm_calls (${REVISED_COLUMNS_SQL})
SELECT * REPLACE (
    if(r_cost_status = 'pending', 'unpriced', r_cost_status) AS r_cost_status,
    if(r_cost_status = 'pending', 'too_many_models', r_cost_reason) AS r_cost_reason
)
FROM (
SELECT * FROM (
${reviseSelect(database, rows)}
)
WHERE r_cost_status != 'pending' OR ${full}
)
${FINAL_SETTINGS}, optimize_and_compare_chain = 0, query_plan_merge_expressions = 0`),
  );
}
