import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '@costel/aggregator';
import { repair, type Database } from '@costel/store';
import { readRunFile } from './run-file.js';

/**
 * There from before the first byte is received until the stack has stopped by itself. Holds the instant of receipt, in
 * milliseconds, from which on rows may lack their ledger row; empty where none may.
 */
const FILE_NAME = 'receiving';

/** How long before the last receipt rows may have reached the raw table and not the ledger: inserts take far less. */
const REPAIR_MS = 900_000;

/** No call starts later in the ledger. */
const LAST_START = new Date(Date.UTC(2100, 0, 1));

/** Closes what a kill left open, and remembers that it is to be done until it is. */
export interface KillRepair {
  /** Compares raw rows and ledger where the last process was killed; the stack works meanwhile. Never rejects. */
  readonly run: () => Promise<void>;
  /** To be called once nothing is received any more and `run` is through. */
  readonly leave: () => void;
}

/**
 * A kill may fall between a raw row and its ledger row. Such a batch was not acknowledged and its sender repeats it, but
 * the sender may have been killed too; so what was received in the last quarter hour before the kill is compared. To be
 * called before anything is received: the last receipt must be the killed process's.
 */
export async function prepareKillRepair(dataDirectory: string, database: Database, log: Log): Promise<KillRepair> {
  const path = join(dataDirectory, FILE_NAME);
  const fromMs = await uncheckedFrom(path, dataDirectory, database);
  const remember = (ms: number | undefined): void => writeFileSync(path, ms === undefined ? '' : String(ms));
  remember(fromMs);
  let isChecked = fromMs === undefined;
  return {
    run: async () => {
      if (fromMs === undefined) return;
      try {
        const { calls } = await repair(database, { from: new Date(0), to: LAST_START, receivedFrom: new Date(fromMs) });
        if (calls > 0)
          log('warn', 'the stack was killed; ledger rows that were missing have been derived again', { calls });
        remember(undefined);
        isChecked = true;
      } catch (error) {
        log('error', 'the ledger could not be compared after a kill; run "costel repair"', { cause: String(error) });
      }
    },
    leave: () => {
      if (isChecked) rmSync(path, { force: true });
    },
  };
}

/** Makes the next start on a directory compare what was received from an instant on, as after a kill. */
export function markUnchecked(dataDirectory: string, fromMs: number): void {
  writeFileSync(join(dataDirectory, FILE_NAME), String(fromMs));
}

/** Undefined where the last process stopped by itself, or never received anything. */
async function uncheckedFrom(path: string, dataDirectory: string, database: Database): Promise<number | undefined> {
  const left = readLeft(path);
  if (left === undefined && readRunFile(dataDirectory) === undefined) return undefined;
  const [row] = await database.query<{ last_ms: string }>(
    'SELECT toUnixTimestamp64Milli(max(ReceivedAt)) AS last_ms FROM otel_traces',
  );
  const lastMs = Number(row?.last_ms ?? 0);
  if (lastMs <= 0) return undefined;
  // A repair that was itself killed begins where it began.
  return Math.max(0, Math.min(lastMs - REPAIR_MS, left === undefined || left === '' ? lastMs : Number(left)));
}

function readLeft(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return /^\d*$/.test(text) ? text : '';
  } catch {
    return undefined;
  }
}
