import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { InterfaceError } from './interface-error.js';

/** Names that a browser can only mean this machine by. */
const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** What {@link AccessRules} goes by. */
export interface AccessOptions {
  readonly writeToken: string;
  /** Where it is given, nobody reads without it or the write token. */
  readonly readToken?: string | undefined;
  /** Host names besides loopback, without a port, as they stand in the `Host` header. */
  readonly allowedHosts?: readonly string[] | undefined;
}

/** Who may talk to the port. */
export class AccessRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #writeDigest: Buffer;
  readonly #readDigest: Buffer | undefined;

  constructor({ writeToken, readToken, allowedHosts = [] }: AccessOptions) {
    this.#hosts = new Set([...LOOPBACK_HOSTS, ...allowedHosts].map((host) => host.toLowerCase()));
    this.#writeDigest = digest(writeToken);
    this.#readDigest = readToken === undefined ? undefined : digest(readToken);
  }

  /**
   * Refuses requests that a web page may have made: another name in `Host` (DNS rebinding), any foreign `Origin`, and
   * whatever a browser marks as coming from another site.
   * @throws InterfaceError 497.
   */
  checkOrigin(headers: IncomingHttpHeaders): void {
    const host = headers.host?.toLowerCase() ?? '';
    if (!this.#hosts.has(host.replace(/:\d+$/, ''))) {
      throw new InterfaceError(
        497,
        'ACCESS_DENIED',
        `the Host header ${JSON.stringify(host.slice(0, 100))} is not one of this server's names: add it to the allowed hosts`,
      );
    }
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      throw new InterfaceError(
        497,
        'ACCESS_DENIED',
        `the Origin ${JSON.stringify(origin.slice(0, 100))} may not use this port`,
      );
    }
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      throw new InterfaceError(497, 'ACCESS_DENIED', 'web pages of other sites may not use this port');
  }

  /**
   * True where the request carries the write token, false where it carries what reading takes: nothing, or the read token.
   * @throws InterfaceError 516 for anything else, so that a typing error is not a silent reader.
   */
  hasWriteToken(headers: IncomingHttpHeaders, query: URLSearchParams): boolean {
    const candidates = [
      headerKey(headers),
      ...authorizationKeys(headers.authorization),
      query.get('password') ?? '',
    ].filter((key) => key !== '');
    const isEvery = (token: Buffer): boolean =>
      candidates.length > 0 && candidates.every((key) => timingSafeEqual(digest(key), token));
    if (isEvery(this.#writeDigest)) return true;
    const readDigest = this.#readDigest;
    if (readDigest === undefined ? candidates.length === 0 : isEvery(readDigest)) return false;
    const advice =
      readDigest === undefined
        ? 'the password is not the write token of this server; leave it out to read'
        : 'the password must be the read token or the write token of this server';
    throw new InterfaceError(516, 'AUTHENTICATION_FAILED', `Authentication failed: ${advice}`);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

function headerKey(headers: IncomingHttpHeaders): string {
  const key = headers['x-clickhouse-key'];
  return typeof key === 'string' ? key : '';
}

/** `Basic user:token` or `Bearer token`; the user's name does not matter. */
function authorizationKeys(authorization: string | undefined): string[] {
  if (authorization === undefined) return [];
  const [scheme = '', value = ''] = authorization.split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return [value];
  if (scheme.toLowerCase() !== 'basic') return [];
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  return [decoded.slice(decoded.indexOf(':') + 1)];
}
