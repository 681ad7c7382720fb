import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from '../../support/free-port.mjs';
import { waitFor, type RunningStack } from '../../support/stack.js';

/** The folder of the configuration under test. */
export const collectorDirectory = resolve(import.meta.dirname, '../../../collector');

/** The binary that `npm run test:collector` has built. */
export function collectorBinary(): string {
  const binary = process.env['COSTEL_COLLECTOR'];
  if (binary === undefined)
    throw new Error('COSTEL_COLLECTOR is not set: start these tests with npm run test:collector');
  return binary;
}

/** Where a collector writes, and where it keeps what is not written yet. */
export interface CollectorOptions {
  readonly clickhouseUrl: string;
  readonly password: string;
  /** Kept across restarts. */
  readonly queueDirectory: string;
  /** Configurations merged over config.yaml, e.g. `tail.yaml`. */
  readonly fragments?: readonly string[];
  /** Variables for them. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A collector with the shipped configuration on ports of its own. */
export interface RunningCollector {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly healthEndpoint: string;
  readonly metricsUrl: string;
  /** What it has logged so far. */
  log(): string;
  /** Ends it as an orchestrator does; resolves once it has ended. */
  stop(): Promise<void>;
  /** Ends it as a power cut does: nothing is flushed. */
  kill(): Promise<void>;
}

/** What writes into the embedded stack need: its interface's address and the token of its run file. */
export function stackTarget(stack: RunningStack): { clickhouseUrl: string; password: string } {
  const run = JSON.parse(readFileSync(join(stack.dataDirectory, 'run.json'), 'utf8')) as { token: string };
  return { clickhouseUrl: stack.clickhouseUrl, password: run.token };
}

/** Starts the collector with collector/config.yaml and waits until it says that it is well. */
export async function startCollector(options: CollectorOptions): Promise<RunningCollector> {
  const [http, grpc, health, metrics] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const healthEndpoint = `127.0.0.1:${health}`;
  const files = ['config.yaml', ...(options.fragments ?? [])];
  const flags = files.flatMap((file) => ['--config', join(collectorDirectory, file)]);
  const child = spawn(collectorBinary(), flags, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      // As docker-compose.yml has it: Go collects before the memory limiter has to refuse.
      GOMEMLIMIT: '1024MiB',
      CLICKHOUSE_ENDPOINT: options.clickhouseUrl,
      CLICKHOUSE_PASSWORD: options.password,
      OTLP_HTTP_ENDPOINT: `127.0.0.1:${http}`,
      OTLP_GRPC_ENDPOINT: `127.0.0.1:${grpc}`,
      HEALTH_ENDPOINT: healthEndpoint,
      METRICS_PORT: String(metrics),
      COLLECTOR_QUEUE_DIRECTORY: options.queueDirectory,
      ...options.environment,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  await waitFor(async () => {
    if (child.exitCode !== null) throw new Error(`the collector ended with exit code ${child.exitCode}:\n${output}`);
    return (await fetch(`http://${healthEndpoint}/`).catch(() => undefined))?.ok === true;
  }, 'the collector to be healthy');
  return {
    httpUrl: `http://127.0.0.1:${http}`,
    grpcUrl: `http://127.0.0.1:${grpc}`,
    healthEndpoint,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    log: () => output,
    stop: async () => end(child, 'SIGTERM', closed),
    kill: async () => end(child, 'SIGKILL', closed),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals, closed: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await closed;
}
