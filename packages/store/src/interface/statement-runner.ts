import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import { ENGINE_SETTINGS } from '../engine/engine-connection.js';
import type { EngineConnection, EngineSettings, RunResult } from '../engine/engine-connection.js';
import { parseJsonRows } from '../engine/json-rows.js';
import { runStatement } from '../rollup/read-view.js';
import { runCancellable } from './cancellation.js';
import { makeExternalTables } from './external-tables.js';
import { insertData } from './insert-runner.js';
import type { InterfaceRequest } from './interface-request.js';
import { InterfaceError, refused } from './interface-error.js';
import type { InsertTarget } from './insert-target.js';
import { HELLO_STATEMENT, encodeHelloBlock } from './native-hello.js';
import type { HelloValues } from './native-hello.js';
import { Sessions } from './sessions.js';
import type { Session } from './sessions.js';
import { fixedSettings } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import type { PassedStatement, StatementGate } from './statement-gate.js';
import { emptyResult, readResult } from './statement-result.js';
import type { StatementResult } from './statement-result.js';
import { decodeSql, splitInsert } from './sql-tokens.js';

/** Who asks, and how one learns that they no longer wait. */
export interface Caller {
  /** The write token came with the request. */
  readonly isWriter: boolean;
  /** A request that a browser can be made to send writes nothing. */
  readonly mayWrite: boolean;
  readonly signal: AbortSignal;
}

/** SQL text beyond this is refused; data of an insert does not count. */
const MAX_SQL_BYTES = 262_144;
const MAX_SESSION_SETTINGS = 50;

/** A request as it goes to a connection. */
interface Work {
  readonly request: InterfaceRequest;
  readonly caller: Caller;
  readonly sql: string;
  /** The rows that came with an insert; undefined for other statements. */
  readonly data: Buffer | undefined;
  readonly session: Session | undefined;
}

/** A statement that needs the session's own connection came on another one. */
const NEEDS_SESSION_CONNECTION = Symbol('needs the connection of the session');

/** Runs one statement a request: on a connection of its own, or on that of its session. */
export class StatementRunner {
  readonly #database: EmbeddedDatabase;
  readonly #gate: StatementGate;
  readonly #limits: StatementLimits;
  readonly #sessions: Sessions;
  #running = 0;

  constructor(database: EmbeddedDatabase, gate: StatementGate, limits: StatementLimits) {
    this.#database = database;
    this.#gate = gate;
    this.#limits = limits;
    this.#sessions = new Sessions(database);
  }

  /** @throws InterfaceError or StoreError. */
  async run(request: InterfaceRequest, caller: Caller): Promise<StatementResult> {
    this.#running += 1;
    try {
      // Whoever prices history again waits for statements that have planned and not read yet.
      return await runStatement(this.#database, () => this.#dispatch(request, caller));
    } finally {
      this.#running -= 1;
    }
  }

  async #dispatch(request: InterfaceRequest, caller: Caller): Promise<StatementResult> {
    const split = splitInsert(request.text, MAX_SQL_BYTES);
    const head = split?.head ?? request.text;
    if (head.length > MAX_SQL_BYTES)
      throw new InterfaceError(62, 'SYNTAX_ERROR', `Syntax error: the statement is longer than ${MAX_SQL_BYTES} bytes`);
    const sql = decodeSql(head);
    checkIdentifierParameters(sql, request.parameters);
    const work = { request, caller, sql, data: split?.data };
    if (request.session === undefined) return this.#onOwnConnection({ ...work, session: undefined });
    return this.#sessions.use(request.session, caller.isWriter, async (session) =>
      this.#inSession({ ...work, session }),
    );
  }

  async #inSession(work: Work & { readonly session: Session }): Promise<StatementResult> {
    const { session } = work;
    if (session.connection === undefined) {
      const result = await this.#database.withGuestConnection(async (connection) => this.#pass(work, connection));
      if (result !== NEEDS_SESSION_CONNECTION) return result;
      session.hold();
    }
    const result = await session.connection?.use(async (connection) => this.#onKeptConnection(work, connection));
    if (result === undefined || result === NEEDS_SESSION_CONNECTION) throw needsSession();
    return result;
  }

  async #onOwnConnection(work: Work): Promise<StatementResult> {
    const result = await this.#database.withGuestConnection(async (connection) => this.#pass(work, connection));
    if (result === NEEDS_SESSION_CONNECTION) throw needsSession();
    return result;
  }

  /** Leaves the connection as it found it, temporary tables of the session aside. */
  async #onKeptConnection(
    work: Work,
    connection: EngineConnection,
  ): Promise<StatementResult | typeof NEEDS_SESSION_CONNECTION> {
    const external = work.request.externalTables.map(({ name }) => name);
    const taken = external.find((name) => work.session?.temporaryTables.has(name) === true);
    if (taken !== undefined)
      throw new InterfaceError(57, 'TABLE_ALREADY_EXISTS', `the session has a temporary table ${taken} already`);
    try {
      return await this.#pass(work, connection);
    } finally {
      // The engine puts what a failed statement had printed in front of the next answer: this one is nobody's.
      if (connection.isSpent) await connection.run('SELECT 1', 'Null').catch(() => undefined);
      for (const name of external)
        await connection.run(`DROP TEMPORARY TABLE IF EXISTS ${name}`).catch(() => undefined);
      await resetSettings(connection, settingsOf(work, this.#limits));
    }
  }

  async #pass(work: Work, connection: EngineConnection): Promise<StatementResult | typeof NEEDS_SESSION_CONNECTION> {
    const { request, caller, sql } = work;
    const mark = randomUUID();
    const settings = { ...settingsOf(work, this.#limits), max_threads: this.#threadsFor(work), log_comment: mark };
    // One command less for what dashboards send again and again.
    const isKnownRead = isAlone(work) && this.#gate.recall(sql)?.kind === 'read';
    await connection.set(isKnownRead ? { ...settings, ...READ_ONLY } : settings);
    await connection.bind(request.parameters);
    await makeExternalTables(request.externalTables, this.#database, connection);
    const passed = await this.#gate.pass(sql, connection);
    if (passed.kind !== 'read' && passed.kind !== 'set') assertMayWrite(request, caller);
    if (passed.kind === 'read') {
      // It cannot be taken back, so the connection of a session goes without it.
      if (!isKnownRead && work.session?.connection === undefined) await connection.set(READ_ONLY);
      return this.#read(work, passed, connection, mark);
    }
    if (passed.kind === 'set') return setInSession(work, passed);
    if (passed.kind === 'temporary') return this.#changeTemporaryTable(work, passed, connection);
    return this.#write(work, passed, connection);
  }

  /** The processors are shared among the statements of strangers, so that slow ones leave something to ingest: e.g. 8 for one alone, 2 each for four. */
  #threadsFor({ request, session }: Work): number {
    const share = Math.max(1, Math.floor(availableParallelism() / Math.max(1, this.#running)));
    const asked = Number(request.settings['max_threads'] ?? session?.settings.get('max_threads') ?? share);
    return asked > 0 ? Math.min(asked, share) : share;
  }

  async #changeTemporaryTable(
    { session, request }: Work,
    { sql, temporary }: PassedStatement,
    connection: EngineConnection,
  ): Promise<StatementResult | typeof NEEDS_SESSION_CONNECTION> {
    if (session?.connection === undefined || temporary === undefined) return NEEDS_SESSION_CONNECTION;
    await connection.run(sql, 'Null');
    if (temporary.action === 'create') session.temporaryTables.add(temporary.table);
    else session.temporaryTables.delete(temporary.table);
    return emptyResult(request.format);
  }

  async #write(work: Work, passed: PassedStatement, connection: EngineConnection): Promise<StatementResult> {
    const { data, request, session } = work;
    if (passed.kind === 'insert' && passed.insert !== undefined) {
      const target = ofSession(passed.insert, session, this.#database.database);
      return insertData(this.#database, connection, target, { data: data ?? Buffer.alloc(0), limits: this.#limits });
    }
    refuseData(data);
    return readResult(await connection.run(passed.sql, 'Null'), request.format);
  }

  async #read(
    work: Work,
    passed: PassedStatement,
    connection: EngineConnection,
    mark: string,
  ): Promise<StatementResult> {
    const { request, caller, data } = work;
    refuseData(data);
    const format = passed.format ?? request.format;
    if (passed.sql === HELLO_STATEMENT && request.isNativeProtocol && format === 'Native')
      return answerHello(connection);
    const { signal } = caller;
    const result = await runCancellable(this.#database, { mark, signal }, async () =>
      runBounded(connection, passed.sql, format, this.#limits.maxResultBytes),
    );
    return readResult(result, format);
  }
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

/** Refuses what the gate would have to have missed; lets a client's settings through. */
const READ_ONLY: EngineSettings = { readonly: 2 };

/** Nothing is made on the connection before the statement runs. */
function isAlone({ request, session }: Work): boolean {
  return session?.connection === undefined && request.externalTables.length === 0;
}

/** The request's own before the session's; what holds whatever a client asks for, unless the client lowered it. */
function settingsOf({ request, session }: Work, limits: StatementLimits): EngineSettings {
  return { ...fixedSettings(limits), ...Object.fromEntries(session?.settings ?? []), ...request.settings };
}

/** Back to what connections are opened with. */
async function resetSettings(connection: EngineConnection, settings: EngineSettings): Promise<void> {
  const names = Object.keys(settings).filter((name) => !Object.hasOwn(ENGINE_SETTINGS, name));
  if (names.length > 0) await connection.run(`SET ${names.map((name) => `${name} = DEFAULT`).join(', ')}`);
  await connection.set(ENGINE_SETTINGS);
}

function setInSession({ session, request, data }: Work, { settings }: PassedStatement): StatementResult {
  refuseData(data);
  if (session === undefined) throw needsSession();
  if (session.settings.size + (settings?.size ?? 0) > MAX_SESSION_SETTINGS)
    throw refused(`a session of more than ${MAX_SESSION_SETTINGS} settings`);
  for (const [name, value] of settings ?? []) {
    if (value === undefined) session.settings.delete(name);
    else session.settings.set(name, value);
  }
  return emptyResult(request.format);
}

/** A bare name means the session's temporary table where it has one. */
function ofSession(target: InsertTarget, session: Session | undefined, database: string): InsertTarget {
  const name = target.table.slice(database.length + 1);
  return !target.isQualified && session?.temporaryTables.has(name) === true ? { ...target, table: name } : target;
}

function refuseData(data: Buffer | undefined): void {
  if (data !== undefined && data.length > 0) throw refused('data behind this statement');
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

function assertMayWrite({ isReadOnly }: InterfaceRequest, { mayWrite }: Caller): void {
  if (!mayWrite) {
    throw new InterfaceError(
      497,
      'ACCESS_DENIED',
      'Writing needs the write token as the password (X-ClickHouse-Key, Basic or Bearer) and POST; reading needs none',
    );
  }
  if (isReadOnly) throw new InterfaceError(164, 'READONLY', 'Cannot execute query in readonly mode', 403);
}

function needsSession(): InterfaceError {
  return refused('SET, or a temporary table, without a session_id in the request,');
}

async function answerHello(connection: EngineConnection): Promise<StatementResult> {
  const sql = 'SELECT displayName() AS displayName, version() AS version, timezone() AS timezone';
  const result = await connection.run(sql, 'JSONEachRow');
  const [values] = parseJsonRows<HelloValues>(result.bytes);
  if (values === undefined) throw new InterfaceError(1001, 'STD_EXCEPTION', 'the engine does not say its version');
  return readResult({ ...result, bytes: encodeHelloBlock(values) }, 'Native');
}
