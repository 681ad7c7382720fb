import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInterface } from './interface-fixture.js';
import type { InterfaceFixture } from './interface-fixture.js';

let fixture: InterfaceFixture;

/** 0x0A0A in the middle of a value, then text that is SQL: what an engine that splits its input would run. */
const HOSTILE = 'before\n\nDROP TABLE victim\n\nINSERT INTO victim VALUES (1)\n';

beforeAll(async () => {
  fixture = await openInterface();
  await fixture.database.command('CREATE TABLE victim (a UInt8) ENGINE = MergeTree ORDER BY a');
});

afterAll(async () => fixture.close());

/** Formats that can carry any string and be made by the engine itself. */
const LOSSLESS = [
  'Arrow',
  'ArrowStream',
  'Avro',
  'BSONEachRow',
  'CSV',
  'CSVWithNames',
  'CSVWithNamesAndTypes',
  'CustomSeparated',
  'JSON',
  'JSONColumns',
  'JSONCompact',
  'JSONCompactColumns',
  'JSONCompactEachRow',
  'JSONCompactEachRowWithNames',
  'JSONCompactEachRowWithNamesAndTypes',
  'JSONCompactStringsEachRow',
  'JSONEachRow',
  'JSONLines',
  'NDJSON',
  'JSONObjectEachRow',
  'JSONStringsEachRow',
  'MsgPack',
  'Native',
  'ORC',
  'Parquet',
  'RowBinary',
  'RowBinaryWithNames',
  'RowBinaryWithNamesAndTypes',
  'TSKV',
  'TSV',
  'TSVWithNames',
  'TSVWithNamesAndTypes',
  'TabSeparated',
  'Values',
];

/** Formats whose rows end at a line end, so that a blank line is data of another shape or an error. */
const LINES = [
  'TSV',
  'TSVRaw',
  'TabSeparatedRaw',
  'CSV',
  'LineAsString',
  'TSKV',
  'JSONEachRow',
  'JSONCompactEachRow',
  'CustomSeparated',
  'Values',
  'JSONAsString',
  'RawBLOB',
  'Native',
  'RowBinary',
  'Parquet',
  'Arrow',
  'Regexp',
  'Template',
  'MySQLDump',
  'Form',
];

async function expectVictimUntouched(): Promise<void> {
  expect(await fixture.database.query('SELECT count() AS n FROM victim')).toEqual([{ n: '0' }]);
}

async function freshTable(): Promise<void> {
  await fixture.database.command('DROP TABLE IF EXISTS target');
  await fixture.database.command('CREATE TABLE target (s String, n UInt16) ENGINE = MergeTree ORDER BY n');
}

describe('a blank line in the payload of an insert is data', () => {
  it.each(LOSSLESS)('as %s', async (format) => {
    await freshTable();
    const { bytes } = await fixture.database.run('SELECT {s:String} AS s, toUInt16(2570) AS n', {
      format,
      parameters: { s: HOSTILE },
    });
    const query = `INSERT INTO target FORMAT ${format}`;
    const answer = await fixture.ask({ query: { query }, body: bytes, isWriter: true });
    expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
    expect(await fixture.database.query('SELECT s, n FROM target')).toEqual([{ s: HOSTILE, n: 2570 }]);
    await expectVictimUntouched();
  });

  it.each(LOSSLESS)('as %s with the statement in the body', async (format) => {
    await freshTable();
    const { bytes } = await fixture.database.run('SELECT {s:String} AS s, toUInt16(2570) AS n', {
      format,
      parameters: { s: HOSTILE },
    });
    const body = Buffer.concat([Buffer.from(`INSERT INTO target (s, n) FORMAT ${format}\n`), bytes]);
    const answer = await fixture.ask({ body, isWriter: true });
    expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
    expect(await fixture.database.query('SELECT s, n FROM target')).toEqual([{ s: HOSTILE, n: 2570 }]);
    await expectVictimUntouched();
  });

  it('many rows of RowBinary with the bytes 0x0A0A all arrive', async () => {
    await freshTable();
    const { bytes } = await fixture.database.run(
      "SELECT '\\n\\n' || toString(number) AS s, toUInt16(2570) AS n FROM numbers(50000)",
      { format: 'RowBinary' },
    );
    const answer = await fixture.ask({
      query: { query: 'INSERT INTO target FORMAT RowBinary' },
      body: bytes,
      isWriter: true,
    });
    expect(answer.headers['x-clickhouse-summary']).toContain('"written_rows":"50000"');
    expect(await fixture.database.query('SELECT count() AS c, uniqExact(s) AS u FROM target')).toEqual([
      { c: '50000', u: '50000' },
    ]);
  });
});

describe('a payload that is SQL behind a blank line never runs', () => {
  const payloads = [
    'a\t1\n\nDROP TABLE victim\n',
    '\n\nDROP TABLE victim;\n',
    "('a', 1)\n\n; DROP TABLE victim",
    '{"s":"a","n":1}\n\nDROP TABLE victim',
    ';DROP TABLE victim',
    '\n;\nDROP TABLE victim',
    HOSTILE,
  ];

  it.each(LINES)('as %s', async (format) => {
    for (const payload of payloads) {
      for (const ask of [
        { query: { query: `INSERT INTO target FORMAT ${format}` }, body: payload },
        { body: `INSERT INTO target FORMAT ${format}\n${payload}` },
        { body: `INSERT INTO target FORMAT ${format} ${payload}` },
        { body: `INSERT INTO target VALUES ('a', 1)\n\n${payload}` },
      ]) {
        const answer = await fixture.ask({ ...ask, isWriter: true });
        expect(answer.status === 200 || answer.headers['x-clickhouse-exception-code'] !== undefined).toBe(true);
      }
    }
    await expectVictimUntouched();
  });
});

describe('an insert', () => {
  it('without rows is a success that does nothing', async () => {
    await freshTable();
    expect(
      (await fixture.ask({ query: { query: 'INSERT INTO target FORMAT Native' }, body: '', isWriter: true })).status,
    ).toBe(200);
    expect((await fixture.ask({ body: 'INSERT INTO target FORMAT JSONEachRow\n', isWriter: true })).status).toBe(200);
    expect(await fixture.database.query('SELECT count() AS c FROM target')).toEqual([{ c: '0' }]);
  });

  it('with a row that does not fit names the row and stores none of them', async () => {
    await freshTable();
    const answer = await fixture.ask({ body: 'INSERT INTO target FORMAT TSV\nok\t1\nbad\tx\n', isWriter: true });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).toMatch(/^Code: 27\. DB::Exception: .*\(CANNOT_PARSE_INPUT_ASSERTION_FAILED\)/s);
    expect(answer.text).not.toContain('/dev/shm');
    expect(await fixture.database.query('SELECT count() AS c FROM target')).toEqual([{ c: '0' }]);
  });

  it('applies the settings of its clause', async () => {
    await freshTable();
    const body =
      'INSERT INTO target (s, n) SETTINGS input_format_skip_unknown_fields = 1, async_insert = 1 FORMAT JSONEachRow {"s":"x","n":1,"more":2}';
    expect((await fixture.ask({ body, isWriter: true })).status).toBe(200);
  });
});
