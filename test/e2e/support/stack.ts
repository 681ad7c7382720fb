import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const cli = join(root, 'packages/cli/bin/costel.cjs');

/** Starting the engine on a fresh data directory on a busy machine. */
const START_PATIENCE_MS = 90_000;

const LEDGER_TICKS = ['resolve_rates', 'judge_traces', 'build_rollups'];

interface Ports {
  readonly api: number;
  readonly otlp: number;
}

/** A running `costel up` on free ports. */
export class Stack {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly ports: Ports;

  private constructor(child: ChildProcess, exit: Promise<unknown>, ports: Ports) {
    this.#child = child;
    this.#exit = exit;
    this.ports = ports;
  }

  /** Starts the built stack and waits until it says that it is ready. */
  static async start(dataDirectory: string, configFile: string): Promise<Stack> {
    const ports = ['--port', '0', '--otlp-port', '0', '--clickhouse-port', '0'];
    const child = spawn(process.execPath, [cli, 'up', '--data', dataDirectory, '--config', configFile, ...ports], {
      cwd: dataDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const exit = once(child, 'exit');
    const deadlineMs = Date.now() + START_PATIENCE_MS;
    while (Date.now() < deadlineMs && child.exitCode === null) {
      const found = readPorts(dataDirectory, child.pid);
      if (found !== undefined && (await isReady(found.api))) return new Stack(child, exit, found);
      await new Promise((done) => setTimeout(done, 100));
    }
    child.kill('SIGKILL');
    throw new Error(`costel up did not become ready (exit code ${String(child.exitCode)}):\n${output}`);
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.ports.api}`;
  }

  get otlpUrl(): string {
    return `http://127.0.0.1:${this.ports.otlp}`;
  }

  /** How often each of the jobs that price, judge and roll up has run, in a fixed order. */
  async ledgerTickRuns(): Promise<number[]> {
    const response = await fetch(`${this.apiUrl}/api/v1/ready`);
    const { ticks } = (await response.json()) as { ticks: { name: string; runs: number }[] };
    return LEDGER_TICKS.map((name) => {
      const tick = ticks.find((candidate) => candidate.name === name);
      if (tick === undefined) throw new Error(`the stack has no tick ${name}`);
      return tick.runs;
    });
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGINT');
    await this.#exit;
  }
}

function readPorts(dataDirectory: string, pid: number | undefined): Ports | undefined {
  try {
    const run = JSON.parse(readFileSync(join(dataDirectory, 'run.json'), 'utf8')) as { pid: number; ports: Ports };
    // A killed stack leaves its file behind.
    return run.pid === pid ? run.ports : undefined;
  } catch {
    return undefined;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/api/v1/ready`)).ok;
  } catch {
    return false;
  }
}
