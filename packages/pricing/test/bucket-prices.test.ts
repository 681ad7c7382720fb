import { describe, expect, it } from 'vitest';
import { fillPrices, PRICE_FALLBACKS, statedPrices, thresholdsOf } from '../src/bucket-prices.js';
import { USAGE_BUCKETS, type UsageBucket } from '../src/index.js';
import type { CataloguePrices } from '../src/catalogue/catalogue.js';

function pricesOf(
  prices: CataloguePrices,
  modelId = 'some-model',
  above = 0,
): Partial<Record<UsageBucket, bigint | null>> {
  return Object.fromEntries(
    fillPrices(statedPrices(prices, above), modelId).map((price, index) => [USAGE_BUCKETS[index], price]),
  );
}

describe('the prices of the buckets', () => {
  it('are those of the catalogue’s price keys', () => {
    expect(
      pricesOf({
        input_mtok: 5,
        cache_read_mtok: 1,
        cache_write_mtok: 6,
        cache_write_1h_mtok: 10,
        output_mtok: 20,
        web_searches_kcount: 9,
      }),
    ).toMatchObject({
      input: 5n,
      cache_read: 1n,
      cache_write_5m: 6n,
      cache_write_1h: 10n,
      output: 20n,
      web_search: 9n,
    });
  });

  it('fall back where providers bill so: reasoning as output, uncached rates as input', () => {
    expect(pricesOf({ input_mtok: 5, output_mtok: 20 })).toMatchObject({
      reasoning: 20n,
      cache_read: 5n,
      cache_write_5m: 5n,
      cache_write_1h: 5n,
      input_image: 5n,
      input_video: 5n,
      cache_read_image: 5n,
    });
  });

  it('stay unknown where a fallback would be a guess', () => {
    const withWrites = pricesOf({ input_mtok: 5, cache_write_mtok: 6, output_mtok: 20 });
    expect(withWrites).toMatchObject({ cache_write_1h: null, web_search: null, request: null });
    expect(pricesOf({ input_mtok: 5, output_mtok: 20 }, 'gpt-4o-audio-preview')).toMatchObject({
      input_audio: null,
      output_audio: null,
    });
    expect(pricesOf({ input_mtok: 5, input_audio_mtok: 9, cache_read_mtok: 1 })).toMatchObject({
      input_audio: 9n,
      cache_read_audio: null,
    });
    expect(pricesOf({})).toEqual(Object.fromEntries(USAGE_BUCKETS.map((bucket) => [bucket, null])));
  });

  it('are those of the highest threshold that is not above the tier’s', () => {
    const prices: CataloguePrices = { input_mtok: [1, [32_000, 2], [128_000, 3]], output_mtok: 7 };
    expect(thresholdsOf(prices)).toEqual([0, 32_000, 128_000]);
    expect([0, 32_000, 128_000].map((above) => pricesOf(prices, 'm', above).input)).toEqual([1n, 2n, 3n]);
  });

  it('are filled in by rules that each say why', () => {
    for (const rule of PRICE_FALLBACKS) {
      expect(rule.reason.length).toBeGreaterThan(10);
      expect(rule.bucket).not.toBe(rule.from);
    }
  });
});
