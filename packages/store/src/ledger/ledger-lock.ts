import type { Database } from '../database.js';

const queues = new WeakMap<Database, Promise<unknown>>();

/**
 * Runs one correction of the ledger after the other. A correction reads a winner and writes it under the next revision:
 * two at once would write the same revision, and one would be lost. Between processes the leader's lease does the same.
 */
export async function withLedgerLock<Result>(db: Database, correct: () => Promise<Result>): Promise<Result> {
  const before = queues.get(db) ?? Promise.resolve();
  const run = before.then(correct, correct);
  queues.set(
    db,
    run.catch(() => undefined),
  );
  return run;
}
