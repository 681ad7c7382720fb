import { createAggregator, type Config, type Log } from '@costel/aggregator';
import { createReceiver } from '@costel/receiver';
import { migrate, openEmbeddedDatabase } from '@costel/store';
import { receiverMetrics } from './receiver-metrics.js';
import { removeRunFile, writeRunFile, type RunInfo } from './run-file.js';

/** What a stack is started with. */
export interface StackOptions {
  readonly config: Config;
  readonly log: Log;
  /** Random identity; see `RunInfo`. */
  readonly instance: string;
  /** Lets its bearer write through the ClickHouse interface. */
  readonly token: string;
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

async function startParts({ config, log, instance, token }: StackOptions, teardown: Teardown): Promise<Stack> {
  const { server, tenant } = config;
  const { dataDirectory, host } = server;
  const database = await openEmbeddedDatabase({ dataDirectory, guestConnections: guestConnections() });
  teardown.add(() => database.close());
  await migrate(database);

  const logger = {
    info: (message: string, fields?: Readonly<Record<string, unknown>>): void => log('info', message, fields),
    warn: (message: string, fields?: Readonly<Record<string, unknown>>): void => log('warn', message, fields),
  };
  const receiver = createReceiver({ database, logger, allowedHosts: server.allowedHosts });
  teardown.add(() => receiver.close());
  const otlp = await receiver.listen(server.otlpPort, host);

  const readMetrics = (): ReturnType<typeof receiverMetrics> => receiverMetrics(receiver.stats());
  const aggregator = await createAggregator({ database, config, log, instance, readMetrics });
  teardown.add(() => aggregator.stop());

  const ports = { api: aggregator.port, otlp: otlp.port, clickhouse: server.clickhousePort };
  const run: RunInfo = { pid: process.pid, instance, token, host, ports, startedAt: new Date().toISOString() };
  writeRunFile(dataDirectory, run);
  teardown.add(() => Promise.resolve(removeRunFile(dataDirectory, instance)));
  void tenant;
  return { run, stop: () => teardown.run() };
}
