import type { Config } from '@costel/aggregator';
import { connectDatabase, openEmbeddedDatabase, pendingMigrations, type Database } from '@costel/store';
import { existsSync } from 'node:fs';
import { CliError } from './exit-codes.js';
import { findRunningStack, reachableHost, type RunInfo } from './run-file.js';

/** A store that a command works on. */
export interface StoreAccess {
  readonly database: Database;
  /** Where it is, for people. */
  readonly where: string;
  /** The running stack that it belongs to; undefined for a server, or a directory that this process opened. */
  readonly run: RunInfo | undefined;
}

/** The ClickHouse server of the environment: `CLICKHOUSE_URL`, with `CLICKHOUSE_USER` and `CLICKHOUSE_PASSWORD`. */
export async function connectServer(url: string, env: NodeJS.ProcessEnv = process.env): Promise<Database> {
  const { CLICKHOUSE_USER: username, CLICKHOUSE_PASSWORD: password, CLICKHOUSE_DATABASE: database } = env;
  return connectDatabase({
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
  });
}

/** The address of a running stack's API. */
export function apiUrlOf(run: RunInfo): string {
  return `http://${reachableHost(run.host)}:${run.ports.api}/api/v1`;
}

/**
 * Opens the store that a command is to work on: the server that `CLICKHOUSE_URL` names, else the running stack of the
 * data directory, else the directory itself; never a directory that a stack has open.
 * @throws CliError `no_data` where there is none of them; StoreError.
 */
export async function openStore(config: Config): Promise<StoreAccess> {
  const url = process.env['CLICKHOUSE_URL'];
  if (url !== undefined && url !== '')
    return { database: await connectServer(url), where: new URL(url).host, run: undefined };
  const { dataDirectory } = config.server;
  const run = await findRunningStack(dataDirectory);
  if (run) {
    const interfaceUrl = `http://${reachableHost(run.host)}:${run.ports.clickhouse}`;
    const database = await connectDatabase({ url: interfaceUrl, password: run.token });
    return { database, where: `the stack of process ${run.pid}`, run };
  }
  if (!existsSync(dataDirectory)) {
    throw new CliError(
      'no_data',
      `no stack runs and there is no data in ${dataDirectory}; start one with "costel up", or name its directory with --data`,
    );
  }
  return { database: await openEmbeddedDatabase({ dataDirectory }), where: dataDirectory, run: undefined };
}

/**
 * Says that tables are missing before a statement fails of it.
 * @throws CliError `schema_behind` where the database lacks migrations of this version.
 */
export async function requireSchema(database: Database, where: string): Promise<void> {
  const pending = await pendingMigrations(database);
  const [first] = pending;
  if (first === undefined) return;
  throw new CliError(
    'schema_behind',
    `${where} lacks ${pending.length} of this version's migrations (from ${first} on): an older version made it, or a start was cut off; run "costel migrate" first, or start "costel up" on it once`,
    { retryable: true },
  );
}

/**
 * Opens the store as {@link openStore} does, for a command that needs all of this version's tables; a running stack has them.
 * @throws CliError `schema_behind`, or what {@link openStore} throws.
 */
export async function openMigratedStore(config: Config): Promise<StoreAccess> {
  const access = await openStore(config);
  if (access.run) return access;
  try {
    await requireSchema(access.database, access.where);
    return access;
  } catch (error) {
    await access.database.close();
    throw error;
  }
}
