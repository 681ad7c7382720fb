import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from './exit-codes.js';

/** What a running stack leaves in its data directory, so that commands find it and may write. */
export interface RunInfo {
  readonly pid: number;
  /** Random; the running stack answers `health` with the same, so a recycled pid is not mistaken for it. */
  readonly instance: string;
  /** Lets its bearer write through the ClickHouse interface. */
  readonly token: string;
  readonly host: string;
  readonly ports: {
    readonly api: number;
    readonly otlp: number;
    readonly clickhouse: number;
    /** Where gRPC was asked for. */
    readonly otlpGrpc?: number;
  };
  /** ISO 8601. */
  readonly startedAt: string;
  /** Absolute path of the configuration that was read; absent where the defaults hold. */
  readonly configFile?: string;
}

const FILE_NAME = 'run.json';

function isRunInfo(value: unknown): value is RunInfo {
  if (typeof value !== 'object' || value === null) return false;
  const info = value as Partial<Record<keyof RunInfo, unknown>>;
  const ports = info.ports as Partial<Record<string, unknown>> | undefined;
  return (
    Number.isSafeInteger(info.pid) &&
    typeof info.instance === 'string' &&
    typeof info.token === 'string' &&
    typeof info.host === 'string' &&
    [ports?.['api'], ports?.['otlp'], ports?.['clickhouse']].every((port) => typeof port === 'number')
  );
}

/** Writes `run.json`, readable by its owner alone, so that no reader ever sees half of it. */
export function writeRunFile(dataDirectory: string, info: RunInfo): void {
  mkdirSync(dataDirectory, { recursive: true });
  const path = join(dataDirectory, FILE_NAME);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}

/** Removes `run.json` if it is still the one of this instance. */
export function removeRunFile(dataDirectory: string, instance: string): void {
  if (readRunFile(dataDirectory)?.instance === instance) rmSync(join(dataDirectory, FILE_NAME), { force: true });
}

/**
 * Reads `run.json`; undefined where there is none, or where it is no such file.
 * @throws CliError `input_unreadable` where the system refuses it: a stack that may run must not be taken for none.
 */
export function readRunFile(dataDirectory: string): RunInfo | undefined {
  const path = join(dataDirectory, FILE_NAME);
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRunInfo(value) ? value : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const message = `${path} cannot be read (${code}): run the command as the user who started the stack`;
    throw new CliError('input_unreadable', message, { cause: error });
  }
}

/** Whether a process with this id exists. */
function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The address to reach a stack that listens on `host`: a wildcard address is reached over loopback. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * How long a stack may take to answer; it answers in milliseconds unless it hangs, or rebuilds a day on a machine that is very
 * busy.
 */
export const ANSWER_TIMEOUT_MS = 15_000;

/**
 * The stack that runs on a data directory, or undefined: its process must exist and answer with its own instance, for
 * a kill -9 leaves a stale file, and a process id may since belong to somebody else.
 * @throws CliError `stack_silent` where it does not answer in time: it is no proof that none runs.
 */
export async function findRunningStack(
  dataDirectory: string,
  timeoutMs: number = ANSWER_TIMEOUT_MS,
): Promise<RunInfo | undefined> {
  const info = readRunFile(dataDirectory);
  if (!info || !isProcessAlive(info.pid)) return undefined;
  const url = `http://${reachableHost(info.host)}:${info.ports.api}/api/v1/health`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    const body = (await response.json()) as { instance?: unknown };
    return body.instance === info.instance ? info : undefined;
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'TimeoutError')) return undefined;
    const message = `process ${info.pid} runs on ${dataDirectory}, but ${url} did not answer within ${timeoutMs / 1000} s: the machine is very busy, or the process hangs; try again, or stop it`;
    throw new CliError('stack_silent', message, { retryable: true, cause: error });
  }
}
