import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAggregator, type Config, type Log, type MetricFamily } from '@costel/aggregator';
import { createReceiver, type ReceiverStats } from '@costel/receiver';
import {
  createClickHouseInterface,
  migrate,
  openEmbeddedDatabase,
  type Database,
  type EmbeddedDatabase,
} from '@costel/store';
import { backUpBeside } from './back-up-directory.js';
import { receiverMetrics } from './receiver-metrics.js';
import { prepareKillRepair } from './repair-after-kill.js';
import { removeRunFile, writeRunFile, type RunInfo } from './run-file.js';

/** What a stack is started with. */
export interface StackOptions {
  readonly config: Config;
  readonly log: Log;
  /** Random identity; see `RunInfo`. */
  readonly instance: string;
  /** Lets its bearer write through the ClickHouse interface. */
  readonly token: string;
  /** Port of OTLP over gRPC; 0 lets the system pick, undefined means none. */
  readonly otlpGrpcPort?: number;
  /** See `RunInfo`. */
  readonly configFile?: string;
}

/** A running embedded stack. */
export interface Stack {
  readonly run: RunInfo;
  /** Answers what is under way, commits, closes the engine, removes `run.json`. */
  readonly stop: () => Promise<void>;
}

/**
 * How many statements of strangers may run at once. Each holds a thread of libuv's pool while it runs; half of the pool
 * stays for what the stack itself has to do, so no dashboard can hold up ingestion.
 */
function guestConnections(): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;
  return Math.max(1, Math.floor(threads / 2));
}

/** Undoes started parts in reverse order, each even when another fails. */
class Teardown {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0)) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

/** Starts the embedded stack: engine, schema, receiver, ClickHouse interface, service, API and page. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const teardown = new Teardown();
  try {
    return await startParts(options, teardown);
  } catch (error) {
    await teardown.run().catch(() => undefined);
    throw error;
  }
}

async function startParts(options: StackOptions, teardown: Teardown): Promise<Stack> {
  const { config, log, instance, token } = options;
  const { dataDirectory, host } = config.server;
  const database = await openEmbeddedDatabase({ dataDirectory, guestConnections: guestConnections() });
  teardown.add(() => database.close());
  await migrate(database);
  const killRepair = await prepareKillRepair(dataDirectory, database, log);
  teardown.add(() => Promise.resolve(killRepair.leave()));
  const receiver = await startReceiver(options, database, teardown);
  const clickhouse = await startInterface(options, database, teardown);
  const readMetrics = (): MetricFamily[] => receiverMetrics(receiver.stats());
  const aggregator = await createAggregator({
    database,
    config,
    log,
    instance,
    readMetrics,
    adminToken: token,
    ...guardTokenOf(process.env),
    backUp: () => backUpBeside(database, Date.now()),
  });
  teardown.add(() => aggregator.stop());

  const { port: otlp, grpcPort } = receiver;
  const ports = { api: aggregator.port, otlp, clickhouse, ...(grpcPort === undefined ? {} : { otlpGrpc: grpcPort }) };
  const run: RunInfo = {
    pid: process.pid,
    instance,
    token,
    host,
    ports,
    startedAt: new Date().toISOString(),
    ...(options.configFile === undefined ? {} : { configFile: options.configFile }),
  };
  writeRunFile(dataDirectory, run);
  teardown.add(() => Promise.resolve(removeRunFile(dataDirectory, instance)));
  const repaired = killRepair.run();
  teardown.add(() => repaired);
  return { run, stop: () => teardown.run() };
}

/** The address that the stack listens on is a name that it may be called by. */
function hostNames({ server }: Config): readonly string[] {
  return [server.host, ...server.allowedHosts];
}

async function startReceiver(
  { config, log, otlpGrpcPort }: StackOptions,
  database: Database,
  teardown: Teardown,
): Promise<{ readonly port: number; readonly grpcPort: number | undefined; readonly stats: () => ReceiverStats }> {
  const logger = {
    info: (message: string, fields?: Readonly<Record<string, unknown>>): void => log('info', message, fields),
    warn: (message: string, fields?: Readonly<Record<string, unknown>>): void => log('warn', message, fields),
  };
  const receiver = createReceiver({ database, logger, tenant: config.tenant, allowedHosts: hostNames(config) });
  teardown.add(() => receiver.close());
  const { port } = await receiver.listen(config.server.otlpPort, config.server.host);
  const grpc = otlpGrpcPort === undefined ? undefined : await receiver.listenGrpc(otlpGrpcPort, config.server.host);
  return { port, grpcPort: grpc?.port, stats: () => receiver.stats() };
}

/** `COSTEL_READ_TOKEN`: what reading through the ClickHouse interface takes then, wherever it listens. */
export function readTokenOf(env: NodeJS.ProcessEnv): string | undefined {
  const token = env['COSTEL_READ_TOKEN'];
  return token === '' ? undefined : token;
}

/** `COSTEL_GUARD_TOKEN`: what budget guards in applications show, who need not hold the token that lets one write. */
export function guardTokenOf(env: NodeJS.ProcessEnv): { readonly guardToken?: string } {
  const guardToken = env['COSTEL_GUARD_TOKEN'] ?? '';
  return guardToken === '' ? {} : { guardToken };
}

async function startInterface(
  { config, token }: StackOptions,
  database: EmbeddedDatabase,
  teardown: Teardown,
): Promise<number> {
  const { server } = await createClickHouseInterface({
    database,
    writeToken: token,
    readToken: readTokenOf(process.env),
    allowedHosts: hostNames(config),
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.server.clickhousePort, config.server.host, resolve);
  });
  teardown.add(() => closeServer(server));
  return (server.address() as AddressInfo).port;
}

/** How long statements that are under way may take to end. */
const DRAIN_MS = 3000;

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}
