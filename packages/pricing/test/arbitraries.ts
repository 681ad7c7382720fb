import * as fc from 'fast-check';
import { MAX_BUCKET_COUNT, USAGE_BUCKETS, type Usage } from '../src/index.js';

/** Any usage with counts up to a million, absent buckets included. */
export const usages: fc.Arbitrary<Usage> = fc.dictionary(
  fc.constantFrom(...USAGE_BUCKETS),
  fc.integer({ min: 0, max: 1_000_000 }),
);

/** Anything that a provider might put where a count belongs. */
export const wildCounts: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: -10, max: 2_000 }),
  fc.double(),
  fc.constantFrom(null, undefined, '12', '', Number.NaN, Infinity, MAX_BUCKET_COUNT + 1, 2 ** 53, true, [], {}),
);

/** The total of all buckets from `from` on, up to `to`. */
export function sumBuckets(usage: Usage, buckets: readonly (keyof Usage)[]): number {
  return buckets.reduce((sum, bucket) => sum + (usage[bucket] ?? 0), 0);
}
