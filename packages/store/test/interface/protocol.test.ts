import { gzipSync, deflateSync, brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frameBlocks, unframeBlocks } from '../../src/interface/block-framing.js';
import { openInterface, WRITE_TOKEN } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

let fixture: InterfaceFixture;

beforeAll(async () => {
  fixture = await openInterface({
    limits: { maxBodyBytes: 1_000_000, maxUnpackedBytes: 2_000_000, maxResultBytes: 10_000_000, maxResultRows: 20_000 },
  });
  await fixture.database.command(
    'CREATE TABLE t (a UInt64, m Map(LowCardinality(String), String)) ENGINE = MergeTree ORDER BY a',
  );
});

afterAll(async () => fixture.close());

describe('answers', () => {
  it('carry the headers that clients read', async () => {
    const { headers } = await fixture.ask({
      query: { query: 'SELECT number FROM numbers(5)', query_id: 'mine', default_format: 'JSONCompact' },
    });
    expect(headers['x-clickhouse-query-id']).toBe('mine');
    expect(headers['x-clickhouse-format']).toBe('JSONCompact');
    expect(headers['x-clickhouse-timezone']).toBe('UTC');
    expect(headers['x-clickhouse-server-display-name']).toBe('costel');
    expect(headers['content-type']).toBe('application/json; charset=UTF-8');
    const summary = JSON.parse(String(headers['x-clickhouse-summary'])) as Record<string, string>;
    expect(summary['read_rows']).toBe('5');
    expect(Number(summary['elapsed_ns'])).toBeGreaterThan(0);
  });

  it('take the format of the statement, else of the header, else of the URL, else TabSeparated', async () => {
    const format = { 'X-ClickHouse-Format': 'CSV' };
    const query = "SELECT 'x' AS s";
    expect((await fixture.ask({ query: { query: `${query} FORMAT JSONEachRow` }, headers: format })).text).toBe(
      '{"s":"x"}\n',
    );
    expect((await fixture.ask({ query: { query, default_format: 'TSV' }, headers: format })).text).toBe('"x"\n');
    expect((await fixture.ask({ query: { query, default_format: 'CSV' } })).text).toBe('"x"\n');
    expect((await fixture.ask({ query: { query } })).text).toBe('x\n');
  });

  it('are empty for a HEAD, and Ok for a ping', async () => {
    expect((await fixture.ask({ path: '/ping' })).text).toBe('Ok.\n');
    expect((await fixture.ask({ path: '/' })).text).toBe('Ok.\n');
    expect((await fixture.ask({ method: 'HEAD', path: '/ping' })).status).toBe(200);
    expect((await fixture.ask({ path: '/play' })).status).toBe(404);
    expect((await fixture.ask({ method: 'PUT', body: 'SELECT 1' })).status).toBe(405);
  });

  it.each([
    ['SELECT * FROM nowhere', 404],
    ['SELECT * FROM other.nowhere', 403],
    ['SELEC', 400],
    ['SELECT x', 404],
    ['', 400],
    ["SELECT toUInt8('x')", 400],
  ])('to %j have the status %i', async (body, status) => {
    const answer = await fixture.ask({ body, method: 'POST' });
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(/^Code: \d+\. DB::Exception: .*\([A-Z_]+\)\n$/s);
  });

  it('end, with an error, at the limit of the result', async () => {
    const answer = await fixture.ask({ body: "SELECT repeat('x', 1000) FROM numbers(20000)" });
    expect(answer.headers['x-clickhouse-exception-code']).toBe('396');
    const framed = await fixture.ask({ body: "SELECT number, repeat('x', 1000) FROM numbers(20000) FORMAT JSON" });
    expect(framed.headers['x-clickhouse-exception-code']).toBe('396');
    expect((await fixture.ask({ body: 'SELECT 1' })).text).toBe('1\n');
  });

  it('hold nothing of an answer that failed before', async () => {
    const failing = 'SELECT number, throwIf(number = 3000000) FROM numbers(10000000)';
    expect((await fixture.ask({ body: `${failing} FORMAT JSON` })).status).toBeGreaterThanOrEqual(400);
    expect((await fixture.ask({ body: 'SELECT 1 FORMAT JSONCompactColumns' })).text.replaceAll(/\s/g, '')).toBe(
      '[[1]]',
    );
  });
});

describe('bodies', () => {
  const statement = "SELECT 'packed'";

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('in %s are unpacked', async (encoding, pack) => {
    const answer = await fixture.ask({ body: pack(Buffer.from(statement)), headers: { 'Content-Encoding': encoding } });
    expect(answer.text).toBe('packed\n');
  });

  it('beyond the limit are refused before and after unpacking', async () => {
    expect((await fixture.ask({ body: Buffer.alloc(1_000_001, ' ') })).status).toBe(413);
    const bomb = gzipSync(Buffer.alloc(100_000_000));
    expect((await fixture.ask({ body: bomb, headers: { 'Content-Encoding': 'gzip' } })).status).toBe(413);
    expect(
      (
        await fixture.ask({
          query: { decompress: '1' },
          body: Buffer.concat([frameBlocks(Buffer.alloc(900_000)), frameBlocks(Buffer.alloc(10)).fill(0xff, 21, 25)]),
        })
      ).status,
    ).toBe(413);
  });

  it('that are no such packing are refused cleanly', async () => {
    const noise = Buffer.from('this is not compressed at all, whatever the header says');
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'x-own']) {
      const answer = await fixture.ask({ body: noise, headers: { 'Content-Encoding': encoding } });
      expect(answer.headers['x-clickhouse-exception-code']).toBeDefined();
    }
    expect(
      (await fixture.ask({ query: { decompress: '1' }, body: noise })).headers['x-clickhouse-exception-code'],
    ).toBeDefined();
  });

  it('beside an address that is too long get an answer that says so', async () => {
    const long = await fixture.ask({ query: { query: 'SELECT length({x:String})', param_x: 'y'.repeat(500_000) } });
    expect(long.text).toBe('500000\n');
    const longer = await fixture.ask({ query: { query: 'SELECT 1', param_x: 'y'.repeat(1_100_000) } });
    expect([longer.status, longer.headers['x-clickhouse-exception-code']]).toEqual([431, '36']);
    expect(longer.text).toContain('as fields of a form');
  });

  it('longer than a statement may be are refused', async () => {
    expect((await fixture.ask({ body: `SELECT ${'1 + '.repeat(100_000)}1` })).status).toBe(400);
    expect(
      (await fixture.ask({ body: `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}` })).status,
    ).toBeGreaterThanOrEqual(400);
    expect((await fixture.ask({ body: Buffer.from([0x53, 0x45, 0xff, 0xfe]) })).status).toBe(400);
  });
});

describe('who may ask', () => {
  it.each([
    [{ Host: 'evil.example' }, 403],
    [{ Host: 'evil.example:8123' }, 403],
    [{ Host: '127.0.0.1.evil.example' }, 403],
    [{ Host: 'localhost.' }, 403],
    [{ Origin: 'http://evil.example' }, 403],
    [{ Origin: 'null' }, 403],
    [{ Origin: 'http://localhost:4320' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{ Host: 'localhost:8123' }, 200],
    [{ Host: 'LOCALHOST' }, 200],
    [{ Host: '[::1]:8123' }, 200],
    [{ Host: 'localhost:8123', Origin: 'http://localhost:8123' }, 200],
    [{ 'Sec-Fetch-Site': 'none' }, 200],
  ])('with the headers %j is answered %i', async (headers, status) => {
    expect((await fixture.ask({ query: { query: 'SELECT 1' }, headers })).status).toBe(status);
    expect((await fixture.ask({ path: '/ping', headers })).status).toBe(status);
    expect((await fixture.ask({ body: 'INSERT INTO t (a) VALUES (1)', headers, isWriter: true })).status).toBe(status);
  });

  it('never writes with a GET, even with the token', async () => {
    const query = 'INSERT INTO t (a) SELECT 1';
    expect((await fixture.ask({ query: { query, password: WRITE_TOKEN } })).status).toBe(403);
    expect((await fixture.ask({ query: { query, password: WRITE_TOKEN }, method: 'POST' })).status).toBe(200);
  });
});

describe('what clickhouse-go needs', () => {
  const go = { default_format: 'Native', client_protocol_version: '54460' };

  it('the hello query gets names, a custom-serialization byte and revision 0', async () => {
    const { body } = await fixture.ask({
      query: { ...go, query: 'SELECT displayName(), version(), revision(), timezone()' },
    });
    const text = body.toString('latin1');
    expect(body.subarray(0, 8).toString('hex')).toBe('010002ffffffff00');
    expect([...body.subarray(8, 10)]).toEqual([4, 1]);
    expect(text).toContain('revision()\x06UInt32\0\0\0\0\0');
    expect(text).toContain('timezone()\x06String\0\x03UTC');
  });

  it('answers under compress=1 are framed blocks, errors too, also where only the request is compressed', async () => {
    const ok = await fixture.ask({ query: { ...go, compress: '1', query: 'DESCRIBE TABLE "costel"."t"' } });
    expect(unframeBlocks(ok.body, 1_000_000).toString('latin1')).toContain('LowCardinality(String)');
    for (const [query, body] of [
      [{ compress: '1' }, 'SELECT * FROM nowhere'],
      [{ decompress: '1' }, frameBlocks(Buffer.from('SELECT * FROM nowhere'))],
    ] as const) {
      const failed = await fixture.ask({ query, body, isWriter: true });
      expect(failed.status).toBe(404);
      expect(unframeBlocks(failed.body, 1_000_000).toString('utf8')).toContain('Code: 60.');
    }
  });

  it('a Native block in frames is inserted', async () => {
    const { bytes } = await fixture.database.run(
      "SELECT toUInt64(42) AS a, map('k', 'v\n\n')::Map(LowCardinality(String), String) AS m",
      { format: 'Native' },
    );
    const query = 'INSERT INTO `costel`.`t` (`a`, `m`) FORMAT Native';
    const answer = await fixture.ask({
      query: { ...go, decompress: '1', compress: '1', query },
      body: frameBlocks(bytes),
      isWriter: true,
    });
    expect(answer.status).toBe(200);
    expect(await fixture.database.query('SELECT m FROM t WHERE a = 42')).toEqual([{ m: { k: 'v\n\n' } }]);
  });
});
