import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { backUp, type BackupResult, type EmbeddedDatabase } from '@costel/store';
import { markUnchecked } from './repair-after-kill.js';

/** Where a running stack puts a backup: under its own data, for the token must not choose where files are written. */
export async function backUpBeside(database: EmbeddedDatabase, nowMs: number): Promise<BackupResult> {
  const parent = join(database.dataDirectory, 'backups');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  return backUpTo(database, join(parent, new Date(nowMs).toISOString().replaceAll(':', '-')), nowMs);
}

/** Backs up into a directory, which a stack that starts on it compares with its raw spans: some came meanwhile. */
export async function backUpTo(database: EmbeddedDatabase, directory: string, nowMs: number): Promise<BackupResult> {
  const result = await backUp(database, directory);
  markUnchecked(directory, nowMs);
  return result;
}
