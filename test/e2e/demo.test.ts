import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { compareWithTruth } from '../../examples/demo/src/comparison.mjs';
import { costelApi } from '../../examples/demo/src/costel-api.mjs';
import { seededRandom } from '../../examples/demo/src/seeded-random.mjs';
import { formatUsd, parseUsd } from '../../examples/demo/src/true-cost.mjs';
import type { RunTruth } from '../../examples/demo/src/truth.mjs';
import { joinRequests, splitIntoSpans } from './support/otlp-batches.js';
import { plainBody, send, startRecordingProxy } from './support/recording-proxy.js';
import { Stack } from './support/stack.js';
import { untilDayLasts } from '../support/day.js';
import { freePort } from '../support/free-port.mjs';
import { startWebhookReceiver } from './support/webhook-receiver.js';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'costel-e2e-'));
const truthFile = join(folder, 'truth.json');
const configFile = join(folder, 'costel.yaml');

// The demo itself takes 12 s; the rest is room for machines that are busy.
vi.setConfig({ testTimeout: 240_000 });

let stack: Stack;
let proxy: Awaited<ReturnType<typeof startRecordingProxy>>;
let webhook: Awaited<ReturnType<typeof startWebhookReceiver>>;
let alertPort: number;

beforeAll(async () => {
  // Budgets of a day are in one period from the first call to the last test.
  await untilDayLasts(300_000);
  webhook = await startWebhookReceiver();
  alertPort = await freePort();
  writeFileSync(configFile, demoConfig(`http://127.0.0.1:${alertPort}/alerts`, webhook.url));
  stack = await Stack.start(folder, configFile);
  proxy = await startRecordingProxy(stack.otlpUrl);
}, 480_000);

afterAll(async () => {
  await stack?.stop();
  await proxy?.close();
  await webhook?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The demo's own configuration, with a second channel that counts what is posted. */
function demoConfig(demoUrl: string, countingUrl: string): string {
  const config = parse(readFileSync(join(root, 'examples/demo/costel.yaml'), 'utf8')) as DemoConfig;
  const budgets = config.budgets.map((budget) => ({ ...budget, channels: ['demo', 'counting'] }));
  const channels = [
    { name: 'demo', type: 'webhook', url: demoUrl, allow_private_addresses: true },
    { name: 'counting', type: 'webhook', url: countingUrl, allow_private_addresses: true },
  ];
  return stringify({ budgets, channels });
}

interface DemoConfig {
  readonly budgets: readonly object[];
}

async function runDemo(args: readonly string[]): Promise<{ code: number; output: string }> {
  const start =
    "import('./examples/demo/src/main.mjs').then(async (demo) => { process.exitCode = await demo.runDemo(process.argv.slice(1)); })";
  const child = spawn(process.execPath, ['-e', start, '--', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

/**
 * Compares over and over until everything that works on the ledger behind the scenes has run three times more: what is
 * resent may not change a total now, nor while verdicts and rollups catch up.
 */
async function expectLastingAgreement(): Promise<void> {
  const truth = JSON.parse(readFileSync(truthFile, 'utf8')) as RunTruth;
  const api = costelApi(stack.apiUrl);
  const runsBefore = await stack.ledgerTickRuns();
  const isSettled = async () =>
    (await stack.ledgerTickRuns()).every((runs, index) => runs >= (runsBefore[index] ?? 0) + 3);
  do {
    const { differences } = await compareWithTruth(truth, (parameters) => api.summary(parameters));
    expect(differences).toEqual([]);
  } while (!(await isSettled()));
}

function shuffled<Value>(values: readonly Value[]): Value[] {
  const random = seededRandom('e2e');
  return values
    .map((value) => [random.next(), value] as const)
    .sort((left, right) => left[0] - right[0])
    .map(([, value]) => value);
}

function traceRequests() {
  return proxy.requests.filter((request) => request.path === '/v1/traces');
}

test(
  'the demo and Costel agree to the pico-dollar, call by call that the real SDKs make',
  { timeout: 180_000 },
  async () => {
    const { code, output } = await runDemo([
      `--api=${stack.apiUrl}`,
      `--otlp=${proxy.url}`,
      `--alert-port=${alertPort}`,
      `--save-truth=${truthFile}`,
      '--calls=120',
      '--seconds=12',
      '--seed=e2e',
      // How soon spend is visible is a promise of its own, measured where nothing else runs.
      '--visibility-limit-ms=30000',
    ]);
    expect(code, output).toBe(0);
    expect(traceRequests().length).toBeGreaterThan(4);
  },
);

test('a pico-dollar of difference fails the demo, which names the call', async () => {
  const truth = JSON.parse(readFileSync(truthFile, 'utf8')) as RunTruth;
  const [wrong] = truth.entries.filter((entry) => entry.truth === 'exact');
  if (wrong === undefined) throw new Error('the run had no exact call');
  const entries = truth.entries.map((entry) =>
    entry === wrong ? { ...entry, costUsd: formatUsd(parseUsd(entry.costUsd ?? '0') + 1n) } : entry,
  );
  const wrongFile = join(folder, 'wrong.json');
  writeFileSync(wrongFile, JSON.stringify({ ...truth, entries }));
  const { code, output } = await runDemo([`--api=${stack.apiUrl}`, `--compare=${wrongFile}`]);
  expect(code).toBe(1);
  expect(output).toMatch(new RegExp(`${wrong.call} ${wrong.scenario} .*DIFFERENT`));
});

test('nothing that was acknowledged is lost by kill -9', async () => {
  await stack.kill();
  stack = await Stack.start(folder, configFile);
  await expectLastingAgreement();
});

test('every request sent again, twice, changes no total by a pico-dollar', async () => {
  const requests = [...proxy.requests, ...proxy.requests];
  const statuses = new Set<number>();
  const sendAll = async () => {
    for (let request = requests.pop(); request; request = requests.pop()) {
      statuses.add((await send(stack.otlpUrl, request)).status);
    }
  };
  await Promise.all(Array.from({ length: 8 }, sendAll));
  expect([...statuses]).toEqual([200]);
  await expectLastingAgreement();
});

test('spans sent again in other batches, interleaved and at the same time, change no total', async () => {
  const spans = shuffled(traceRequests().flatMap((request) => splitIntoSpans(plainBody(request))));
  expect(spans.length).toBeGreaterThan(100);
  const batches: Buffer[] = [];
  for (let start = 0; start < spans.length; start += 7) batches.push(joinRequests(spans.slice(start, start + 7)));
  const headers = { 'content-type': 'application/x-protobuf' };
  const responses = await Promise.all(
    batches.map(async (body) => send(stack.otlpUrl, { path: '/v1/traces', headers, body })),
  );
  expect(new Set(responses.map((response) => response.status))).toEqual(new Set([200]));
  await expectLastingAgreement();
});

test('each threshold that a budget has reached fired once, and no other', async () => {
  const budgets = await costelApi(stack.apiUrl).budgets();
  const reached = budgets.flatMap((budget) =>
    budget.thresholds
      .filter((threshold) => parseUsd(budget.spent_usd) * 100n >= parseUsd(budget.limit_usd) * BigInt(threshold))
      .map((threshold) => `${budget.name}, ${Date.parse(budget.period.start)}: ${threshold} %`),
  );
  expect(reached.length).toBeGreaterThan(4);
  const fired = () =>
    webhook.posts
      // The demo calls a model that no list has, which is an alert of its own and of no budget.
      .filter((post) => post.state === 'firing' && post.budget !== undefined)
      .map((post) => `${post.budget}, ${Date.parse(post.period?.start ?? '')}: ${post.threshold} %`);
  await expect.poll(() => fired().length).toBeGreaterThanOrEqual(reached.length);
  expect(fired().sort()).toEqual(reached.sort());
  expect(new Set(webhook.posts.map((post) => post.idempotency_key)).size).toBe(webhook.posts.length);
});
