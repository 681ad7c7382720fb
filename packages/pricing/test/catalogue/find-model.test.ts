import { describe, expect, it } from 'vitest';
import type { Catalogue, CatalogueModel, MatchClause } from '../../src/catalogue/catalogue.js';
import { findModel, matchesClause } from '../../src/catalogue/find-model.js';
import { createPriceBook, LIST_PRICES, picoUsd, priceCall, type PriceOverride } from '../../src/index.js';

describe('a name with a prefix that says again whose the model is', () => {
  const costOf = (provider: string, requestModel: string): unknown =>
    priceCall({
      provider,
      requestModel,
      usage: { input: 1000, output: 100 },
      quality: 'reported',
      atMs: Date.UTC(2026, 10, 22),
    }).costPicoUsd;

  it.each([
    ['openai', 'openai/gpt-4o-mini', 'gpt-4o-mini'],
    ['azure', 'azure/gpt-4o-mini', 'gpt-4o-mini'],
    ['gcp.gemini', 'models/gemini-2.5-flash', 'gemini-2.5-flash'],
    ['gcp.gemini', 'gemini/gemini-2.5-flash', 'gemini-2.5-flash'],
    ['gcp.vertex_ai', 'publishers/google/models/gemini-2.5-flash', 'gemini-2.5-flash'],
    ['gcp.vertex_ai', 'projects/p/locations/global/publishers/google/models/gemini-2.5-flash', 'gemini-2.5-flash'],
    ['gcp.vertex_ai', 'google/gemini-2.5-flash', 'gemini-2.5-flash'],
    ['anthropic', 'anthropic/claude-sonnet-4-5', 'claude-sonnet-4-5'],
    ['deepseek', 'deepseek/deepseek-chat', 'deepseek-chat'],
    ['together', 'together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['x_ai', ' xai/grok-4.3 ', 'grok-4.3'],
  ])('costs of %s as %s what the name itself does', (provider, prefixed, model) => {
    expect(costOf(provider, prefixed)).toBe(costOf(provider, model));
    expect(costOf(provider, prefixed)).toBeDefined();
  });

  it('is none where another provider’s name is part of the name, and stays unknown where it is not sold', () => {
    expect(costOf('groq', 'openai/gpt-oss-120b')).toBe(210_000_000n);
    expect(costOf('openai', 'anthropic/claude-sonnet-4-5')).toBeUndefined();
    expect(costOf('openai', 'openai/')).toBeUndefined();
    expect(costOf('openai', `openai/${'openai/'.repeat(60)}gpt-4o`)).toBeUndefined();
  });

  it('has the rules of the name itself, after its own', () => {
    const rule = (name: string, model: string, price: bigint): PriceOverride => ({
      name,
      provider: 'openai',
      model,
      prices: { input: picoUsd(price), output: picoUsd(price) },
    });
    const source = (overrides: readonly PriceOverride[]): unknown => {
      const book = createPriceBook({ rules: { overrides, discounts: [] } });
      const rates = book.resolveRates(
        { provider: 'openai', model: 'openai/gpt-4o', serviceTier: '', region: '' },
        Date.UTC(2026, 10, 22),
      );
      return 'reason' in rates ? rates.reason : rates.ruleIds;
    };
    expect(source([rule('bare', 'gpt-4o', 1n)])).toEqual(['override:bare']);
    expect(source([rule('prefixed', 'openai/gpt-4o', 2n), rule('bare', 'gpt-4o', 1n)])).toEqual(['override:prefixed']);
  });
});

describe('a fine-tuned model of an account', () => {
  const costOf = (requestModel: string, serviceTier = ''): unknown =>
    priceCall({
      provider: 'openai',
      requestModel,
      serviceTier,
      usage: { input: 1000, cache_read: 1000, output: 100 },
      quality: 'reported',
      atMs: Date.UTC(2026, 10, 22),
    }).costPicoUsd;

  it.each([
    ['ft:gpt-4.1-mini-2025-04-14', 1_320_000_000n],
    ['ft:gpt-4.1-mini-2025-04-14:acme::BTz2REMH', 1_320_000_000n],
    ['ft:gpt-4.1-nano-2025-04-14:acme:shop:BTz2REMH', 330_000_000n],
    ['FT:GPT-4.1-2025-04-14:acme:exp-20250601:BTz2REMH:ckpt-step-88', 4_950_000_000n],
  ])('has the price of what was tuned, under its whole name: %s', (model, picoUsd) => {
    expect(costOf(model)).toBe(picoUsd);
    expect(costOf(model, 'batch')).toBeDefined();
  });

  it('is unknown where nobody lists what was tuned, and not priced as its untuned model', () => {
    expect(costOf('ft:gpt-5-2025-08-07:acme::BTz2REMH')).toBeUndefined();
    expect(costOf('ft:')).toBeUndefined();
    expect(costOf('ft:gpt-4.1-mini-2025-04-14:acme::BTz2REMH')).not.toBe(costOf('gpt-4.1-mini-2025-04-14'));
  });
});

describe('a model that Azure resells', () => {
  const priceOf = (provider: string, model: string, at = '2026-11-20T12:00Z'): unknown => {
    const rates = LIST_PRICES.resolveRates({ provider, model, serviceTier: '', region: '' }, Date.parse(at));
    return 'reason' in rates ? rates.reason : rates.tiers.map((tier) => [tier.aboveInputTokens, tier.prices[0]]);
  };

  it('has Azure’s price where it is DeepSeek’s, gpt-oss or Grok 3 Mini, whatever the hour', () => {
    expect(priceOf('azure', 'DeepSeek-V4-Pro')).toEqual([[0, 1_740_000n]]);
    expect(priceOf('azure', 'DeepSeek-R1')).toEqual([[0, 1_350_000n]]);
    expect(priceOf('azure', 'grok-3-mini')).toEqual([[0, 250_000n]]);
    expect(priceOf('azure', 'gpt-oss-120b')).toEqual([[0, 150_000n]]);
  });

  it('has no price where no list has Azure’s, and not its maker’s', () => {
    expect(priceOf('deepseek', 'deepseek-chat')).not.toBe('unknown_model');
    expect(priceOf('azure', 'deepseek-chat')).toBe('unknown_model');
  });

  it('has its maker’s price where Azure takes that', () => {
    for (const [maker, model] of [
      ['openai', 'gpt-5.1'],
      ['anthropic', 'claude-haiku-4-5'],
      ['xai', 'grok-4-1-fast-non-reasoning'],
    ] as const)
      expect(priceOf('azure', model)).toEqual(priceOf(maker, model));
  });
});

describe('a match clause', () => {
  it.each<[MatchClause, string[], string[]]>([
    ['=gpt-4o', ['gpt-4o'], ['gpt-4o-mini']],
    ['^gpt-4o', ['gpt-4o-mini'], ['x-gpt-4o']],
    ['$-latest', ['gpt-latest'], ['latest-gpt']],
    ['*claude', ['us.claude-2'], ['clau']],
    ['~^o[134]', ['o3-mini'], ['o2']],
    [['|', '=a', '=b'], ['a', 'b'], ['c']],
    [['&', '^a', '$z'], ['abcz'], ['abc', 'xyz']],
  ])('%j accepts what it says and nothing else', (clause, accepted, refused) => {
    expect(accepted.every((name) => matchesClause(clause, name))).toBe(true);
    expect(refused.some((name) => matchesClause(clause, name))).toBe(false);
  });
});

describe('finding a model', () => {
  const model = (id: string, match: MatchClause): CatalogueModel => [id, match, []];
  const catalogue: Catalogue = {
    name: 'test',
    asOf: '2026-11-22',
    providerIds: [],
    findProvider: (id) =>
      id === 'maker'
        ? { models: [model('first', '^alpha'), model('second', '^alpha-2'), model('dated', '=beta-2025-12-11')] }
        : id === 'cloud'
          ? { fallback: ['maker'], models: [model('own', '=gamma')] }
          : undefined,
  };

  it('takes the first model that matches, letter case aside', () => {
    expect(findModel(catalogue, 'maker', 'ALPHA-2')?.model[0]).toBe('first');
  });

  it('reads a compact date as a dashed one', () => {
    expect(findModel(catalogue, 'maker', 'beta-20251211')?.model[0]).toBe('dated');
    expect(findModel(catalogue, 'maker', 'beta-20251311')).toBeUndefined();
  });

  it('looks at the provider’s own models, then at those it resells', () => {
    expect(findModel(catalogue, 'cloud', 'gamma')).toMatchObject({ isFallback: false });
    expect(findModel(catalogue, 'cloud', 'alpha')).toMatchObject({ isFallback: true });
    expect(findModel(catalogue, 'nowhere', 'alpha')).toBeUndefined();
  });
});
