import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORMATS } from '../../../packages/store/src/interface/allow-list.js';
import { contentTypeOf } from '../../../packages/store/src/interface/answer.js';
import { statusOf } from '../../../packages/store/src/interface/interface-error.js';
import { openInterface, type InterfaceFixture } from '../../../packages/store/test/interface/interface-fixture.js';
import { startServer, type RunningServer } from '../support/start-server.mjs';
import { post, type Answer } from '../support/post.js';

/** A request that both are sent; `path` is what stands behind `/`. */
interface Exchange {
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const form = (fields: Readonly<Record<string, string>>): Exchange => {
  const boundary = 'boundary-of-the-tests';
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return {
    body: `${parts.join('')}--${boundary}--\r\n`,
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  };
};

/** What readers ask, and what answers and errors must be the same for. */
const EXCHANGES: Readonly<Record<string, Exchange>> = {
  'a statement in the body': { body: 'SELECT 1, NULL, [1, 2], map(1, 2)' },
  'a statement in the address': { path: { query: 'SELECT 1' } },
  'one split between both': { path: { query: 'SELECT number' }, body: ' FROM numbers(3)' },
  'one split between both without a space': { path: { query: 'SELECT 1' }, body: '+ 1' },
  'a semicolon at the end': { body: 'SELECT 1;' },
  'a format in the statement': { body: 'SELECT 1 AS a FORMAT JSONEachRow' },
  'a default format': { path: { default_format: 'JSONCompactEachRowWithNamesAndTypes' }, body: 'SELECT 1 AS a' },
  'a default format in a header': { body: 'SELECT 1 AS a', headers: { 'X-ClickHouse-Format': 'CSVWithNames' } },
  'a header format beside one in the address': {
    path: { default_format: 'TSV' },
    body: 'SELECT 1 AS a',
    headers: { 'X-ClickHouse-Format': 'JSONEachRow' },
  },
  'rows as Native': { body: 'SELECT toUInt64(7) AS n FORMAT Native' },
  'rows as RowBinary': { body: "SELECT 1 AS n, 'x' AS s FORMAT RowBinaryWithNamesAndTypes" },
  'a parameter': { path: { param_x: "it's\\n\\\\" }, body: 'SELECT {x:String}' },
  'a list as a parameter': { path: { param_x: "['a','b\\'c']" }, body: 'SELECT {x:Array(String)} FORMAT JSONEachRow' },
  'a parameter that is null': { path: { param_x: '\\N' }, body: 'SELECT {x:Nullable(UInt8)}' },
  'a name as a parameter': { path: { param_t: 'numbers' }, body: 'SELECT count() FROM system.{t:Identifier} LIMIT 0' },
  'a parameter without a value': { body: 'SELECT {x:UInt8}' },
  'a parameter of another type': { path: { param_x: 'abc' }, body: 'SELECT {x:UInt8}' },
  'a setting in the address': {
    path: { output_format_json_quote_64bit_integers: '1' },
    body: 'SELECT toUInt64(1) AS n FORMAT JSONEachRow',
  },
  'a setting in the statement': {
    body: 'SELECT toUInt64(1) AS n FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 1',
  },
  'a time zone for the session': {
    path: { session_timezone: 'Asia/Tokyo' },
    body: "SELECT toDateTime('2026-01-01 00:00:00', 'UTC') = toDateTime('2026-01-01 09:00:00')",
  },
  'a database that there is not': { path: { database: 'nowhere' }, body: 'SELECT 1' },
  'fields of a form': form({ query: 'SELECT {x:String}', param_x: 'a\r\nb' }),
  'a body in gzip': { body: gzipSync('SELECT 1'), headers: { 'Content-Encoding': 'gzip' } },
  'an encoding that there is not': { body: 'SELECT 1', headers: { 'Content-Encoding': 'rot13' } },
  'no statement': { body: '' },
  'a wrong statement': { body: 'SELEC 1' },
  'two statements': { body: 'SELECT 1; SELECT 2' },
  'a table that there is not': { body: 'SELECT * FROM nowhere' },
  'a column that there is not': { body: 'SELECT a FROM system.one' },
  'a format that there is not': { body: 'SELECT 1 FORMAT NothingLikeIt' },
  'a default format that there is not': { path: { default_format: 'NothingLikeIt' }, body: 'SELECT 1' },
  'arguments of wrong types': { body: "SELECT toDate('x') + 'y'" },
  'an error in the middle': { body: 'SELECT throwIf(number = 5) FROM numbers(10)' },
  'a session that must be there': { path: { session_id: 'none', session_check: '1' }, body: 'SELECT 1' },
  'a time for a session that is no number': { path: { session_id: 'one', session_timeout: 'long' }, body: 'SELECT 1' },
  'a description': { body: 'DESCRIBE TABLE system.one' },
  'a plan': { body: 'EXPLAIN SYNTAX SELECT 1 + 1' },
  'whether a table is there': { body: 'EXISTS TABLE system.one' },
};

describe('a request is answered as ClickHouse answers it:', () => {
  let server: RunningServer;
  let fixture: InterfaceFixture;

  beforeAll(async () => {
    [server, fixture] = [await startServer(), await openInterface()];
  });

  afterAll(async () => {
    await fixture.close();
    await server.stop();
  });

  it.each(Object.entries(EXCHANGES))('%s', async (_name, { path = {}, body = '', headers = {} }) => {
    const search = new URLSearchParams(path).toString();
    const login = { 'X-ClickHouse-User': server.user, 'X-ClickHouse-Key': server.password };
    const theirs = await post(`${server.url}/?${search}`, body, { ...headers, ...login });
    const ours = await post(`${fixture.url}/?${search}`, body, headers);
    expect(shown(ours)).toEqual(shown(theirs));
  });

  it('with the same status for every number of an error, refusals aside', async () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => index + 1);
    const different: object[] = [];
    for (const number of numbers) {
      const { status, headers } = await askServer(
        `SELECT throwIf(1, 'x', toInt16(${number})) SETTINGS allow_custom_error_code_in_throwif = 1`,
      );
      if (headers['x-clickhouse-exception-code'] !== String(number)) continue;
      if (statusOf(number) !== status) different.push({ number, ours: statusOf(number), theirs: status });
    }
    expect(different).toEqual([
      { number: 164, ours: 403, theirs: 500 },
      { number: 497, ours: 403, theirs: 500 },
    ]);
  });

  it('with the same content type in every format', async () => {
    const names = await askServer('SELECT name FROM system.formats WHERE is_output FORMAT TSV');
    const formats = names.body.toString().trim().split('\n');
    expect(formats.length).toBeGreaterThan(80);
    for (const format of formats) {
      const { status, headers } = await askServer(`SELECT 1 AS a FORMAT ${format}`);
      if (status !== 200 || !FORMATS.has(format)) continue;
      expect({ format, type: contentTypeOf(format) }).toEqual({ format, type: headers['content-type'] });
    }
  });

  async function askServer(sql: string): Promise<Answer> {
    return post(server.url, sql, { 'X-ClickHouse-User': server.user, 'X-ClickHouse-Key': server.password });
  }
});

/** What a client goes by; the text of an error is the engine's or ours, its number and name are not. */
function shown({ status, headers, body }: Answer): object {
  const text = body.toString('latin1');
  return {
    status,
    code: headers['x-clickhouse-exception-code'],
    type: status === 200 ? headers['content-type'] : undefined,
    format: status === 200 ? headers['x-clickhouse-format'] : undefined,
    body:
      status === 200
        ? text.replaceAll(/"elapsed": [\d.e-]+/g, '"elapsed": 0')
        : /^Code: \d+\. DB::Exception: /.exec(text)?.[0],
  };
}
