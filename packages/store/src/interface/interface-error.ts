import { StoreError } from '../engine/store-error.js';

/** An answer that says no, in ClickHouse's words, so that every client can read it. */
export class InterfaceError extends Error {
  /** ClickHouse's number, e.g. 497 for access denied. */
  readonly number: number;
  /** ClickHouse's name for the number, e.g. `ACCESS_DENIED`. */
  readonly type: string;
  readonly status: number;

  constructor(number: number, type: string, message: string, status?: number) {
    super(message);
    this.name = 'InterfaceError';
    this.number = number;
    this.type = type;
    this.status = status ?? statusOf(number);
  }

  /** `Code: 497. DB::Exception: … (ACCESS_DENIED)`: the form that clients parse. */
  get body(): string {
    return `Code: ${this.number}. DB::Exception: ${this.message}. (${this.type})\n`;
  }
}

/** A statement, table, function or setting that this port never runs, whoever asks. */
export function refused(what: string): InterfaceError {
  return new InterfaceError(497, 'ACCESS_DENIED', `${what} is not allowed on this port`);
}

const STATUS_BY_NUMBER: ReadonlyMap<number, number> = new Map([
  [60, 404],
  [81, 404],
  [62, 400],
  [47, 400],
  [36, 400],
  [115, 400],
  [456, 400],
  [457, 400],
  [497, 403],
  [516, 403],
  [48, 501],
  [307, 413],
]);

function statusOf(number: number): number {
  return STATUS_BY_NUMBER.get(number) ?? 500;
}

/** Where the engine read the rows of an insert from is no business of the client. */
function withoutPaths(message: string): string {
  return message
    .replaceAll(/ ?\(in file\/uri [^)]*\)/g, '')
    .replaceAll(/: While executing File: data for INSERT was parsed from file$/g, '');
}

/** Turns whatever went wrong into an answer. The engine's own text is kept where it has one. */
export function toInterfaceError(error: unknown): InterfaceError {
  if (error instanceof InterfaceError) return error;
  if (error instanceof StoreError && error.clickhouseCode !== undefined) {
    const match = /^Code: \d+\. DB::(?:Net)?Exception: (.*?)\.? \(([A-Z_0-9]+)\)[\s.]*(?:\(version.*)?$/s.exec(
      error.message,
    );
    const message = withoutPaths(match?.[1] ?? error.message);
    return new InterfaceError(error.clickhouseCode, match?.[2] ?? 'EXCEPTION', message);
  }
  if (error instanceof StoreError && error.code === 'closed')
    return new InterfaceError(236, 'ABORTED', 'the server is stopping', 503);
  const message = error instanceof Error ? error.message : String(error);
  return new InterfaceError(1001, 'STD_EXCEPTION', message);
}
