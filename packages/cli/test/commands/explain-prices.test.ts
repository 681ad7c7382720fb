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

  it('says of hardware and of another currency how they were stated, and which exchange rate held', async () => {
    const book = createPriceBook({
      rules: compileRules({
        currencies: {
          EUR: [
            { fromMs: Date.UTC(2026, 0, 1), usd: '1.10' },
            { fromMs: Date.UTC(2026, 6, 1), usd: '1.20' },
          ],
        },
        overrides: [
          {
            name: 'euros',
            provider: 'openai',
            model: 'gpt-4o',
            currency: 'EUR',
            perMillion: { input: '2' },
            fromMs: Date.UTC(2026, 1, 1),
            toMs: Date.UTC(2027, 0, 1),
          },
        ],
        discounts: [
          {
            name: 'rates',
            provider: 'openai',
            model: 'gpt-5',
            currency: 'EUR',
            perMillion: { input: '1' },
            fromMs: Date.UTC(2026, 0, 1),
          },
        ],
        selfHosted: [
          {
            name: 'cluster',
            provider: 'vllm',
            model: 'llama*',
            currency: 'USD',
            gpuHour: '2.5',
            gpus: 8,
            utilizationPercent: 50,
            tokensPerHour: { input: 40_000_000 },
          },
        ],
        ceiling: {
          currency: 'USD',
          perMillion: { input: '20' },
          changes: [{ currency: 'USD', perMillion: { input: '9' }, fromMs: Date.UTC(2026, 9, 1) }],
        },
      }),
    });
    const because = async (more: Partial<ExplainPricesOptions>): Promise<string> => {
      lines.length = 0;
      await explainPrices(options({ book, ...more })).catch(() => undefined);
      return lines.map((text) => (JSON.parse(text) as { because: string[] }).because.join('\n')).join('\n');
    };
    expect(await because({})).toContain(
      'override "euros" (prices in costel.yaml), from 2026-02-01T00:00:00.000Z to 2027-01-01T00:00:00.000Z (exclusive), states input, in EUR at $1.20 (exchange rate from 2026-07-01T00:00:00.000Z)',
    );
    expect(await because({ model: 'gpt-5' })).toContain(
      'from 2026-01-01T00:00:00.000Z: its own rates for input, in EUR at $1.20 (exchange rate from 2026-07-01T00:00:00.000Z)',
    );
    expect(await because({ provider: 'vllm', model: 'llama-3' })).toBe(
      'self-hosted model "cluster" (prices in costel.yaml), from the beginning: $2.5 a GPU-hour, 8 GPUs, 50 % of the time in use, over the tokens an hour of input',
    );
    expect(await because({ model: 'nobody-lists-it' })).toContain(
      'ceiling (prices in costel.yaml), from 2026-10-01T00:00:00.000Z: ',
    );
  });

  it('of a price that no catalogue has any more names the page that it was read from', async () => {
    await explainPrices(
      options({ book: createPriceBook(), provider: 'deepseek', model: 'deepseek-chat', atMs: Date.UTC(2025, 8, 6) }),
    );
    expect(lines.join('')).toContain('(source: api-docs.deepseek.com/quick_start/pricing, as of September 2025');
  });

  it('of a price that another list adds names that list, and the page where a provider published it', async () => {
    await explainPrices(options({ book: createPriceBook(), provider: 'gcp.gemini', model: 'gemini-2.5-pro' }));
    const [line] = lines.map((text) => JSON.parse(text) as { because: string[]; tiers: { price_usd: object }[] });
    expect(line?.because.join('\n')).toMatch(/litellm \S+ lists maps_search, which that one lacks\n/);
    expect(line?.because.join('\n')).toMatch(
      /published \d+ lists cache_storage, which that one lacks \(source: ai\.google\.dev\/gemini-api\/docs\/pricing, /,
    );
    expect(line?.tiers[0]?.price_usd).toMatchObject({ cache_storage: '0.0000045' });
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
