import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { ApiProblem } from './problem.js';

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Whose requests are answered. */
export interface AccessRules {
  /** Address that the server listens on. */
  readonly host: string;
  /** Further host names, e.g. of a proxy. */
  readonly allowedHosts: readonly string[];
}

/** `localhost:4320` is `localhost`, `[::1]:4320` is `[::1]`. */
function hostNameOf(hostHeader: string): string {
  return hostHeader.toLowerCase().replace(/:\d*$/, '');
}

/**
 * Whether a Host header may be served. A page of another site can reach a loopback port by letting its own name
 * resolve to 127.0.0.1, so only names we know are answered; a bare address cannot be such a name.
 */
export function isHostAllowed(hostHeader: string | undefined, rules: AccessRules): boolean {
  if (hostHeader === undefined) return false;
  const name = hostNameOf(hostHeader);
  const listensEverywhere = rules.host === '0.0.0.0' || rules.host === '::';
  if (listensEverywhere && isIP(name.replace(/^\[|\]$/g, '')) !== 0) return true;
  return [...LOOPBACK_NAMES, rules.host, `[${rules.host}]`, ...rules.allowedHosts].some(
    (allowed) => allowed.toLowerCase() === name,
  );
}

/** Whether a request comes from our own page, from no page, or from a link that somebody followed. */
function isOriginAllowed(headers: Headers): boolean {
  const origin = headers.get('origin');
  if (origin !== null) return origin.replace(/^https?:\/\//, '') === headers.get('host');
  const site = headers.get('sec-fetch-site');
  return site === null || site === 'same-origin' || site === 'none' || headers.get('sec-fetch-mode') === 'navigate';
}

/** Refuses requests that a foreign page could have caused. */
export function checkAccess(rules: AccessRules): MiddlewareHandler {
  return async (context, next) => {
    const { headers } = context.req.raw;
    const host = headers.get('host') ?? undefined;
    if (!isHostAllowed(host, rules)) {
      throw new ApiProblem('host_not_allowed', {
        detail: `the host name ${JSON.stringify(host?.slice(0, 200) ?? '')} is not served`,
        ...(host === undefined ? {} : { value: host.slice(0, 200) }),
        limit: 'localhost, the configured address, and server.allowed_hosts',
        fix: 'add the name to server.allowed_hosts in costel.yaml',
      });
    }
    if (!isOriginAllowed(headers)) {
      const origin = headers.get('origin') ?? '';
      throw new ApiProblem('origin_not_allowed', {
        detail: 'pages of other origins may not read this',
        value: origin.slice(0, 200),
        limit: 'the same origin',
        fix: 'ask from the server side, or through a proxy of your own',
      });
    }
    await next();
  };
}

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
};

/** Gives every answer the headers that keep a browser from doing more than the page needs. */
export function addSecurityHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  };
}
