import type { Database, FileInsert, QueryParameters } from '../database.js';
import { ConnectionPool, closedError } from './connection-pool.js';
import { directoryInUse, findDirectoryHolder, prepareDataDirectory } from './data-directory.js';
import { drainEngine, openEngineConnection } from './engine-connection.js';
import type { EngineConnection, EngineSettings, RunResult } from './engine-connection.js';
import { GuestGate, GuestSession } from './guest-connections.js';
import type { HeldConnection } from './guest-connections.js';
import { insertFromFileSql } from './insert-file.js';
import { checkedName, encodeParameters } from './literals.js';
import { columnsOf, encodeJsonRows, parseJsonRows } from './json-rows.js';
import { openScratchDirectory } from './scratch-directory.js';
import type { ScratchDirectory } from './scratch-directory.js';
import { StoreError } from './store-error.js';

/** Connections that stay open for the store's own work. */
const DEFAULT_CONNECTIONS = 4;
/** Statements of strangers that may run at the same time; they never take a connection from the store. */
const MAX_DEFAULT_GUESTS = 4;
const LIBUV_DEFAULT_THREADS = 4;
/** Threads that guests leave to the store's own statements and to files. */
const RESERVED_THREADS = 2;

/**
 * How often inserts give memory back, in milliseconds. Every thread of the engine keeps pages that it has freed: 130 MB
 * more after 60,000 spans (527 instead of 398 MB resident), and more with every thread that takes part.
 */
const PURGE_EVERY_MS = 1000;

/** How {@link openEmbeddedDatabase} opens the engine. */
export interface EmbeddedDatabaseOptions {
  /** Created where it is missing. One process at a time. */
  readonly dataDirectory: string;
  /** Connections for the store's own statements, which then run in parallel. Default 4. */
  readonly connections?: number;
  /**
   * Isolated connections of {@link EmbeddedDatabase.withGuestConnection} at the same time. Every running statement holds
   * a libuv thread, so the default is two fewer than there are, at most 4: e.g. 2 where `UV_THREADPOOL_SIZE` is unset.
   */
  readonly guestConnections?: number;
  /** Created where it is missing; unqualified names mean its tables. Default `costel`. */
  readonly database?: string;
}

/** One raw statement: see {@link EmbeddedDatabase.run}. */
export interface RunOptions {
  /** A ClickHouse output format; default `TabSeparated`. A `FORMAT` clause in the statement wins. */
  readonly format?: string;
  readonly parameters?: QueryParameters;
  readonly settings?: EngineSettings;
  /** Which database unqualified names mean; default the one that the engine was opened with. */
  readonly database?: string;
}

/** ClickHouse in this process. */
export interface EmbeddedDatabase extends Database {
  /** Absolute. */
  readonly dataDirectory: string;
  readonly database: string;
  /** Where files for `insertFile` and `file(…)` are best put: memory where there is some. Gone after `close()`. */
  readonly scratch: ScratchDirectory;
  /** Runs one statement of our own and returns the answer's bytes. @throws StoreError. */
  run(sql: string, options?: RunOptions): Promise<RunResult>;
  /**
   * Gives `work` a new connection that shares nothing with any other (database, settings, parameters, temporary
   * tables) and closes it afterwards. Waits where all guests are busy. @throws StoreError `closed`.
   */
  withGuestConnection<Result>(work: (connection: EngineConnection) => Promise<Result>): Promise<Result>;
  /** A guest connection that stays open between statements, for what a session keeps. @throws StoreError `closed`. */
  holdGuestConnection(): HeldConnection;
}

/**
 * libuv threads that let every connection run and leave four for files and DNS, e.g. 4 + 4 connections → 12. Node
 * reads `UV_THREADPOOL_SIZE` before the first line of a program: set it where the process is started.
 */
export function recommendedThreadPoolSize(
  connections = DEFAULT_CONNECTIONS,
  guestConnections = MAX_DEFAULT_GUESTS,
): number {
  return connections + guestConnections + 4;
}

function defaultGuests(): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? LIBUV_DEFAULT_THREADS);
  const free = Number.isFinite(threads) ? threads - RESERVED_THREADS : 1;
  return Math.max(1, Math.min(MAX_DEFAULT_GUESTS, free));
}

/** The engine has one data directory a process; the second must be told so by us, its own error says nothing. */
let openDirectory: { readonly path: string; users: number } | undefined;

/**
 * Opens the embedded ClickHouse. Times are UTC and print as `2026-11-22 18:24:20.000`; 64-bit integers and decimals
 * are strings.
 * @throws StoreError `data_directory_in_use` with the holder's pid, `data_directory_unusable`, `engine_unavailable`.
 */
export async function openEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const database = checkedName('database', options.database ?? 'costel');
  const dataDirectory = prepareDataDirectory(options.dataDirectory);
  if (openDirectory !== undefined && openDirectory.path !== dataDirectory) {
    throw new StoreError(
      'data_directory_unusable',
      `this process already has ${openDirectory.path} open: close it before opening ${dataDirectory}`,
    );
  }
  const connections = openConnections(dataDirectory, options.connections ?? DEFAULT_CONNECTIONS);
  openDirectory = { path: dataDirectory, users: (openDirectory?.users ?? 0) + 1 };
  try {
    await createDatabase(connections, database);
    const opened = new ChdbDatabase(dataDirectory, database, connections, options.guestConnections ?? defaultGuests());
    if (openDirectory.users === 1) await dropHalfReplaced(opened);
    return opened;
  } catch (error) {
    for (const connection of connections) connection.close();
    forgetDirectory();
    throw error;
  }
}

function openConnections(directory: string, count: number): EngineConnection[] {
  const connections: EngineConnection[] = [];
  try {
    while (connections.length < Math.max(1, count)) connections.push(openEngineConnection(directory));
    return connections;
  } catch (error) {
    for (const connection of connections) connection.close();
    if (error instanceof StoreError) throw error;
    const holder = findDirectoryHolder(directory);
    if (holder !== undefined && holder.pid !== process.pid) throw directoryInUse(directory, error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError('data_directory_unusable', `the engine does not open data directory ${directory}: ${reason}`, {
      cause: error,
    });
  }
}

async function createDatabase(connections: readonly EngineConnection[], database: string): Promise<void> {
  await connections[0]?.run(`CREATE DATABASE IF NOT EXISTS \`${database}\``);
  for (const connection of connections) await connection.use(database);
}

/** What `CREATE OR REPLACE` leaves behind where the process died in the middle of it: the new object under another name. */
async function dropHalfReplaced(db: ChdbDatabase): Promise<void> {
  const rows = await db.query<{ name: string; kind: string }>(
    "SELECT name, if(engine = 'Dictionary', 'DICTIONARY', 'TABLE') AS kind FROM system.tables WHERE database = currentDatabase() AND startsWith(name, '_tmp_replace_')",
  );
  for (const { name, kind } of rows) await db.command(`DROP ${kind} IF EXISTS \`${name}\``);
}

function forgetDirectory(): void {
  if (openDirectory === undefined) return;
  openDirectory = openDirectory.users > 1 ? { ...openDirectory, users: openDirectory.users - 1 } : undefined;
}

class ChdbDatabase implements EmbeddedDatabase {
  readonly dataDirectory: string;
  readonly database: string;
  readonly scratch: ScratchDirectory;
  readonly #pool: ConnectionPool;
  readonly #guests: GuestGate;
  readonly #held = new Set<HeldConnection>();
  #purgedAtMs = performance.now();
  #closing: Promise<void> | undefined;

  constructor(dataDirectory: string, database: string, connections: readonly EngineConnection[], guests: number) {
    this.dataDirectory = dataDirectory;
    this.database = database;
    this.scratch = openScratchDirectory(dataDirectory);
    this.#pool = new ConnectionPool(connections, async () => {
      const connection = openEngineConnection(dataDirectory);
      await connection.use(database);
      return connection;
    });
    this.#guests = new GuestGate(Math.max(1, guests));
  }

  async query<Row extends object>(sql: string, parameters?: QueryParameters): Promise<Row[]> {
    const { bytes } = await this.#runPooled(sql, 'JSONEachRow', parameters);
    return parseJsonRows<Row>(bytes);
  }

  async command(sql: string, parameters?: QueryParameters): Promise<void> {
    await this.#runPooled(sql, 'Null', parameters);
  }

  async run(sql: string, options: RunOptions = {}): Promise<RunResult> {
    const { format, parameters, settings, database } = options;
    if (settings === undefined && database === undefined) return this.#runPooled(sql, format, parameters);
    return this.withGuestConnection(async (connection) => {
      if (database !== undefined) await connection.use(database);
      if (settings !== undefined) await connection.set(settings);
      if (parameters !== undefined) await connection.bind(encodeParameters(parameters));
      return connection.run(sql, format);
    });
  }

  async insertFile(insert: FileInsert): Promise<void> {
    const sql = insertFromFileSql(insert);
    await this.#pool.use(
      async (connection) => {
        await connection.run(sql);
        await this.#giveMemoryBack(connection);
      },
      { isUrgent: true },
    );
  }

  async #giveMemoryBack(connection: EngineConnection): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#purgedAtMs < PURGE_EVERY_MS) return;
    this.#purgedAtMs = nowMs;
    try {
      await connection.run('SYSTEM JEMALLOC PURGE');
    } catch {
      // An engine that was built with another allocator refuses; it is not asked again. The insert is committed.
      this.#purgedAtMs = Number.POSITIVE_INFINITY;
    }
  }

  async insertRows(table: string, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    const columns = columnsOf(rows);
    const settings = { date_time_input_format: 'best_effort' };
    await this.scratch.withFile(encodeJsonRows(rows), async (path) => {
      await this.insertFile({ table, columns, format: 'JSONEachRow', path, settings });
    });
  }

  async withGuestConnection<Result>(work: (connection: EngineConnection) => Promise<Result>): Promise<Result> {
    return this.#guests.run(async () => {
      const connection = openEngineConnection(this.dataDirectory);
      try {
        await connection.use(this.database);
        return await work(connection);
      } finally {
        connection.close();
      }
    });
  }

  holdGuestConnection(): HeldConnection {
    if (this.#closing !== undefined) throw closedError();
    const connection = openEngineConnection(this.dataDirectory);
    const held = new GuestSession(connection, this.database, this.#guests, () => this.#held.delete(held));
    this.#held.add(held);
    return held;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  async #closeOnce(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#guests.close()]);
    await Promise.all([...this.#held].map(async (held) => held.close()));
    await drainEngine();
    this.scratch.remove();
    forgetDirectory();
  }

  async #runPooled(sql: string, format?: string, parameters?: QueryParameters): Promise<RunResult> {
    const texts = encodeParameters(parameters ?? {});
    return this.#pool.use(async (connection) => {
      await connection.bind(texts);
      return connection.run(sql, format);
    });
  }
}
