import { isSpanContextValid, TraceFlags, type Span } from '@opentelemetry/api';
import type { CallOutcome } from '../telemetry/call-outcome.js';
import { reportTrouble } from '../telemetry/trouble.js';
import type { Reservation } from './active-guard.js';

/** What a call cost with what was billed beside it; unknown where its own cost is. */
function withBeside(own: bigint | undefined, beside: bigint): bigint | undefined {
  return own === undefined ? undefined : own + beside;
}

/**
 * Tells a guard what became of a call; without an outcome the reservation is freed. Never throws.
 * @param besidePicoUsd What was billed beside the call, on spans of its own below it.
 */
export function settleReservation(
  reservation: Reservation | undefined,
  outcome: CallOutcome | undefined,
  span: Span | undefined,
  besidePicoUsd = 0n,
): void {
  if (reservation === undefined) return;
  try {
    const identity = span?.spanContext();
    reservation.settle({
      costPicoUsd: withBeside(outcome?.price.costPicoUsd, besidePicoUsd),
      isBillable: outcome !== undefined && outcome.price.status !== 'not_billable',
      responseModel: outcome?.reading.responseModel,
      traceId: identity?.traceId ?? '',
      spanId: identity?.spanId ?? '',
      isExported:
        identity !== undefined && isSpanContextValid(identity) && (identity.traceFlags & TraceFlags.SAMPLED) !== 0,
    });
  } catch (error) {
    reportTrouble('guard', error);
  }
}
