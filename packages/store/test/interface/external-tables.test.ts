import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInterface } from './interface-fixture.js';
import type { Answer, InterfaceFixture } from './interface-fixture.js';

let fixture: InterfaceFixture;

beforeAll(async () => {
  fixture = await openInterface();
  await fixture.database.command('CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a');
  await fixture.database.insertRows('t', [{ a: 1, s: 'kept' }]);
});

afterAll(async () => fixture.close());

interface Sent {
  readonly name?: string;
  readonly data: string | Uint8Array;
}

/** A form with files, and fields in the URL. */
async function send(
  files: readonly Sent[],
  fields: Record<string, string>,
  options: { readonly isWriter?: boolean; readonly boundary?: string } = {},
): Promise<Answer> {
  const boundary = options.boundary ?? 'boundary-of-the-test';
  const parts = files.flatMap(({ name = 'ext', data }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="x"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    Buffer.from(data as Uint8Array),
    Buffer.from('\r\n'),
  ]);
  return fixture.ask({
    query: fields,
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
    isWriter: options.isWriter ?? false,
  });
}

const HOSTILE = 'a\n\nDROP TABLE t\n\n; SELECT 1';

describe('an external table', () => {
  it('comes with a statement of a reader, in any format, and is gone after it', async () => {
    const query = 'SELECT sum(a), max(s) FROM ext';
    const structure = { query, ext_structure: 'a UInt8, s String' };
    expect((await send([{ data: '1\tx\n2\ty\n' }], structure)).text).toBe('3\ty\n');
    expect((await send([{ data: '1,x\n2,y\n' }], { ...structure, ext_format: 'CSV' })).text).toBe('3\ty\n');
    expect((await send([{ data: '{"a":1,"s":"z"}' }], { ...structure, ext_format: 'JSONEachRow' })).text).toBe(
      '1\tz\n',
    );
    expect((await send([{ data: '' }], structure)).text).toBe('0\t\n');
    expect((await fixture.ask({ body: 'SELECT * FROM ext' })).headers['x-clickhouse-exception-code']).toBe('60');
  });

  it('may be one of several, joined with tables of the store', async () => {
    const fields = {
      query: 'SELECT t.s, one.x, two._2 FROM t JOIN one ON one.a = t.a JOIN two ON two._1 = t.a',
      one_structure: 'a UInt64, x String',
      two_types: 'UInt64,Map(String, Array(UInt8))',
    };
    const files = [
      { name: 'one', data: '1\tx\n' },
      { name: 'two', data: "1\t{'k':[1,2]}\n" },
    ];
    expect((await send(files, fields)).text).toBe("kept\tx\t{'k':[1,2]}\n");
  });

  it('is data, blank lines, bytes and boundaries that are none included', async () => {
    const { bytes } = await fixture.database.run('SELECT {s:String} AS s', {
      format: 'Native',
      parameters: { s: HOSTILE },
    });
    const fields = {
      query: 'SELECT s = {s:String} FROM ext',
      param_s: HOSTILE.replaceAll('\n', '\\n'),
      ext_structure: 's String',
    };
    expect((await send([{ data: bytes }], { ...fields, ext_format: 'Native' })).text).toBe('1\n');
    expect((await send([{ data: HOSTILE }], { ...fields, ext_format: 'RawBLOB' })).text).toBe('1\n');
    const tricky = Buffer.concat([Buffer.from('--b\r\n\r\n--bx\n'), Buffer.from([0, 255, 10, 10, 13])]);
    const length = await send([{ data: tricky }], {
      query: 'SELECT length(s) FROM ext',
      ext_structure: 's String',
      ext_format: 'RawBLOB',
    });
    expect(length.text).toBe(`${tricky.length}\n`);
    expect(await fixture.database.query('SELECT s FROM t')).toEqual([{ s: 'kept' }]);
  });

  it('is inserted from by a writer, and from a session with a table of its own', async () => {
    const fields = { query: 'INSERT INTO t SELECT a + 100, s FROM ext', ext_structure: 'a UInt8, s String' };
    expect((await send([{ data: '1\tx\n' }], fields)).headers['x-clickhouse-exception-code']).toBe('497');
    const session = { session_id: 'external' };
    const create = 'CREATE TEMPORARY TABLE mine (a UInt8, s String)';
    expect((await fixture.ask({ body: create, query: session, isWriter: true })).status).toBe(200);
    const insert = { ...fields, ...session, query: 'INSERT INTO mine SELECT * FROM ext' };
    for (const text of ['one', 'two']) {
      const answer = await send([{ data: `1\t${text}\n` }], insert, { isWriter: true });
      expect([answer.status, answer.text]).toEqual([200, '']);
    }
    const count = await fixture.ask({ body: 'SELECT count() FROM mine', query: session, isWriter: true });
    expect(count.text).toBe('2\n');
    const twin = { ...session, query: 'SELECT 1', mine_structure: 'a UInt8' };
    const taken = await send([{ name: 'mine', data: '1\n' }], twin, { isWriter: true });
    expect(taken.headers['x-clickhouse-exception-code']).toBe('57');
  });

  it.each([
    ["a String DEFAULT file('/etc/hostname')"],
    ["a String MATERIALIZED file('/etc/hostname')"],
    ["a String ALIAS file('/etc/hostname')"],
    ["a String) ENGINE = URL('http://127.0.0.1:9/', CSV"],
    ["a String) ENGINE = File(CSV, '/tmp/x'"],
    ['a String) ENGINE = MergeTree ORDER BY (a'],
    ['a String) AS SELECT (1'],
    ["a String) AS SELECT * FROM file('/etc/hostname', LineAsString"],
    ['a String); DROP TABLE t; --'],
    ['a String)\n\nDROP TABLE t'],
    ['a String TTL now() + toIntervalDay(1)'],
    ['a String CODEC(ZSTD)'],
    ['a AggregateFunction(sum, UInt64)'],
    ['a Array(AggregateFunction(groupArray, String))'],
    ['a SimpleAggregateFunction(max, UInt64)'],
    ['INDEX i a TYPE minmax, a String'],
    ["a Enum8('x' = 1, file('/etc/hostname') = 2)"],
    ['a NoSuchType'],
    [''],
    ['`a\\`b` String'],
    ['a String) COMMENT (SELECT 1'],
    ['* EXCEPT (a)'],
    ['a String, PRIMARY KEY (a)'],
  ])('of the structure %j is refused', async (structure) => {
    const { headers, status } = await send([{ data: 'x\n' }], { query: 'SELECT * FROM ext', ext_structure: structure });
    expect([headers['x-clickhouse-exception-code'], status >= 400]).toEqual([
      expect.stringMatching(/^(?:497|62|50|36)$/),
      true,
    ]);
    expect(await fixture.database.query("SELECT name FROM system.tables WHERE database = 'costel'")).toEqual([
      { name: 't' },
    ]);
  });

  it.each([
    ['t; DROP TABLE t', 'a UInt8'],
    ['costel.t', 'a UInt8'],
    ['`x`', 'a UInt8'],
    ['', 'a UInt8'],
    ['1x', 'a UInt8'],
  ])('of the name %j is refused', async (name, structure) => {
    const { headers } = await send([{ name, data: '1\n' }], { query: 'SELECT 1', [`${name}_structure`]: structure });
    expect(headers['x-clickhouse-exception-code']).toBe('36');
  });

  it('without a structure, of a format with a schema, or beyond sixteen is refused', async () => {
    expect((await send([{ data: '1\n' }], { query: 'SELECT 1' })).text).toContain('needs ext_structure or ext_types');
    const template = { query: 'SELECT 1', ext_structure: 'a UInt8', ext_format: 'Template' };
    expect((await send([{ data: '1\n' }], template)).headers['x-clickhouse-exception-code']).toBe('73');
    const many = Array.from({ length: 17 }, (_, index) => ({ name: `e${index}`, data: '1\n' }));
    expect((await send(many, { query: 'SELECT 1' })).headers['x-clickhouse-exception-code']).toBe('36');
  });

  it('whose rows do not fit is an error without the path of a file', async () => {
    const { text, status } = await send([{ data: 'x\n' }], { query: 'SELECT * FROM ext', ext_structure: 'a UInt8' });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toMatch(/^Code: \d+\. DB::Exception: /);
    expect(text).not.toContain('/dev/shm');
  });

  it('cannot stand for a table of another database', async () => {
    const fields = { query: 'SELECT * FROM system.one', one_structure: 'x String' };
    expect((await send([{ name: 'one', data: 'mine\n' }], fields)).text).toBe('0\n');
  });
});

describe('a form that is malformed is refused', () => {
  it.each([
    ['no boundary in it', 'nothing here', 'multipart/form-data; boundary=b'],
    ['no boundary named', '--b\r\n\r\n--b--', 'multipart/form-data'],
    [
      'a part without an end',
      '--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1',
      'multipart/form-data; boundary=b',
    ],
    [
      'a part without a name',
      '--b\r\nContent-Disposition: form-data\r\n\r\nSELECT 1\r\n--b--',
      'multipart/form-data; boundary=b',
    ],
    ['a part without headers', '--b\r\nSELECT 1\r\n--b--', 'multipart/form-data; boundary=b'],
    [
      'too many parts',
      `${'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'.repeat(1200)}--b--`,
      'multipart/form-data; boundary=b',
    ],
  ])('%s', async (_, body, type) => {
    const answer = await fixture.ask({ body, headers: { 'Content-Type': type } });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([400, '36']);
  });
});
