import type { RateResolver } from '../../src/index.js';

/** A dollar a million input tokens, ten a million output tokens, for every model. */
export const flatRates: RateResolver = (key) => [
  {
    validFromMs: 0,
    validToMs: Number.POSITIVE_INFINITY,
    tiers: [
      {
        aboveInputTokens: 0,
        fromSecondOfDay: 0,
        toSecondOfDay: 86_400,
        prices: Array.from({ length: 16 }, (_bucket, index) => (index < 9 ? 1_000_000n : 10_000_000n)) as never,
      },
    ],
    source: 'catalogue',
    catalogueModel: key.model,
    asOf: '2026-11-01',
  },
];
