import type { CatalogueVariant } from './catalogue.js';

/** Dollars an image by tier as variants of a model; whole tenths of a cent, so no digit is lost. */
function imagePrices(usdByTier: Readonly<Record<string, number>>): readonly CatalogueVariant[] {
  return Object.entries(usdByTier).map(([image, usd]) => [
    { image },
    { output_images_kcount: Math.round(usd * 1000) * 1_000_000_000 },
    null,
  ]);
}

/**
 * Prices that providers published and no catalogue has (any more), in the form of the catalogues: the targets of aliases.
 * Each has the page that says so, which an explanation of the price names.
 */
export const PUBLISHED_NAME = 'published 2';
export const PUBLISHED_DATE = '2026-11-23';
export const PUBLISHED: Readonly<Record<string, string>> = {
  // DeepSeek: $0.56 a million in, $0.07 cached, $1.68 out; then $0.28, $0.028, $0.42.
  deepseek: JSON.stringify({
    models: [
      ['v3.1-published', '=', [[null, { i: 560_000, r: 70_000, o: 1_680_000 }]]],
      ['v3.2-published', '=', [[null, { i: 280_000, r: 28_000, o: 420_000 }]]],
    ],
  }),
  // OpenAI's images by size and quality: no price without them. Listed until the models were retired in May 2026.
  openai: JSON.stringify({
    models: [
      ['dall-e-2', '=', [[null, {}]], imagePrices({ '256x256': 0.016, '512x512': 0.018, '1024x1024': 0.02 })],
      [
        'dall-e-3',
        '=',
        [[null, {}]],
        imagePrices({
          '1024x1024': 0.04,
          '1024x1792': 0.08,
          '1792x1024': 0.08,
          'hd-1024x1024': 0.08,
          'hd-1024x1792': 0.12,
          'hd-1792x1024': 0.12,
        }),
      ],
    ],
  }),
};

/** Of each published price: where it was read, and what the page says of its time. */
export const PUBLISHED_SOURCES: Readonly<Record<string, string>> = {
  'v3.1-published':
    'api-docs.deepseek.com/quick_start/pricing, as of September 2025: from 2025-09-05 16:00 UTC, without discounts at night',
  'v3.2-published':
    'api-docs.deepseek.com/quick_start/pricing, as of April 2026; from 2025-09-29 by api-docs.deepseek.com/updates',
  'dall-e-2': 'openai.com/api/pricing, as of 2025; the same from the beginning until the model was retired',
  'dall-e-3': 'openai.com/api/pricing, as of 2025; the same from the beginning until the model was retired',
};
