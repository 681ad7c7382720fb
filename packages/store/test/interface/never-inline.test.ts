import { createRequire } from 'node:module';
import type { Session } from 'chdb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openInterface } from './interface-fixture.js';
import type { Ask, InterfaceFixture } from './interface-fixture.js';
import { PACKINGS } from './packed-bodies.js';

/** Stands in every payload, never in a statement: no text that the engine is given may hold it. */
const MARK = 'bytes-of-a-stranger';
const PAYLOAD = `${MARK}\n\nDROP TABLE victim\n\n${MARK}`;

let fixture: InterfaceFixture;
const statements: string[] = [];

beforeAll(async () => {
  // The package as the engine loads it.
  const loaded = createRequire(new URL('../../src/engine/engine-connection.ts', import.meta.url))('chdb') as {
    Session: typeof Session;
  };
  for (const method of ['query', 'queryAsync', 'queryStream', 'insert'] as const) {
    const prototype = loaded.Session.prototype as unknown as Record<
      string,
      ((...args: unknown[]) => unknown) | undefined
    >;
    const original = prototype[method];
    if (original === undefined) continue;
    vi.spyOn(prototype as Record<string, (...args: unknown[]) => unknown>, method).mockImplementation(function (
      this: unknown,
      ...args: unknown[]
    ) {
      statements.push(
        `${method} ${args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))).join(' ')}`,
      );
      return original.apply(this, args);
    });
  }
  fixture = await openInterface();
  await fixture.database.command('CREATE TABLE victim (a UInt8) ENGINE = MergeTree ORDER BY a');
  await fixture.database.command('CREATE TABLE target (s String) ENGINE = MergeTree ORDER BY s');
});

afterAll(async () => {
  await fixture.close();
  vi.restoreAllMocks();
});

async function expectOnlyInFiles(ask: Ask): Promise<void> {
  statements.length = 0;
  const answer = await fixture.ask(ask);
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.filter((statement) => statement.includes(MARK))).toEqual([]);
  expect([answer.status, ask.query?.['decompress'] === undefined ? answer.text : '']).toEqual([
    200,
    expect.not.stringContaining('Exception'),
  ]);
  expect(await fixture.database.query('SELECT count() AS n FROM victim')).toEqual([{ n: '0' }]);
}

const INSERT = 'INSERT INTO target FORMAT RawBLOB';

describe('no byte of a payload stands in any text that the engine is given', () => {
  it('which this test would notice', async () => {
    await fixture.database.query(`SELECT '${MARK}' AS mark`);
    expect(statements.filter((statement) => statement.includes(MARK))).toHaveLength(1);
  });

  it('as the body of an insert, in one piece with the statement or apart', async () => {
    await expectOnlyInFiles({ query: { query: INSERT }, body: PAYLOAD, isWriter: true });
    await expectOnlyInFiles({ body: `${INSERT}\n${PAYLOAD}`, isWriter: true });
    await expectOnlyInFiles({ body: `INSERT INTO target VALUES ('${PAYLOAD}')`, isWriter: true });
    await expectOnlyInFiles({
      query: { query: 'INSERT INTO target FORMAT CSV' },
      body: `"${PAYLOAD}"`,
      isWriter: true,
    });
    const json = JSON.stringify({ s: PAYLOAD });
    await expectOnlyInFiles({ query: { query: 'INSERT INTO target FORMAT JSONEachRow' }, body: json, isWriter: true });
  });

  it.each(PACKINGS)('packed in $name', async ({ pack, headers, query }) => {
    const body = pack(Buffer.from(`${INSERT}\n${PAYLOAD.repeat(3000)}`));
    await expectOnlyInFiles({ body, headers, query, isWriter: true });
  });

  it('in a session with a table of its own', async () => {
    const query = { session_id: 'inline' };
    const create = 'CREATE TEMPORARY TABLE mine (s String)';
    expect((await fixture.ask({ body: create, query, isWriter: true })).status).toBe(200);
    await expectOnlyInFiles({ query, body: `INSERT INTO mine FORMAT RawBLOB\n${PAYLOAD}`, isWriter: true });
    const read = await fixture.ask({ body: 'SELECT count() FROM mine', query, isWriter: true });
    expect(read.text).toBe('1\n');
  });

  it('as an external table', async () => {
    const part = (name: string, rest: string, value: string): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n${value}\r\n`;
    const body = `${part('query', '', 'SELECT count() FROM ext')}${part('ext', '; filename="x"', PAYLOAD)}--b--\r\n`;
    await expectOnlyInFiles({
      query: { ext_structure: 's String', ext_format: 'RawBLOB' },
      body,
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    });
  });
});
