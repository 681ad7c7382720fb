/**
 * Prices that providers published and no catalogue has (any more), in the form of the catalogues: the targets of aliases.
 * Each has the page that says so, which an explanation of the price names.
 */
export const PUBLISHED_NAME = 'published 1';
export const PUBLISHED_DATE = '2026-11-22';
export const PUBLISHED: Readonly<Record<string, string>> = {
  // DeepSeek: $0.56 a million in, $0.07 cached, $1.68 out; then $0.28, $0.028, $0.42.
  deepseek: JSON.stringify({
    models: [
      ['v3.1-published', '=', [[null, { i: 560_000, r: 70_000, o: 1_680_000 }]]],
      ['v3.2-published', '=', [[null, { i: 280_000, r: 28_000, o: 420_000 }]]],
    ],
  }),
};

/** Of each published price: where it was read, and what the page says of its time. */
export const PUBLISHED_SOURCES: Readonly<Record<string, string>> = {
  'v3.1-published':
    'api-docs.deepseek.com/quick_start/pricing, as of September 2025: from 2025-09-05 16:00 UTC, without discounts at night',
  'v3.2-published':
    'api-docs.deepseek.com/quick_start/pricing, as of April 2026; from 2025-09-29 by api-docs.deepseek.com/updates',
};
