import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createStderrLog, type Config } from '@costel/aggregator';
import { findRunningStack } from '../run-file.js';
import { CliError } from '../exit-codes.js';
import { say, writeLine } from '../output.js';
import { checkPorts } from '../ports.js';
import { readConfig } from '../read-config.js';
import { startStack, type Stack } from '../stack.js';

/** The flags of `costel up`; each wins over the configuration file. */
export interface UpOptions {
  readonly config?: string;
  readonly data?: string;
  readonly host?: string;
  readonly port?: number;
  readonly otlpPort?: number;
  readonly clickhousePort?: number;
}

/** Longest that a clean stop may take before the process ends all the same. */
const STOP_PATIENCE_MS = 15_000;

function applyFlags(config: Config, flags: UpOptions): Config {
  const { server } = config;
  return {
    ...config,
    server: {
      ...server,
      host: flags.host ?? server.host,
      port: flags.port ?? server.port,
      otlpPort: flags.otlpPort ?? server.otlpPort,
      clickhousePort: flags.clickhousePort ?? server.clickhousePort,
      dataDirectory: flags.data === undefined ? server.dataDirectory : resolve(flags.data),
    },
  };
}

/** @throws CliError `already_running`, `port_in_use`. */
async function checkStart({ server }: Config): Promise<void> {
  const running = await findRunningStack(server.dataDirectory);
  if (running) {
    throw new CliError(
      'already_running',
      `a stack (process ${running.pid}) runs on ${server.dataDirectory}, its page at http://${running.host}:${running.ports.api}; stop it, or choose another directory with --data`,
      { retryable: true },
    );
  }
  await checkPorts(server.host, [
    { flag: '--port', port: server.port, what: 'page and API' },
    { flag: '--otlp-port', port: server.otlpPort, what: 'OTLP/HTTP' },
    { flag: '--clickhouse-port', port: server.clickhousePort, what: 'ClickHouse HTTP interface' },
  ]);
}

async function printWelcome(stack: Stack, config: Config, isFirstStart: boolean): Promise<void> {
  const { api, otlp, clickhouse } = stack.run.ports;
  const { host, dataDirectory } = config.server;
  const at = (port: number, path = ''): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  const budgets = config.budgets.length === 0 ? 'none yet; add them to costel.yaml' : String(config.budgets.length);
  await writeLine(
    [
      '',
      'Costel is up.',
      '',
      `  Page              ${at(api, '/')}`,
      `  API               ${at(api, '/api/v1/costs/summary?group_by=model')}`,
      `  OTLP/HTTP         ${at(otlp)}    (OTEL_EXPORTER_OTLP_ENDPOINT)`,
      `  ClickHouse HTTP   ${at(clickhouse)}    (database costel; reading is free, writing needs the token of run.json)`,
      `  Data              ${dataDirectory}`,
      `  Budgets           ${budgets}`,
      '',
      isFirstStart
        ? 'Nothing has been received yet. Send live traffic from a second terminal:'
        : 'Send live traffic from a second terminal:',
      '',
      '  npm run demo',
      '',
      'or instrument your own Node application with @costel/node, or point any OpenTelemetry exporter at OTLP/HTTP above.',
      'Ctrl-C stops it.',
      '',
    ].join('\n'),
  );
}

/** Waits for SIGINT or SIGTERM; a second one ends the process at once. */
async function waitForStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(1);
      stopping = true;
      resolveSignal(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** `costel up`: runs the embedded stack until it is told to stop. */
export async function runUp(flags: UpOptions): Promise<void> {
  const stopSignal = waitForStopSignal();
  const config = applyFlags(readConfig(flags.config), flags);
  await checkStart(config);
  const isFirstStart = !existsSync(config.server.dataDirectory);
  const log = createStderrLog(Date.now);
  const stack = await startStack({ config, log, instance: randomUUID(), token: randomBytes(24).toString('base64url') });
  await printWelcome(stack, config, isFirstStart);
  const signal = await stopSignal;
  say(`\n${signal}: answering what is under way, then stopping …`);
  const timer = setTimeout(() => {
    say('costel: stopping took too long and was cut off; nothing acknowledged is lost');
    process.exit(1);
  }, STOP_PATIENCE_MS);
  await stack.stop();
  clearTimeout(timer);
  say('Stopped.');
}
