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

const holders = new WeakMap<Database, string>();

/** Who a connection is among the holders of leases. */
export function holderOf(db: Database): string {
  const holder = holders.get(db) ?? `${hostname()} ${process.pid} ${randomBytes(6).toString('hex')}`;
  holders.set(db, holder);
  return holder;
}

/**
 * Runs `work` while no other process runs work of this task. Waits for its turn.
 * @throws StoreError `work_taken` (retryable) when the turn did not come in 90 s.
 */
export async function withWorkLease<Result>(db: Database, task: string, work: () => Promise<Result>): Promise<Result> {
  if (db.isShared !== true) return work();
  const hadToWait = await takeTurn(db, task);
  try {
    return await work();
  } finally {
    // Whoever was here before goes on at once; an only process keeps its lease, and writes a row every half minute.
    if (hadToWait || (await readLease(db, task)).is_awaited === 1) await append(db, task, 0);
  }
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
    if (lease.renew === 1) await append(db, task, LEASE_MS);
    return true;
  }
  await append(db, task, LEASE_MS, BigInt(lease.epoch) + 1n);
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
  const [row] = await db.query<LeaseRow>(querySql('work_lease'), { task, lease_ms: LEASE_MS });
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
