import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { Readable } from 'node:stream';
import { createClient, TupleParam } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInterface, WRITE_TOKEN } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

let fixture: InterfaceFixture;
let reader: ClickHouseClient;
let writer: ClickHouseClient;
let packed: ClickHouseClient;

beforeAll(async () => {
  fixture = await openInterface();
  const log = { level: 127 } as const;
  reader = createClient({ url: fixture.url, log });
  writer = createClient({ url: fixture.url, username: 'collector', password: WRITE_TOKEN, log });
  packed = createClient({
    url: fixture.url,
    password: WRITE_TOKEN,
    compression: { request: true, response: true },
    log,
  });
  await fixture.database.command(
    'CREATE TABLE rows (a UInt64, s String, t Array(String)) ENGINE = MergeTree ORDER BY a',
  );
});

afterAll(async () => {
  await Promise.all([reader.close(), writer.close(), packed.close()]);
  await fixture.close();
});

describe('@clickhouse/client', () => {
  it('pings', async () => {
    expect(await reader.ping()).toEqual({ success: true });
    expect(await reader.ping({ select: true })).toEqual({ success: true });
  });

  it('reads JSON', async () => {
    const result = await reader.query({
      query: 'SELECT number AS n, toString(number) AS s FROM numbers(3)',
      format: 'JSON',
    });
    const { data, rows } = await result.json<{ n: string; s: string }>();
    expect([data.length, rows, data[2]]).toEqual([3, 3, { n: '2', s: '2' }]);
  });

  it('streams JSONEachRow', async () => {
    const result = await reader.query({ query: 'SELECT number AS n FROM numbers(20000)', format: 'JSONEachRow' });
    let count = 0;
    for await (const rows of result.stream<{ n: string }>()) count += rows.length;
    expect(count).toBe(20_000);
  });

  it.each([
    ["it's"],
    ['back\\slash'],
    ['\\'],
    ['\\N'],
    ['"double" `back`'],
    ['tab\tnewline\ncarriage\rnull\0bell\u0007'],
    ['\n\nDROP TABLE rows'],
    ['ünïcödé ключ 😀'],
    ['{a:String} %41 + &'],
    [''],
  ])('brings the parameter %j through', async (value) => {
    const result = await reader.query({
      query: 'SELECT {v:String} AS v, {l:Array(String)} AS l, {m:Map(String, String)} AS m',
      query_params: { v: value, l: [value, 'x'], m: { [value]: value } },
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ v: value, l: [value, 'x'], m: { [value]: value } }]);
  });

  it('brings typed parameters through', async () => {
    const result = await reader.query({
      query:
        'SELECT {n:UInt64} AS n, {d:Decimal(38, 12)} AS d, {z:Nullable(String)} AS z, {b:Bool} AS b, {t:Tuple(UInt8, String)} AS t, {l:Array(UInt64)} AS l, {w:DateTime64(3)} AS w, {i:Identifier} AS i FROM (SELECT 5 AS five)',
      query_params: {
        n: 2n ** 64n - 1n,
        d: '1.000000000001',
        z: null,
        b: true,
        t: new TupleParam([1, "x'y"]),
        l: [1, 2],
        w: new Date('2026-01-02T03:04:05.678Z'),
        i: 'five',
      },
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([
      {
        n: '18446744073709551615',
        d: '1.000000000001',
        z: null,
        b: true,
        t: [1, "x'y"],
        l: ['1', '2'],
        w: '2026-01-02 03:04:05.678',
        i: 5,
      },
    ]);
  });

  it('applies settings to its own query only', async () => {
    const query = "SELECT getSetting('max_threads') AS t, getSetting('max_block_size') AS b";
    const set = await reader.query({
      query,
      format: 'JSONEachRow',
      clickhouse_settings: { max_threads: 1, max_block_size: '1000' },
    });
    expect(await set.json()).toEqual([{ t: 1, b: '1000' }].map((row) => ({ ...row, b: 1000 })));
    const unset = await reader.query({ query, format: 'JSONEachRow' });
    expect(await unset.json()).not.toEqual([{ t: 1, b: 1000 }]);
  });

  it('inserts rows with the token, says how many, and is refused without it', async () => {
    const values = [
      { a: 1, s: "it's\n\n\\ ü", t: ["x'y", '\n\n'] },
      { a: 2, s: '', t: [] },
    ];
    const { summary } = await writer.insert({ table: 'rows', values, format: 'JSONEachRow' });
    expect(summary?.written_rows).toBe('2');
    const result = await reader.query({
      query: 'SELECT a, s, t FROM rows WHERE a < 3 ORDER BY a',
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([
      { ...values[0], a: '1' },
      { ...values[1], a: '2' },
    ]);
    await expect(reader.insert({ table: 'rows', values, format: 'JSONEachRow' })).rejects.toMatchObject({
      code: '497',
      type: 'ACCESS_DENIED',
    });
  });

  it('inserts compact rows with chosen columns and an empty list of rows', async () => {
    await writer.insert({ table: 'rows', values: [[10, 'ten']], format: 'JSONCompactEachRow', columns: ['a', 's'] });
    await writer.insert({ table: 'rows', values: [], format: 'JSONEachRow' });
    const result = await reader.query({ query: 'SELECT s FROM rows WHERE a = 10', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ s: 'ten' }]);
  });

  it('inserts streams with gzip both ways', async () => {
    const rows = Array.from({ length: 5000 }, (_, index) => ({ a: 1000 + index, s: `row ${index}\n\n`, t: [] }));
    await packed.insert({ table: 'rows', values: Readable.from(rows, { objectMode: true }), format: 'JSONEachRow' });
    await packed.insert({
      table: 'rows',
      values: Readable.from(['99999,"a ""quoted"" one\n\nwith a blank line",[]\n'], { objectMode: false }),
      format: 'CSV',
    });
    const result = await packed.query({
      query: 'SELECT count() AS n, sum(length(s)) AS l FROM rows WHERE a >= 1000',
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([
      {
        n: '5001',
        l: String(rows.reduce((sum, { s }) => sum + s.length, 0) + 'a "quoted" one\n\nwith a blank line'.length),
      },
    ]);
  });

  it('runs commands with the token', async () => {
    const query = 'CREATE TABLE made (a UInt8) ENGINE = MergeTree ORDER BY a';
    await expect(reader.command({ query })).rejects.toMatchObject({ code: '497' });
    await writer.command({ query });
    expect((await fixture.ask({ body: 'EXISTS TABLE made' })).text).toBe('1\n');
  });

  it.each([
    ['SELECT * FROM nowhere', '60', 'UNKNOWN_TABLE'],
    ['SELECT nothing FROM rows', '47', 'UNKNOWN_IDENTIFIER'],
    ['selec 1', '62', 'SYNTAX_ERROR'],
    ['SELECT nosuchfunction(1)', '497', 'ACCESS_DENIED'],
    ['SELECT {missing:String}', '456', 'UNKNOWN_QUERY_PARAMETER'],
    ["SELECT throwIf(1, 'stop')", '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
    ['SELECT sum(number) FROM numbers(1000000000000) SETTINGS max_execution_time = 1', '159', 'TIMEOUT_EXCEEDED'],
  ])('reads the error of %s', async (query, code, type) => {
    await expect(reader.query({ query, format: 'JSON' })).rejects.toMatchObject({ code, type });
  });

  it('gives up when aborted, and the server goes on', async () => {
    const controller = new AbortController();
    const pending = reader.query({
      query: 'SELECT sum(number) FROM numbers(1000000000000) SETTINGS max_execution_time = 1',
      abort_signal: controller.signal,
    });
    controller.abort();
    await expect(pending).rejects.toThrow(/aborted/i);
    expect(await reader.ping({ select: true })).toEqual({ success: true });
  });

  it('may name a session, which holds nothing', async () => {
    const session = createClient({ url: fixture.url, session_id: 'one', log: { level: 127 } });
    const result = await session.query({ query: 'SELECT 1 AS x', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ x: 1 }]);
    await session.close();
  });

  it('refuses a wrong password even for reading', async () => {
    const wrong = createClient({ url: fixture.url, password: 'not-the-token-at-all', log: { level: 127 } });
    await expect(wrong.query({ query: 'SELECT 1' })).rejects.toMatchObject({
      code: '516',
      type: 'AUTHENTICATION_FAILED',
    });
    await wrong.close();
  });
});

describe('curl', () => {
  const hasCurl = spawnSync('curl', ['--version']).status === 0;
  if (!hasCurl) console.info('curl is not installed: its two tests run over node:http in protocol.test.ts instead');

  const curl = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('curl', ['-sS', '-m', '20', ...args])).stdout;

  it.runIf(hasCurl)('reads with a GET, a POST and parameters', async () => {
    expect(await curl(`${fixture.url}/ping`)).toBe('Ok.\n');
    expect(await curl(`${fixture.url}/?query=SELECT%201`)).toBe('1\n');
    expect(await curl(fixture.url, '-d', 'SELECT 1, 2 FORMAT CSV')).toBe('1,2\n');
    expect(await curl(`${fixture.url}/?param_x=it's`, '-d', 'SELECT {x:String}')).toBe("it\\'s\n");
    expect(await curl(fixture.url, '-F', 'query=SELECT {x:String}', '-F', 'param_x=multi')).toBe('multi\n');
    expect(await curl('--compressed', `${fixture.url}/?enable_http_compression=1`, '-d', 'SELECT 1')).toBe('1\n');
  });

  it.runIf(hasCurl)('writes with the token as Basic, Bearer, header or URL field', async () => {
    const status = async (...args: string[]): Promise<string> =>
      curl('-o', '/dev/null', '-w', '%{http_code}', ...args, '-d', 'INSERT INTO rows (a) VALUES (7)');
    expect(await status(fixture.url)).toBe('403');
    expect(await status(fixture.url, '-u', `any:${WRITE_TOKEN}`)).toBe('200');
    expect(await status(fixture.url, '-H', `Authorization: Bearer ${WRITE_TOKEN}`)).toBe('200');
    expect(await status(fixture.url, '-H', `X-ClickHouse-Key: ${WRITE_TOKEN}`)).toBe('200');
    expect(await status(`${fixture.url}/?password=${WRITE_TOKEN}`)).toBe('200');
    expect(await status(fixture.url, '-u', 'any:wrong')).toBe('403');
  });
});
