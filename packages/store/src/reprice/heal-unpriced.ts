import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { currentDatabase } from '../migrate/migrate.js';
import { hoursOf, FINAL_SETTINGS } from '../query/cost-source.js';
import { instantText, parseInstant, type TimeRange } from '../query/time-range.js';
import { refreshRates } from '../rates/refresh-rates.js';
import type { RateResolver } from '../rates/resolve-rates.js';
import { readPublishedState } from '../rollup/published-state.js';
import { querySql } from '../sql-files.js';
import { abandonReprice } from './abandon-reprice.js';
import { changedSpan, REVISE_SETTINGS } from './changed-calls.js';
import { repriceRange, type RepriceOptions, type RepriceResult } from './reprice.js';

/** How {@link healUnpriced} works. */
export interface HealOptions extends Pick<RepriceOptions, 'clock' | 'ledgerDays' | 'settleMs' | 'hooks'> {
  readonly resolver: RateResolver;
}

/** Calls without a price; those whose usage is not known have none to wait for. */
const WAITS_FOR_A_PRICE = "c.cost_status = 'unpriced' AND NOT startsWith(toString(c.cost_reason), 'usage_')";

/**
 * Puts the prices in force that a resolver knows now, and prices the calls that had none and have one now, wherever they
 * are in the ledger; all of them change in one step. Calls that have a price keep it. Cheap when nothing is unpriced.
 * @returns what it did; undefined when no call waited for what is known now.
 * @throws StoreError `reprice_running`, `parameter_invalid`.
 */
export async function healUnpriced(db: Database, options: HealOptions): Promise<RepriceResult | undefined> {
  const { clock, resolver } = options;
  return runExclusively(db, 'reprice', async () => {
    // Whoever held it before has lost its turn, which is its sign of life.
    await abandonReprice(db, { nowMs: clock(), deadAfterMs: 0 });
    await refreshRates(db, resolver);
    const range = await findHealable(db);
    if (range === undefined) return undefined;
    return repriceRange(db, range, { ...options, cause: 'new_prices', only: WAITS_FOR_A_PRICE });
  });
}

/**
 * The models of calls without a price that have one now, at some time at least. What nobody knows a price of may be a
 * fourteenth of a ledger for ever: reading its keys takes 2 s of one core at a hundred million calls, pricing all of its calls
 * again after each start took 75.
 */
async function healableModels(db: Database): Promise<readonly string[]> {
  const rows = await db.query<{ rate_model: string }>(
    querySql('healable_models', { waits: WAITS_FOR_A_PRICE, settings: BACKGROUND_SETTINGS }),
  );
  return rows.map((row) => row.rate_model);
}

/** From the first to the last call that has a price now and had none. */
async function findHealable(db: Database): Promise<TimeRange | undefined> {
  const models = await healableModels(db);
  if (models.length === 0) return undefined;
  const { frozenUntilMs } = await readPublishedState(db);
  const ofModels = '(c.response_model IN {models:Array(String)} OR c.request_model IN {models:Array(String)})';
  const waits = `${WAITS_FOR_A_PRICE} AND ${ofModels} AND c.counted_at >= {from:DateTime64(3, 'UTC')}`;
  const [row] = await db.query<{ calls: string; first: string; last: string }>(
    `${changedSpan(await currentDatabase(db), `${waits} AND ${hoursOf(waits)}`)}\n${FINAL_SETTINGS}, ${REVISE_SETTINGS}`,
    { from: instantText(frozenUntilMs), models },
  );
  if (row === undefined || row.calls === '0') return undefined;
  return { fromMs: parseInstant(row.first), toMs: parseInstant(row.last) + 1 };
}
