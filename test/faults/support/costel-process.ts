import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from '../../support/free-port.mjs';
import { waitFor } from '../../support/stack.js';

/** The command line's entry. */
export const costelCli = resolve(import.meta.dirname, '../../../packages/cli/bin/costel.cjs');

/** Starting on a directory that a kill left, on a busy machine. */
const START_PATIENCE_MS = 180_000;

/** The total of `GET /api/v1/costs/summary`. */
export interface Total {
  readonly cost_usd: string;
  readonly calls: number;
  readonly unpriced_calls: number;
}

/** `costel up` on one data directory and fixed ports, started and killed as often as a test likes. */
export class CostelProcess {
  readonly dataDirectory: string;
  readonly #ports: { readonly api: number; readonly otlp: number; readonly clickhouse: number };
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #exit: Promise<unknown> = Promise.resolve();
  #output = '';

  private constructor(
    dataDirectory: string,
    ports: { readonly api: number; readonly otlp: number; readonly clickhouse: number },
    environment: NodeJS.ProcessEnv,
  ) {
    this.dataDirectory = dataDirectory;
    this.#ports = ports;
    this.#environment = environment;
  }

  /** Picks ports; starts nothing yet. `environment` is added to this process's own. */
  static async prepare(dataDirectory: string, environment: NodeJS.ProcessEnv = {}): Promise<CostelProcess> {
    mkdirSync(dataDirectory, { recursive: true });
    const ports = { api: await freePort(), otlp: await freePort(), clickhouse: await freePort() };
    return new CostelProcess(dataDirectory, ports, environment);
  }

  get otlpUrl(): string {
    return `http://127.0.0.1:${this.#ports.otlp}`;
  }

  get clickhouseUrl(): string {
    return `http://127.0.0.1:${this.#ports.clickhouse}`;
  }

  get clickhousePort(): number {
    return this.#ports.clickhouse;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#ports.api}/api/v1`;
  }

  /** All that it printed since it was first started. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the stack was not started');
    return this.#child.pid;
  }

  /** The token that lets a collector write. */
  get token(): string {
    return readFileSync(join(this.dataDirectory, 'write-token'), 'utf8').trim();
  }

  /** Starts the process and returns at once: it may be killed while it starts. */
  spawn(): void {
    const flags = ['--data', this.dataDirectory, '--port', this.#ports.api, '--otlp-port', this.#ports.otlp];
    flags.push('--clickhouse-port', this.#ports.clickhouse);
    const child = spawn(process.execPath, [costelCli, 'up', ...flags.map(String)], {
      cwd: this.dataDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#environment },
    });
    this.#child = child;
    this.#exit = once(child, 'close');
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString('utf8')));
  }

  /** Starts the process and waits until it takes telemetry. */
  async start(): Promise<void> {
    this.spawn();
    await this.untilReceiving();
  }

  /** Waits until receiver and ClickHouse interface answer. @throws Error with the output where the process ends. */
  async untilReceiving(): Promise<void> {
    await this.#until(`${this.otlpUrl}/health`, 'the receiver');
    await this.#until(`${this.clickhouseUrl}/ping`, 'the ClickHouse interface');
  }

  /** Waits until all repeated work has been done once. */
  async untilReady(): Promise<void> {
    await this.#until(`${this.apiUrl}/ready`, 'the API to be ready');
  }

  async #until(url: string, what: string): Promise<void> {
    await waitFor(
      async () => {
        if (!this.isRunning) throw new Error(`costel up ended:\n${this.#output.slice(-4000)}`);
        return (await fetch(url).catch(() => undefined))?.ok === true;
      },
      () => `${what}; costel up printed:\n${this.#output.slice(-4000)}`,
      START_PATIENCE_MS,
    );
  }

  /** SIGKILL, as the kernel's out-of-memory killer sends it; resolves once the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exit;
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<void> {
    if (this.isRunning) this.#child?.kill('SIGINT');
    await this.#exit;
  }

  /** Rows of a SELECT through the ClickHouse interface; 64-bit integers and decimals are text. */
  async query<Row extends object>(sql: string): Promise<Row[]> {
    const query = new URLSearchParams({ default_format: 'JSONEachRow', output_format_json_quote_64bit_integers: '1' });
    const response = await fetch(`${this.clickhouseUrl}/?${query.toString()}`, { method: 'POST', body: sql });
    const answer = await response.text();
    if (!response.ok) throw new Error(`the interface answered ${response.status} to ${sql}: ${answer}`);
    const lines = answer.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Row);
  }

  /** What the API says was spent in the last days. */
  async total(days = 7): Promise<Total> {
    const response = await fetch(`${this.apiUrl}/costs/summary?days=${days}`);
    if (!response.ok) throw new Error(`the API answered ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { total: Total }).total;
  }

  /** The value of each sample of a metric, by its labels as they are printed. */
  async metric(name: string): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`${this.apiUrl}/metrics`);
    const samples = new Map<string, number>();
    for (const line of (await response.text()).split('\n')) {
      const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match?.[1] === name) samples.set(match[2] ?? '', Number(match[3]));
    }
    return samples;
  }

  /** Resident memory of the process, in bytes. 0 once it has ended. */
  residentBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }
}
