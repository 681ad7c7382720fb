import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import type { EngineConnection, EngineSettings, RunResult } from '../engine/engine-connection.js';
import { parseJsonRows } from '../engine/json-rows.js';
import { insertFromFileSql } from '../engine/insert-file.js';
import type { InterfaceRequest } from './interface-request.js';
import { InterfaceError, refused } from './interface-error.js';
import type { InsertTarget } from './insert-target.js';
import { HELLO_STATEMENT, encodeHelloBlock } from './native-hello.js';
import type { HelloValues } from './native-hello.js';
import { cappedValue, fixedSettings, settingRule } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import type { StatementGate } from './statement-gate.js';
import { decodeSql, splitInsert } from './sql-tokens.js';

/** What a statement gave. */
export interface StatementResult {
  readonly bytes: Uint8Array;
  readonly format: string;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
  readonly elapsedSeconds: number;
}

/** What a request may do besides reading. */
export type Authority = 'reader' | 'writer';

/** SQL text beyond this is refused; data of an insert does not count. */
const MAX_SQL_BYTES = 262_144;

/**
 * Runs the statement of one request on a connection of its own, which nothing of it survives.
 * @throws InterfaceError or StoreError.
 */
export async function runStatement(
  database: EmbeddedDatabase,
  gate: StatementGate,
  request: InterfaceRequest,
  options: { readonly authority: Authority; readonly limits: StatementLimits },
): Promise<StatementResult> {
  const split = splitInsert(request.text, MAX_SQL_BYTES);
  const head = split?.head ?? request.text;
  if (head.length > MAX_SQL_BYTES)
    throw new InterfaceError(62, 'SYNTAX_ERROR', `Syntax error: the statement is longer than ${MAX_SQL_BYTES} bytes`);
  const sql = decodeSql(head);
  checkIdentifierParameters(sql, request.parameters);
  return database.withGuestConnection(async (connection) => {
    await connection.set(request.settings);
    await connection.set(fixedSettingsOf(request.settings, options.limits));
    await connection.bind(request.parameters);
    const passed = await gate.pass(sql, connection);
    if (passed.kind !== 'read' && options.authority !== 'writer') throw needsToken();
    if (passed.kind === 'insert' && passed.insert !== undefined) {
      return insertData(database, connection, passed.insert, {
        data: split?.data ?? Buffer.alloc(0),
        limits: options.limits,
      });
    }
    if (split !== undefined && split.data.length > 0) throw refused('data behind this statement');
    const format = passed.format ?? request.format;
    if (passed.kind === 'read') await connection.set({ readonly: 2 });
    if (passed.sql === HELLO_STATEMENT && request.isNativeProtocol && format === 'Native')
      return answerHello(connection);
    return asResult(await runBounded(connection, passed.sql, format, options.limits.maxResultBytes), format);
  });
}

/**
 * The engine's own limit does not see what constants and dictionaries become when they are printed; this one does, late.
 * (Reading in parts would stop such an answer sooner, but the package plans a stream on the calling thread, and
 * planning runs scalar subqueries: `SELECT (SELECT …)` would hold up the whole process.)
 */
async function runBounded(
  connection: EngineConnection,
  sql: string,
  format: string,
  maxBytes: number,
): Promise<RunResult> {
  const result = await connection.run(sql, format);
  if (result.bytes.length <= maxBytes) return result;
  throw new InterfaceError(396, 'TOO_MANY_ROWS_OR_BYTES', `Limit for result exceeded, max bytes: ${maxBytes}`);
}

/** Those that a client may lower keep the client's value. */
function fixedSettingsOf(asked: EngineSettings, limits: StatementLimits): EngineSettings {
  return Object.fromEntries(Object.entries(fixedSettings(limits)).filter(([name]) => !Object.hasOwn(asked, name)));
}

/** A name that comes as a parameter must be a plain one: the tree shows it only after it was put in. */
function checkIdentifierParameters(sql: string, parameters: ReadonlyMap<string, string>): void {
  if (!/identifier/i.test(sql)) return;
  for (const match of sql.matchAll(/\{\s*[`"]?(\w+)[`"]?\s*:\s*[`"]?identifier/gi)) {
    const value = parameters.get(match[1] ?? '');
    if (value !== undefined && !/^\w{1,128}$/.test(value))
      throw refused(`the identifier ${JSON.stringify(value.slice(0, 100))}`);
  }
}

function needsToken(): InterfaceError {
  return new InterfaceError(
    497,
    'ACCESS_DENIED',
    'Writing needs the write token as the password (X-ClickHouse-Key, Basic or Bearer); reading needs none',
  );
}

async function insertData(
  database: EmbeddedDatabase,
  connection: EngineConnection,
  target: InsertTarget,
  { data, limits }: { readonly data: Buffer; readonly limits: StatementLimits },
): Promise<StatementResult> {
  const format = target.format ?? '';
  if (data.length === 0) return emptyResult(format);
  await connection.set(allowedSettings(target, limits));
  return database.scratch.withFile(data, async (path) => {
    const sql = insertFromFileSql({ table: target.table, columns: target.columns, format, path });
    const { elapsedSeconds, rowsRead, bytesRead } = await connection.run(sql, 'Null');
    return {
      ...emptyResult(format),
      elapsedSeconds,
      rowsRead,
      bytesRead,
      rowsWritten: rowsRead,
      bytesWritten: bytesRead,
    };
  });
}

/** The clause of the statement, moved to the connection, since `INFILE` wants it elsewhere. */
function allowedSettings(target: InsertTarget, limits: StatementLimits): EngineSettings {
  const settings: Record<string, string | number> = {};
  for (const { name, value } of target.settings) {
    const allowed = cappedValue(settingRule(name, limits), unquote(value));
    if (allowed !== undefined) settings[name] = allowed;
  }
  return settings;
}

function unquote(value: string): string {
  return value.startsWith("'") ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

async function answerHello(connection: EngineConnection): Promise<StatementResult> {
  const sql = 'SELECT displayName() AS displayName, version() AS version, timezone() AS timezone';
  const result = await connection.run(sql, 'JSONEachRow');
  const [values] = parseJsonRows<HelloValues>(result.bytes);
  if (values === undefined) throw new InterfaceError(1001, 'STD_EXCEPTION', 'the engine does not say its version');
  return asResult({ ...result, bytes: encodeHelloBlock(values) }, 'Native');
}

function asResult({ bytes, elapsedSeconds, rowsRead, bytesRead }: RunResult, format: string): StatementResult {
  return { bytes, format, elapsedSeconds, rowsRead, bytesRead, rowsWritten: 0, bytesWritten: 0 };
}

function emptyResult(format: string): StatementResult {
  return {
    bytes: new Uint8Array(0),
    format,
    elapsedSeconds: 0,
    rowsRead: 0,
    bytesRead: 0,
    rowsWritten: 0,
    bytesWritten: 0,
  };
}
