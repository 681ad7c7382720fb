import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { compileRules, createPriceBook } from '@costel/pricing';
import { explainPrices, type ExplainPricesOptions } from '../../src/commands/prices.js';

const AT = Date.UTC(2026, 10, 22);
const BOOK = createPriceBook({
  rules: compileRules({
    currencies: {},
    overrides: [{ name: 'contract', provider: 'openai', model: 'gpt-4o', currency: 'USD', perMillion: { input: '2' } }],
    discounts: [{ name: 'acme', provider: 'openai', currency: 'USD', percent: 10 }],
    selfHosted: [],
    ceiling: { currency: 'USD', perMillion: { input: '20', output: '100' } },
  }),
});

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
});
afterEach(() => void vi.restoreAllMocks());

function options(more: Partial<ExplainPricesOptions>): ExplainPricesOptions {
  return {
    book: BOOK,
    provider: 'openai',
    model: 'gpt-4o',
    serviceTier: '',
    region: '',
    feature: '',
    atMs: AT,
    ...more,
  };
}

describe('an explanation of a price', () => {
  it('names the list with its date, and each rule that made it what it is', async () => {
    await explainPrices(options({}));
    const [line] = lines.map((text) => JSON.parse(text) as { because: string[]; tiers: { price_usd: object }[] });
    expect(line).toMatchObject({ source: 'override', rules: ['override:contract', 'discount:acme'] });
    expect(line?.because.join('\n')).toMatch(/genai-prices .*, data of 2026-\d\d-\d\d, lists gpt-4o/);
    expect(line?.because.join('\n')).toContain('override "contract" (prices in costel.yaml), from the beginning');
    expect(line?.because.join('\n')).toContain('discount "acme" (prices in costel.yaml), from the beginning: 10 %');
    // $2 and the list's $10 a million, less a tenth.
    expect(line?.tiers[0]?.price_usd).toMatchObject({ input: '0.0000018', output: '0.000009' });
  });

  it('of a model that nobody lists says what budgets assume of it, and fails', async () => {
    await expect(explainPrices(options({ model: 'not-listed-yet' }))).rejects.toThrow(
      'openai not-listed-yet has no price: unknown model; state one under prices.overrides',
    );
    expect(lines.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { source: null, reason: 'unknown_model', ceiling_usd: { input: '0.00002', reasoning: '0.0001' } },
    ]);
  });

  it('of a model that nobody lists is silent about a ceiling that nobody stated', async () => {
    const book = createPriceBook();
    await expect(explainPrices(options({ book, model: 'not-listed-yet', provider: undefined }))).rejects.toThrow(
      'not-listed-yet has no price from any provider',
    );
    expect(lines).toEqual([]);
  });
});
