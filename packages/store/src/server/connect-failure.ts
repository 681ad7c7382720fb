import { StoreError, toStoreError } from '../engine/store-error.js';

/** Whom we wanted to reach, as far as it may be printed. */
export interface ConnectTarget {
  readonly url: string;
  readonly username: string;
  readonly database: string;
}

/** What went wrong below HTTP, in words. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset'],
  ['EPIPE', 'connection reset'],
  ['ENOTFOUND', 'unknown host name'],
  ['EAI_AGAIN', 'the host name could not be looked up'],
  ['ETIMEDOUT', 'timed out'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the host'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not trusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is not trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is not trusted'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it speaks no TLS: use http://'],
  ['EPROTO', 'it speaks no TLS: use http://'],
]);

/**
 * Says in one sentence which server, what went wrong and what to do, whatever the client threw. The address is printed
 * without credentials. E.g. `ClickHouse at http://db:8123 does not answer (connection refused): …`.
 */
export function connectFailure(error: unknown, target: ConnectTarget): StoreError {
  const known = toStoreError(error);
  const where = `ClickHouse at ${printable(target.url)}`;
  const details = { cause: error, clickhouseCode: known.clickhouseCode };
  if (known.code === 'authentication_failed') {
    const message = `${where} refuses the password of the user ${target.username}: set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD to a user that it knows (an embedded stack takes the token of its run.json as the password)`;
    return new StoreError('authentication_failed', message, details);
  }
  if (known.clickhouseCode === ACCESS_DENIED) {
    const message = `${where} does not let the user ${target.username} create the database ${target.database}: grant it, or create the database by hand (an embedded stack takes the token of its run.json as the password)`;
    return new StoreError(known.code, message, details);
  }
  if (known.clickhouseCode !== undefined) {
    const message = `${where} refuses to create the database ${target.database}: ${firstLine(known.message)}`;
    return new StoreError(known.code, message, { ...details, retryable: known.retryable });
  }
  const reason = reasonOf(error);
  if (reason === undefined && known.code !== 'unreachable') {
    const message = `what answers at ${printable(target.url)} is no ClickHouse HTTP interface (${firstLine(known.message)}): name its HTTP port, 8123 by default, not the native one, 9000`;
    return new StoreError('unreachable', message, details);
  }
  const message = `${where} does not answer (${reason ?? firstLine(known.message)}): start it, or correct the address in CLICKHOUSE_URL`;
  return new StoreError('unreachable', message, { ...details, retryable: true });
}

const ACCESS_DENIED = 497;
const MAX_LINE_CHARACTERS = 200;

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0]?.trim() ?? '';
  return line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line;
}

/** The address without what a password may stand in. */
function printable(address: string): string {
  try {
    const { protocol, host, pathname } = new URL(address);
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  } catch {
    return 'an address that is no URL';
  }
}

/** Node wraps several attempts in one error; the first that says something counts. */
function reasonOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') {
    const reason = REASONS.get(error.code);
    if (reason !== undefined) return reason;
  }
  if (error instanceof Error && /^timeout/i.test(error.message)) return 'timed out';
  const inner: unknown[] = [];
  if ('cause' in error) inner.push(error.cause);
  if ('errors' in error && Array.isArray(error.errors)) inner.push(...(error.errors as unknown[]));
  return inner.map(reasonOf).find((reason) => reason !== undefined);
}
