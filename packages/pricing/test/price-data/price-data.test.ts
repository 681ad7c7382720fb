import { describe, expect, it } from 'vitest';
import type { CatalogueModel } from '../../src/catalogue/catalogue.js';
import { createPriceBook } from '../../src/index.js';
import {
  catalogueOf,
  checkCatalogueFile,
  convertLitellm,
  diffCatalogues,
  fillGaps,
  findDisagreements,
  keepHistory,
  renderCatalogueFile,
  type CatalogueFile,
} from '../../src/price-data/index.js';

function file(date: string, models: readonly CatalogueModel[], provider = 'openai'): CatalogueFile {
  return {
    provenance: {
      name: 'test',
      package: 'test',
      version: date,
      date,
      retrieved: date,
      licence: 'MIT',
      sha256: '',
      roundedPrices: 0,
    },
    providers: { [provider]: { models } },
  };
}

const model = (id: string, prices: CatalogueModel[2], variants?: CatalogueModel[3]): CatalogueModel =>
  variants === undefined ? [id, `=${id}`, prices] : [id, `=${id}`, prices, variants];

describe('newer data over older', () => {
  it('keeps the old price until the day of the newer data, where that says nothing of a date', () => {
    const merged = keepHistory(
      file('2026-10-01', [model('a', [[null, { input_mtok: 5 }]])]),
      file('2026-11-01', [model('a', [[null, { input_mtok: 4 }]])]),
    );
    expect(merged.providers['openai']?.models[0]?.[2]).toEqual([
      [null, { input_mtok: 5 }],
      ['2026-11-01', { input_mtok: 4 }],
    ]);
  });

  it('believes newer data that says when its prices changed', () => {
    const dated = model('a', [
      [null, { input_mtok: 5 }],
      ['2026-08-21', { input_mtok: 4 }],
    ]);
    const merged = keepHistory(
      file('2026-10-01', [model('a', [[null, { input_mtok: 5 }]])]),
      file('2026-11-01', [dated]),
    );
    expect(merged.providers['openai']?.models[0]).toEqual(dated);
  });

  it('loses no model and no provider, and changes nothing where nothing changed', () => {
    const old = file('2026-10-01', [
      model('gone', [[null, { input_mtok: 5 }]]),
      model('a', [[null, { input_mtok: 1 }]]),
    ]);
    const next = { ...file('2026-11-01', [model('a', [[null, { input_mtok: 1 }]])]) };
    const merged = keepHistory({ ...old, providers: { ...old.providers, other: { models: [] } } }, next);
    expect(merged.providers['openai']?.models.map(([id]) => id)).toEqual(['a', 'gone']);
    expect(Object.keys(merged.providers)).toEqual(['openai', 'other']);
    expect(diffCatalogues(old, merged)).toEqual({ changed: [], added: [], removed: [], rewritten: [] });
  });

  it('keeps the old price of a tier until then too, and not a day less', () => {
    const batch = (price: number): CatalogueModel[3] => [[{ processing: 'batch' }, { input_mtok: price }, null]];
    const old = file('2026-10-01', [model('a', [[null, { input_mtok: 6 }]], batch(3))]);
    const next = file('2026-11-01', [model('a', [[null, { input_mtok: 6 }]], batch(2))]);
    const once = keepHistory(old, next);
    expect(once.providers['openai']?.models[0]?.[3]).toEqual([
      [{ processing: 'batch' }, { input_mtok: 2 }, '=2026-11-01'],
      [{ processing: 'batch' }, { input_mtok: 3 }, null],
    ]);
    expect(keepHistory(once, next).providers).toEqual(once.providers);
    const book = createPriceBook({ catalogues: [catalogueOf(checkCatalogueFile(once))] });
    const key = { provider: 'openai', model: 'a', serviceTier: 'batch', region: '' };
    const inputAt = (atMs: number): unknown => {
      const rates = book.resolveRates(key, atMs);
      return 'reason' in rates ? rates.reason : rates.tiers[0]?.prices[0];
    };
    const change = Date.UTC(2026, 10, 1);
    expect([inputAt(0), inputAt(change - 1), inputAt(change)]).toEqual([3n, 3n, 2n]);
    const gone = keepHistory(once, file('2026-12-01', [model('a', [[null, { input_mtok: 6 }]])]));
    expect(gone.providers['openai']?.models[0]?.[3]).toEqual(once.providers['openai']?.models[0]?.[3]);
  });

  it('lists the move of a tier’s price, and the model whose past calls would be priced otherwise', () => {
    const batch = (price: number): CatalogueModel[3] => [[{ processing: 'batch' }, { input_mtok: price }, null]];
    const old = file('2026-10-01', [
      model('a', [[null, { input_mtok: 6 }]], batch(3)),
      model('b', [[null, { input_mtok: 1 }]]),
    ]);
    const dated: CatalogueModel[2] = [
      [null, { input_mtok: 9 }],
      ['2026-10-15', { input_mtok: 1 }],
    ];
    const next = file('2026-11-01', [model('a', [[null, { input_mtok: 6 }]], batch(2)), model('b', dated)]);
    const diff = diffCatalogues(old, keepHistory(old, next));
    expect(diff.changed).toEqual([
      { provider: 'openai', model: 'a', serviceTier: 'batch', priceKey: 'input_mtok', before: 3, after: 2 },
    ]);
    // The last price of b is what it was; before 15 October it was never 9.
    expect(diff.rewritten).toEqual([{ provider: 'openai', model: 'b' }]);
    const honest: CatalogueModel[2] = [
      [null, { input_mtok: 1 }],
      ['2026-10-15', { input_mtok: 9 }],
    ];
    const later = file('2026-10-15', [model('a', [[null, { input_mtok: 6 }]], batch(3)), model('b', honest)]);
    expect(diffCatalogues(old, keepHistory(old, later))).toMatchObject({
      rewritten: [],
      changed: [{ before: 1, after: 9 }],
    });
  });

  it('refuses an expression that no name can be matched by, which would fail every look-up', () => {
    const broken = file('2026-10-01', [['a', '~(', [[null, { input_mtok: 6 }]]]]);
    expect(() => checkCatalogueFile(broken)).toThrow('openai a: match "~(" is no regular expression');
  });

  it('changes nothing of a model that is listed twice, or whose names come in another order', () => {
    const old = file('2026-10-01', [
      model('a', [[null, { input_mtok: 5, output_mtok: 6 }]]),
      model('a', [[null, { web_searches_kcount: 7 }]]),
    ]);
    const next = file('2026-11-01', [
      model('a', [[null, { output_mtok: 6, input_mtok: 5 }]]),
      model('a', [[null, { web_searches_kcount: 7 }]]),
    ]);
    expect(keepHistory(old, next).providers).toEqual(next.providers);
  });

  it('is the same when it is merged again', () => {
    const old = file('2026-10-01', [model('a', [[null, { input_mtok: 5 }]])]);
    const next = file('2026-11-01', [model('a', [[null, { input_mtok: 4 }]])]);
    const once = keepHistory(old, next);
    expect(keepHistory(once, next).providers['openai']?.models[0]?.[2]).toEqual(
      once.providers['openai']?.models[0]?.[2],
    );
  });
});

describe('LiteLLM’s map', () => {
  const MAP = {
    'gpt-4o': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 },
    'azure/us/gpt-4o': { litellm_provider: 'azure', mode: 'chat', input_cost_per_token: 2.75e-6 },
    'gemini/gemini-x': {
      litellm_provider: 'gemini',
      mode: 'chat',
      input_cost_per_token: 1e-6,
      input_cost_per_token_above_200k_tokens: 2e-6,
      input_cost_per_token_batches: 5e-7,
      output_cost_per_token: 0.0000030000000000000001,
      cache_creation_input_token_cost_above_1hr: 4e-6,
      search_context_cost_per_query: { search_context_size_medium: 0.014 },
    },
    'dashscope/qwen': {
      litellm_provider: 'dashscope',
      mode: 'chat',
      tiered_pricing: [
        { input_cost_per_token: 1.2e-6, output_cost_per_token: 6e-6, range: [0, 32_000] },
        { input_cost_per_token: 2.4e-6, output_cost_per_token: 1.2e-5, range: [32_000, 128_000] },
      ],
    },
    'whisper-1': { litellm_provider: 'openai', mode: 'audio_transcription', input_cost_per_second: 0.0001 },
    'gemini/free': { litellm_provider: 'gemini', mode: 'chat', input_cost_per_token: 0, output_cost_per_token: 0 },
    'nobody/x': { litellm_provider: 'nobody', mode: 'chat', input_cost_per_token: 1 },
  };
  const converted = convertLitellm(JSON.stringify(MAP), { version: '1', retrieved: '2026-11-22' });

  it('becomes whole pico-dollars a unit, with tiers, thresholds and fees', () => {
    expect(converted.providers['google']?.models[0]).toEqual([
      'gemini-x',
      '=gemini-x',
      [
        [
          null,
          {
            input_mtok: [1_000_000, [200_000, 2_000_000]],
            output_mtok: 3_000_000,
            cache_write_1h_mtok: 4_000_000,
            web_searches_kcount: 14_000_000_000,
          },
        ],
      ],
      [[{ processing: 'batch' }, { input_mtok: 500_000 }, null]],
    ]);
    expect(converted.providers['alibaba']?.models[0]?.[2][0]?.[1]).toEqual({
      input_mtok: [1_200_000, [32_000, 2_400_000]],
      output_mtok: [6_000_000, [32_000, 12_000_000]],
    });
    expect(converted.providers['openai']?.models.map(([id]) => id)).toEqual(['gpt-4o', 'whisper-1']);
    expect(converted.providers['azure']).toBeUndefined();
    expect(checkCatalogueFile(JSON.parse(renderCatalogueFile(converted)))).toEqual(converted);
  });

  it('fills gaps only: models, tiers and units that are missing; free only where no other list has a price', () => {
    const first = file(
      '2026-11-01',
      [model('gpt-4o', [[null, { input_mtok: 2_500_000, output_mtok: 10_000_000 }]])],
      'openai',
    );
    const google = file(
      '2026-11-01',
      [model('free', [[null, {}]]), model('gemini-x', [[null, { input_mtok: 9 }]])],
      'google',
    );
    const gaps = fillGaps({ ...first, providers: { ...first.providers, ...google.providers } }, converted);
    expect(gaps.providers['openai']?.models.map(([id]) => id)).toEqual(['whisper-1']);
    const [gemini, free] = gaps.providers['google']?.models ?? [];
    expect(gemini?.[3]).toEqual([[{ processing: 'batch' }, { input_mtok: 500_000 }, null]]);
    expect(free).toEqual(['free', '=free', [[null, { input_mtok: 0, output_mtok: 0 }]]]);
    const without = fillGaps(first, converted);
    expect(without.providers['google']?.models.map(([id]) => id)).toEqual(['gemini-x']);
  });

  it('is held beside the first source, and differences are listed, the largest first', () => {
    const first = file('2026-11-01', [
      model('gpt-4o', [[null, { input_mtok: 2_400_000, output_mtok: 5_000_000, cache_read_mtok: 1 }]]),
    ]);
    expect(findDisagreements(first, converted)).toMatchObject([
      { model: 'gpt-4o', priceKey: 'output_mtok', first: 5_000_000, second: 10_000_000 },
      { model: 'gpt-4o', priceKey: 'input_mtok', first: 2_400_000, second: 2_500_000 },
    ]);
  });

  it('is compared with what holds on its own day, not with a price that begins later', () => {
    const later = model(
      'gpt-4o',
      [
        [null, { input_mtok: 2_500_000, output_mtok: 10_000_000 }],
        ['2027-01-01', { input_mtok: 5_000_000, output_mtok: 20_000_000 }],
      ],
      [[{ processing: 'batch' }, { input_mtok: 9, output_mtok: 9 }, '2027-01-01']],
    );
    const first = file('2026-11-01', [later], 'openai');
    expect(findDisagreements(first, converted)).toEqual([]);
    expect(fillGaps(first, converted).providers['openai']?.models.map(([id]) => id)).toEqual(['whisper-1']);
  });

  it('is refused when it is something else', () => {
    expect(() => convertLitellm('{"a": {}}', { version: '1', retrieved: '2026-11-22' })).toThrow(
      'is not LiteLLM’s map',
    );
  });
});
