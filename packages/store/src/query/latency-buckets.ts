/*
 * A fixed-bucket histogram of latencies that can be added up: bucket i holds (1.1^(i-1), 1.1^i] milliseconds and stands
 * for its geometric middle, so a percentile is off by at most 4.9 %. Bucket 0 holds all up to 1 ms, bucket 180 all above
 * 7.8 hours.
 */

/** Width of a bucket: each is a tenth wider than the one before. */
const GROWTH = 1.1;
const LAST_BUCKET = 180;

/** SQL: the bucket of a duration in nanoseconds. */
export function latencyBucketSql(durationNs: string): string {
  return `toUInt8(least(greatest(ceil(log(greatest(${durationNs}, 1) / 1000000) / log(${GROWTH})), 0), ${LAST_BUCKET}))`;
}

/** The milliseconds that a bucket stands for, e.g. bucket 73 (956–1 051 ms) is 1 002.5. */
export function bucketMiddleMs(bucket: number): number {
  return bucket === 0 ? 1 : GROWTH ** (bucket - 0.5);
}

/**
 * The value below or at which the given share of the calls lies, in milliseconds; null where there are none.
 * `counts` are calls by bucket, in any order.
 */
export function percentileMs(counts: ReadonlyMap<number, number>, share: number): number | null {
  let total = 0;
  for (const count of counts.values()) total += count;
  if (total === 0) return null;
  let seen = 0;
  for (const [bucket, count] of [...counts].toSorted(([left], [right]) => left - right)) {
    seen += count;
    if (seen >= share * total) return bucketMiddleMs(bucket);
  }
  return null;
}
