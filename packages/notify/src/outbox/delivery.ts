import type { SendResult } from '../channel.js';
import { retryDelayMs } from './backoff.js';
import type { Claim } from './claims.js';

/** What became of an attempt: done, to be tried again, refused for good, or tried for too long. */
export type DeliveryOutcome = 'delivered' | 'retry' | 'failed' | 'dead_letter';

/** The decision after an attempt. */
export interface Decision {
  readonly outcome: DeliveryOutcome;
  /** Empty when delivered. */
  readonly reason: string;
  /** ms since 1970; meaningful for `retry`. */
  readonly nextAttemptAtMs: number;
}

/** What to do after a result at `nowMs`. A receiver's `Retry-After` may lengthen the back-off, not shorten it. */
export function decideOutcome(claim: Claim, result: SendResult, nowMs: number, giveUpAfterMs: number): Decision {
  if (result.isDelivered) return { outcome: 'delivered', reason: '', nextAttemptAtMs: nowMs };
  const { reason } = result;
  if (!result.isRetryable) return { outcome: 'failed', reason, nextAttemptAtMs: nowMs };
  if (nowMs - claim.notification.raisedAtMs > giveUpAfterMs)
    return { outcome: 'dead_letter', reason, nextAttemptAtMs: nowMs };
  const delayMs = Math.max(retryDelayMs(claim.epoch), result.retryAfterMs ?? 0);
  return { outcome: 'retry', reason, nextAttemptAtMs: nowMs + delayMs };
}
