import { INPUT_BUCKETS, USAGE_BUCKETS, type UsageBucket } from '@costel/pricing';

/** The ledger's column of a usage bucket, e.g. `usage_cache_read`. */
export function usageColumn(bucket: UsageBucket): string {
  return `usage_${bucket}`;
}

/** The ledger's usage columns in the order of `USAGE_BUCKETS`, which is the order of every price array. */
export const USAGE_COLUMNS: readonly string[] = USAGE_BUCKETS.map(usageColumn);

/** How many buckets there are: the length of a usage array and of one tier's prices. */
export const BUCKET_COUNT = USAGE_BUCKETS.length;

/** How many of the first buckets are input tokens. */
export const INPUT_BUCKET_COUNT = INPUT_BUCKETS.length;
