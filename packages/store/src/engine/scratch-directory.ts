import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';
const PREFIX = 'costel-';
/** Containers often have 64 MiB of shared memory: too little for bodies in flight. */
const MIN_SHARED_MEMORY_BYTES = 512 * 1024 * 1024;

/** Where bytes wait for the engine to read them: foreign rows enter it only through a file. */
export interface ScratchDirectory {
  readonly path: string;
  /** Writes a file of its own, hands its path to `work`, removes it. */
  withFile<Result>(content: string | Uint8Array, work: (path: string) => Promise<Result>): Promise<Result>;
  /** A path in the directory that no one else has; the caller writes and removes the file. */
  newPath(): string;
  remove(): void;
}

/**
 * Shared memory where it is writable and has room, else `scratch/` in the data directory. What a killed process left
 * behind is removed.
 */
export function openScratchDirectory(dataDirectory: string): ScratchDirectory {
  const root = isRoomy(SHARED_MEMORY) ? SHARED_MEMORY : join(dataDirectory, 'scratch');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  removeOrphans(root);
  const path = mkdtempSync(join(root, `${PREFIX}${process.pid}-`));
  return {
    path,
    newPath: () => newPath(path),
    withFile: async (content, work) => {
      const file = newPath(path);
      try {
        await writeFile(file, content, { mode: 0o600 });
        return await work(file);
      } finally {
        await rm(file, { force: true });
      }
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

function newPath(directory: string): string {
  return join(directory, `${randomBytes(12).toString('hex')}.rows`);
}

function isRoomy(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= MIN_SHARED_MEMORY_BYTES;
  } catch {
    return false;
  }
}

function removeOrphans(root: string): void {
  for (const name of readdirSync(root)) {
    const match = /^costel-(\d+)-/.exec(name);
    if (match === null || isAlive(Number(match[1]))) continue;
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}
