import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of its own size, to be filled. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves at most some pages. */
  fill(): void;
  /** Gives the room back. */
  empty(): void;
  remove(): void;
}

/** Mounts a tmpfs. @throws Error where this user may not: the caller says so. */
export function mountSmallDisk(path: string, mebibytes: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { stdio: 'pipe' });
  const ballast = join(path, 'ballast');
  const block = Buffer.alloc(65_536, 1);
  return {
    path,
    fill: () => {
      const file = openSync(ballast, 'a');
      for (let size = block.length; size >= 1; size = Math.floor(size / 2)) {
        try {
          for (;;) writeSync(file, block, 0, size);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
      closeSync(file);
    },
    empty: () => rmSync(ballast, { force: true }),
    remove: () => {
      // Lazily: a process that was just killed may still be on its way out.
      execFileSync('umount', ['-l', path], { stdio: 'pipe' });
      rmSync(path, { recursive: true, force: true });
    },
  };
}
