import { statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CliError } from './exit-codes.js';

/** What a first start writes, with room for the merges of its tables: it starts with 20 MiB free, and not with 3. */
const START_MEBIBYTES = 64;

const SAYS_NO_SPACE = /no space left|not enough space|NOT_ENOUGH_SPACE|ENOSPC|EDQUOT/i;

/**
 * An error of a start for want of room on the disk, in one sentence with what is free, what is needed and what to do; every
 * other error as it is. Node's and ClickHouse's own name neither the disk nor a way out.
 */
export function explainFullDisk(error: unknown, dataDirectory: string): unknown {
  if (!isForWantOfRoom(error)) return error;
  return new CliError(
    'disk_full',
    `the disk of data directory ${dataDirectory} is full${roomOf(dataDirectory)}: a start needs ${START_MEBIBYTES} MiB. Make room there, or choose another directory with --data; what was acknowledged is kept`,
    { retryable: true, cause: error },
  );
}

function isForWantOfRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return SAYS_NO_SPACE.test(error.message) || isForWantOfRoom(error.cause);
}

/** E.g. ` (0.4 of 256.0 MiB are free)`; nothing where the system does not say. */
function roomOf(directory: string): string {
  const path = resolve(directory);
  try {
    const { bavail, blocks, bsize } = statfsSync(path);
    const mebibytes = (count: number) => ((count * bsize) / 2 ** 20).toFixed(1);
    return ` (${mebibytes(bavail)} of ${mebibytes(blocks)} MiB are free)`;
  } catch {
    const parent = dirname(path);
    return parent === path ? '' : roomOf(parent);
  }
}
