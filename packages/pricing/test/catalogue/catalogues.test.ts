import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lazyCatalogue, type CatalogueModel, type CataloguePrices } from '../../src/catalogue/catalogue.js';
import { CATALOGUES } from '../../src/catalogue/catalogues.js';
import { GENAI_PRICES, GENAI_PRICES_DATE, GENAI_PRICES_NAME } from '../../src/catalogue/genai-prices.generated.js';
import { LITELLM, LITELLM_DATE, LITELLM_NAME } from '../../src/catalogue/litellm.generated.js';
import { PRICE_KEYS } from '../../src/bucket-prices.js';

interface DataFile {
  readonly provenance: {
    readonly name: string;
    readonly version: string;
    readonly date: string;
    readonly retrieved: string;
    readonly licence: string;
    readonly sha256: string;
  };
  readonly providers: Readonly<Record<string, { readonly models: readonly CatalogueModel[] }>>;
}

function load(name: string): DataFile {
  return JSON.parse(readFileSync(new URL(`../../data/${name}.json`, import.meta.url), 'utf8')) as DataFile;
}

const data = load('genai-prices');
const gaps = load('litellm');

function eachPrices({ providers }: DataFile): CataloguePrices[] {
  return Object.values(providers)
    .flatMap((provider) => provider.models)
    .flatMap(([, , prices, variants]) => [
      ...prices.map((entry) => entry[1]),
      ...(variants ?? []).map((variant) => variant[1]),
    ]);
}

describe('the price data', () => {
  it.each([
    [data, GENAI_PRICES_NAME, GENAI_PRICES_DATE],
    [gaps, LITELLM_NAME, LITELLM_DATE],
  ])('says where it comes from, and of which day it is', ({ provenance }, name, date) => {
    expect(`${provenance.name} ${provenance.version}`).toBe(name);
    expect(provenance).toMatchObject({ licence: 'MIT', date });
    expect(provenance.retrieved >= provenance.date).toBe(true);
    expect(provenance.sha256).toMatch(/^[0-9a-f]{64}$/);
    const notice = readFileSync(new URL('../../NOTICE', import.meta.url), 'utf8');
    expect(notice.match(/Permission is hereby granted/g)).toHaveLength(2);
    expect(notice).toContain(provenance.name);
  });

  it.each([
    [data, GENAI_PRICES],
    [gaps, LITELLM],
  ])('is what the shipped modules hold', ({ providers }, texts) => {
    const catalogue = lazyCatalogue('test', '2026-11-22', texts);
    expect(Object.keys(texts)).toEqual(Object.keys(providers));
    for (const [id, provider] of Object.entries(providers)) expect(catalogue.findProvider(id)).toEqual(provider);
  });

  it('holds whole pico-dollars, thresholds ascending, and a zero only where all of a model is free', () => {
    for (const prices of [data, gaps].flatMap(eachPrices)) {
      const isFree = Object.values(prices).every((price) => price === 0);
      for (const price of Object.values(prices)) {
        const [base, ...tiers] = typeof price === 'number' ? [price] : price;
        const starts = tiers.map((tier) => tier[0]);
        const values = [base, ...tiers.map((tier) => tier[1])];
        expect(values.every((value) => Number.isSafeInteger(value) && (value > 0 || isFree))).toBe(true);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
      }
    }
  });

  it('stays small: both modules in less than 450 kB', () => {
    const size = (path: string): number => statSync(new URL(`../../${path}`, import.meta.url)).size;
    const modules = size('src/catalogue/genai-prices.generated.ts') + size('src/catalogue/litellm.generated.ts');
    expect(modules).toBeLessThan(450_000);
  });

  it('keeps dates, daily windows, long context, tiers, cache writes, modalities and fees', () => {
    const text = JSON.stringify(data.providers);
    for (const sign of [
      '"2026-08-21"',
      '[3600,14400]',
      '[272000,',
      '"processing":"batch"',
      '"service_tier":"flex"',
      '"service_tier":"priority"',
      '"speed":"fast"',
    ]) {
      expect(text).toContain(sign);
    }
    const keys = new Set([data, gaps].flatMap(eachPrices).flatMap((prices) => Object.keys(prices)));
    for (const key of [
      'cache_write_1h_mtok',
      'input_audio_mtok',
      'output_image_mtok',
      'web_searches_kcount',
      'requests_kcount',
    ]) {
      expect(keys).toContain(key);
    }
    const known = new Set(Object.values(PRICE_KEYS).flat());
    // Sold by the message, the annotated page or in tokens that no answer counts: kept in the data, in no bucket.
    const uncounted = [...keys].filter((key) => !known.has(key)).sort();
    expect(uncounted).toEqual([
      'input_annotated_document_kpages',
      'input_text_messages_kcount',
      'output_citation_mtok',
      'output_video_mtok',
    ]);
  });

  it('is parsed provider by provider, each in under 20 ms of the processor', () => {
    const tookMs: number[] = [];
    // The least of several, as other threads of the process (collecting garbage, compiling) count as well.
    for (let round = 0; round < 5; round += 1) {
      const catalogue = lazyCatalogue('test', '2026-11-22', GENAI_PRICES);
      const started = process.cpuUsage();
      expect(catalogue.findProvider('openrouter')?.models.length).toBeGreaterThan(100);
      const { user, system } = process.cpuUsage(started);
      tookMs.push((user + system) / 1000);
      expect(catalogue.findProvider('openrouter')).toBe(catalogue.findProvider('openrouter'));
    }
    expect(Math.min(...tookMs)).toBeLessThan(20);
  });

  it('is not reached by names of object members', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(CATALOGUES[0]?.findProvider(name)).toBeUndefined();
    }
  });
});
