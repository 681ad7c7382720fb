import { isSpanContextValid, TraceFlags, type Span } from '@opentelemetry/api';
import type { CallOutcome } from '../telemetry/call-outcome.js';
import { reportTrouble } from '../telemetry/trouble.js';
import type { Reservation } from './active-guard.js';

/** Tells a guard what became of a call; without an outcome the reservation is freed. Never throws. */
export function settleReservation(
  reservation: Reservation | undefined,
  outcome: CallOutcome | undefined,
  span: Span | undefined,
): void {
  if (reservation === undefined) return;
  try {
    const identity = span?.spanContext();
    reservation.settle({
      costPicoUsd: outcome?.price.costPicoUsd,
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
