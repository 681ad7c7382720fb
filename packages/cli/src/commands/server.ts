import { createAggregator, createStderrLog } from '@costel/aggregator';
import { migrate, planMigration } from '@costel/store';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { writeJson, writeLine } from '../output.js';
import { checkPorts } from '../ports.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { guardTokenOf } from '../stack.js';
import { connectServer, openStore } from '../store-access.js';
import { stopOn, waitForStopSignal } from '../stop-signal.js';

function serverUrl(): string {
  const url = process.env['CLICKHOUSE_URL'];
  if (url !== undefined && URL.canParse(url)) return url;
  const message =
    'set CLICKHOUSE_URL to the HTTP address of the ClickHouse server, e.g. http://clickhouse:8123; "costel up" needs none';
  throw new CliError('no_server', message, { exitCode: EXIT_CODES.usage });
}

/** `costel aggregator`: the service on a ClickHouse server, until it is told to stop. */
export async function runAggregator(flags: CommonFlags): Promise<void> {
  const stopSignal = waitForStopSignal();
  const config = readConfig(flags);
  const { host, port } = config.server;
  await checkPorts(host, [{ flag: '--port', port, what: 'page and API' }]);
  const database = await connectServer(serverUrl());
  const log = createStderrLog(Date.now);
  const aggregator = await createAggregator({ database, config, log, ...guardTokenOf(process.env) });
  await writeLine(`Costel's page and API are at http://${host.includes(':') ? `[${host}]` : host}:${aggregator.port}/`);
  await stopOn(stopSignal, async () => {
    await aggregator.stop();
    await database.close();
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
