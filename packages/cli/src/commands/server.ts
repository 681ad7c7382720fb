import { createAggregator, createStderrLog } from '@costel/aggregator';
import { migrate, planMigration, type Database } from '@costel/store';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { writeJson, writeLine } from '../output.js';
import { checkPorts } from '../ports.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { guardTokenOf } from '../stack.js';
import { connectServer, openStore, requireSchema } from '../store-access.js';
import { stopOn, waitForStopSignal } from '../stop-signal.js';

function serverUrl(): string {
  const url = process.env['CLICKHOUSE_URL'];
  if (url !== undefined && URL.canParse(url)) return url;
  const message =
    'set CLICKHOUSE_URL to the HTTP address of the ClickHouse server, e.g. http://clickhouse:8123; "costel up" needs none';
  throw new CliError('no_server', message, { exitCode: EXIT_CODES.usage });
}

/** The other shards of a cluster, one address each: `COSTEL_SHARD_URLS`, separated by commas. */
function otherShardUrls(): readonly string[] {
  const urls = (process.env['COSTEL_SHARD_URLS'] ?? '').split(',').map((url) => url.trim());
  const named = urls.filter((url) => url !== '');
  const wrong = named.find((url) => !URL.canParse(url));
  if (wrong === undefined) return named;
  const message = `COSTEL_SHARD_URLS has ${JSON.stringify(wrong)}, which is no address; give one HTTP address of every shard but the one of CLICKHOUSE_URL, e.g. http://shard-2:8123,http://shard-3:8123`;
  throw new CliError('no_server', message, { exitCode: EXIT_CODES.usage });
}

/** Connects to all, or to none. */
async function connectShards([first, ...others]: readonly [string, ...string[]]): Promise<[Database, ...Database[]]> {
  const connected: [Database, ...Database[]] = [await connectServer(first)];
  try {
    await requireSchema(connected[0], new URL(first).host);
    for (const url of others) connected.push(await connectServer(url));
    return connected;
  } catch (error) {
    for (const database of connected) await database.close();
    throw error;
  }
}

/** `costel aggregator`: the service on a ClickHouse server, until it is told to stop. */
export async function runAggregator(flags: CommonFlags): Promise<void> {
  const stopSignal = waitForStopSignal();
  const urls = [serverUrl(), ...otherShardUrls()] as const;
  const config = readConfig(flags);
  const { host, port } = config.server;
  await checkPorts(host, [{ flag: '--port', port, what: 'page and API' }]);
  const [database, ...shards] = await connectShards(urls);
  const log = createStderrLog(Date.now);
  const aggregator = await createAggregator({ database, shards, config, log, ...guardTokenOf(process.env) });
  await writeLine(`Costel's page and API are at http://${host.includes(':') ? `[${host}]` : host}:${aggregator.port}/`);
  await stopOn(stopSignal, async () => {
    await aggregator.stop();
    for (const shard of [database, ...shards]) await shard.close();
  });
}

/** What `costel migrate` is told. */
export interface MigrateFlags extends CommonFlags {
  readonly cluster?: string;
  readonly dryRun?: boolean;
}

/** `costel migrate`: brings the tables of the store to this version, or prints what it would run on an empty database. */
export async function runMigrate(flags: MigrateFlags): Promise<void> {
  const options = flags.cluster === undefined ? {} : { cluster: flags.cluster };
  if (flags.dryRun === true) {
    const database = process.env['CLICKHOUSE_DATABASE'];
    const plan = planMigration({ ...options, ...(database === undefined ? {} : { database }) });
    for (const statement of plan) await writeLine(`${statement};\n`);
    return;
  }
  // The embedded engine is one machine by nature.
  if (flags.cluster !== undefined) serverUrl();
  const { database, run } = await openStore(readConfig(flags));
  try {
    if (run) {
      const message = `process ${run.pid} runs on this directory, and a stack migrates when it starts; restart it instead`;
      throw new CliError('already_running', message, { retryable: true });
    }
    await writeJson(await migrate(database, options));
  } finally {
    await database.close();
  }
}
