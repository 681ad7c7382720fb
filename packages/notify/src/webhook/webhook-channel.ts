import { lookup as lookupAddresses } from 'node:dns/promises';
import { isIP } from 'node:net';

import { toAlertJson } from '../alert-json.js';
import type { Notification } from '../alert.js';
import type { Channel, SendResult } from '../channel.js';
import { NotifyError } from '../error.js';
import { isPublicAddress } from './address.js';
import { post, type PostResponse, type ResolvedAddress } from './post.js';
import { parseRetryAfterMs } from './retry-after.js';

/** Resolves a host name to all its addresses. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** Where and how a webhook is sent. */
export interface WebhookChannelOptions {
  readonly name: string;
  /** `http:` or `https:`; a user and password in it are sent as basic authentication. */
  readonly url: string;
  /** Whether loopback, private, link-local and other non-public addresses may be connected to. Default: false. */
  readonly isPrivateAllowed?: boolean;
  /** Longest time from resolving the name to the status line of the answer, ms, 1…300,000. Default: 10,000. */
  readonly sendTimeoutMs?: number;
  /** Default: the system's resolver. */
  readonly resolveHost?: ResolveHost;
  /** Now, ms since 1970, for `Retry-After` dates. Default: the system's clock. */
  readonly clock?: () => number;
}

const DEFAULT_SEND_TIMEOUT_MS = 10_000;
const MAX_SEND_TIMEOUT_MS = 300_000;
/** A request body beyond this is not sent: an alert is a few hundred bytes, and receivers refuse large ones anyway. */
const MAX_BODY_BYTES = 262_144;
/** Besides 5xx, answers after which the same request may succeed: timeout, too early, too many requests. */
const RETRYABLE_STATUSES: readonly number[] = [408, 425, 429];

const resolveWithSystem: ResolveHost = (hostname) => lookupAddresses(hostname, { all: true, verbatim: true });

function parseUrl(name: string, text: string): URL {
  // The URL may hold a secret, so errors name the channel and not the URL.
  if (!URL.canParse(text))
    throw new NotifyError('channel_invalid', `channel "${name}": its url is not a URL; use https://host/path`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new NotifyError('channel_invalid', `channel "${name}": url scheme "${url.protocol}" must be http: or https:`);
  }
  return url;
}

function failure(isRetryable: boolean, reason: string): SendResult {
  return { isDelivered: false, isRetryable, reason };
}

function toResult({ status, retryAfter }: PostResponse, nowMs: number): SendResult {
  if (status >= 200 && status < 300) return { isDelivered: true };
  const isRedirect = status >= 300 && status < 400;
  const reason = isRedirect ? `HTTP ${status}: redirects are not followed; use the final url` : `HTTP ${status}`;
  const isRetryable = status >= 500 || RETRYABLE_STATUSES.includes(status);
  const retryAfterMs = isRetryable ? parseRetryAfterMs(retryAfter, nowMs) : undefined;
  return { isDelivered: false, isRetryable, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** What went wrong, in words without addresses' secrets: the system's code where there is one. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : error.message.slice(0, 200);
}

/**
 * A channel that POSTs the alert's JSON with the header `Idempotency-Key`. The host is resolved once a send, every
 * address it has must be public (unless private ones are allowed), and the connection goes to the address that was
 * checked, so a name that changes its mind in between gains nothing. No redirect is followed.
 *
 * @throws NotifyError `channel_invalid` for a URL that is none, is not HTTP, or a time-out out of range.
 */
export function createWebhookChannel(options: WebhookChannelOptions): Channel {
  const { name, isPrivateAllowed = false, sendTimeoutMs = DEFAULT_SEND_TIMEOUT_MS } = options;
  const { resolveHost = resolveWithSystem, clock = Date.now } = options;
  const url = parseUrl(name, options.url);
  if (!Number.isInteger(sendTimeoutMs) || sendTimeoutMs < 1 || sendTimeoutMs > MAX_SEND_TIMEOUT_MS) {
    throw new NotifyError(
      'channel_invalid',
      `channel "${name}": send timeout ${sendTimeoutMs} ms must be a whole number from 1 to ${MAX_SEND_TIMEOUT_MS}`,
    );
  }
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');

  async function resolveAddresses(signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const family = isIP(hostname);
    if (family !== 0) return [{ address: hostname, family }];
    // The system's resolver cannot be cancelled; its answer is then not waited for.
    return Promise.race([resolveHost(hostname), rejectOnAbort(signal)]);
  }

  async function send(notification: Notification): Promise<SendResult> {
    const body = JSON.stringify(toAlertJson(notification));
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) {
      return failure(false, `body of ${Buffer.byteLength(body)} bytes is over ${MAX_BODY_BYTES}`);
    }
    const signal = AbortSignal.timeout(sendTimeoutMs);
    try {
      const addresses = await resolveAddresses(signal);
      const [address] = addresses;
      if (address === undefined) return failure(true, `${hostname} has no address`);
      const closed = isPrivateAllowed ? undefined : addresses.find((candidate) => !isPublicAddress(candidate.address));
      if (closed !== undefined) {
        return failure(
          isIP(hostname) === 0,
          `${hostname} is at ${closed.address}, which is not a public address; allow_private_addresses: true permits it`,
        );
      }
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'costel',
        'idempotency-key': notification.idempotencyKey,
      };
      return toResult(await post({ url, address, headers, body, signal }), clock());
    } catch (error) {
      return failure(true, signal.aborted ? `no answer within ${sendTimeoutMs} ms` : describeError(error));
    }
  }

  return { name, sendTimeoutMs, send };
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}
