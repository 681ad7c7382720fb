import { formatPicoUsd, picoUsd } from '@costel/pricing';
import { dollarsOf } from './guard-config.js';

/** What the overshoot of a budget depends on. */
export interface OvershootInputs {
  /** The limit, dollars. */
  readonly limitUsd: number | string;
  /** The most that one call can cost, dollars. */
  readonly maxCallUsd: number | string;
  /** What one call reserves, dollars, > 0; the least of them where they differ. */
  readonly reservedUsd: number | string;
  /** Calls that may be under way at once, over all guarded processes. */
  readonly callsInFlight: number;
}

/**
 * The most by which guarded calls can exceed a budget, decimal dollars:
 *
 *     min(calls in flight, limit / reservation) × max(0, dearest call − reservation)
 *
 * because the reservations of all guarded processes together never exceed what is left, so that only what calls cost
 * beyond what they reserved is on top. 200 calls at once against $1, each reserving $0.0125 and costing $0.02 at most:
 * 80 of them are let through, so 80 × $0.0075 = $0.60. Where every call costs at most what it reserves, it is 0.
 *
 * Not in it: calls that nobody guards (the aggregator reports what they cost within seconds), calls that went ahead while
 * the state was unknown and `whenUnknown` is `allow`, and calls that a downgrade function let through.
 */
export function overshootBoundUsd({ limitUsd, maxCallUsd, reservedUsd, callsInFlight }: OvershootInputs): string {
  const reserved = dollarsOf(reservedUsd);
  if (reserved <= 0n) throw new RangeError(`reservedUsd must be > 0, not ${reservedUsd}`);
  if (!Number.isSafeInteger(callsInFlight) || callsInFlight < 0)
    throw new RangeError(`callsInFlight must be a whole number >= 0, not ${callsInFlight}`);
  const fitting = dollarsOf(limitUsd) / reserved;
  const calls = fitting < BigInt(callsInFlight) ? fitting : BigInt(callsInFlight);
  const beyond = dollarsOf(maxCallUsd) - reserved;
  return formatPicoUsd(picoUsd(beyond > 0n ? calls * beyond : 0n));
}
