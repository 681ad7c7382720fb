import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPriceBook, LIST_PRICES, parseCatalogues } from '@costel/pricing';
import { updatePrices, type UpdatePricesOptions } from '../../src/commands/price-data.js';

let directory: string;
let lines: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'costel-prices-'));
  lines = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

/** What the data that ships lists of gpt-4o-mini besides its input. */
const UNCHANGED = {
  cache_read_mtok: 75_000,
  output_mtok: 600_000,
  web_searches_kcount: 10_000_000_000,
  storage_searches_kcount: 2_500_000_000,
};

/** Newer data of the first source: one model at another price, one that is new. */
function newerData(inputPicoUsd: unknown): string {
  const file = join(directory, 'newer.json');
  const model = (id: string, input: unknown): unknown[] => [
    id,
    `=${id}`,
    [[null, { ...UNCHANGED, input_mtok: input }]],
  ];
  const provenance = {
    name: 'genai-prices',
    package: 'test',
    version: '9.9.9',
    date: '2026-12-01',
    retrieved: '2026-12-02',
    licence: 'MIT',
    sha256: '0',
    roundedPrices: 0,
  };
  const models = [model('gpt-4o-mini', inputPicoUsd), model('brand-new', 1_000_000)];
  writeFileSync(file, JSON.stringify({ provenance, providers: { openai: { models } } }));
  return file;
}

function options(from: string, more: Partial<UpdatePricesOptions> = {}): UpdatePricesOptions {
  return {
    book: LIST_PRICES,
    file: join(directory, 'data/prices/catalogues.json'),
    from: [from],
    maxMovePercent: 50,
    acceptMoves: false,
    dryRun: false,
    today: '2026-12-02',
    ...more,
  };
}

describe('an update of the prices', () => {
  it('adds what is new from its own day on, and keeps the old prices and every model', async () => {
    const update = options(newerData(180_000));
    expect(await updatePrices(update)).toBe(true);
    const book = createPriceBook({ catalogues: parseCatalogues(readFileSync(update.file, 'utf8')) });
    const input = (model: string, at: string): unknown => {
      const found = book.resolveRates({ provider: 'openai', model, serviceTier: '', region: '' }, Date.parse(at));
      return 'reason' in found ? found.reason : found.tiers[0]?.prices[0];
    };
    expect(input('gpt-4o-mini', '2026-11-30T23:59:59.999Z')).toBe(150_000n);
    expect(input('gpt-4o-mini', '2026-12-01')).toBe(180_000n);
    expect(input('brand-new', '2026-12-01')).toBe(1_000_000n);
    expect(input('gpt-4o', '2026-12-01')).toBe(2_500_000n);
    const changes = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(changes).toContainEqual(
      expect.objectContaining({ change: 'changed', model: 'gpt-4o-mini', price_key: 'input_mtok', move_percent: 20 }),
    );
    expect(changes).toContainEqual({ change: 'added', provider: 'openai', model: 'brand-new' });
    expect(changes.some(({ change }) => change === 'removed')).toBe(false);
  });

  it('writes nothing when a price moved by more than the bound, until that is accepted', async () => {
    const update = options(newerData(1_500_000));
    expect(await updatePrices(update)).toBe(false);
    expect(existsSync(update.file)).toBe(false);
    expect(await updatePrices({ ...update, acceptMoves: true })).toBe(true);
    expect(existsSync(update.file)).toBe(true);
  });

  it('writes nothing on a dry run', async () => {
    const update = options(newerData(180_000), { dryRun: true });
    expect(await updatePrices(update)).toBe(true);
    expect(existsSync(update.file)).toBe(false);
  });

  it.each([
    [-1, 'openai gpt-4o-mini: input_mtok -1 must be whole pico-dollars'],
    [0.5, 'openai gpt-4o-mini: input_mtok 0.5 must be whole pico-dollars'],
    ['free', 'openai gpt-4o-mini: input_mtok "free" must be whole pico-dollars'],
  ])('refuses a price of %s, and names where it is', async (price, message) => {
    await expect(updatePrices(options(newerData(price)))).rejects.toThrow(message);
  });

  it('lists and holds back a move of the price of long contexts alone', async () => {
    const tiered = (above: number): string => newerData([100_000, [200_000, above]]);
    const first = options(tiered(200_000), { acceptMoves: true });
    await updatePrices(first);
    const book = createPriceBook({ catalogues: parseCatalogues(readFileSync(first.file, 'utf8')) });
    lines = [];
    expect(await updatePrices({ ...first, book, from: [tiered(900_000)], acceptMoves: false })).toBe(false);
    const changes = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(changes).toContainEqual(expect.objectContaining({ price_key: 'input_mtok', move_percent: 350 }));
  });

  it('comes from an address too, and from one that fails, never ends or lies nothing is taken', async () => {
    const data = readFileSync(newerData(180_000));
    const endless = (response: ServerResponse): void => {
      const piece = Buffer.alloc(1024 * 1024, 32);
      const write = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on('drain', write);
      write();
    };
    const answers: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
      '/prices.json': (response) => response.end(data),
      '/down': (response) => response.writeHead(503).end(),
      '/page': (response) => response.end('<html></html>'),
      '/endless': endless,
    };
    const server = createServer((request, response) => void answers[request.url ?? '']?.(response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const from = (path: string): UpdatePricesOptions => options(`${base}${path}`);
      await expect(updatePrices(from('/down'))).rejects.toThrow(`${base}/down answered 503`);
      await expect(updatePrices(from('/page'))).rejects.toThrow('is no price data that can be read');
      await expect(updatePrices(from('/endless'))).rejects.toThrow('has more than 209715200 bytes');
      expect(existsSync(from('').file)).toBe(false);
      expect(await updatePrices(from('/prices.json'))).toBe(true);
      expect(existsSync(from('').file)).toBe(true);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('refuses what is no price data', async () => {
    const file = join(directory, 'x.json');
    writeFileSync(file, '{"a": 1}');
    await expect(updatePrices(options(file))).rejects.toThrow('is no price data that can be read');
    await expect(updatePrices(options(join(directory, 'nowhere')))).rejects.toThrow('cannot be read');
  });
});
