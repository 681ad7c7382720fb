import { priceCall, withBeside, type PricedCall, type UsageReading } from '@costel/pricing';
import { BudgetExceededError } from '../guard/budget-exceeded-error.js';
import { operationOf } from '../sdks/sdk-definition.js';
import type { Server } from '../sdks/server-of-client.js';
import { NOTHING_READ, type CallOutcome, type StreamEnd } from '../telemetry/call-outcome.js';
import type { MetricSubject } from '../telemetry/label-sets.js';
import { errorTypeOf, httpStatusOf } from './call-error.js';
import type { CallStart } from './llm-call.js';

/** From here on an HTTP answer is an error, which providers do not bill. */
export const FIRST_ERROR_STATUS = 400;

/** The price of what a provider charges nothing for. */
export const NOT_BILLABLE: PricedCall = { status: 'not_billable', lineItems: [], model: '' };

/** How a call ended. */
export interface Ending {
  readonly reading: UsageReading | undefined;
  readonly error?: unknown;
  readonly streamEnd?: StreamEnd | undefined;
  /** When the call ended, where that was before it became known; milliseconds since 1970. */
  readonly endedAtMs?: number | undefined;
}

/** What was seen of a call while it lasted. */
export interface SeenCall {
  readonly start: CallStart;
  readonly server: Server;
  readonly startedAtMs: number;
  /** The same instant on the clock that is never set, in milliseconds. */
  readonly startedAt: number;
  readonly timeToFirstChunkSeconds: number | undefined;
  readonly clockOffsetMs: number | undefined;
}

/** What a call that ended used, cost and took. */
export function judgeEnding(call: SeenCall, ending: Ending): CallOutcome {
  const { reading: stated = NOTHING_READ, error, streamEnd, endedAtMs } = ending;
  const { server, startedAtMs } = call;
  // A span is one call: what its answer bills beside its totals for the same model is part of it.
  const summed = stated.beside === undefined && stated.iterations === undefined ? stated : withBeside(stated);
  const reading = server.region === '' || summed.region !== '' ? summed : { ...summed, region: server.region };
  const httpStatus = httpStatusOf(error);
  const endedAfterMs = endedAtMs === undefined ? performance.now() - call.startedAt : endedAtMs - startedAtMs;
  return {
    reading,
    price: isFree(call.start, reading, error, httpStatus) ? NOT_BILLABLE : priceOf(call, reading),
    errorType: error === undefined ? undefined : errorTypeOf(error),
    httpStatus,
    streamEnd,
    durationSeconds: Math.max(0, endedAfterMs) / 1000,
    timeToFirstChunkSeconds: call.timeToFirstChunkSeconds,
    clockOffsetMs: call.clockOffsetMs,
  };
}

function isFree({ method }: CallStart, reading: UsageReading, error: unknown, httpStatus: number | undefined): boolean {
  return (
    method.isFree === true ||
    error instanceof BudgetExceededError ||
    ((httpStatus ?? 0) >= FIRST_ERROR_STATUS && reading.quality === 'missing')
  );
}

function priceOf({ start, server, startedAtMs }: SeenCall, reading: UsageReading): PricedCall {
  return priceCall({
    provider: server.provider,
    requestModel: start.facts.model,
    responseModel: reading.responseModel,
    serviceTier: reading.serviceTier,
    region: reading.region,
    atMs: startedAtMs,
    usage: reading.usage,
    quality: reading.quality,
    reportedCostPicoUsd: reading.reportedCostPicoUsd,
  });
}

/** What the metric points of a call are labelled with. */
export function metricSubjectOf(start: CallStart, server: Server): MetricSubject {
  return {
    operation: operationOf(start),
    provider: server.provider,
    requestModel: start.facts.model,
    serverAddress: server.isOwnProvider ? undefined : server.address,
    serverPort: server.isOwnProvider ? undefined : server.port,
    attribution: start.attribution,
  };
}
