import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frameBlocks } from '../../src/interface/block-framing.js';
import { openInterface } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';
import { lz4Frame, PACKINGS, storedBlock, zstdBlock, zstdFrame } from './packed-bodies.js';

const MAX_UNPACKED = 4_000_000;

let fixture: InterfaceFixture;

beforeAll(async () => {
  fixture = await openInterface({ limits: { maxBodyBytes: 8_000_000, maxUnpackedBytes: MAX_UNPACKED } });
  await fixture.database.command('CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s');
});

afterAll(async () => fixture.close());

describe.each(PACKINGS)('a body in $name', ({ pack, headers, query }) => {
  it('carries a statement', async () => {
    const answer = await fixture.ask({ body: pack(Buffer.from("SELECT 'packed'")), headers, query });
    expect(answer.text).toBe('packed\n');
  });

  it('carries rows, small and large, blank lines included, byte by byte', async () => {
    for (const size of [1, 100, 70_000, 1_000_000]) {
      const text = 'x\n\nDROP TABLE t\n'.repeat(Math.ceil(size / 16));
      const body = pack(Buffer.concat([Buffer.from('INSERT INTO t FORMAT RawBLOB\n'), Buffer.from(text)]));
      const answer = await fixture.ask({ body, headers, query, isWriter: true });
      expect([answer.status, query['decompress'] === undefined ? answer.text : '']).toEqual([200, '']);
      const rows = await fixture.database.query('SELECT length(s) AS bytes, s = {s:String} AS same FROM t', {
        s: text,
      });
      expect(rows).toEqual([{ bytes: String(text.length), same: 1 }]);
      await fixture.database.command('TRUNCATE TABLE t');
    }
  });

  it('is refused where it unpacks to more than the limit', async () => {
    const answer = await fixture.ask({ body: pack(Buffer.alloc(MAX_UNPACKED + 1, 'a')), headers, query });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([413, '307']);
  });

  it('is refused cut short, and the next request is served', async () => {
    const whole = pack(Buffer.from(`SELECT '${'y'.repeat(200_000)}'`));
    const answer = await fixture.ask({ body: whole.subarray(0, whole.length - 1000), headers, query });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([
      expect.any(Number),
      expect.stringMatching(/^(?:271|62)$/),
    ]);
    expect((await fixture.ask({ body: 'SELECT 1' })).text).toBe('1\n');
  });
});

describe('bodies of several frames or blocks', () => {
  it('are one body', async () => {
    const [head, tail] = [Buffer.from("SELECT 'two "), Buffer.from("parts'")];
    const ask = async (body: Buffer, encoding: string | undefined): Promise<string> =>
      (
        await fixture.ask({
          body,
          ...(encoding === undefined ? { query: { decompress: '1' } } : { headers: { 'Content-Encoding': encoding } }),
        })
      ).text;
    expect(await ask(Buffer.concat([zstdFrame(head), zstdFrame(tail)]), 'zstd')).toBe('two parts\n');
    expect(await ask(Buffer.concat([lz4Frame(head), lz4Frame(tail)]), 'lz4')).toBe('two parts\n');
    expect(await ask(Buffer.concat([storedBlock(head), frameBlocks(tail)]), undefined)).toBe('two parts\n');
    expect(await ask(Buffer.concat([zstdBlock(head), zstdBlock(tail)]), undefined)).toBe('two parts\n');
  });
});

/** Node packs zstd from 22.15 on. */
const preferred = 'zstdCompress' in zlib ? 'zstd' : 'gzip';

describe('answers are packed as the client accepts them', () => {
  it.each([
    ['gzip, deflate', 'gzip'],
    ['deflate', 'deflate'],
    ['br', 'br'],
    ['lz4,zstd,br,gzip', preferred],
    ['zstd', preferred === 'zstd' ? 'zstd' : undefined],
    ['gzip;q=0, br', 'br'],
    ['lz4', 'lz4'],
    ['identity', undefined],
  ])('%s gives %s', async (accepted, encoding) => {
    const query = { query: 'SELECT number FROM numbers(1000)', enable_http_compression: '1' };
    const { headers } = await fixture.ask({ query, headers: { 'Accept-Encoding': accepted } });
    expect(headers['content-encoding']).toBe(encoding);
  });
});
