import type { PricedCall, UsageReading } from '@costel/pricing';

/**
 * How a call that nobody read to its end was left: iteration was broken off, the request was aborted, the promise or
 * stream was dropped unread, or the caller took the raw response.
 */
export type StreamEnd = 'broken_off' | 'aborted' | 'abandoned' | 'raw_response';

/** What became of a call, as far as the instrumentation could see. */
export interface CallOutcome {
  readonly reading: UsageReading;
  readonly price: PricedCall;
  readonly errorType?: string | undefined;
  readonly httpStatus?: number | undefined;
  readonly streamEnd?: StreamEnd | undefined;
  readonly durationSeconds: number;
  readonly timeToFirstChunkSeconds?: number | undefined;
  readonly clockOffsetMs?: number | undefined;
}

/** The reading of a call of which nothing is known. */
export const NOTHING_READ: UsageReading = {
  usage: {},
  quality: 'missing',
  serviceTier: '',
  region: '',
  finishReasons: [],
};
