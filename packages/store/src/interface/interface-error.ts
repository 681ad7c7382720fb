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

/** The status that a server answers with for ClickHouse's numbers; 500 for all others. */
const NUMBERS_BY_STATUS: ReadonlyMap<number, readonly number[]> = new Map([
  [400, [6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676]],
  [401, [194]],
  [403, [192, 193, 512, 516]],
  [404, [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511]],
  [408, [159]],
  [411, [381]],
  [413, [229]],
  [415, [779]],
  [501, [48]],
  [503, [76, 209, 439]],
]);

const STATUS_BY_NUMBER: ReadonlyMap<number, number> = new Map([
  ...[...NUMBERS_BY_STATUS].flatMap(([status, numbers]) => numbers.map((number) => [number, status] as const)),
  // Not what a server says (500): a proxy or a client that goes by the status must not try again.
  [164, 403],
  [497, 403],
]);

/** The HTTP status for one of ClickHouse's numbers, e.g. 404 for 60, an unknown table. */
export function statusOf(number: number): number {
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
