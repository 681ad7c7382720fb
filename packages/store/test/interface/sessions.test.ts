import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInterface } from './interface-fixture.js';
import type { Answer, Ask, InterfaceFixture } from './interface-fixture.js';

let fixture: InterfaceFixture;

beforeEach(async () => {
  fixture = await openInterface();
  await fixture.database.command('CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a');
});

afterEach(async () => fixture.close());

/** One statement in the session `s` unless told otherwise; with the token unless told otherwise. */
async function ask(body: string, more: Record<string, string> = {}, other: Partial<Ask> = {}): Promise<Answer> {
  return fixture.ask({ body, query: { session_id: 's', ...more }, isWriter: true, ...other });
}

async function textOf(body: string, more: Record<string, string> = {}): Promise<string> {
  const { status, text } = await ask(body, more);
  return status === 200 ? text : `${status} ${text}`;
}

async function codeOf(body: string, more: Record<string, string> = {}, other: Partial<Ask> = {}): Promise<unknown> {
  return (await ask(body, more, other)).headers['x-clickhouse-exception-code'];
}

const BLOCK_SIZE = "SELECT getSetting('max_block_size')";

describe('SET in a session', () => {
  it('holds for the session, for readers too, and for no other', async () => {
    expect(await textOf('SET max_block_size = 1234')).toBe('');
    expect(await textOf(BLOCK_SIZE)).toBe('1234\n');
    expect(await textOf(BLOCK_SIZE, { session_id: 'other' })).not.toBe('1234\n');
    expect((await fixture.ask({ body: BLOCK_SIZE })).text).not.toBe('1234\n');
    const reader = { isWriter: false };
    expect((await ask(BLOCK_SIZE, {}, reader)).text).not.toBe('1234\n');
    expect((await ask('SET max_block_size = 99', {}, reader)).status).toBe(200);
    expect((await ask(BLOCK_SIZE, {}, reader)).text).toBe('99\n');
    expect(await textOf(BLOCK_SIZE)).toBe('1234\n');
  });

  it('gives way to the setting of a request, and is taken back with DEFAULT', async () => {
    await ask('SET max_block_size = 1234, max_threads = 1');
    expect(await textOf(BLOCK_SIZE, { max_block_size: '77' })).toBe('77\n');
    expect(await textOf(BLOCK_SIZE)).toBe('1234\n');
    await ask('SET max_block_size = DEFAULT');
    expect(await textOf(BLOCK_SIZE)).not.toBe('1234\n');
    expect(await textOf("SELECT getSetting('max_threads')")).toBe('1\n');
  });

  it('takes strings as they are meant', async () => {
    expect(await textOf(String.raw`SET format_csv_null_representation = 'it\'s \\N'`)).toBe('');
    expect(await textOf('SELECT NULL FORMAT CSV')).toBe("it's \\N\n");
  });

  it('goes no further than a setting of a request may', async () => {
    await ask('SET max_execution_time = 100000');
    expect(await textOf("SELECT getSetting('max_execution_time')")).toBe('30\n');
    for (const statement of [
      "SET dialect = 'prql'",
      "SET format_schema = '/etc/x'",
      'SET max_threads = 1, implicit_select = 1',
      "SET param_x = 'y'",
      'SET max_threads = (SELECT 1)',
      'SET max_threads = 1 + 1',
      `SET format_csv_null_representation = '${'x'.repeat(1100)}'`,
      'SET ROLE default',
      'SET TRANSACTION SNAPSHOT 1',
      "SET max_threads = 1 INTO OUTFILE '/tmp/x'",
    ])
      expect([statement, await codeOf(statement)]).toEqual([statement, expect.stringMatching(/^(?:497|62)$/)]);
    expect(await codeOf('SET readonly = 1')).toBe('164');
  });

  it('outside a session is refused, since it would hold for nothing', async () => {
    const { text } = await fixture.ask({ body: 'SET max_threads = 1', isWriter: true });
    expect(text).toContain('without a session_id in the request');
  });
});

describe('a temporary table', () => {
  it('is made, filled in any format, read, described and dropped in its session', async () => {
    expect(await textOf('CREATE TEMPORARY TABLE tmp (a UInt64, s String)')).toBe('');
    expect(await textOf('INSERT INTO tmp FORMAT TSV\n1\tx\n')).toBe('');
    expect(await textOf("INSERT INTO tmp VALUES (2, 'y\n\nDROP TABLE t')")).toBe('');
    expect(await textOf('INSERT INTO tmp SELECT number + 10, toString(number) FROM numbers(3)')).toBe('');
    expect(await textOf('SELECT count(), sum(a) FROM tmp')).toBe('5\t36\n');
    expect(await textOf('DESCRIBE TABLE tmp')).toMatch(/^a\tUInt64/);
    expect(await textOf('INSERT INTO t SELECT a FROM tmp')).toBe('');
    expect(await fixture.database.query('SELECT count() AS n FROM t')).toEqual([{ n: '5' }]);
    expect(await textOf('DROP TEMPORARY TABLE tmp')).toBe('');
    expect(await codeOf('SELECT * FROM tmp')).toBe('60');
  });

  it('is made of a query, with IF NOT EXISTS and ENGINE = Memory too', async () => {
    expect(await textOf('CREATE TEMPORARY TABLE one AS SELECT 1 AS x')).toBe('');
    expect(await textOf('CREATE TEMPORARY TABLE IF NOT EXISTS one (x UInt8) ENGINE = Memory')).toBe('');
    expect(await textOf('SELECT * FROM one')).toBe('1\n');
    expect(await textOf('DROP TEMPORARY TABLE IF EXISTS one')).toBe('');
    expect(await textOf('DROP TEMPORARY TABLE IF EXISTS one')).toBe('');
  });

  it('is seen by no other session, connection or authority', async () => {
    await ask('CREATE TEMPORARY TABLE tmp (a UInt8)');
    const statement = 'SELECT * FROM tmp';
    expect(await codeOf(statement, { session_id: 'other' })).toBe('60');
    expect(await codeOf(statement, {}, { isWriter: false })).toBe('60');
    expect((await fixture.ask({ body: statement, isWriter: true })).headers['x-clickhouse-exception-code']).toBe('60');
    await expect(fixture.database.query(statement)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('outlives an error, whose half-printed answer is in no later one', async () => {
    await ask('CREATE TEMPORARY TABLE tmp (a UInt8)');
    const failing = await ask('SELECT number, throwIf(number = 900000) FROM numbers(1000000) FORMAT JSON');
    expect(failing.headers['x-clickhouse-exception-code']).toBe('395');
    expect(await textOf('SELECT count() FROM tmp')).toBe('0\n');
    expect(await textOf('SELECT 1')).toBe('1\n');
  });

  it('keeps no setting, parameter or external table of one request for the next', async () => {
    await ask('CREATE TEMPORARY TABLE tmp (a UInt8)');
    const json = 'SELECT toUInt64(1) AS x FORMAT JSONEachRow';
    expect(await textOf(json, { output_format_json_quote_64bit_integers: '0' })).toBe('{"x":1}\n');
    expect(await textOf(json)).toBe('{"x":"1"}\n');
    expect(await textOf('SELECT {v:String}', { param_v: 'left' })).toBe('left\n');
    expect(await codeOf('SELECT {v:String}')).toBe('456');
    expect(await textOf(BLOCK_SIZE, { max_block_size: '5' })).toBe('5\n');
    expect(await textOf(BLOCK_SIZE)).not.toBe('5\n');
  });

  it('needs the token, a POST and a session', async () => {
    const create = 'CREATE TEMPORARY TABLE tmp (a UInt8)';
    expect(await codeOf(create, {}, { isWriter: false })).toBe('497');
    expect(await codeOf(create, { readonly: '1' })).toBe('164');
    expect((await fixture.ask({ query: { query: create, session_id: 's' }, isWriter: true })).status).toBe(403);
    expect((await fixture.ask({ body: create, isWriter: true })).text).toContain('without a session_id');
  });

  it('has columns and rows and nothing else', async () => {
    for (const statement of [
      "CREATE TEMPORARY TABLE x (a UInt8) ENGINE = URL('http://127.0.0.1:9/', CSV)",
      "CREATE TEMPORARY TABLE x (a UInt8) ENGINE = File(CSV, '/tmp/x')",
      'CREATE TEMPORARY TABLE x (a UInt8) ENGINE = MergeTree ORDER BY a',
      "CREATE TEMPORARY TABLE x (a String DEFAULT file('/etc/hostname'))",
      "CREATE TEMPORARY TABLE x AS SELECT file('/etc/hostname') AS a",
      "CREATE TEMPORARY TABLE x AS url('http://127.0.0.1:9/', CSV)",
      'CREATE TEMPORARY TABLE x AS t',
      'CREATE TEMPORARY TABLE costel.x (a UInt8)',
      'CREATE TEMPORARY VIEW x AS SELECT 1',
      'CREATE OR REPLACE TEMPORARY TABLE x (a UInt8)',
      'DROP TEMPORARY TABLE x, t',
      'DROP TEMPORARY TABLE costel.t',
      'DROP TABLE t',
      'DROP VIEW t',
      'TRUNCATE TEMPORARY TABLE x',
    ])
      expect([statement, await codeOf(statement)]).toEqual([statement, expect.stringMatching(/^(?:497|62|80)$/)]);
    expect(await fixture.database.query('EXISTS TABLE t')).toEqual([{ result: 1 }]);
  });
});

describe('a session', () => {
  it('that must exist must have been used', async () => {
    expect(await codeOf('SELECT 1', { session_check: '1' })).toBe('372');
    await ask('SELECT 1');
    expect(await textOf('SELECT 1', { session_check: '1' })).toBe('1\n');
  });

  it('ends when it is told to, and after its timeout', async () => {
    await ask('SET max_block_size = 1234');
    expect(await textOf(BLOCK_SIZE, { close_session: '1' })).toBe('1234\n');
    expect(await codeOf('SELECT 1', { session_check: '1' })).toBe('372');
    await ask('CREATE TEMPORARY TABLE tmp (a UInt8)', { session_timeout: '0.05' });
    // Each question begins the session's time anew: it must be shorter than the time between two of them.
    await expect.poll(() => codeOf('SELECT 1', { session_check: '1', session_timeout: '0.001' })).toBe('372');
    expect(await codeOf('SELECT * FROM tmp')).toBe('60');
  });

  it('of a strange length or name is refused', async () => {
    expect(await codeOf('SELECT 1', { session_timeout: '100000' })).toBe('374');
    expect(await codeOf('SELECT 1', { session_timeout: 'x' })).toBe('374');
    expect(await codeOf('SELECT 1', { session_id: 'x'.repeat(300) })).toBe('36');
  });

  it('runs its statements one after the other where it has a table', async () => {
    await ask('CREATE TEMPORARY TABLE tmp (a UInt64)');
    await Promise.all(Array.from({ length: 20 }, async (_, index) => ask(`INSERT INTO tmp VALUES (${index})`)));
    expect(await textOf('SELECT count(), sum(a) FROM tmp')).toBe('20\t190\n');
  });

  it('with a table costs a connection: the seventeenth is refused, everything else is served', async () => {
    for (let index = 0; index < 16; index += 1)
      expect((await ask('CREATE TEMPORARY TABLE tmp (a UInt8)', { session_id: `s${index}` })).status).toBe(200);
    expect(await codeOf('CREATE TEMPORARY TABLE tmp (a UInt8)', { session_id: 'one more' })).toBe('202');
    expect(await textOf('SELECT 1', { session_id: 'one more' })).toBe('1\n');
    await ask('SELECT 1', { session_id: 's0', close_session: '1' });
    expect((await ask('CREATE TEMPORARY TABLE tmp (a UInt8)', { session_id: 'one more' })).status).toBe(200);
  });
});
