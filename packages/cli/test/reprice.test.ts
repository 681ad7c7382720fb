import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { RunInfo } from '../src/run-file.js';
import { RunningCommand, runCommand } from './support/run-cli.js';

const directories: string[] = [];
const running: RunningCommand[] = [];

afterEach(async () => {
  for (const command of running.splice(0)) await command.kill('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

interface RunningStack {
  readonly run: RunInfo;
  readonly api: (path: string) => Promise<Record<string, unknown>>;
  readonly stop: (signal: NodeJS.Signals) => Promise<void>;
}

async function startStack(directory: string): Promise<RunningStack> {
  const ports = ['--port', '0', '--otlp-port', '0', '--clickhouse-port', '0'];
  const command = new RunningCommand(['up', '--data', join(directory, 'data'), ...ports], { cwd: directory });
  running.push(command);
  await command.untilOutput('Costel is up.');
  const run = JSON.parse(readFileSync(join(directory, 'data', 'run.json'), 'utf8')) as RunInfo;
  return {
    run,
    api: async (path) => {
      const response = await fetch(`http://127.0.0.1:${run.ports.api}/api/v1/${path}`);
      return (await response.json()) as Record<string, unknown>;
    },
    stop: async (signal) => {
      running.splice(running.indexOf(command), 1);
      await command.kill(signal);
    },
  };
}

/** Sends calls of 1 000 000 input tokens to a model that no list knows; each costs what a million costs. */
async function sendCalls(run: RunInfo, startsMs: readonly number[]): Promise<void> {
  const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  const spans = startsMs.map((startMs) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'chat house-1',
    kind: 3,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + 500}000000`,
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'openai'),
      text('gen_ai.request.model', 'house-1'),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: '1000000' } },
    ],
  }));
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'test' }, spans }] }] });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${run.ports.otlp}/v1/traces`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
}

function writePrice(directory: string, usdPerMillion: number): void {
  const rule = `{ name: house, provider: openai, model: house-1, per_million: { input: ${usdPerMillion} } }`;
  writeFileSync(join(directory, 'costel.yaml'), `prices:\n  overrides:\n    - ${rule}\n`);
}

it('a model without a price heals when costel.yaml gives it one; another price is previewed and applied, on a stack and on its directory', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'costel-reprice-'));
  directories.push(directory);
  const nowMs = Date.now();
  const days = 'costs/summary?days=3';
  const totalOf = async (stack: RunningStack) => (await stack.api(days))['total'] as Record<string, unknown>;
  const until = async (stack: RunningStack, expected: Record<string, unknown>) => {
    for (;;) {
      const total = await totalOf(stack);
      if (Object.entries(expected).every(([name, value]) => total[name] === value)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const repriceOf = async (...flags: string[]) => {
    const from = new Date(nowMs - 2 * 86_400_000).toISOString();
    const command = ['reprice', '--from', from, '--data', join(directory, 'data'), '--json', ...flags];
    const { code, stdout, stderr } = await runCommand(command, '', { cwd: directory });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  const first = await startStack(directory);
  await sendCalls(first.run, [nowMs - 86_400_000, nowMs - 7_200_000, nowMs - 1000]);
  await until(first, { calls: 3, unpriced_calls: 3, cost_usd: '0' });
  for (;;) {
    const { models } = (await first.api('unpriced?days=3')) as { models: readonly { model: string; reason: string }[] };
    if (models[0]?.reason === 'unknown_model') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await first.stop('SIGKILL');

  writePrice(directory, 2);
  const second = await startStack(directory);
  await until(second, { unpriced_calls: 0, cost_usd: '6' });
  const { reprices } = (await second.api('reprices')) as { reprices: readonly Record<string, unknown>[] };
  expect(reprices).toMatchObject([{ cause: 'new_prices', state: 'applied', changed_calls: 3, after_usd: '6' }]);
  await second.stop('SIGINT');

  writePrice(directory, 5);
  const third = await startStack(directory);
  const preview = { applied: false, changed_calls: 3, before_usd: '6', after_usd: '15', unpriced_after: 0 };
  expect(await repriceOf()).toMatchObject({
    ...preview,
    models: [{ provider: 'openai', model: 'house-1', calls: 3, before_usd: '6', after_usd: '15' }],
  });
  expect(await totalOf(third)).toMatchObject({ cost_usd: '6' });
  expect(await repriceOf('--apply')).toMatchObject({ ...preview, applied: true });
  expect(await totalOf(third)).toMatchObject({ cost_usd: '15' });
  await third.stop('SIGINT');

  writePrice(directory, 1);
  expect(await repriceOf()).toMatchObject({ applied: false, changed_calls: 3, before_usd: '15', after_usd: '3' });
  expect(await repriceOf('--apply')).toMatchObject({ applied: true, changed_calls: 3, after_usd: '3' });
  expect(await repriceOf('--apply')).toMatchObject({ applied: true, changed_calls: 0, before_usd: '3' });
}, 120_000);
