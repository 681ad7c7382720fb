// The core paths of @clickhouse/client against the interface at COSTEL_URL.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';

const url = process.env.COSTEL_URL ?? '';
const token = process.env.COSTEL_WRITE_TOKEN ?? '';
// The store's own dependency: the version that Costel ships with is the one that is tested.
const store = fileURLToPath(new URL('../../../packages/store/package.json', import.meta.url));
const { createClient, ClickHouseLogLevel } = await import(
  pathToFileURL(createRequire(store).resolve('@clickhouse/client')).href
);

const log = { level: ClickHouseLogLevel.OFF };
const reader = createClient({ url, log });
const writer = createClient({ url, username: 'someone', password: token, log });
const packed = createClient({ url, password: token, compression: { request: true, response: true }, log });

/** @param {typeof reader} client @param {string} query */
async function rowsOf(client, query, options = {}) {
  return (await client.query({ query, format: 'JSONEachRow', ...options })).json();
}

/** @type {[string, () => Promise<void>][]} */
const CASES = [
  [
    'pings, with and without a statement',
    async () => {
      assert.deepEqual(await reader.ping(), { success: true });
      assert.deepEqual(await reader.ping({ select: true }), { success: true });
    },
  ],
  [
    'creates a table, inserts, reads back, says how many rows were written',
    async () => {
      await writer.command({ query: 'CREATE TABLE node_rows (a UInt64, s String) ENGINE = MergeTree ORDER BY a' });
      const values = [
        { a: 1, s: "it's\n\nDROP TABLE node_rows" },
        { a: 2, s: '' },
      ];
      const { summary } = await writer.insert({ table: 'node_rows', values, format: 'JSONEachRow' });
      assert.equal(summary?.written_rows, '2');
      assert.deepEqual(await rowsOf(reader, 'SELECT a, s FROM node_rows ORDER BY a'), [
        { ...values[0], a: '1' },
        { ...values[1], a: '2' },
      ]);
    },
  ],
  [
    'inserts a stream and reads one, gzip both ways',
    async () => {
      const rows = Array.from({ length: 20_000 }, (_, index) => ({ a: 1000 + index, s: `row ${index}` }));
      await packed.insert({ table: 'node_rows', values: Readable.from(rows), format: 'JSONEachRow' });
      const result = await packed.query({
        query: 'SELECT a FROM node_rows WHERE a >= 1000',
        format: 'JSONEachRow',
      });
      let count = 0;
      for await (const part of result.stream()) count += part.length;
      assert.equal(count, rows.length);
    },
  ],
  [
    'inserts the answer of a query',
    async () => {
      await writer.command({ query: 'INSERT INTO node_rows SELECT number + 100, toString(number) FROM numbers(5)' });
      assert.deepEqual(await rowsOf(reader, 'SELECT count() AS n FROM node_rows WHERE a >= 100 AND a < 105'), [
        { n: '5' },
      ]);
    },
  ],
  [
    'binds parameters, names of columns among them',
    async () => {
      const query_params = { v: "x\\'y\n", l: [1, 2], m: { k: 'v' }, d: new Date(1_767_323_045_678), i: 'five' };
      const query =
        'SELECT {v:String} AS v, {l:Array(UInt8)} AS l, {m:Map(String, String)} AS m, {d:DateTime64(3)} AS d, {i:Identifier} AS i FROM (SELECT 5 AS five)';
      assert.deepEqual(await rowsOf(reader, query, { query_params }), [
        { v: "x\\'y\n", l: [1, 2], m: { k: 'v' }, d: '2026-01-02 03:04:05.678', i: 5 },
      ]);
    },
  ],
  [
    'sets a setting for one query, or for all of a client',
    async () => {
      const query = "SELECT getSetting('max_threads') AS t";
      assert.deepEqual(await rowsOf(reader, query, { clickhouse_settings: { max_threads: 1 } }), [{ t: 1 }]);
      const single = createClient({ url, clickhouse_settings: { max_threads: 1 }, log });
      assert.deepEqual(await rowsOf(single, query), [{ t: 1 }]);
      await single.close();
    },
  ],
  [
    'keeps a setting and a temporary table through a session, and nowhere else',
    async () => {
      const session_id = 'node-session';
      const session = createClient({ url, password: token, session_id, log });
      await session.command({ query: 'SET max_block_size = 4321' });
      assert.deepEqual(await rowsOf(session, "SELECT toUInt32(getSetting('max_block_size')) AS b"), [{ b: 4321 }]);
      await session.command({ query: 'CREATE TEMPORARY TABLE scratch_rows (i UInt32, s String)' });
      await session.insert({ table: 'scratch_rows', values: [{ i: 42, s: 'kept\n\n' }], format: 'JSONEachRow' });
      assert.deepEqual(await rowsOf(session, 'SELECT * FROM scratch_rows'), [{ i: 42, s: 'kept\n\n' }]);
      await assert.rejects(rowsOf(session, "SELECT throwIf(1, 'an error in between')"));
      assert.deepEqual(await rowsOf(session, 'SELECT count() AS n FROM scratch_rows'), [{ n: '1' }]);
      await assert.rejects(rowsOf(writer, 'SELECT * FROM scratch_rows'), { code: '60' });
      await assert.rejects(rowsOf(reader, 'SELECT * FROM scratch_rows'), { code: '60' });
      await session.close();
    },
  ],
  [
    'reads the code and the type of an error, at the start and in the middle of an answer',
    async () => {
      await assert.rejects(rowsOf(reader, 'SELECT * FROM nowhere'), { code: '60', type: 'UNKNOWN_TABLE' });
      await assert.rejects(rowsOf(reader, 'selec 1'), { code: '62', type: 'SYNTAX_ERROR' });
      await assert.rejects(rowsOf(reader, 'SELECT throwIf(number = 900000) FROM numbers(1000000)'), { code: '395' });
    },
  ],
  [
    'is refused with a wrong password, and for writing without one',
    async () => {
      const wrong = createClient({ url, password: 'not the token at all', log });
      await assert.rejects(rowsOf(wrong, 'SELECT 1'), { code: '516', type: 'AUTHENTICATION_FAILED' });
      await wrong.close();
      const values = [{ a: 1, s: '' }];
      await assert.rejects(reader.insert({ table: 'node_rows', values, format: 'JSONEachRow' }), { code: '497' });
    },
  ],
  [
    'is read-only where it asks for readonly, though it has the token',
    async () => {
      const cautious = createClient({ url, password: token, clickhouse_settings: { readonly: '1' }, log });
      assert.deepEqual(await rowsOf(cautious, 'SELECT 1 AS one'), [{ one: 1 }]);
      const values = [{ a: 1, s: '' }];
      await assert.rejects(cautious.insert({ table: 'node_rows', values, format: 'JSONEachRow' }), { code: '164' });
      await cautious.close();
    },
  ],
  [
    'takes credentials from the address',
    async () => {
      const address = new URL(url);
      address.username = 'someone';
      address.password = token;
      const client = createClient({ url: address.href, log });
      await client.command({ query: "INSERT INTO node_rows VALUES (7, '7')" });
      await client.close();
    },
  ],
  [
    'gives up a query, and it ends in the engine too',
    async () => {
      const controller = new AbortController();
      const query = 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)';
      const pending = reader.query({ query, abort_signal: controller.signal });
      setTimeout(() => controller.abort(), 300);
      await assert.rejects(pending);
      const started = Date.now();
      // Every statement of a stranger that may run at once runs: if the abandoned one still did, these would wait.
      await Promise.all(Array.from({ length: 8 }, async () => rowsOf(reader, 'SELECT 1 AS one')));
      assert.ok(Date.now() - started < 10_000);
    },
  ],
];

let failed = 0;
for (const [name, work] of CASES) {
  try {
    await work();
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(
      `not ok ${name}: ${String(error instanceof Error ? error.message : error)
        .split('\n')
        .slice(0, 6)
        .join(' | ')}\n`,
    );
  }
}
await Promise.all([reader.close(), writer.close(), packed.close()]);
process.exit(failed === 0 ? 0 : 1);
