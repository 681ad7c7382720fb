import { setImmediate } from 'node:timers/promises';
import type { RateKey } from '@costel/pricing';
import type { Database } from '../database.js';
import { rateRows, type RateRow } from '../rates/rate-rows.js';
import type { RateResolver } from '../rates/resolve-rates.js';

/** Keys that are looked up before others get a turn of the event loop. */
const KEYS_A_TURN = 100;

/** Puts what a resolver says of all known keys where a preview multiplies with it; nothing that counts is touched. */
export async function writeCandidateRates(db: Database, resolver: RateResolver): Promise<void> {
  const keys = await db.query<{ provider: string; model: string; service_tier: string; region: string }>(
    'SELECT DISTINCT provider, model, service_tier, region FROM llm_rates',
  );
  await db.command('TRUNCATE TABLE llm_rates_candidate');
  const rows: RateRow[] = [];
  for (const [index, row] of keys.entries()) {
    if (index % KEYS_A_TURN === KEYS_A_TURN - 1) await setImmediate();
    const key: RateKey = {
      provider: row.provider,
      model: row.model,
      serviceTier: row.service_tier,
      region: row.region,
    };
    rows.push(...rateRows(key, resolver(key), 0n));
  }
  if (rows.length > 0) await db.insertRows('llm_rates_candidate', rows);
  await db.command('SYSTEM RELOAD DICTIONARY llm_rates_candidate_dict');
}
