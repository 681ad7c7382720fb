import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedDatabase, recommendedThreadPoolSize } from '../../src/engine/embedded-database.js';
import type { EmbeddedDatabase } from '../../src/engine/embedded-database.js';

const root = mkdtempSync(join(tmpdir(), 'costel-engine-'));
const packageDirectory = join(import.meta.dirname, '../..');

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Another process that uses the engine itself, as a second copy of the program would. */
function engineProcess(directory: string, statements: readonly string[], then: string): ReturnType<typeof spawn> {
  const script = `const { Session } = require('chdb'); const s = new Session(process.argv[1]); for (const q of JSON.parse(process.argv[2])) s.query(q); process.stdout.write('ready'); ${then}`;
  return spawn(process.execPath, ['-e', script, directory, JSON.stringify(statements)], {
    cwd: packageDirectory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe('an open database', () => {
  let database: EmbeddedDatabase;

  beforeAll(async () => {
    database = await openEmbeddedDatabase({ dataDirectory: join(root, 'shared') });
    await database.command(
      'CREATE TABLE t (a UInt64, s String, d Decimal(38, 12), at DateTime64(3), l Array(String), n Nullable(UInt8)) ENGINE = MergeTree ORDER BY a',
    );
  });

  afterAll(async () => database.close());

  it('has merges yield to queries and inserts', async () => {
    const [row] = await database.query<{ nice: string }>(
      "SELECT value AS nice FROM system.server_settings WHERE name = 'os_threads_nice_value_merge_mutate'",
    );
    expect(Number(row?.nice)).toBeGreaterThan(0);
  });

  it('brings 64-bit integers and decimals as strings, times as UTC text', async () => {
    await database.insertRows('costel.t', [
      {
        a: 2n ** 64n - 1n,
        s: "it's\n\nDROP TABLE t",
        d: '0.000000000001',
        at: '2026-01-02T03:04:05.678Z',
        l: ['x\n\n'],
      },
    ]);
    expect(await database.query('SELECT * FROM t')).toEqual([
      {
        a: '18446744073709551615',
        s: "it's\n\nDROP TABLE t",
        d: '0.000000000001',
        at: '2026-01-02 03:04:05.678',
        l: ['x\n\n'],
        n: null,
      },
    ]);
    expect(await database.query('SELECT timezone() AS z')).toEqual([{ z: 'UTC' }]);
  });

  it('carries any string and any list of strings as a parameter', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 }).map((value) => Buffer.from(value).toString());
    await fc.assert(
      fc.asyncProperty(text, fc.array(text, { maxLength: 5 }), async (value, list) => {
        expect(await database.query('SELECT {v:String} AS v, {l:Array(String)} AS l', { v: value, l: list })).toEqual([
          { v: value, l: list },
        ]);
      }),
      { numRuns: 100 },
    );
  });

  it('takes integers beyond 2^53 as bigint', async () => {
    const rows = await database.query('SELECT {n:UInt64} AS n, {l:Array(UInt64)} AS l', {
      n: 2n ** 63n,
      l: [2n ** 63n],
    });
    expect(rows).toEqual([{ n: '9223372036854775808', l: ['9223372036854775808'] }]);
  });

  it('keeps a parameter of one call out of the next', async () => {
    for (let call = 0; call < 5; call += 1) await database.query('SELECT {secret:String} AS x', { secret: 'mine' });
    await expect(database.query('SELECT {secret:String} AS x')).rejects.toMatchObject({
      code: 'parameter_invalid',
      clickhouseCode: 456,
    });
  });

  it('runs four statements with parameters at the same time', async () => {
    const startedAtMs = performance.now();
    await Promise.all([1, 2, 3, 4].map(async (n) => database.query('SELECT sleep(3), {n:UInt8} AS n', { n })));
    // One after the other they take 12 s; the rest is room for a busy machine.
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });

  it('has the settings that a refused row needs to be refused', async () => {
    const names = [
      'async_insert',
      'materialized_views_ignore_errors',
      'max_partitions_per_insert_block',
      'implicit_select',
      'allow_introspection_functions',
    ];
    for (let call = 0; call < 5; call += 1) {
      const rows = await database.query<{ v: string }>(
        'SELECT toUInt8(value) AS v FROM system.settings WHERE name IN {names:Array(String)}',
        { names },
      );
      expect(rows.map(({ v }) => Number(v))).toEqual([0, 0, 0, 0, 0]);
    }
  });

  it('prints nothing of a statement that failed in front of the next answer', async () => {
    for (let call = 0; call < 8; call += 1) {
      await expect(
        database.query('SELECT number, throwIf(number = 400000) FROM numbers(1000000)'),
      ).rejects.toMatchObject({ clickhouseCode: 395 });
    }
    for (let call = 0; call < 8; call += 1) expect(await database.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  });

  it.each([
    ['SELEC', 'syntax_error', 62],
    ['SELECT * FROM nowhere', 'not_found', 60],
    ['SELECT nothing', 'not_found', 47],
    ['SELECT {x:UInt8}', 'parameter_invalid', 456],
    ['SELECT sum(number) FROM numbers(1000000000000) SETTINGS max_execution_time = 1', 'limit_exceeded', 159],
    ['SELECT throwIf(1)', 'query_failed', 395],
  ])('says of %s: %s', async (sql, code, clickhouseCode) => {
    await expect(database.query(sql)).rejects.toMatchObject({
      name: 'StoreError',
      code,
      clickhouseCode,
      retryable: clickhouseCode === 159,
    });
  });

  it('refuses rows that do not fit, names that are no names, and files that are patterns', async () => {
    await expect(database.insertRows('t', [{ a: 'x' }])).rejects.toMatchObject({ code: 'data_invalid' });
    await expect(database.insertRows('t', [{ nowhere: 1 }])).rejects.toMatchObject({ code: 'not_found' });
    await expect(database.insertRows('t; DROP TABLE t', [{ a: 1 }])).rejects.toMatchObject({ code: 'name_invalid' });
    await expect(database.insertRows('t', [{ 'a) SELECT 1 --': 1 }])).rejects.toMatchObject({ code: 'name_invalid' });
    const insert = { table: 't', columns: ['a'], format: 'TSV', path: '/tmp/*.rows' };
    await expect(database.insertFile(insert)).rejects.toMatchObject({ code: 'name_invalid' });
  });

  it('inserts a file with its settings, and no rows without an error', async () => {
    await database.command('CREATE TABLE f (a UInt64, s String) ENGINE = MergeTree ORDER BY a');
    const settings = { input_format_skip_unknown_fields: 1 };
    await database.scratch.withFile('{"a":1,"s":"x","more":2}\n', async (path) =>
      database.insertFile({ table: 'f', columns: ['a', 's'], format: 'JSONEachRow', path, settings }),
    );
    await database.insertRows('f', []);
    expect(await database.query('SELECT * FROM f')).toEqual([{ a: '1', s: 'x' }]);
    expect(readdirSync(database.scratch.path)).toEqual([]);
  });

  it('syncs files and directories of a table that asks for it before it acknowledges', async () => {
    const syncs = async (): Promise<number[]> => {
      const rows = await database.query<{ event: string; value: string }>(
        "SELECT event, toUInt64(value) AS value FROM system.events WHERE event IN ('FileSync', 'DirectorySync') ORDER BY event",
      );
      return ['DirectorySync', 'FileSync'].map((event) => Number(rows.find((row) => row.event === event)?.value ?? 0));
    };
    await database.command(
      'CREATE TABLE synced (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1, fsync_part_directory = 1',
    );
    await database.command('CREATE TABLE unsynced (a UInt64) ENGINE = MergeTree ORDER BY a');
    const before = await syncs();
    await database.insertRows('unsynced', [{ a: 1 }]);
    const between = await syncs();
    await database.insertRows('synced', [{ a: 1 }]);
    const after = await syncs();
    expect(between).toEqual(before);
    expect(after[0]).toBeGreaterThan(between[0] ?? 0);
    expect(after[1]).toBeGreaterThan(between[1] ?? 0);
  });

  it('gives a guest a connection of which nothing remains', async () => {
    await database.withGuestConnection(async (connection) => {
      await connection.set({ max_threads: 1 });
      await connection.run('CREATE TEMPORARY TABLE mine (a UInt8)');
      await connection.use('system');
    });
    await database.withGuestConnection(async (connection) => {
      const { bytes } = await connection.run("SELECT currentDatabase(), getSetting('max_threads') = 1");
      expect(Buffer.from(bytes).toString()).toBe('costel\t0\n');
      await expect(connection.run('SELECT * FROM mine')).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  it('refuses a second data directory in one process', async () => {
    await expect(openEmbeddedDatabase({ dataDirectory: join(root, 'second') })).rejects.toMatchObject({
      code: 'data_directory_unusable',
    });
  });
});

describe('a data directory', () => {
  let open: EmbeddedDatabase | undefined;

  afterEach(async () => {
    await open?.close();
    open = undefined;
  });

  it('in use by another process is an error that names it and the process', async () => {
    const directory = join(root, 'used');
    const child = engineProcess(directory, ['SELECT 1'], 'setInterval(() => {}, 1000)');
    await once(child.stdout ?? child, 'data');
    const error: unknown = await openEmbeddedDatabase({ dataDirectory: directory }).catch((reason: unknown) => reason);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(error).toMatchObject({ code: 'data_directory_in_use', retryable: true });
    expect(String(error)).toContain(directory);
    expect(String(error)).toContain(`process ${child.pid}`);
    open = await openEmbeddedDatabase({ dataDirectory: directory });
    expect(await open.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  });

  it('of a process that was killed opens with every acknowledged row', async () => {
    const directory = join(root, 'killed');
    const statements = [
      'CREATE DATABASE costel',
      'CREATE TABLE costel.kept (a UInt64) ENGINE = MergeTree ORDER BY a',
      'INSERT INTO costel.kept SELECT number FROM numbers(1000)',
    ];
    const child = engineProcess(directory, statements, "process.kill(process.pid, 'SIGKILL')");
    await once(child, 'exit');
    open = await openEmbeddedDatabase({ dataDirectory: directory });
    expect(await open.query('SELECT count() AS n FROM kept')).toEqual([{ n: '1000' }]);
  });

  it('keeps its rows over close and open, and closes twice', async () => {
    const directory = join(root, 'again');
    const first = await openEmbeddedDatabase({ dataDirectory: directory });
    await first.command('CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a');
    await first.insertRows('t', [{ a: 1 }]);
    const scratch = first.scratch.path;
    await Promise.all([first.close(), first.close()]);
    expect(existsSync(scratch)).toBe(false);
    await expect(first.query('SELECT 1')).rejects.toMatchObject({ code: 'closed' });
    open = await openEmbeddedDatabase({ dataDirectory: directory });
    expect(await open.query('SELECT a FROM t')).toEqual([{ a: 1 }]);
  });

  it('that is a file, or cannot be written, is an error that names it', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    await expect(openEmbeddedDatabase({ dataDirectory: file })).rejects.toMatchObject({
      code: 'data_directory_unusable',
    });
    await expect(openEmbeddedDatabase({ dataDirectory: join(file, 'below') })).rejects.toThrow(file);
    // Where directories cannot be made this went on for ever, and could only be killed.
    await expect(openEmbeddedDatabase({ dataDirectory: '/proc/costel/data' })).rejects.toMatchObject({
      code: 'data_directory_unusable',
    });
  });

  it('loses the scratch files of a process that is gone', async () => {
    const directory = join(root, 'orphans');
    open = await openEmbeddedDatabase({ dataDirectory: directory });
    const shared = join(open.scratch.path, '..');
    await open.close();
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const orphan = join(shared, `costel-${dead}-x`);
    mkdirSync(orphan);
    open = await openEmbeddedDatabase({ dataDirectory: directory });
    expect(existsSync(orphan)).toBe(false);
  });
});

it('four connections and four guests want twelve threads', () => {
  expect(recommendedThreadPoolSize()).toBe(12);
  expect(recommendedThreadPoolSize(2, 1)).toBe(7);
});

it('an insert goes ahead of the queries that wait for a connection', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'costel-urgent-'));
  const database = await openEmbeddedDatabase({ dataDirectory: directory, connections: 1 });
  try {
    await database.command('CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a');
    const done: string[] = [];
    const queries = ['first', 'second', 'third'].map(async (name) => {
      await database.query('SELECT sleep(0.2)');
      done.push(name);
    });
    const insert = database.insertRows('t', [{ a: 1 }]).then(() => done.push('insert'));
    await Promise.all([...queries, insert]);
    expect(done.indexOf('insert')).toBeLessThan(done.indexOf('third'));
  } finally {
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
