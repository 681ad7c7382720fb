import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { escapeStatements } from './escape-statements.js';
import { openInterface } from './interface-fixture.js';
import type { Answer, InterfaceFixture } from './interface-fixture.js';
import { PACKINGS } from './packed-bodies.js';

/** What a session is for, and what is refused outside one. */
const ALLOWED_IN_SESSIONS: ReadonlySet<string> = new Set([
  'SET max_threads = 1',
  'CREATE TEMPORARY TABLE x (a String)',
]);

const SECRET = 'this-line-must-not-leave-the-file';

let fixture: InterfaceFixture;
let trap: Server;
let trapConnections = 0;
let statements: readonly string[] = [];

beforeAll(async () => {
  fixture = await openInterface();
  trap = createServer((socket) => {
    trapConnections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(fixture.directory, 'secret.txt'), `${SECRET}\n`);
  await fixture.database.command('CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a');
  await fixture.database.insertRows('t', [{ a: 1, s: 'kept' }]);
  statements = escapeStatements({
    secretFile: join(fixture.directory, 'secret.txt'),
    newFile: join(fixture.directory, 'outside.txt'),
    trapPort: (trap.address() as AddressInfo).port,
  });
});

afterAll(async () => {
  await fixture.close();
  await new Promise((resolve) => trap.close(resolve));
});

/** Refused means: an error, nothing of the secret, no new file, no connection, the table untouched. */
async function expectNothingHappened(answers: readonly { statement: string; answer: Answer }[]): Promise<void> {
  const passed = answers
    .filter(({ answer }) => answer.status < 400)
    .map(({ statement, answer }) => `${statement} → ${answer.text.slice(0, 80)}`);
  expect(passed).toEqual([]);
  expect(answers.filter(({ answer }) => answer.text.includes(SECRET)).map(({ statement }) => statement)).toEqual([]);
  expect(
    answers
      .filter(({ answer }) => answer.headers['x-clickhouse-exception-code'] === undefined)
      .map(({ statement }) => statement),
  ).toEqual([]);
  expect(readdirSync(fixture.directory).toSorted()).toEqual(['data', 'secret.txt']);
  expect(existsSync(join(fixture.directory, 'outside.txt'))).toBe(false);
  expect(trapConnections).toBe(0);
  expect(await fixture.database.query('SELECT a, s FROM t')).toEqual([{ a: '1', s: 'kept' }]);
  expect(await fixture.database.query("SELECT name FROM system.tables WHERE database = 'costel'")).toEqual([
    { name: 't' },
  ]);
}

describe('a statement that reaches outside the engine is refused', () => {
  it('over at least 250 statements', () => {
    expect(new Set(statements).size).toBeGreaterThanOrEqual(250);
  });

  it('in the body of a POST, for readers', async () => {
    const answers = [];
    for (const statement of statements) answers.push({ statement, answer: await fixture.ask({ body: statement }) });
    await expectNothingHappened(answers);
  });

  it('in the body of a POST, with the write token', async () => {
    const answers = [];
    for (const statement of statements)
      answers.push({ statement, answer: await fixture.ask({ body: statement, isWriter: true }) });
    await expectNothingHappened(answers);
  });

  it('in the URL of a GET, with the write token', async () => {
    const answers = [];
    for (const statement of statements)
      answers.push({ statement, answer: await fixture.ask({ query: { query: statement }, isWriter: true }) });
    await expectNothingHappened(answers);
  });

  it('split between URL and body, with the write token', async () => {
    const answers = [];
    for (const statement of statements) {
      const middle = statement.indexOf(' ');
      const [head, rest] = middle === -1 ? [statement, ' '] : [statement.slice(0, middle), statement.slice(middle)];
      answers.push({ statement, answer: await fixture.ask({ query: { query: head }, body: rest, isWriter: true }) });
    }
    await expectNothingHappened(answers);
  });

  it('in a multipart body, with the write token', async () => {
    const answers = [];
    for (const statement of statements) {
      const body = `--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n${statement}\r\n--b--\r\n`;
      answers.push({
        statement,
        answer: await fixture.ask({
          body,
          headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
          isWriter: true,
        }),
      });
    }
    await expectNothingHappened(answers);
  });

  it('in the URL of a GET, for readers', async () => {
    const answers = [];
    for (const statement of statements)
      answers.push({ statement, answer: await fixture.ask({ query: { query: statement } }) });
    await expectNothingHappened(answers);
  });

  it('in a packed body, for readers and with the write token', async () => {
    const answers = [];
    for (const [index, statement] of statements.entries()) {
      for (const isWriter of [false, true]) {
        const packing = PACKINGS[(index * 2 + Number(isWriter)) % PACKINGS.length];
        if (packing === undefined) continue;
        const { pack, headers, query } = packing;
        answers.push({
          statement,
          answer: await fixture.ask({ body: pack(Buffer.from(statement)), headers, query, isWriter }),
        });
      }
    }
    await expectNothingHappened(answers);
  });

  it('in a session with a temporary table, for readers and with the write token', async () => {
    const create = 'CREATE TEMPORARY TABLE mine (a UInt64, s String)';
    const query = { session_id: 'escaping' };
    expect((await fixture.ask({ body: create, query, isWriter: true })).status).toBe(200);
    const answers = [];
    for (const statement of statements.filter((each) => !ALLOWED_IN_SESSIONS.has(each))) {
      for (const isWriter of [false, true])
        answers.push({ statement, answer: await fixture.ask({ body: statement, query, isWriter }) });
    }
    await expectNothingHappened(answers);
    expect((await fixture.ask({ body: 'SELECT count() FROM mine', query, isWriter: true })).text).toBe('0\n');
  });

  it('in a form with an external table and a session, for readers and with the write token', async () => {
    const answers = [];
    for (const statement of statements.filter((each) => !ALLOWED_IN_SESSIONS.has(each))) {
      const field = `--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n${statement}\r\n`;
      const file = `--b\r\nContent-Disposition: form-data; name="ext"; filename="x"\r\n\r\n1\n\r\n`;
      const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
      const query = { ext_structure: 'a UInt8', session_id: 'form' };
      for (const isWriter of [false, true])
        answers.push({
          statement,
          answer: await fixture.ask({ body: `${field}${file}--b--\r\n`, headers, query, isWriter }),
        });
    }
    await expectNothingHappened(answers);
  });

  it('as the structure of an external table', async () => {
    const answers = [];
    for (const statement of statements) {
      for (const structure of [statement, `a String) AS ${statement} --`, `a String); ${statement}`]) {
        const body = `--b\r\nContent-Disposition: form-data; name="ext"; filename="x"\r\n\r\n1\n\r\n--b--\r\n`;
        const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
        const query = { query: 'SELECT 1', ext_structure: structure };
        answers.push({ statement: structure, answer: await fixture.ask({ body, headers, query }) });
      }
    }
    await expectNothingHappened(answers);
  });

  it('as the value of a parameter that is a name; as that of a string it is a string', async () => {
    const answers = [];
    for (const statement of statements) {
      const query = { query: 'SELECT * FROM {x:Identifier}', param_x: statement };
      answers.push({ statement, answer: await fixture.ask({ query, isWriter: true }) });
    }
    await expectNothingHappened(answers);
    for (const statement of statements) {
      const escaped = statement.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
      const query = { query: 'SELECT {x:String}', param_x: escaped, default_format: 'RawBLOB' };
      expect((await fixture.ask({ query })).text).toBe(statement);
    }
    await expectNothingHappened([]);
  });

  it('behind an innocent first line, a session and a byte-order mark', async () => {
    const answers = [];
    for (const statement of statements.slice(0, 60)) {
      for (const body of [
        `-- innocent\n${statement}`,
        `\uFEFF${statement}`,
        `SELECT 1;\n\n${statement}`,
        `(${statement})`,
      ]) {
        answers.push({
          statement: body,
          answer: await fixture.ask({ body, query: { session_id: 's' }, isWriter: true }),
        });
      }
    }
    await expectNothingHappened(answers);
  });
});

describe('what comes beside the statement cannot widen it', () => {
  const SELECT = 'SELECT 1';

  it.each([
    ['dialect', 'prql'],
    ['implicit_select', '1'],
    ['format_schema', '/tmp/x'],
    ['output_format_schema', '/tmp/x'],
    ['input_format_record_errors_file_path', 'x'],
    ['format_template_row', '/etc/hostname'],
    ['format_avro_schema_registry_url', 'http://127.0.0.1:1/'],
    ['allow_introspection_functions', '1'],
    ['user_files_path', '/'],
    ['input_format_values_interpret_expressions', '1'],
    ['max_query_size', '0'],
    ['max_threads = 1, dialect', 'prql'],
    ['', 'x'],
    ['SQL_custom', 'x'],
  ])('the setting %s in the URL is refused', async (name, value) => {
    const answer = await fixture.ask({ query: { query: SELECT, [name]: value }, isWriter: true });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([403, '497']);
  });

  it.each(['system', 'information_schema', 'default.x', '_temporary_and_external_tables', 'x`; DROP TABLE t'])(
    'the database %s is refused',
    async (name) => {
      expect((await fixture.ask({ query: { query: SELECT, database: name } })).status).toBe(404);
      expect((await fixture.ask({ query: { query: SELECT }, headers: { 'X-ClickHouse-Database': name } })).status).toBe(
        404,
      );
    },
  );

  it.each(['a b', "x='y', max_threads", 'a.b', '', 'x`'])('the parameter name %j is refused', async (name) => {
    expect((await fixture.ask({ query: { query: SELECT, [`param_${name}`]: '1' } })).status).toBe(400);
  });

  it.each([
    ['default', 'x'],
    ['system', 'disks'],
    ['costel', '/etc/hostname'],
    ['costel.t', 't'],
    ['default.x', 'y'],
  ])('identifiers %s and %s given as parameters are checked like written ones', async (db, table) => {
    const answer = await fixture.ask({
      query: { query: 'SELECT * FROM {db:Identifier}.{t:Identifier}', param_db: db, param_t: table },
    });
    expect(answer.headers['x-clickhouse-exception-code']).toBe('497');
  });

  it('an identifier parameter that names an allowed table is read, and the next value is checked anew', async () => {
    const query = 'SELECT s FROM {db:Identifier}.{t:Identifier}';
    expect((await fixture.ask({ query: { query, param_db: 'costel', param_t: 't' } })).text).toBe('kept\n');
    expect((await fixture.ask({ query: { query, param_db: 'default', param_t: 't' } })).status).toBe(403);
  });

  it('the value of a string parameter stays a value', async () => {
    const value = String.raw`\'; DROP TABLE t; -- \\ {x:Identifier} file()`;
    const answer = await fixture.ask({ query: { query: 'SELECT {v:String}', param_v: value } });
    expect(answer.text).toBe(`${String.raw`\'; DROP TABLE t; -- \\ {x:Identifier} file()`}\n`);
  });

  it('no parameter, setting or table of one request is there in the next', async () => {
    await fixture.ask({ query: { query: 'SELECT {v:String}', param_v: 'left over', max_threads: '1' } });
    const answer = await fixture.ask({ query: { query: 'SELECT {v:String}' } });
    expect(answer.headers['x-clickhouse-exception-code']).toBe('456');
    expect(
      (await fixture.ask({ query: { query: "SELECT getSetting('max_execution_time')", max_execution_time: '0' } }))
        .text,
    ).toBe('30\n');
    expect(
      (await fixture.ask({ query: { query: "SELECT getSetting('max_execution_time')", max_execution_time: '5' } }))
        .text,
    ).toBe('5\n');
    expect((await fixture.ask({ query: { query: "SELECT getSetting('max_execution_time')" } })).text).toBe('30\n');
  });

  it('a row of VALUES is data and is never evaluated', async () => {
    const body = `INSERT INTO t VALUES (2, file('${join(fixture.directory, 'secret.txt')}'))`;
    const answer = await fixture.ask({ body, isWriter: true });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await fixture.database.query('SELECT a FROM t')).toEqual([{ a: '1' }]);
  });
});
