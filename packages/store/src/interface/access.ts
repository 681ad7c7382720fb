import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { InterfaceError } from './interface-error.js';

/** Names that a browser can only mean this machine by. */
const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Who may talk to the port. */
export class AccessRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #tokenDigest: Buffer;

  /** @param allowedHosts host names besides loopback, without a port, as they stand in the `Host` header. */
  constructor(writeToken: string, allowedHosts: readonly string[] = []) {
    this.#hosts = new Set([...LOOPBACK_HOSTS, ...allowedHosts].map((host) => host.toLowerCase()));
    this.#tokenDigest = digest(writeToken);
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
   * True where the request carries the write token, false where it carries no credential.
   * @throws InterfaceError 516 for a wrong one, so that a typing error is not a silent reader.
   */
  hasWriteToken(headers: IncomingHttpHeaders, query: URLSearchParams): boolean {
    const candidates = [
      headerKey(headers),
      ...authorizationKeys(headers.authorization),
      query.get('password') ?? '',
    ].filter((key) => key !== '');
    if (candidates.length === 0) return false;
    if (candidates.every((key) => timingSafeEqual(digest(key), this.#tokenDigest))) return true;
    throw new InterfaceError(
      516,
      'AUTHENTICATION_FAILED',
      'Authentication failed: the password is not the write token of this server; leave it out to read',
    );
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
