import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, type Ended } from '../support/run-cli.js';

// As a user fetches prices: commands as processes, data from a server, a data directory that they share.

type Json = Readonly<Record<string, unknown>>;

const MINI = {
  input_mtok: 150_000,
  cache_read_mtok: 75_000,
  output_mtok: 600_000,
  web_searches_kcount: 10_000_000_000,
  storage_searches_kcount: 2_500_000_000,
};

/** Price data of the first source with one model, in the form of `prices update`. */
function data(
  prices: Json,
  more: { readonly date?: string; readonly dated?: unknown; readonly match?: unknown } = {},
): Json {
  const { date = '2026-12-01', dated = [[null, prices]], match = '=gpt-4o-mini' } = more;
  const provenance = { name: 'genai-prices', package: 'test', version: '9.9.9', date, retrieved: date, licence: 'MIT' };
  return {
    provenance: { ...provenance, sha256: '0', roundedPrices: 0 },
    providers: { openai: { models: [['gpt-4o-mini', match, dated]] } },
  };
}

const { cache_read_mtok: _cacheRead, ...WITHOUT_CACHE } = MINI;

/** What the server answers, by path. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/cheaper': data({ ...MINI, input_mtok: 120_000 }),
  '/dearer': data({ ...MINI, input_mtok: 400_000 }),
  '/without-cache': data(WITHOUT_CACHE),
  '/other-past': data(MINI, {
    dated: [
      [null, { ...MINI, input_mtok: 140_000 }],
      ['2026-11-25', { ...MINI }],
    ],
  }),
  '/older': data(MINI, { date: '2025-01-01' }),
  '/no-provenance': { providers: { openai: { models: [] } } },
  '/negative': data({ ...MINI, input_mtok: -1 }),
  '/no-prices': data(MINI, { dated: [] }),
  '/bad-match': data(MINI, { match: '~(' }),
};

const SHIPPED_INPUT = '0.00000015';

let server: Server;
let base: string;
let directory: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const answer = ANSWERS[request.url ?? ''];
    if (answer === undefined) response.writeHead(404).end();
    else response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  directory = mkdtempSync(join(tmpdir(), 'costel-price-updates-'));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

const catalogues = (): string => join(directory, '.costel', 'prices', 'catalogues.json');

async function prices(...args: string[]): Promise<Ended & { readonly lines: readonly Json[] }> {
  const ended = await runCommand(['prices', ...args], '', { cwd: directory });
  const lines = ended.stdout.split('\n').filter((line) => line !== '');
  return { ...ended, lines: lines.map((line) => JSON.parse(line) as Json) };
}

const update = (path: string, ...flags: string[]) => prices('update', '--from', `${base}${path}`, ...flags);

/** Dollars an input token at a date, as `prices explain` says them. */
async function inputAt(date: string): Promise<unknown> {
  const { lines } = await prices('explain', 'gpt-4o-mini', '--provider', 'openai', '--at', date);
  return (lines[0]?.['tiers'] as { price_usd: { input: string } }[] | undefined)?.[0]?.price_usd.input;
}

describe('price data from a server', () => {
  it.each([
    ['/no-provenance', 'price data needs provenance'],
    ['/negative', 'openai gpt-4o-mini: input_mtok -1 must be whole pico-dollars'],
    ['/no-prices', 'openai gpt-4o-mini: a model needs prices'],
    ['/bad-match', 'match "~(" is no regular expression'],
    ['/older', 'is of 2025-01-01, older than the data in use'],
    ['/nowhere', 'answered 404'],
  ])('of %s is refused with a reason, and nothing is written', async (path, reason) => {
    const { code, stderr, lines } = await update(path);
    expect(stderr).toContain(reason);
    expect({ code, lines, isWritten: existsSync(catalogues()) }).toEqual({ code: 1, lines: [], isWritten: false });
  });

  it.each([
    [
      '/dearer',
      '1 prices moved by more than 50 %',
      { change: 'changed', price_key: 'input_mtok', move_percent: 166.67 },
    ],
    [
      '/without-cache',
      'or are listed no more',
      { change: 'changed', price_key: 'cache_read_mtok', after_pico_usd: null },
    ],
    ['/other-past', 'the past prices of 1 models would change', { change: 'rewritten', model: 'gpt-4o-mini' }],
  ])('of %s is listed and waits to be accepted', async (path, held, line) => {
    const { code, stderr, lines } = await update(path);
    expect(stderr).toContain(held);
    expect(stderr).toContain('nothing was written');
    expect(lines).toContainEqual(expect.objectContaining({ provider: 'openai', model: 'gpt-4o-mini', ...line }));
    expect({ code, isWritten: existsSync(catalogues()) }).toEqual({ code: 3, isWritten: false });
  });

  it('is shown by a dry run and by a diff, taken up from its own day on, and then differs no more', async () => {
    const line = {
      change: 'changed',
      model: 'gpt-4o-mini',
      before_pico_usd: 150_000,
      after_pico_usd: 120_000,
      move_percent: 20,
    };
    const shown = [await update('/cheaper', '--dry-run'), await prices('diff', `${base}/cheaper`)];
    for (const { code, lines } of shown) {
      expect(code).toBe(0);
      expect(lines).toContainEqual(expect.objectContaining(line));
    }
    expect(existsSync(catalogues())).toBe(false);

    const written = await update('/cheaper');
    expect(written.code).toBe(0);
    expect(written.stderr).toMatch(
      /1 prices changed, 0 models added, none lost \(\d+ that are listed no more keep their prices\)/,
    );
    expect(written.lines).toContainEqual({ change: 'kept', provider: 'openai', model: 'gpt-4o' });
    expect(JSON.parse(readFileSync(catalogues(), 'utf8'))).toHaveProperty('catalogues');
    expect(await inputAt('2026-11-30T23:59:59.999Z')).toBe(SHIPPED_INPUT);
    expect(await inputAt('2026-12-01')).toBe('0.00000012');

    expect(await prices('diff', catalogues())).toMatchObject({ code: 0, lines: [] });
    // The same again changes nothing, and what was held back before waits still.
    expect((await update('/cheaper')).lines.filter(({ change }) => change !== 'kept')).toEqual([]);
    expect((await update('/dearer', '--accept-moves')).code).toBe(0);
    expect(await inputAt('2026-11-30')).toBe(SHIPPED_INPUT);
  });

  it('that is no file of prices any more stops a command with its name, and an update mends it', async () => {
    writeFileSync(catalogues(), '{"catalogues": 1}');
    const { code, stderr } = await prices('list', 'openai', 'gpt-4o-mini');
    expect({ code, isNamed: stderr.includes('catalogues.json is no price data') }).toEqual({ code: 1, isNamed: true });
    const mended = await update('/cheaper');
    expect(mended.code).toBe(0);
    expect(mended.stderr).toContain('the prices that ship are the older ones');
    expect(await inputAt('2026-12-01')).toBe('0.00000012');
  });
});

describe('prices of the two sources', () => {
  it('are listed where they differ, each line with both', async () => {
    const { code, lines, stderr } = await prices('disagreements', '--data', join(directory, 'none'));
    expect(code).toBe(0);
    expect(stderr).toContain(`${lines.length} prices on which the second source differs`);
    expect(lines.length).toBeGreaterThan(0);
    for (const { first_pico_usd: first, second_pico_usd: second } of lines) {
      const [left, right] = [Number(first), Number(second)];
      expect(Math.abs(left - right)).toBeGreaterThan(0.001 * Math.max(left, right));
    }
  });
});
