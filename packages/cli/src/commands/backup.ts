import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { openEmbeddedDatabase, type BackupResult } from '@costel/store';
import { backUpTo } from '../back-up-directory.js';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { say, writeJson } from '../output.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { findRunningStack, type RunInfo } from '../run-file.js';
import { apiUrlOf } from '../store-access.js';

/** Where the backup goes. */
export interface BackupFlags extends CommonFlags {
  readonly to: string;
}

/** `costel backup`: a consistent copy of the data directory, of a running stack or of one that is stopped. */
export async function runBackup(flags: BackupFlags): Promise<void> {
  const { dataDirectory } = readConfig(flags).server;
  const to = resolve(flags.to);
  if (existsSync(to))
    throw new CliError('backup_exists', `--to ${to} is there already: name a directory that is not`, {
      exitCode: EXIT_CODES.usage,
    });
  const run = await findRunningStack(dataDirectory);
  if (!run && !existsSync(dataDirectory))
    throw new CliError(
      'no_data',
      `no stack runs and there is no data in ${dataDirectory}; name its directory with --data`,
    );
  say(run ? `backing up the stack of process ${run.pid} …` : `backing up ${dataDirectory} …`);
  const { tables, bytes } = run ? await askStack(run, to) : await backUpStopped(dataDirectory, to);
  await writeJson({ directory: to, tables, bytes });
}

async function backUpStopped(dataDirectory: string, to: string): Promise<BackupResult> {
  const database = await openEmbeddedDatabase({ dataDirectory });
  try {
    return await backUpTo(database, to, Date.now());
  } finally {
    await database.close();
  }
}

/** The running stack writes it beside its data; this process, which is the user's, moves it to where it is wanted. */
async function askStack(run: RunInfo, to: string): Promise<BackupResult> {
  const response = await fetch(`${apiUrlOf(run)}/backup`, {
    method: 'POST',
    headers: { authorization: `Bearer ${run.token}` },
  });
  const body = (await response.json()) as BackupResult & { detail?: string };
  if (!response.ok)
    throw new CliError('backup_failed', `the running stack refused: ${body.detail ?? `HTTP ${response.status}`}`);
  await move(body.directory, to);
  return body;
}

async function move(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
    await rm(from, { recursive: true, force: true });
  }
}
