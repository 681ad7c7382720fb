import type { RateKey } from '@costel/pricing';
import type { Database } from '../database.js';
import { rateRows, type ResolvedRates } from './rate-rows.js';

/** A key with what became of it. */
export interface ResolvedKey {
  readonly key: RateKey;
  readonly rates: ResolvedRates;
}

/**
 * Stores the prices of keys and makes them count: all periods of a key under a new generation in one block, then the
 * dictionary is reloaded by command (its lifetime did not do it, measured). Older generations stay as history.
 * @throws StoreError `parameter_invalid` for a price that no column holds.
 */
export async function writeRates(db: Database, resolved: readonly ResolvedKey[]): Promise<void> {
  if (resolved.length === 0) return;
  const [last] = await db.query<{ generation: string }>('SELECT max(generation) AS generation FROM llm_rates');
  const generation = BigInt(last?.generation ?? 0) + 1n;
  await db.insertRows(
    'llm_rates',
    resolved.flatMap(({ key, rates }) => rateRows(key, rates, generation)),
  );
  await reloadRates(db);
}

/** Loads the dictionary of prices again, on every node that `db` reaches. */
export async function reloadRates(db: Database): Promise<void> {
  await db.command('SYSTEM RELOAD DICTIONARY llm_rates_dict');
}
