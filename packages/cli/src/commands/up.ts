import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createStderrLog, loadConfigFile, type Config } from '@costel/aggregator';
import { findRunningStack, reachableHost } from '../run-file.js';
import { CliError } from '../exit-codes.js';
import { explainFullDisk } from '../explain-full-disk.js';
import { writeLine } from '../output.js';
import { checkPorts } from '../ports.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { readTokenOf, startStack, type Stack } from '../stack.js';
import { stopOn, waitForStopSignal } from '../stop-signal.js';
import { loadWriteToken } from '../write-token.js';

/** What `costel up` takes besides the flags that commands share. */
export interface UpFlags extends CommonFlags {
  /** OTLP/gRPC; none unless it is asked for. */
  readonly otlpGrpcPort?: number;
}

/** @throws CliError `already_running`, `port_in_use`. */
async function checkStart({ server }: Config, otlpGrpcPort: number | undefined): Promise<void> {
  const running = await findRunningStack(server.dataDirectory);
  if (running) {
    throw new CliError(
      'already_running',
      `a stack (process ${running.pid}) runs on ${server.dataDirectory}, its page at http://${reachableHost(running.host)}:${running.ports.api}; stop it, or choose another directory with --data`,
      { retryable: true },
    );
  }
  await checkPorts(server.host, [
    { flag: '--port', port: server.port, what: 'page and API' },
    { flag: '--otlp-port', port: server.otlpPort, what: 'OTLP/HTTP' },
    ...(otlpGrpcPort === undefined ? [] : [{ flag: '--otlp-grpc-port', port: otlpGrpcPort, what: 'OTLP/gRPC' }]),
    { flag: '--clickhouse-port', port: server.clickhousePort, what: 'ClickHouse HTTP interface' },
  ]);
}

async function printWelcome(stack: Stack, config: Config, isFirstStart: boolean): Promise<void> {
  const { api, otlp, otlpGrpc, clickhouse } = stack.run.ports;
  const { host, dataDirectory } = config.server;
  const at = (port: number, path = ''): string => `http://${reachableHost(host)}:${port}${path}`;
  const budgets = config.budgets.length === 0 ? 'none yet; add them to costel.yaml' : String(config.budgets.length);
  await writeLine(
    [
      '',
      'Costel is up.',
      '',
      `  Page              ${at(api, '/')}`,
      `  API               ${at(api, '/api/v1/costs/summary?group_by=model')}`,
      `  OTLP/HTTP         ${at(otlp)}    (OTEL_EXPORTER_OTLP_ENDPOINT)`,
      ...(otlpGrpc === undefined ? [] : [`  OTLP/gRPC         ${at(otlpGrpc)}`]),
      `  ClickHouse HTTP   ${at(clickhouse)}    (database costel; reading ${readTokenOf(process.env) === undefined ? 'is free' : 'needs COSTEL_READ_TOKEN'}, writing needs the token of run.json)`,
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

/** `costel up`: runs the embedded stack until it is told to stop. @throws CliError `disk_full`, besides those of {@link checkStart}. */
export async function runUp(flags: UpFlags): Promise<void> {
  const stopSignal = waitForStopSignal();
  const config = readConfig(flags);
  const { path } = loadConfigFile(flags.config);
  await checkStart(config, flags.otlpGrpcPort);
  const isFirstStart = !existsSync(config.server.dataDirectory);
  const log = createStderrLog(Date.now);
  const { dataDirectory } = config.server;
  const start = async (): Promise<Stack> =>
    startStack({
      config,
      log,
      instance: randomUUID(),
      token: loadWriteToken(dataDirectory),
      ...(flags.otlpGrpcPort === undefined ? {} : { otlpGrpcPort: flags.otlpGrpcPort }),
      ...(path === undefined ? {} : { configFile: resolve(path) }),
    });
  const stack = await start().catch((error: unknown) => {
    throw explainFullDisk(error, dataDirectory);
  });
  await printWelcome(stack, config, isFirstStart);
  await stopOn(stopSignal, () => stack.stop());
}
