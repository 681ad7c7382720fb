import { INPUT_BUCKETS, USAGE_BUCKETS, type UsageBucket } from '@costel/pricing';

/** The ledger's column of a usage bucket, e.g. `usage_cache_read`. */
export function usageColumn(bucket: UsageBucket): string {
  return `usage_${bucket}`;
}

/** How many of the first buckets have a column of their own; later ones share the array `usage_more`. */
export const COLUMN_BUCKET_COUNT = 16;

/** The ledger's usage columns in the order of `USAGE_BUCKETS`, which is the order of every price array. */
export const USAGE_COLUMNS: readonly string[] = USAGE_BUCKETS.slice(0, COLUMN_BUCKET_COUNT).map(usageColumn);

/** The column of the buckets without a column of their own, in the order of `USAGE_BUCKETS`. */
export const MORE_USAGE_COLUMN = 'usage_more';

/** How many buckets there are: the length of a usage array and of one tier's prices. */
export const BUCKET_COUNT: number = USAGE_BUCKETS.length;

/** How many of the first buckets are input tokens. */
export const INPUT_BUCKET_COUNT = INPUT_BUCKETS.length;

/** SQL: what a ledger row used, one count a bucket, over its columns. */
export const USAGE_ARRAY_SQL: string =
  BUCKET_COUNT === COLUMN_BUCKET_COUNT
    ? `[${USAGE_COLUMNS.join(', ')}]`
    : `arrayConcat([${USAGE_COLUMNS.join(', ')}], arrayResize(${MORE_USAGE_COLUMN}, ${BUCKET_COUNT - COLUMN_BUCKET_COUNT}, toUInt64(0)))`;

/**
 * SQL: the columns of {@link USAGE_ARRAY_SQL} out of an array of counts by bucket, which may be longer or shorter than
 * there are buckets. `usage_more` is empty where nothing of it was used.
 */
export function usageColumnsOf(counts: string): Readonly<Record<string, string>> {
  const more = `arraySlice(${counts}, ${COLUMN_BUCKET_COUNT + 1})`;
  return {
    ...Object.fromEntries(USAGE_COLUMNS.map((column, index) => [column, `${counts}[${index + 1}]`])),
    [MORE_USAGE_COLUMN]: `if(arraySum(${more}) = 0, [], ${more})`,
  };
}
