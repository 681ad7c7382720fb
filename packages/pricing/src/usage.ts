/**
 * The disjoint parts of a call's usage. Each unit of usage is in exactly one bucket, so the token buckets add up to
 * the totals that the provider reports. The order is the order of the price arrays in ClickHouse: append only.
 *
 * | bucket | holds |
 * |---|---|
 * | `input` | input tokens neither cached nor of another modality |
 * | `cache_read`, `cache_read_audio`, `cache_read_image` | input tokens read from a cache |
 * | `cache_write_5m`, `cache_write_1h` | input tokens written to a cache (5 m is also the bucket of writes without a stated lifetime) |
 * | `input_audio`, `input_image`, `input_video` | uncached input tokens of that modality |
 * | `output` | output tokens that are neither reasoning nor of another modality |
 * | `reasoning`, `output_audio`, `output_image` | output tokens of that kind |
 * | `web_search`, `file_search`, `maps_search` | counted fees, not tokens; of xAI's searches of X the posts that they fetched |
 * | `request` | requests to search the web where they have a price beside that of `web_search`: Perplexity's, OpenAI's `web_search_preview`; sources of xAI's live search |
 * | `rerank_search` | a query with up to 100 documents, as rerankers bill it |
 * | `audio_second` | seconds of audio, rounded up, where sound is billed by its length |
 * | `character` | characters of text that are spoken |
 * | `image`, `video_second`, `page` | images made, seconds of video made, pages read |
 * | `code_execution` | containers that a provider ran code in; of xAI the runs of code |
 * | `cache_storage` | token-hours that a cache was kept |
 */
export const USAGE_BUCKETS = [
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'input_audio',
  'cache_read_audio',
  'input_image',
  'cache_read_image',
  'input_video',
  'output',
  'reasoning',
  'output_audio',
  'output_image',
  'web_search',
  'file_search',
  'request',
  'rerank_search',
  'audio_second',
  'character',
  'image',
  'video_second',
  'page',
  'code_execution',
  'maps_search',
  'cache_storage',
] as const;

/** The name of one disjoint part of a call's usage. */
export type UsageBucket = (typeof USAGE_BUCKETS)[number];

/** Where a bucket stands in `USAGE_BUCKETS`, and so in the price arrays; undefined for what is no bucket. */
export function indexOfBucket(name: string): number | undefined {
  return INDEX_OF_BUCKET.get(name);
}

const INDEX_OF_BUCKET: ReadonlyMap<string, number> = new Map(USAGE_BUCKETS.map((bucket, index) => [bucket, index]));

/** Whole, non-negative counts by bucket; an absent bucket is zero. */
export type Usage = Readonly<Partial<Record<UsageBucket, number>>>;

/** The buckets whose sum is a call's input tokens (cached included), which decides its long-context tier. */
export const INPUT_BUCKETS: readonly UsageBucket[] = USAGE_BUCKETS.slice(0, 9);

/** The buckets whose sum is a call's output tokens (reasoning included). */
export const OUTPUT_BUCKETS: readonly UsageBucket[] = USAGE_BUCKETS.slice(9, 13);

/**
 * How far a call's usage can be trusted: `reported` by the provider, `estimated` by us, `missing` (nothing known; its
 * cost is undefined, not zero), `inconsistent` (the provider's own numbers contradict each other and were clamped).
 */
export type UsageQuality = 'reported' | 'estimated' | 'missing' | 'inconsistent';

/** The largest count a bucket may hold; above it usage is `inconsistent`. Keeps every product inside Int128. */
export const MAX_BUCKET_COUNT = 1_000_000_000;
