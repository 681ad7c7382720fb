import { access, constants, mkdtemp, open, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';
const PREFIX = 'costel-rows-';
const LEAST_ROOM_BYTES = 512 * 1024 * 1024;

/** A file that the engine reads rows from. */
export interface RowsFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** A directory, in memory where the machine has a tmpfs, for the files that the engine reads rows from. */
export interface RowsDirectory {
  readonly path: string;
  /** Writes the given pieces into a file, one after the other. */
  write(pieces: readonly Uint8Array[]): Promise<RowsFile>;
  /** Removes the directory. */
  close(): Promise<void>;
}

/** Whether a directory can take a few of the largest batches; containers often have 64 MiB of shared memory. */
async function isRoomy(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize >= LEAST_ROOM_BYTES;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Removes what processes left behind that were killed; the name of a directory says which process made it. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** Makes a fresh directory, readable by this user only. */
export async function openRowsDirectory(): Promise<RowsDirectory> {
  const parent = (await isRoomy(SHARED_MEMORY)) ? SHARED_MEMORY : tmpdir();
  await removeAbandoned(parent);
  const path = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  let nextFile = 0;
  return {
    path,
    async write(pieces) {
      const filePath = join(path, `${nextFile++}.rows`);
      const file: RowsFile = { path: filePath, remove: () => rm(filePath, { force: true }) };
      const handle = await open(filePath, 'wx', 0o600);
      try {
        await handle.writev([...pieces]);
      } finally {
        await handle.close();
      }
      return file;
    },
    close: () => rm(path, { recursive: true, force: true }),
  };
}
