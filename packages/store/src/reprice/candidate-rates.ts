import type { RateKey } from '@costel/pricing';
import type { Database } from '../database.js';
import { rateRows } from '../rates/rate-rows.js';
import type { RateResolver } from '../rates/resolve-rates.js';

/** Puts what a resolver says of all known keys where a preview multiplies with it; nothing that counts is touched. */
export async function writeCandidateRates(db: Database, resolver: RateResolver): Promise<void> {
  const keys = await db.query<{ provider: string; model: string; service_tier: string; region: string }>(
    'SELECT DISTINCT provider, model, service_tier, region FROM llm_rates',
  );
  await db.command('TRUNCATE TABLE llm_rates_candidate');
  const rows = keys.flatMap((row) => {
    const key: RateKey = {
      provider: row.provider,
      model: row.model,
      serviceTier: row.service_tier,
      region: row.region,
    };
    return rateRows(key, resolver(key), 0n);
  });
  if (rows.length > 0) await db.insertRows('llm_rates_candidate', rows);
  await db.command('SYSTEM RELOAD DICTIONARY llm_rates_candidate_dict');
}
