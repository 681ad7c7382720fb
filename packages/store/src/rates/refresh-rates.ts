import { setImmediate } from 'node:timers/promises';
import type { RateKey } from '@costel/pricing';
import type { Database } from '../database.js';
import { rateRows, type RateRow } from './rate-rows.js';
import type { RateResolver } from './resolve-rates.js';
import { writeRates, type ResolvedKey } from './write-rates.js';

/** What a resolver knows otherwise than what is stored. */
export interface RateChanges {
  /** Keys whose prices, sources or dates differ. */
  readonly changed: readonly ResolvedKey[];
  /** Of those, keys that had no price for some time and have one now: calls that waited for it heal. */
  readonly priced: readonly RateKey[];
}

type StoredRow = Omit<RateRow, 'generation'>;

/** The columns that say what a key costs; two generations with equal ones are the same prices. */
const COMPARED = [
  'valid_from',
  'valid_until',
  'status',
  'reason',
  'source',
  'rate_id',
  'above_input_tokens',
  'from_second_of_day',
  'to_second_of_day',
  'tier_feature',
  'prices',
] as const satisfies readonly (keyof RateRow)[];

const CURRENT_ROWS = `SELECT provider, model, service_tier, region, ${COMPARED.join(', ')}
FROM llm_rates
WHERE (provider, model, service_tier, region, generation) IN (
    SELECT provider, model, service_tier, region, max(generation) FROM llm_rates
    GROUP BY provider, model, service_tier, region
)
ORDER BY provider, model, service_tier, region, valid_from`;

/** Keys that are looked up before others get a turn of the event loop: ten thousand take a second. */
const KEYS_A_TURN = 100;

const textOf = (rows: readonly StoredRow[]): string =>
  JSON.stringify(rows.map((row) => COMPARED.map((column) => [row[column]].flat().map(String))));

/** What is unpriced of a key, as text: it shrinks or moves when a price appears. */
const gapsOf = (rows: readonly StoredRow[]): string =>
  JSON.stringify(rows.filter((row) => row.status !== 'priced').map((row) => [row.valid_from, row.valid_until]));

/** Compares all keys that are stored with what a resolver says of them now; writes nothing. At most 10 000 keys. */
export async function findRateChanges(db: Database, resolver: RateResolver): Promise<RateChanges> {
  const byKey = new Map<string, { readonly key: RateKey; readonly rows: StoredRow[] }>();
  for (const row of await db.query<StoredRow>(CURRENT_ROWS)) {
    const key = { provider: row.provider, model: row.model, serviceTier: row.service_tier, region: row.region };
    const name = JSON.stringify(key);
    const known = byKey.get(name);
    if (known === undefined) byKey.set(name, { key, rows: [row] });
    else known.rows.push(row);
  }
  const changed: ResolvedKey[] = [];
  const priced: RateKey[] = [];
  let looked = 0;
  for (const { key, rows } of byKey.values()) {
    looked += 1;
    if (looked % KEYS_A_TURN === 0) await setImmediate();
    const rates = resolver(key);
    const now = rateRows(key, rates, 0n);
    if (textOf(now) === textOf(rows)) continue;
    changed.push({ key, rates });
    const isNewlyPriced = !('reason' in rates) && gapsOf(rows) !== gapsOf(now);
    if (isNewlyPriced || hadUnknownBucket(rows, now)) priced.push(key);
  }
  return { changed, priced };
}

/** Whether a bucket without a price got one: its calls were `no_price_for_bucket`. */
function hadUnknownBucket(before: readonly StoredRow[], now: readonly StoredRow[]): boolean {
  const unknown = (rows: readonly StoredRow[]) =>
    rows.reduce((count, row) => count + row.prices.filter((price) => Number(price) < 0).length, 0);
  return unknown(before) > unknown(now);
}

/**
 * Puts the prices in force that a resolver knows now: new price data, an override or a discount in the configuration.
 * New calls are priced by them at once; calls that have a price already keep it until they are re-priced by command.
 * @throws StoreError `parameter_invalid` for a price that no column holds.
 */
export async function refreshRates(db: Database, resolver: RateResolver): Promise<RateChanges> {
  const changes = await findRateChanges(db, resolver);
  await writeRates(db, changes.changed);
  return changes;
}
