import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StoreError } from './store-error.js';

/** Creates the data directory where it is missing and returns its absolute path. @throws StoreError `data_directory_unusable`. */
export function prepareDataDirectory(directory: string): string {
  const path = resolve(directory);
  try {
    makeDirectory(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StoreError(
      'data_directory_unusable',
      `data directory ${path} cannot be created or written: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return path;
}

/**
 * Makes a directory and those above it, from the top. Node's recursive call goes on for ever where a file system answers
 * that a directory cannot be found in one that is there, as /proc does.
 */
function makeDirectory(path: string): void {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
  const [highest] = missing;
  try {
    if (highest !== undefined) mkdirSync(highest, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (highest === undefined || !existsSync(highest)) throw error;
  }
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** The process that holds the directory, as far as the directory says it, and where its interface listens. */
export interface DirectoryHolder {
  readonly pid: number;
}

/**
 * Who holds the data directory: `run.json` of a running stack, else the engine's own `status` file. Undefined where
 * neither names a live process. A file left behind by a killed process names a pid that is gone or, rarely, reused;
 * the engine's file lock decides, this only says who.
 */
export function findDirectoryHolder(directory: string): DirectoryHolder | undefined {
  for (const pid of [pidOfRunFile(join(directory, 'run.json')), pidOfStatusFile(join(directory, 'status'))]) {
    if (pid !== undefined && isAlive(pid)) return { pid };
  }
  return undefined;
}

/** The error for a directory that another process has open. */
export function directoryInUse(directory: string, cause: unknown): StoreError {
  const holder = findDirectoryHolder(directory);
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  return new StoreError(
    'data_directory_in_use',
    `data directory ${directory} is in use by ${who}: one process at a time; stop it, use its ports, or choose another directory`,
    { cause, retryable: true },
  );
}

function pidOfRunFile(path: string): number | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof content === 'object' && content !== null && 'pid' in content && Number.isInteger(content.pid))
      return Number(content.pid);
  } catch {
    return undefined;
  }
  return undefined;
}

/** The engine writes `PID: 123` into the file that it locks. */
function pidOfStatusFile(path: string): number | undefined {
  try {
    const match = /^PID: (\d+)$/m.exec(readFileSync(path, 'utf8'));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
