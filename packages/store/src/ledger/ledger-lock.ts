import type { Database } from '../database.js';
import { isTakenByAnother, withWorkLease } from './work-lease.js';

/** Kinds of work of which one runs at a time on a database. */
export type ExclusiveWork = 'correct' | 'build' | 'preview' | 'reprice';

const queues = new WeakMap<Database, Map<ExclusiveWork, Promise<unknown>>>();

/** How many pieces of work of a kind wait or run in this process. */
const underWay = new WeakMap<Database, Map<ExclusiveWork, number>>();

function count(db: Database, kind: ExclusiveWork, change: 1 | -1): void {
  const kinds = underWay.get(db) ?? new Map<ExclusiveWork, number>();
  underWay.set(db, kinds);
  kinds.set(kind, (kinds.get(kind) ?? 0) + change);
}

/** Whether work of a kind waits or runs now, here or (on a server) in another process that may be alive. */
export async function isUnderWay(db: Database, kind: ExclusiveWork): Promise<boolean> {
  return (underWay.get(db)?.get(kind) ?? 0) > 0 || isTakenByAnother(db, kind);
}

/** Runs `work` after all earlier work of its kind, of this process and of others on the same server. */
export async function runExclusively<Result>(
  db: Database,
  kind: ExclusiveWork,
  work: () => Promise<Result>,
): Promise<Result> {
  const kinds = queues.get(db) ?? new Map<ExclusiveWork, Promise<unknown>>();
  queues.set(db, kinds);
  const before = kinds.get(kind) ?? Promise.resolve();
  const turn = async () => withWorkLease(db, kind, work);
  count(db, kind, 1);
  const run = before.then(turn, turn).finally(() => count(db, kind, -1));
  kinds.set(
    kind,
    run.catch(() => undefined),
  );
  return run;
}

/**
 * Runs one correction of the ledger after the other. A correction reads a winner and writes it under the next revision:
 * two at once would write the same revision, and one would be lost.
 */
export async function withLedgerLock<Result>(db: Database, correct: () => Promise<Result>): Promise<Result> {
  return runExclusively(db, 'correct', correct);
}
