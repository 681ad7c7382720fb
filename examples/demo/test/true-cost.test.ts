import { assert, bigInt, property } from 'fast-check';
import { expect, test } from 'vitest';
import { PRICE_LIST } from '../src/price-list.mjs';
import { RESPONSE_MODELS, SCENARIOS } from '../src/scenarios.mjs';
import { formatUsd, noUnits, parseUsd, trueCostPicoUsd } from '../src/true-cost.mjs';

const units = (some: Partial<ReturnType<typeof noUnits>>) => ({ ...noUnits(), ...some });

// Worked by hand from the price pages.
test.each([
  ['gpt-4o-2024-08-06', 'standard', { input: 176, cachedInput: 1024, output: 300 }, '0.00472'],
  ['gpt-5-2025-08-07', 'flex', { input: 10_000, output: 1000 }, '0.01125'],
  ['gpt-5-2025-08-07', 'priority', { input: 10_000, output: 1000 }, '0.045'],
  ['gpt-5.4-2026-03-05', 'standard', { input: 272_000, output: 1000 }, '0.695'],
  ['gpt-5.4-2026-03-05', 'standard', { input: 271_999, cachedInput: 2, output: 1000 }, '1.382496'],
  ['text-embedding-3-small', 'standard', { input: 7 }, '0.00000014'],
  [
    'claude-haiku-4-5-20251001',
    'standard',
    { input: 1000, cachedInput: 6000, cacheWrite5m: 3000, output: 1000 },
    '0.01035',
  ],
  ['claude-sonnet-4-6', 'standard', { input: 7000, cacheWrite1h: 3000, output: 1000 }, '0.054'],
  ['claude-sonnet-4-6', 'standard', { input: 1000, output: 100, webSearches: 3 }, '0.0345'],
] as const)('%s, %s, %j costs $%s', (model, tier, some, usd) => {
  expect(formatUsd(trueCostPicoUsd(model, tier, units(some)) ?? -1n)).toBe(usd);
});

test('a model that is not on the list has no cost', () => {
  expect(trueCostPicoUsd('shop-llm-9-preview', 'standard', units({ input: 1 }))).toBeUndefined();
});

test('a bucket without a price is an error, not free', () => {
  expect(() => trueCostPicoUsd('gpt-4o-2024-08-06', 'standard', units({ cacheWrite1h: 1 }))).toThrow(
    /1 hour cache write/,
  );
  expect(() => trueCostPicoUsd('gpt-4o-2024-08-06', 'flex', units({ input: 1 }))).toThrow(/no flex price/);
});

test('every model of a scenario with an exact cost is on the price list', () => {
  const models = SCENARIOS.filter((scenario) => scenario.truth !== 'unpriced').flatMap((scenario) => scenario.models);
  for (const model of models) expect(PRICE_LIST[RESPONSE_MODELS[model] ?? ''], model).toBeDefined();
});

test('dollars survive being written and read', () => {
  assert(property(bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (pico) => parseUsd(formatUsd(pico)) === pico));
});

test.each(['', '1e3', '0.1234567890123', 'NaN', '1,5', '.5'])('"%s" is no amount', (text) => {
  expect(() => parseUsd(text)).toThrow(RangeError);
});
