import { describe, expect, it } from 'vitest';
import { createPriceBook, priceCall } from '@costel/pricing';
import { parseConfig } from '../../src/index.js';

function problemsOf(prices: string): string {
  try {
    parseConfig(`prices:\n${prices}`, 'costel.yaml');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('the configuration was accepted');
}

describe('the section prices', () => {
  it('is the prices that calls then have', () => {
    const { prices } = parseConfig(
      `
prices:
  currencies:
    EUR:
      - { from: 2026-01-01, usd: 1.10 }
      - { from: 2026-07-01, usd: "1.20" }
  overrides:
    - name: contract
      provider: openai
      model: gpt-4o*
      from: 2026-01-01
      currency: EUR
      per_million: { input: 2, output: 8 }
      above_input_tokens:
        - { tokens: 100000, per_million: { input: 3 } }
  self_hosted:
    - name: cluster
      provider: vllm
      gpu_hour: 2.5
      gpus: 8
      utilization_percent: 50
      tokens_per_hour: { input: 40000000, output: 4000000 }
  discounts:
    - { name: search, provider: openai, feature: search, percent: 12.5 }
  ceiling:
    per_million: { input: 15, output: 75 }
    changes:
      - { from: 2026-10-01, currency: EUR, per_million: { input: 10, output: 50 } }
`,
      'costel.yaml',
    );
    const book = createPriceBook({ rules: prices });
    const call = { provider: 'openai', requestModel: 'gpt-4o-mini', quality: 'reported' } as const;
    const usage = { input: 1000, output: 100 };
    const cost = (at: string, more: object = {}): bigint | undefined =>
      priceCall({ ...call, usage, atMs: Date.parse(at), ...more }, book).costPicoUsd;
    // 1 000 × $2.20/M + 100 × $8.80/M, a pico-dollar being 10^-12.
    expect(cost('2026-06-30T23:59:59.999Z')).toBe(1000n * 2_200_000n + 100n * 8_800_000n);
    expect(cost('2026-07-01T00:00:00Z')).toBe(1000n * 2_400_000n + 100n * 9_600_000n);
    expect(cost('2026-07-01T00:00:00Z', { usage: { input: 100_001 } })).toBe(100_001n * 3_600_000n);
    expect(cost('2025-12-31T23:59:59.999Z')).toBe(1000n * 150_000n + 100n * 600_000n);
    expect(cost('2026-07-01T00:00:00Z', { feature: 'search' })).toBe(1000n * 2_100_000n + 100n * 8_400_000n);
    expect(cost('2026-07-01T00:00:00Z', { serviceTier: 'batch' })).toBe(1000n * 75_000n + 100n * 300_000n);
    // $20 an hour, half of it idle: 20 million input or 2 million output tokens.
    expect(cost('2026-07-01T00:00:00Z', { provider: 'vllm', requestModel: 'llama' })).toBe(
      1000n * 1_000_000n + 100n * 10_000_000n,
    );
    expect(book.ceilingPicoUsd({ input: 1 }, Date.parse('2026-09-30T23:59:59.999Z'))).toBe(15_000_000n);
    expect(book.ceilingPicoUsd({ input: 1 }, Date.parse('2026-10-01T00:00:00Z'))).toBe(12_000_000n);
  });

  it('is nothing by default: list prices hold', () => {
    expect(parseConfig('', 'costel.yaml').prices).toEqual({ overrides: [], discounts: [] });
  });

  it.each([
    [
      '  overrides: [{ name: a, per_million: { input: -1 } }]',
      'override "a": per_million.input -1 must be >= 0 (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, per_million: { inptu: 1 } }]',
      'override "a": unknown key "inptu" in per_million; did you mean "input"? (costel.yaml:2)',
    ],
    ['  overrides:\n    - name: a', 'override "a": states no price; add per_million or per_unit (costel.yaml:3)'],
    ['  discounts: [{ name: a, percent: 101 }]', 'discount "a": percent 101 must be <= 100 (costel.yaml:2)'],
    [
      '  discounts: [{ name: a, percent: 0.00001 }]',
      'discount "a": percent 0.00001 must have at most 4 decimals (costel.yaml:2)',
    ],
    [
      '  discounts:\n    - { name: a }',
      'discount "a": states neither percent nor rates; add percent, per_million or per_unit (costel.yaml:3)',
    ],
    [
      '  discounts: [{ name: a, percent: 1, from: 2026-02-31 }]',
      'discount "a": from "2026-02-31" must be a date or an instant in UTC',
    ],
    [
      '  discounts: [{ name: a, percent: 1, from: 2026-02-01, to: 2026-02-01 }]',
      'discount "a": to 2026-02-01 must be later than from 2026-02-01; "to" is exclusive (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, currency: EUR, per_million: { input: 1 } }]',
      'override "a": currency "EUR" has no exchange rate; known are USD; add it under prices.currencies (costel.yaml:2)',
    ],
    [
      '  currencies: { EUR: [{ from: 2026-01-01, usd: 1 }] }\n  overrides: [{ name: a, currency: EUR, from: 2025-12-31, per_million: { input: 1 } }]',
      'override "a": from 2025-12-31 is before the first exchange rate of EUR (2026-01-01); begin later or add a rate (costel.yaml:3)',
    ],
    [
      '  overrides: [{ name: a, per_million: { input: 1 }, per_unit: { input: 1 } }]',
      'override "a": input has a price in per_million and in per_unit; state one (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, per_million: { input: 1 } }]\n  self_hosted: [{ name: a, gpu_hour: 1, tokens_per_hour: { input: 1 } }]',
      'self-hosted model "a": name "a" is taken by overrides[0]; choose another (costel.yaml:3)',
    ],
    [
      '  self_hosted: [{ name: a, gpu_hour: 1, tokens_per_hour: { input: 0 } }]',
      'self-hosted model "a": tokens_per_hour.input 0 must be >= 1 (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, per_million: { input: 0.12345678901234567 } }]',
      'has more than 15 digits and would be rounded; write it in quotes',
    ],
    [
      '  currencies: { eur: [{ from: 2026-01-01, usd: 1 }] }',
      'prices.currencies: key "eur" must be a code of three capital letters, e.g. "EUR" (costel.yaml:2)',
    ],
    ['  overrides: [{ per_million: { input: 1 } }]', 'override #1: name is missing (costel.yaml:2)'],
    [
      '  overrides: [{ name: -x, per_million: { input: 1 } }]',
      'override "-x": name "-x" must be 1 to 100 letters, digits, spaces or . _ -, and begin with a letter or digit (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, provider: 5, per_million: { input: 1 } }]',
      'override "a": provider 5 must be a text (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, model: "", per_million: { input: 1 } }]',
      'override "a": model "" must have >= 1 characters (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, region: 5, per_million: { input: 1 } }]',
      'override "a": region 5 must be a text (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, service_tier: "", per_million: { input: 1 } }]',
      'override "a": service_tier "" must have >= 1 characters (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, to: 2026-13-01, per_million: { input: 1 } }]',
      'override "a": to "2026-13-01" must be a date or an instant in UTC, in quotes in TOML, e.g. "2026-01-01"',
    ],
    [
      '  overrides: [{ name: a, currency: eur, per_million: { input: 1 } }]',
      'override "a": currency "eur" must be a code of three capital letters, e.g. "EUR" (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, per_unit: { web_search: 1e10 } }]',
      'override "a": per_unit.web_search 10000000000 must be <= 1000000000 (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, per_million: { input: "1.0000000000001" } }]',
      'override "a": per_million.input "1.0000000000001" must have at most 12 decimals (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, above_input_tokens: [{ tokens: 0, per_million: { input: 1 } }] }]',
      'override "a": above_input_tokens[0].tokens 0 must be >= 1 (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, above_input_tokens: [{ tokens: 10 }] }]',
      'override "a": above_input_tokens 10 states no price; add per_million or per_unit (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, above_input_tokens: [{ tokens: 10, per_million: { input: 1 } }, { tokens: 10, per_million: { input: 2 } }] }]',
      'override "a": above_input_tokens 10 is stated twice; state each threshold once (costel.yaml:2)',
    ],
    [
      '  overrides: [{ name: a, above_input_tokens: [{ tokens: 10, per_million: { input: 1 }, per_unit: { input: 2 } }] }]',
      'override "a": input has a price in per_million and in per_unit; state one (costel.yaml:2)',
    ],
    ['  discounts: [{ name: a, percent: -1001 }]', 'discount "a": percent -1001 must be >= -1000 (costel.yaml:2)'],
    [
      '  discounts: [{ name: a, percent: 5, feature: "" }]',
      'discount "a": feature "" must have >= 1 characters (costel.yaml:2)',
    ],
    [
      '  discounts: [{ name: a, percent: 5 }, { name: a, percent: 6 }]',
      'discount "a": name "a" is taken by discounts[0]; choose another (costel.yaml:2)',
    ],
    [
      '  currencies: { USD: [{ from: 2026-01-01, usd: 2 }] }',
      'currency "USD" needs no exchange rate: amounts are converted to it; remove it (costel.yaml:2)',
    ],
    [
      '  currencies: { EUR: [{ from: 2026-01-01, usd: 1 }, { from: 2026-01-01, usd: 2 }] }',
      'currency "EUR" has two rates from 2026-01-01 on; state one (costel.yaml:2)',
    ],
    ['  currencies: { EUR: [] }', 'prices.currencies.EUR [] must have >= 1 items (costel.yaml:2)'],
    [
      '  currencies: { EUR: [{ from: 2026-01-01, usd: 0 }] }',
      'prices.currencies.EUR[0].usd 0 must be > 0 (costel.yaml:2)',
    ],
    ['  currencies: { EUR: [{ usd: 1 }] }', 'prices.currencies.EUR[0].from is missing (costel.yaml:2)'],
    [
      '  self_hosted: [{ name: a, gpu_hour: -1, tokens_per_hour: { input: 1 } }]',
      'self-hosted model "a": gpu_hour -1 must be >= 0 (costel.yaml:2)',
    ],
    [
      '  self_hosted: [{ name: a, gpu_hour: 1, gpus: 0, tokens_per_hour: { input: 1 } }]',
      'self-hosted model "a": gpus 0 must be >= 1 (costel.yaml:2)',
    ],
    [
      '  self_hosted: [{ name: a, gpu_hour: 1, utilization_percent: 0, tokens_per_hour: { input: 1 } }]',
      'self-hosted model "a": utilization_percent 0 must be > 0 (costel.yaml:2)',
    ],
    [
      '  self_hosted: [{ name: a, gpu_hour: 1, tokens_per_hour: {} }]',
      'self-hosted model "a": tokens_per_hour {} must name at least one bucket, e.g. input and output (costel.yaml:2)',
    ],
    ['  ceiling: {}', 'ceiling: states no price; add per_million or per_unit (costel.yaml:2)'],
    [
      '  ceiling: { currency: EUR, per_million: { input: 1 } }',
      'ceiling: currency "EUR" has no exchange rate; known are USD; add it under prices.currencies (costel.yaml:2)',
    ],
    [
      '  ceiling: { per_million: { input: 1 }, changes: [{ per_million: { input: 1 } }] }',
      'prices.ceiling.changes[0].from is missing (costel.yaml:2)',
    ],
    [
      '  ceiling: { per_million: { input: 1 }, changes: [{ from: 2026-01-01, per_million: { input: 1 } }, { from: 2026-01-01, per_unit: { input: 2 } }] }',
      'ceiling change #2: from 2026-01-01 has a ceiling already; state one for each instant (costel.yaml:2)',
    ],
    ['  discount: []', 'unknown key "discount" in prices; did you mean "discounts"? (costel.yaml:2)'],
  ])('refuses %s', (prices, message) => {
    expect(problemsOf(prices)).toContain(message);
  });

  it('bounds the features that have discounts of their own', () => {
    const rules = Array.from({ length: 51 }, (_, index) => `    - { name: d${index}, feature: f${index}, percent: 1 }`);
    expect(problemsOf(`  discounts:\n${rules.join('\n')}`)).toContain(
      'name 51 features, at most 50 may have a discount of their own; give the others one by model',
    );
  });
});
