import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from './free-port.mjs';

const cli = resolve(import.meta.dirname, '../../packages/cli/bin/costel.cjs');

/** A start on an empty directory takes 2 s; on a machine with thirty waiting processes it took 30 s. */
const START_LIMIT_MS = 90_000;

export interface RunningStack {
  readonly otlpUrl: string;
  readonly clickhouseUrl: string;
  readonly url: string;
  readonly dataDirectory: string;
  readonly process: ChildProcess;
  /** Ends the stack as Ctrl-C does, and removes its data. */
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly config?: string;
  readonly dataDirectory?: string;
}

/** Starts `costel up` on free ports and waits until its API can serve. */
export async function startStack({
  config,
  dataDirectory = mkdtempSync(join(tmpdir(), 'costel-stack-')),
}: StackOptions = {}): Promise<RunningStack> {
  const [otlpPort, clickhousePort, port] = [await freePort(), await freePort(), await freePort()];
  const flags = ['--data', dataDirectory, '--otlp-port', otlpPort, '--clickhouse-port', clickhousePort, '--port', port];
  const child = spawn(process.execPath, [cli, 'up', ...flags.map(String), ...(config ? ['--config', config] : [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: dataDirectory,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`costel up ended with exit code ${child.exitCode}:\n${output}`);
    return (await fetch(`${url}/api/v1/ready`).catch(() => undefined))?.ok === true;
  };
  await waitFor(isReady, () => `the stack to be ready; so far it printed:\n${output}`, START_LIMIT_MS);
  return {
    otlpUrl: `http://127.0.0.1:${otlpPort}`,
    clickhouseUrl: `http://127.0.0.1:${clickhousePort}`,
    url,
    dataDirectory,
    process: child,
    stop: async () => {
      const closed =
        child.exitCode === null && child.signalCode === null
          ? new Promise((done) => child.once('close', done))
          : undefined;
      child.kill('SIGINT');
      await closed;
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/**
 * Waits until a condition holds.
 * @param what named in the error; a function is asked then, e.g. for what a process has printed by that time.
 * @throws Error naming what was awaited when it does not hold within the limit (90 s, for it may be a busy machine).
 */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  limitMs = 90_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`waited ${limitMs} ms for ${typeof what === 'string' ? what : what()}`);
    await new Promise((next) => setTimeout(next, 25));
  }
}

/** What a test says of one LLM call. */
export interface CallSpan {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly feature?: string;
  readonly user?: string;
  readonly provider?: string;
  readonly startMs?: number;
  readonly durationMs?: number;
}

/** OTLP/JSON of spans as any GenAI emitter would send them. */
export function tracesRequest(calls: readonly CallSpan[]): object {
  return {
    resourceSpans: [
      {
        resource: {
          attributes: [stringAttribute('service.name', 'shop'), stringAttribute('deployment.environment.name', 'test')],
        },
        scopeSpans: [{ scope: { name: 'test' }, spans: calls.map(spanOf) }],
      },
    ],
  };
}

function spanOf({
  model,
  inputTokens,
  outputTokens,
  feature = '',
  user = '',
  provider = 'openai',
  startMs = Date.now(),
  durationMs = 250,
}: CallSpan): object {
  return {
    traceId: randomHex(32),
    spanId: randomHex(16),
    name: `chat ${model}`,
    kind: 3,
    startTimeUnixNano: String(BigInt(startMs) * 1_000_000n),
    endTimeUnixNano: String(BigInt(startMs + durationMs) * 1_000_000n),
    attributes: [
      stringAttribute('gen_ai.operation.name', 'chat'),
      stringAttribute('gen_ai.provider.name', provider),
      stringAttribute('gen_ai.request.model', model),
      stringAttribute('gen_ai.response.model', model),
      stringAttribute('gen_ai.response.id', `resp-${randomHex(12)}`),
      stringAttribute('costel.feature', feature),
      stringAttribute('user.id', user),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: String(inputTokens) } },
      { key: 'gen_ai.usage.output_tokens', value: { intValue: String(outputTokens) } },
    ],
  };
}

function stringAttribute(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}

function randomHex(length: number): string {
  return Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
}

/** Posts spans and fails unless the receiver acknowledges them. */
export async function sendCalls(otlpUrl: string, calls: readonly CallSpan[]): Promise<void> {
  const response = await fetch(`${otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tracesRequest(calls)),
  });
  if (!response.ok) throw new Error(`the receiver answered ${response.status}: ${await response.text()}`);
}
