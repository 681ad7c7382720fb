/**
 * Why the store could not do what it was asked. Stable: programs branch on it.
 *
 * | code | meaning |
 * |---|---|
 * | `closed` | the database was closed, or is closing |
 * | `data_directory_in_use` | another process holds the data directory |
 * | `data_directory_unusable` | the data directory cannot be created, read or written |
 * | `engine_unavailable` | the embedded engine cannot be loaded on this machine |
 * | `unreachable` | the ClickHouse server does not answer |
 * | `authentication_failed` | the ClickHouse server refuses the credentials |
 * | `parameter_invalid` | a value cannot be bound, or a placeholder has no value |
 * | `name_invalid` | a table, column, format or setting name is not a plain identifier |
 * | `syntax_error` | the statement does not parse |
 * | `not_found` | the table, column, function or database does not exist |
 * | `limit_exceeded` | time, memory, rows or bytes beyond the limit of the query |
 * | `data_invalid` | the rows of an insert do not parse or do not fit the columns |
 * | `aborted` | the caller gave up; the engine may still finish in the background |
 * | `migration_changed` | a migration that was applied has another text now |
 * | `work_taken` | another process on the server builds or corrects; try again |
 * | `reprice_running` | calls are being priced again by another process |
 * | `query_failed` | any other refusal of the engine; see `clickhouseCode` |
 */
export type StoreErrorCode =
  | 'closed'
  | 'data_directory_in_use'
  | 'data_directory_unusable'
  | 'engine_unavailable'
  | 'unreachable'
  | 'authentication_failed'
  | 'parameter_invalid'
  | 'name_invalid'
  | 'syntax_error'
  | 'not_found'
  | 'limit_exceeded'
  | 'data_invalid'
  | 'aborted'
  | 'migration_changed'
  | 'work_taken'
  | 'reprice_running'
  | 'query_failed';

/** Details of a {@link StoreError}. */
export interface StoreErrorDetails {
  readonly cause?: unknown;
  /** ClickHouse's own number, e.g. 60 for an unknown table. */
  readonly clickhouseCode?: number | undefined;
  /** True where the same call may succeed later without any change. */
  readonly retryable?: boolean;
}

/** The one error class of the store. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly retryable: boolean;
  readonly clickhouseCode: number | undefined;

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StoreError';
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.clickhouseCode = details.clickhouseCode;
  }
}

const CODES_BY_NUMBER: ReadonlyMap<number, StoreErrorCode> = new Map([
  [62, 'syntax_error'],
  [16, 'not_found'],
  [46, 'not_found'],
  [47, 'not_found'],
  [60, 'not_found'],
  [81, 'not_found'],
  [456, 'parameter_invalid'],
  [457, 'parameter_invalid'],
  [130, 'parameter_invalid'],
  [158, 'limit_exceeded'],
  [159, 'limit_exceeded'],
  [241, 'limit_exceeded'],
  [307, 'limit_exceeded'],
  [396, 'limit_exceeded'],
  [6, 'data_invalid'],
  [26, 'data_invalid'],
  [27, 'data_invalid'],
  [32, 'data_invalid'],
  [33, 'data_invalid'],
  [38, 'data_invalid'],
  [41, 'data_invalid'],
  [53, 'data_invalid'],
  [72, 'data_invalid'],
  [117, 'data_invalid'],
  [192, 'authentication_failed'],
  [193, 'authentication_failed'],
  [194, 'authentication_failed'],
  [516, 'authentication_failed'],
]);

/** Codes after which the same statement may succeed later: overload, memory, network, read-only and shutting-down states. */
const RETRYABLE_NUMBERS: ReadonlySet<number> = new Set([
  159, 202, 203, 209, 210, 236, 241, 242, 243, 252, 285, 319, 425, 439, 999,
]);

/** Reads the number that ClickHouse puts in front of its messages: `Code: 62. DB::Exception: …` is 62. */
export function parseClickhouseCode(message: string): number | undefined {
  const match = /\bCode: (\d+)\b/.exec(message);
  return match === null ? undefined : Number(match[1]);
}

/** Makes one {@link StoreError} of whatever the engine or the client threw. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const number = parseClickhouseCode(message) ?? numericCode(error);
  const code = (number === undefined ? undefined : CODES_BY_NUMBER.get(number)) ?? codeByName(error) ?? 'query_failed';
  const retryable = code === 'unreachable' || (number !== undefined && RETRYABLE_NUMBERS.has(number));
  return new StoreError(code, message, { cause: error, clickhouseCode: number, retryable });
}

function rawCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** `@clickhouse/client` gives the number as text in `code`. */
function numericCode(error: unknown): number | undefined {
  const code = rawCode(error);
  return typeof code === 'string' && /^\d+$/.test(code) ? Number(code) : undefined;
}

function codeByName(error: unknown): StoreErrorCode | undefined {
  switch (rawCode(error)) {
    case 'CHDB_ABORT':
      return 'aborted';
    case 'CHDB_TIMEOUT':
      return 'limit_exceeded';
    case 'CHDB_CLOSED':
      return 'closed';
    case 'CHDB_BIND':
      return 'parameter_invalid';
    case 'CHDB_PLATFORM':
    case 'CHDB_ABI':
      return 'engine_unavailable';
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'ENOTFOUND':
    case 'EPIPE':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
      return 'unreachable';
    default:
      return undefined;
  }
}
