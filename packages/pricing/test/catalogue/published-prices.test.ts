import { describe, expect, it } from 'vitest';
import type { Catalogue, CatalogueModel } from '../../src/catalogue/catalogue.js';
import { PUBLISHED, PUBLISHED_NAME } from '../../src/catalogue/published-prices.js';
import { createPriceBook, priceCall, publishedSource, type Usage } from '../../src/index.js';

/** What a call of a model costs in pico-dollars, or why it has no price. */
function costOf(model: string, usage: Usage, atMs: number, provider = 'gcp.gemini', serviceTier = ''): string {
  const priced = priceCall({ provider, requestModel: model, serviceTier, usage, atMs, quality: 'reported' });
  return priced.costPicoUsd === undefined ? `${priced.status}: ${priced.reason}` : String(priced.costPicoUsd);
}

const NOW = Date.UTC(2026, 10, 22);

const KEPT = { cache_storage: 1_000_000 };

describe('what providers published', () => {
  it('names a page for each of its prices', () => {
    const models = Object.values(PUBLISHED).flatMap(
      (text) => (JSON.parse(text) as { models: readonly CatalogueModel[] }).models,
    );
    for (const [id] of models) expect(publishedSource(PUBLISHED_NAME, id), id).toMatch(/^[a-z-]+\.[a-z]+/);
    expect(publishedSource('litellm 1.0', 'dall-e-2')).toBeUndefined();
  });

  it.each([
    ['gemini-1.5-pro-002', 4_500_000],
    ['gemini-2.5-pro', 4_500_000],
    ['gemini-2.5-pro-preview-05-06', 4_500_000],
    ['gemini-3.1-pro-preview-customtools', 4_500_000],
    ['gemini-2.0-flash-001', 1_000_000],
    ['gemini-2.5-flash', 1_000_000],
    ['gemini-2.5-flash-lite-preview-09-2025', 1_000_000],
    ['gemini-3-flash-preview', 1_000_000],
    ['gemini-3.5-flash-lite', 1_000_000],
    ['gemini-3.7-flash', 500_000],
    ['GEMINI-3.8-FLASH', 500_000],
  ])('a million tokens of a cache of %s that are kept for an hour cost what its page says', (model, picoUsd) => {
    expect(costOf(model, KEPT, NOW)).toBe(String(picoUsd * 1_000_000));
    expect(costOf(model, KEPT, NOW, 'gcp.vertex_ai')).toBe(String(picoUsd * 1_000_000));
  });

  it('a stored cache costs twice as much when the introductory price ends, at midnight', () => {
    const end = Date.UTC(2027, 0, 1);
    expect(costOf('gemini-3.8-flash', KEPT, end - 1)).toBe('500000000000');
    expect(costOf('gemini-3.8-flash', KEPT, end)).toBe('1000000000000');
  });

  it.each(['gemini-4-argon', 'gemini-2.0-flash-lite', 'gemini-2.5-flash-image', 'gemini-embedding-001', 'gpt-5'])(
    'a stored cache of %s has no price: no page that was read has one',
    (model) => {
      const provider = model === 'gpt-5' ? 'openai' : 'gcp.gemini';
      expect(costOf(model, KEPT, NOW, provider)).toBe('unpriced: no_price_for_bucket');
    },
  );

  it('the storage of caches makes no model known that no list has', () => {
    expect(costOf('gemini-2.5-flash-002', { input: 10 }, NOW)).toBe('unpriced: unknown_model');
  });

  it('Gemini 3.6 Flash cost twice as much before its introductory price as catalogues have it for all time', () => {
    const introduced = Date.UTC(2026, 7, 13);
    const million = { input: 1_000_000, output: 1_000_000, cache_read: 1_000_000 };
    for (const provider of ['gcp.gemini', 'gcp.vertex_ai']) {
      expect(costOf('gemini-3.6-flash', million, introduced - 1, provider)).toBe('9150000000000');
      expect(costOf('gemini-3.6-flash', million, introduced, provider)).toBe('4575000000000');
      expect(costOf('gemini-3.6-flash', million, introduced - 1, provider, 'batch')).toBe('4575000000000');
    }
    expect(costOf('gemini-3.6-flash', million, Date.UTC(2027, 0, 1))).toBe('9150000000000');
  });
});

describe('what a catalogue has at a later price, or not at all', () => {
  const million = 1_000_000;

  it('cached input of o3 cost $2.50 a million until 10 June 2025, as the rest cost five times as much', () => {
    const cut = Date.UTC(2025, 5, 10);
    for (const model of ['o3', 'o3-2025-04-16']) {
      const usage = { input: million, cache_read: million, output: million, web_search: 1, file_search: 1 };
      expect(costOf(model, usage, cut - 1, 'openai')).toBe('52512500000000');
      expect(costOf(model, usage, cut, 'openai')).toBe('10512500000000');
      expect(costOf(model, { input: million }, cut - 1, 'openai', 'flex')).toBe('unpriced: no_price_at_time');
      expect(costOf(model, { input: million }, cut, 'openai', 'flex')).toBe('1000000000000');
    }
  });

  it('sound of the first GPT-4o for realtime cost $100 in, $20 cached, $200 out, not what its successors cost', () => {
    const cost = (model: string): readonly string[] =>
      (['input_audio', 'cache_read_audio', 'output_audio', 'cache_read'] as const).map((bucket) =>
        costOf(model, { [bucket]: million }, Date.UTC(2024, 11, 1), 'openai'),
      );
    expect(cost('gpt-4o-realtime-preview-2024-10-01')).toEqual(
      [100, 20, 200, 2.5].map((usd) => String(usd * 1_000_000_000_000)),
    );
    expect(cost('gpt-4o-realtime-preview-2024-12-17')[0]).toBe('40000000000000');
  });

  it('sound of gpt-4o-audio-preview without a date has a price since all that it stood for has the same', () => {
    const usage = { input: 500, output: 200, input_audio: 1_500, output_audio: 800 };
    const since = Date.UTC(2025, 5, 3);
    expect(costOf('gpt-4o-audio-preview', usage, since, 'openai')).toBe('127250000000');
    expect(costOf('gpt-4o-audio-preview', usage, since - 1, 'openai')).toBe('unpriced: no_price_for_bucket');
    expect(costOf('gpt-4o-audio-preview', { input: million }, since - 1, 'openai')).toBe('2500000000000');
  });

  it.each([
    ['imagen-4.0-fast-generate-001', 20],
    ['imagen-4.0-generate-001', 40],
    ['imagen-4.0-ultra-generate-001', 60],
  ])('an image of %s costs %i thousandths of a dollar', (model, thousandths) => {
    expect(costOf(model, { image: 3 }, NOW)).toBe(String(3 * thousandths * 1_000_000_000));
  });

  it('Claude Opus 4.6 in fast mode costs six times as much, and more for a long context until 13 March 2026', () => {
    const flat = Date.UTC(2026, 2, 13);
    const fast = (usage: Usage, atMs: number): string => costOf('claude-opus-4-6', usage, atMs, 'anthropic', 'fast');
    for (const atMs of [flat - 1, flat, NOW])
      expect(fast({ input: 100_000, output: 1_000 }, atMs)).toBe(String(100_000 * 30_000_000 + 1_000 * 150_000_000));
    const long = { input: 100_000, cache_read: 200_000, output: 1_000 };
    const cost = (usd: readonly number[]): string =>
      String((100_000 * (usd[0] ?? 0) + 200_000 * (usd[1] ?? 0) + 1_000 * (usd[2] ?? 0)) * 1_000_000);
    expect(fast(long, flat - 1)).toBe(cost([60, 6, 225]));
    expect(fast(long, flat)).toBe(cost([30, 3, 150]));
    expect(fast({ input: 1, web_search: 1 }, NOW)).toBe('10030000000');
    expect(fast({ input: 1 }, Date.UTC(2026, 1, 10))).toBe('unpriced: no_price_at_time');
    expect(costOf('claude-opus-4-6', { input: 1, web_search: 1 }, NOW, 'anthropic')).toBe('10005000000');
  });
});

/** A catalogue of one provider with one model. */
function catalogue(name: string, prices: CatalogueModel[2]): Catalogue {
  const provider = { models: [['m', '=m', prices] as const] };
  return {
    name,
    asOf: '2026-11-22',
    providerIds: ['openai'],
    findProvider: (id) => (id === 'openai' ? provider : undefined),
  };
}

describe('what a later catalogue adds to the first one', () => {
  const change = Date.UTC(2026, 5, 1);
  const book = createPriceBook({
    catalogues: [
      catalogue('first 1', [[null, { input_mtok: 1000 }]]),
      catalogue('second 2', [
        [null, { input_mtok: 7, web_searches_kcount: 10 }],
        ['2026-03-01', { input_mtok: 8, web_searches_kcount: 10 }],
        ['2026-06-01', { input_mtok: 9, web_searches_kcount: 20, storage_searches_kcount: 5 }],
      ]),
    ],
  });
  const key = { provider: 'openai', model: 'm', serviceTier: '', region: '' };

  it('are the prices of the call’s time, and a period is cut only where they change', () => {
    const cost = (usage: Usage, atMs: number): unknown =>
      priceCall({ provider: 'openai', requestModel: 'm', usage, atMs, quality: 'reported' }, book).costPicoUsd;
    expect(cost({ input: 1, web_search: 1 }, change - 1)).toBe(1010n);
    expect(cost({ input: 1, web_search: 1 }, change)).toBe(1020n);
    expect(cost({ file_search: 1 }, change - 1)).toBeUndefined();
    const periods = book.ratePeriods(key);
    expect('reason' in periods ? [] : periods.map(({ validToMs }) => validToMs)).toEqual([
      change,
      Date.UTC(2100, 0, 1),
    ]);
  });

  it('are named with the list that has them', () => {
    const found = book.resolveRates(key, change);
    expect('reason' in found ? found : found.additions).toEqual([
      { catalogue: 'second 2', catalogueModel: 'm', buckets: ['web_search', 'file_search'] },
    ]);
  });
});
