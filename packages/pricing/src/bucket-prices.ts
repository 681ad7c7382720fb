import type { CataloguePrice, CataloguePrices } from './catalogue/catalogue.js';
import { picoUsd, type PicoUsd } from './pico-usd.js';
import { INPUT_BUCKETS, OUTPUT_BUCKETS, USAGE_BUCKETS, type UsageBucket } from './usage.js';

const TOKEN_BUCKETS: readonly UsageBucket[] = [...INPUT_BUCKETS, ...OUTPUT_BUCKETS];

/** The price keys of a catalogue that list a bucket's own price, the first that is there. */
export const PRICE_KEYS: Readonly<Record<UsageBucket, readonly string[]>> = {
  input: ['input_mtok', 'input_text_mtok'],
  cache_read: ['cache_read_mtok', 'cache_text_read_mtok'],
  cache_write_5m: ['cache_write_5m_mtok', 'cache_write_mtok'],
  cache_write_1h: ['cache_write_1h_mtok'],
  input_audio: ['input_audio_mtok'],
  cache_read_audio: ['cache_audio_read_mtok'],
  input_image: ['input_image_mtok'],
  cache_read_image: ['cache_image_read_mtok'],
  input_video: ['input_video_mtok'],
  output: ['output_mtok', 'output_text_mtok'],
  reasoning: ['output_reasoning_mtok'],
  output_audio: ['output_audio_mtok'],
  output_image: ['output_image_mtok'],
  web_search: ['web_searches_kcount'],
  file_search: ['storage_searches_kcount'],
  request: ['requests_kcount'],
  rerank_search: ['rerank_searches_kcount'],
  audio_second: ['input_audio_seconds', 'audio_seconds'],
  character: ['input_mchars'],
  image: ['output_images_kcount'],
  video_second: ['output_video_seconds'],
  page: ['input_document_kpages'],
  code_execution: ['code_executions_kcount'],
  maps_search: ['maps_searches_kcount'],
  cache_storage: ['cache_storage_mtokhours'],
};

/** A bucket without a price of its own takes that of another bucket, because providers bill it so. */
export interface PriceFallback {
  readonly bucket: UsageBucket;
  readonly from: UsageBucket;
  /** Not where this bucket has a price of its own: then the missing price is a gap, not a rule. */
  readonly unlessListed?: UsageBucket;
  /** Not for models of such a name. */
  readonly exceptModels?: RegExp;
  readonly reason: string;
}

/** Models made for sound: their audio costs a multiple of their text, so a missing audio rate is a gap. */
const AUDIO_MODELS = /audio|realtime|speech|voice|transcribe|whisper|tts|voxtral/;

/**
 * Every rule by which a price is filled in; a bucket without a rule and without a price stays unpriced. The rules run
 * in this order, so that a bucket filled in may fill in the next.
 */
export const PRICE_FALLBACKS: readonly PriceFallback[] = [
  { bucket: 'reasoning', from: 'output', reason: 'Reasoning is billed as output unless a rate of its own is listed.' },
  {
    bucket: 'cache_read',
    from: 'input',
    reason: 'Where no cached rate is listed, there is no discount: cached tokens are input.',
  },
  {
    bucket: 'cache_write_5m',
    from: 'input',
    reason: 'Where no write rate is listed, filling the cache has no surcharge.',
  },
  {
    bucket: 'cache_write_1h',
    from: 'input',
    unlessListed: 'cache_write_5m',
    reason: 'As above; where a 5-minute rate is listed, the one-hour rate is dearer and must be listed itself.',
  },
  {
    bucket: 'input_image',
    from: 'input',
    reason: 'Images are counted as input tokens and billed as such unless a rate of their own is listed.',
  },
  { bucket: 'input_video', from: 'input', reason: 'Video frames are input tokens as images are.' },
  {
    bucket: 'cache_read_image',
    from: 'cache_read',
    unlessListed: 'input_image',
    reason: 'One rate for text and images holds in the cache too.',
  },
  {
    bucket: 'input_audio',
    from: 'input',
    exceptModels: AUDIO_MODELS,
    reason: 'One rate for all modalities (Gemini), or a text model that reports stray audio counts.',
  },
  {
    bucket: 'cache_read_audio',
    from: 'cache_read',
    unlessListed: 'input_audio',
    exceptModels: AUDIO_MODELS,
    reason: 'One rate for all modalities holds in the cache too.',
  },
  { bucket: 'output_image', from: 'output', reason: 'Image models that list one output rate bill image tokens by it.' },
  { bucket: 'output_audio', from: 'output', exceptModels: AUDIO_MODELS, reason: 'As for audio input.' },
];

/** The price of a catalogue entry for calls with more input tokens than the threshold. */
function priceAbove(price: CataloguePrice, aboveInputTokens: number): number {
  if (typeof price === 'number') return price;
  const [base, ...tiers] = price;
  let result = base;
  for (const [start, tierPrice] of tiers) if (start <= aboveInputTokens) result = tierPrice;
  return result;
}

/** All input-token thresholds at which any of the prices changes, ascending, 0 first. */
export function thresholdsOf(prices: CataloguePrices): readonly number[] {
  const thresholds = new Set([0]);
  for (const price of Object.values(prices)) {
    if (typeof price === 'number') continue;
    for (const tier of price.slice(1) as readonly (readonly [number, number])[]) thresholds.add(tier[0]);
  }
  return [...thresholds].sort((a, b) => a - b);
}

/** Prices in pico-dollars a unit by bucket, as a list states them; a bucket that is not stated is absent. */
export type StatedPrices = ReadonlyMap<UsageBucket, bigint>;

/** What a catalogue entry states for calls with more input tokens than the threshold. */
export function statedPrices(prices: CataloguePrices, aboveInputTokens: number): Map<UsageBucket, bigint> {
  const stated = new Map<UsageBucket, bigint>();
  for (const bucket of USAGE_BUCKETS) {
    for (const key of PRICE_KEYS[bucket]) {
      const price = prices[key];
      if (price === undefined) continue;
      stated.set(bucket, BigInt(priceAbove(price, aboveInputTokens)));
      break;
    }
  }
  return stated;
}

/**
 * A model that is listed by the length of the sound alone: the tokens that its answers count are not billed beside it.
 */
function isBilledByLength(stated: StatedPrices): boolean {
  return stated.has('audio_second') && !TOKEN_BUCKETS.some((bucket) => stated.has(bucket));
}

/** Stated prices by index of `USAGE_BUCKETS`, gaps filled by `PRICE_FALLBACKS`; null: unknown. */
export function fillPrices(stated: StatedPrices, modelId: string): (PicoUsd | null)[] {
  const found = new Map(stated);
  if (isBilledByLength(stated)) for (const bucket of TOKEN_BUCKETS) found.set(bucket, 0n);
  for (const rule of PRICE_FALLBACKS) {
    const price = found.get(rule.from);
    if (found.has(rule.bucket) || price === undefined || rule.exceptModels?.test(modelId) === true) continue;
    if (rule.unlessListed === undefined || !stated.has(rule.unlessListed)) found.set(rule.bucket, price);
  }
  return USAGE_BUCKETS.map((bucket) => {
    const price = found.get(bucket);
    return price === undefined ? null : picoUsd(price);
  });
}
