const FIRST_DELAY_MS = 1000;
/** A receiver that comes back within two hours is tried within half a minute; later ones within five minutes. */
const MAX_DELAY_MS = 30_000;
const LATE_MAX_DELAY_MS = 300_000;
const LATE_AFTER_ATTEMPTS = 240;

/** How long to wait after the `attempt`-th failed attempt (from 1), ms: 1, 2, 4, 8, 16, then 30 s, 5 min after 240. */
export function retryDelayMs(attempt: number): number {
  if (attempt > LATE_AFTER_ATTEMPTS) return LATE_MAX_DELAY_MS;
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(20, Math.max(0, attempt - 1)));
}
