import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database.js';
import { connectDatabase } from '../../src/server/server-database.js';
import { openInterface, WRITE_TOKEN } from '../interface/interface-fixture.js';
import type { InterfaceFixture } from '../interface/interface-fixture.js';

const serverUrl = process.env['CLICKHOUSE_URL'];
if (serverUrl === undefined)
  console.info('CLICKHOUSE_URL is not set: the server tests run against the interface over the embedded engine');

/** A server, or the interface over the embedded engine, which speaks the same protocol. */
describe('a database behind HTTP', () => {
  let fixture: InterfaceFixture | undefined;
  let database: Database;

  beforeAll(async () => {
    if (serverUrl === undefined) {
      fixture = await openInterface();
      await fixture.database.command(
        'CREATE TABLE server_test (a UInt64, s String, d Decimal(38, 12), at DateTime64(3)) ENGINE = MergeTree ORDER BY a',
      );
      database = await connectDatabase({ url: fixture.url, password: WRITE_TOKEN });
      return;
    }
    const { CLICKHOUSE_USER: username = 'default', CLICKHOUSE_PASSWORD: password = '' } = process.env;
    database = await connectDatabase({ url: serverUrl, username, password });
    await database.command('DROP TABLE IF EXISTS server_test');
    await database.command(
      'CREATE TABLE server_test (a UInt64, s String, d Decimal(38, 12), at DateTime64(3)) ENGINE = MergeTree ORDER BY a',
    );
  });

  afterAll(async () => {
    await database.close();
    await fixture?.close();
  });

  it('keeps the contract of the embedded one', async () => {
    await database.insertRows('server_test', [
      { a: 2n ** 64n - 1n, s: "it's\n\n\\", d: '0.000000000001', at: '2026-01-02T03:04:05.678Z' },
    ]);
    const rows = await database.query('SELECT * FROM server_test WHERE s = {s:String} AND a IN {l:Array(UInt64)}', {
      s: "it's\n\n\\",
      l: [2n ** 64n - 1n],
    });
    expect(rows).toEqual([
      { a: '18446744073709551615', s: "it's\n\n\\", d: '0.000000000001', at: '2026-01-02 03:04:05.678' },
    ]);
  });

  it('takes a list of thousands of values as a parameter', async () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => index.toString(16).padStart(32, '0'));
    const rows = await database.query<{ n: string }>(
      "SELECT count() AS n FROM numbers(3) WHERE leftPad(lower(hex(number)), 32, '0') IN {ids:Array(String)}",
      { ids },
    );
    expect(rows).toEqual([{ n: '3' }]);
    const [row] = await database.query<{ same: number }>(
      'SELECT arrayMap(id -> id, {ids:Array(String)}) = {ids:Array(String)} AND {few:Array(UInt64)} = [7] AS same',
      { ids, few: [7n] },
    );
    expect(row).toEqual({ same: 1 });
  });

  it('takes parameters of several MiB together, in queries and in commands: an address holds one', async () => {
    const ids = Array.from({ length: 60_000 }, (_, index) => `it's\n${index.toString(16).padStart(32, '0')}`);
    const text = '\\ß\r\n\t'.repeat(2000);
    const rows = await database.query(
      'SELECT length({ids:Array(String)}) AS n, {ids:Array(String)}[60000] AS last, {text:String} AS text',
      { ids, text },
    );
    expect(rows).toEqual([{ n: '60000', last: ids.at(-1), text }]);
    await database.command(
      'INSERT INTO server_test (a, s) SELECT length({ids:Array(String)}), concat({ids:Array(String)}[60000], {text:String})',
      { ids, text },
    );
    const [stored] = await database.query('SELECT s FROM server_test WHERE a = 60000');
    expect(stored).toEqual({ s: `${ids.at(-1)}${text}` });
  });

  it('says what is wrong with a command whose parameters are that long', async () => {
    const ids = Array.from({ length: 60_000 }, (_, index) => index.toString(16).padStart(32, '0'));
    await expect(
      database.command('INSERT INTO nowhere_at_all SELECT arrayJoin({ids:Array(String)})', { ids }),
    ).rejects.toMatchObject({ code: 'not_found', clickhouseCode: 60 });
  });

  it('throws the same errors', async () => {
    await expect(database.query('SELEC')).rejects.toMatchObject({ code: 'syntax_error', clickhouseCode: 62 });
    await expect(database.query('SELECT * FROM nowhere_at_all')).rejects.toMatchObject({
      code: 'not_found',
      clickhouseCode: 60,
    });
    await expect(database.insertRows('server_test', [{ a: 'x' }])).rejects.toMatchObject({ code: 'data_invalid' });
    await expect(database.query('SELECT {x:UInt64}', { x: 2 ** 60 })).rejects.toMatchObject({
      code: 'parameter_invalid',
    });
  });

  it('takes credentials from its address', async () => {
    if (fixture === undefined) return;
    const address = new URL(fixture.url);
    address.username = 'someone';
    address.password = WRITE_TOKEN;
    const other = await connectDatabase({ url: address.href });
    expect(await other.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await other.close();
  });

  it('that does not answer, or does not know us, says so', async () => {
    await expect(connectDatabase({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'unreachable',
      retryable: true,
    });
    const url = fixture?.url ?? serverUrl ?? '';
    await expect(connectDatabase({ url, password: 'wrong-password-entirely' })).rejects.toMatchObject({
      code: 'authentication_failed',
    });
  });
});
