import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Database, FileInsert, QueryParameters } from '../database.js';
import { columnsOf, encodeJsonRows, parseJsonRows } from '../engine/json-rows.js';
import { columnsClause, settingsClause } from '../engine/insert-file.js';
import { checkedName, encodeParameters, quoteTableName } from '../engine/literals.js';
import { toStoreError } from '../engine/store-error.js';
import { connectFailure } from './connect-failure.js';
import type { ConnectTarget } from './connect-failure.js';
import { formOf, MAX_ADDRESS_PARAMETER_BYTES, parameterBytes, splitLongParameters } from './long-parameters.js';

/** Where the ClickHouse server is. */
export interface ServerDatabaseOptions {
  /** `http://host:8123` or `https://…`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Unqualified names mean its tables; created where it is missing. Default `costel`. */
  readonly database?: string;
  /** Longest wait for one answer in milliseconds. Default 60 000. */
  readonly requestTimeoutMs?: number;
}

/**
 * Connects to a ClickHouse server; the same contract as the embedded engine, so everything above is the same for both.
 * @throws StoreError `unreachable`, `authentication_failed`, or the server's refusal to create the database; each in
 * one sentence that names the address, the reason and what to do.
 */
export async function connectDatabase(options: ServerDatabaseOptions): Promise<Database> {
  const database = checkedName('database', options.database ?? 'costel');
  const login = {
    ...credentialsOf(options),
    request_timeout: options.requestTimeoutMs ?? 60_000,
    application: 'costel',
    // Every failure is thrown; whoever catches it decides what to print.
    log: { level: ClickHouseLogLevel.OFF },
  };
  const target = { url: login.url, username: login.username, database };
  await createServerDatabase(() => createClient({ ...login, database: 'default' }), target);
  return new ServerDatabase(createClient({ ...login, database, clickhouse_settings: SERVER_SETTINGS }));
}

/** What the address itself carries counts where nothing else is given; the client warns when it is told twice. */
function credentialsOf({ url, username, password }: ServerDatabaseOptions): {
  url: string;
  username: string;
  password: string;
} {
  if (!URL.canParse(url)) return { url, username: username ?? 'default', password: password ?? '' };
  const address = new URL(url);
  const given = { username: decodeURIComponent(address.username), password: decodeURIComponent(address.password) };
  address.username = '';
  address.password = '';
  return {
    url: address.href,
    username: username ?? (given.username === '' ? 'default' : given.username),
    password: password ?? given.password,
  };
}

/** What the embedded engine is opened with, in the words of the client. A date means the same on both: UTC. */
const SERVER_SETTINGS = {
  async_insert: 0,
  max_partitions_per_insert_block: '0',
  materialized_views_ignore_errors: 0,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  session_timezone: 'UTC',
  wait_end_of_query: 1,
} as const;

async function createServerDatabase(open: () => ClickHouseClient, target: ConnectTarget): Promise<void> {
  let client: ClickHouseClient | undefined;
  try {
    client = open();
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS \`${target.database}\`` });
  } catch (error) {
    throw connectFailure(error, target);
  } finally {
    await client?.close();
  }
}

class ServerDatabase implements Database {
  readonly isShared = true;
  readonly #client: ClickHouseClient;

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  async query<Row extends object>(sql: string, parameters?: QueryParameters): Promise<Row[]> {
    return guarded(async () => {
      const statement = checkedStatement(sql, parameters);
      // Parameters beyond 4 KB go as a form: an address holds at most 1 MiB, and less on the way through a proxy.
      const request = { ...statement, format: 'JSONEachRow' as const, use_multipart_params_auto: true };
      const result = await this.#client.query(request);
      return parseJsonRows<Row>(Buffer.from(await result.text(), 'utf8'));
    });
  }

  async command(sql: string, parameters?: QueryParameters): Promise<void> {
    await guarded(async () => {
      const statement = checkedStatement(sql, parameters);
      if (parameterBytes(statement.query_params) > MAX_ADDRESS_PARAMETER_BYTES) await this.#commandByForm(statement);
      else await this.#client.command(statement);
    });
  }

  async insertFile(insert: FileInsert): Promise<void> {
    await guarded(async () => this.#insert(insert, createReadStream(insert.path)));
  }

  async insertRows(table: string, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    const settings = { date_time_input_format: 'best_effort' };
    const insert = { table, columns: columnsOf(rows), format: 'JSONEachRow', settings };
    await guarded(async () => this.#insert(insert, Readable.from([encodeJsonRows(rows)])));
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** The client sends a form for queries only. */
  async #commandByForm({ query, query_params }: Statement): Promise<void> {
    const { contentType, body } = formOf(query_params);
    const headers = { 'Content-Type': contentType };
    const { stream } = await this.#client.exec({ query, values: Readable.from([body]), http_headers: headers });
    stream.resume();
    await finished(stream);
  }

  async #insert(insert: Omit<FileInsert, 'path'>, values: Readable): Promise<void> {
    const target = `${quoteTableName(insert.table)}${columnsClause(insert.columns)}${settingsClause(insert.settings)}`;
    const query = `INSERT INTO ${target} FORMAT ${checkedName('format', insert.format)}`;
    const { stream } = await this.#client.exec({ query, values });
    stream.resume();
    await finished(stream);
  }
}

interface Statement {
  readonly query: string;
  readonly query_params: QueryParameters;
}

/** The client encodes the values; this refuses the same names and numbers as the embedded engine does. */
function checkedStatement(sql: string, parameters: QueryParameters = {}): Statement {
  encodeParameters(parameters);
  const statement = splitLongParameters(sql, parameters);
  return { query: statement.sql, query_params: statement.parameters };
}

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
}
