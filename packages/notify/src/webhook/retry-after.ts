/** Nobody is waited for longer than this, ms; a receiver that says "next year" would silence an alert. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * How long a `Retry-After` header asks to wait, ms, from 0 to one hour; `undefined` where it says nothing usable.
 * `"2"` is 2000; an HTTP date is the time from `nowMs` until then.
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, waitMs));
}
