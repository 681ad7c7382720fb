import { buildRollups, judgeTraces, resolveRates, type Database } from '../../src/index.js';
import { flatRates } from './rates.js';

/** One round of the aggregator's work on the ledger; it comes every second or two, so it bounds when things are seen. */
export async function storeTick(db: Database, nowMs: number, ledgerDays?: number): Promise<void> {
  await resolveRates(db, flatRates);
  await judgeTraces(db, { nowMs });
  await buildRollups(db, { nowMs, ...(ledgerDays === undefined ? {} : { ledgerDays }) });
}
