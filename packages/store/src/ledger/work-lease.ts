import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../database.js';
import { StoreError } from '../engine/store-error.js';
import { querySql } from '../sql-files.js';

/*
 * Builds and corrections read what is and write what follows from it: two at once would undo each other. In one process a
 * queue keeps them apart; several processes on one server take turns by a lease in the database itself. The embedded engine
 * needs none: its directory has one process.
 */

/** How long a lease lasts without renewal: what another process waits for after a crash. */
const LEASE_MS = 60_000;
/** Shorter where somebody notices: what a re-pricing holds is not seen by anybody until it ends, or is put back. */
const REPRICE_LEASE_MS = 15_000;
/** Work that goes on looks at its lease so many times in the life of one; it is renewed when half of it is gone. */
const LOOKS_A_LEASE = 6;
/** How long work waits for its turn; the holder makes way when it has ended what it is at. */
const MAX_WAIT_MS = 90_000;
const POLL_MS = 200;

interface LeaseRow {
  readonly epoch: string;
  readonly winner: string;
  readonly is_valid: number;
  readonly renew: number;
  readonly is_awaited: number;
}

function leaseMsOf(task: string): number {
  return task === 'reprice' ? REPRICE_LEASE_MS : LEASE_MS;
}

const holders = new WeakMap<Database, string>();

/** Who a connection is among the holders of leases. */
export function holderOf(db: Database): string {
  const holder = holders.get(db) ?? `${hostname()} ${process.pid} ${randomBytes(6).toString('hex')}`;
  holders.set(db, holder);
  return holder;
}

/**
 * Runs `work` while no other process runs work of this task, however long it takes. Waits for its turn.
 * @throws StoreError `work_taken` (retryable) when the turn did not come in 90 s.
 */
export async function withWorkLease<Result>(db: Database, task: string, work: () => Promise<Result>): Promise<Result> {
  if (db.isShared !== true) return work();
  const hadToWait = await takeTurn(db, task);
  const stopRenewing = keepRenewing(db, task);
  try {
    return await work();
  } finally {
    await stopRenewing();
    // Whoever was here before goes on at once; an only process keeps its lease, and writes a row every half minute.
    if (hadToWait || (await readLease(db, task)).is_awaited === 1) await append(db, task, 0);
  }
}

/** Renews a lease as long as its work goes on. @returns what ends that, and waits for a renewal that is under way. */
function keepRenewing(db: Database, task: string): () => Promise<void> {
  let renewal: Promise<unknown> = Promise.resolve();
  const look = (): void => {
    // A look that fails is made up for by the next; a lease that is lost is seen before anything is published.
    renewal = renewal.then(() => renewLease(db, task)).catch(() => undefined);
  };
  const timer = setInterval(look, leaseMsOf(task) / LOOKS_A_LEASE);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await renewal;
  };
}

/** Renews a lease that is ours and runs, once half of it is gone; one that has ended is lost, and stays so. */
export async function renewLease(db: Database, task: string): Promise<void> {
  const lease = await readLease(db, task);
  if (lease.is_valid === 1 && lease.winner === holderOf(db) && lease.renew === 1) {
    await append(db, task, leaseMsOf(task));
  }
}

/** Whether the lease of a task is that of another process, which may be at work. */
export async function isTakenByAnother(db: Database, task: string): Promise<boolean> {
  if (db.isShared !== true) return false;
  const lease = await readLease(db, task);
  return lease.is_valid === 1 && lease.winner !== holderOf(db);
}

/** Waits until the lease is ours. Whether it had to. */
async function takeTurn(db: Database, task: string): Promise<boolean> {
  const deadlineMs = performance.now() + MAX_WAIT_MS;
  let markedEpoch: string | undefined;
  while (!(await claim(db, task))) {
    const lease = await readLease(db, task);
    if (lease.is_valid === 1 && lease.epoch !== markedEpoch) {
      // Says to the holder that somebody waits; it never wins, for it is not the first row of the epoch.
      markedEpoch = lease.epoch;
      await append(db, task, 0);
    }
    if (performance.now() > deadlineMs) throw taken(task, lease.winner);
    await delay(POLL_MS);
  }
  return markedEpoch !== undefined;
}

/** Takes the lease where it is free or ours. */
async function claim(db: Database, task: string): Promise<boolean> {
  const lease = await readLease(db, task);
  if (lease.is_valid === 1) {
    if (lease.winner !== holderOf(db)) return false;
    if (lease.renew === 1) await append(db, task, leaseMsOf(task));
    return true;
  }
  await append(db, task, leaseMsOf(task), BigInt(lease.epoch) + 1n);
  return (await readLease(db, task)).winner === holderOf(db);
}

/**
 * Directly before what work did becomes visible: a process that was held up for longer than its lease has lost its turn.
 * @throws StoreError `work_taken`.
 */
export async function assertTurn(db: Database, task: string): Promise<void> {
  if (db.isShared !== true) return;
  const lease = await readLease(db, task);
  if (lease.is_valid !== 1 || lease.winner !== holderOf(db)) throw taken(task, lease.winner);
}

async function readLease(db: Database, task: string): Promise<LeaseRow> {
  const [row] = await db.query<LeaseRow>(querySql('work_lease'), { task, lease_ms: leaseMsOf(task) });
  return row ?? { epoch: '0', winner: '', is_valid: 0, renew: 0, is_awaited: 0 };
}

/** Adds a row to the newest epoch, or begins one; 0 milliseconds end a lease that is ours, or mark that we wait. */
async function append(db: Database, task: string, leaseMs: number, epoch?: bigint): Promise<void> {
  await db.command(
    `INSERT INTO work_leases (task, epoch, holder, lease_until)
SELECT {task:String}, ${epoch === undefined ? 'max(epoch)' : '{epoch:UInt64}'}, {holder:String}, now64(3, 'UTC') + toIntervalMillisecond({lease_ms:UInt32})
FROM ${epoch === undefined ? 'work_leases WHERE task = {task:String}' : 'system.one'}`,
    { task, holder: holderOf(db), lease_ms: leaseMs, ...(epoch === undefined ? {} : { epoch }) },
  );
}

function taken(task: string, holder: string): StoreError {
  return new StoreError(
    'work_taken',
    `"${task}" is the work of another process on this server (${holder}); it makes way, or its lease ends within a minute`,
    { retryable: true },
  );
}
