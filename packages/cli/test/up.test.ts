import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunInfo } from '../src/run-file.js';
import { RunningCommand, runCommand, type Ended } from './support/run-cli.js';

const directories: string[] = [];
const running: RunningCommand[] = [];

afterEach(async () => {
  for (const command of running.splice(0)) await command.kill('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'costel-up-'));
  directories.push(directory);
  return directory;
}

/** Starts `costel up` on free ports and waits until it says that it is up. */
async function startStack(
  directory: string,
  ...flags: string[]
): Promise<{ command: RunningCommand; run: RunInfo; api: (path: string) => Promise<Response> }> {
  const ports = ['--port', '0', '--otlp-port', '0', '--clickhouse-port', '0'];
  const command = new RunningCommand(['up', '--data', join(directory, 'data'), ...ports, ...flags], { cwd: directory });
  running.push(command);
  await command.untilOutput('Costel is up.');
  const run = JSON.parse(readFileSync(join(directory, 'data', 'run.json'), 'utf8')) as RunInfo;
  return { command, run, api: (path) => fetch(`http://127.0.0.1:${run.ports.api}/api/v1/${path}`) };
}

async function stop(command: RunningCommand, signal: NodeJS.Signals): Promise<Ended> {
  running.splice(running.indexOf(command), 1);
  return command.kill(signal);
}

/** Sends one call of 1 000 input and 100 output tokens to gpt-4o-mini ($0.00021) and waits for the acknowledgement. */
async function sendCall(run: RunInfo): Promise<number> {
  const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  const count = (key: string, value: number): object => ({ key, value: { intValue: String(value) } });
  const endNs = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'chat gpt-4o-mini',
    kind: 3,
    startTimeUnixNano: String(endNs - 1_000_000_000n),
    endTimeUnixNano: String(endNs),
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'openai'),
      text('gen_ai.request.model', 'gpt-4o-mini'),
      text('gen_ai.response.model', 'gpt-4o-mini-2024-07-18'),
      text('gen_ai.response.id', randomBytes(8).toString('hex')),
      count('gen_ai.usage.input_tokens', 1000),
      count('gen_ai.usage.output_tokens', 100),
    ],
  };
  const resource = { attributes: [text('service.name', 'shop')] };
  const body = JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'test' }, spans: [span] }] }],
  });
  const response = await fetch(`http://127.0.0.1:${run.ports.otlp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return response.status;
}

interface Summary {
  readonly total: { readonly cost_usd: string; readonly calls: number; readonly unpriced_calls: number };
}

/** Asks until all calls are priced; a new model is resolved by a tick. */
async function pricedSummary(api: (path: string) => Promise<Response>, calls: number): Promise<Summary> {
  for (;;) {
    const response = await api('costs/summary?days=2');
    expect(response.status).toBe(200);
    const summary = (await response.json()) as Summary;
    if (summary.total.calls >= calls && summary.total.unpriced_calls === 0) return summary;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('costel up', () => {
  it('says where everything is, writes run.json for its owner alone, and stops cleanly on SIGINT', async () => {
    const directory = makeDirectory();
    const { command, run, api } = await startStack(directory);
    expect(command.stdout).toContain(`http://127.0.0.1:${run.ports.api}/`);
    expect(command.stdout).toContain(`http://127.0.0.1:${run.ports.otlp}`);
    expect(command.stdout).toContain('npm run demo');
    expect(run.pid).toBe(command.child.pid);
    expect(statSync(join(directory, 'data', 'run.json')).mode & 0o777).toBe(0o600);
    expect(await (await api('health')).json()).toMatchObject({ status: 'alive', instance: run.instance });
    const startedAt = performance.now();
    const { code, stderr } = await stop(command, 'SIGINT');
    expect({ code, last: stderr.trim().split('\n').at(-1) }).toEqual({ code: 0, last: 'Stopped.' });
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(existsSync(join(directory, 'data', 'run.json'))).toBe(false);
  });

  it('ends at once on a second signal, and not by a crash of the engine', async () => {
    const directory = makeDirectory();
    const { command, run } = await startStack(directory);
    const ask = (sql: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${run.ports.clickhouse}/?query=${encodeURIComponent(sql)}`);
    const underWay = ask('SELECT sum(cityHash64(number)) AS held FROM numbers(1000000000000)')
      .then(async (response) => response.text())
      .catch(() => 'cut off');
    const running = "SELECT count() FROM system.processes WHERE query LIKE '%AS held%'";
    while (Number(await (await ask(running)).text()) < 2);
    command.child.kill('SIGINT');
    while (!command.stderr.includes('then stopping')) await once(command.child.stderr ?? command.child, 'data');
    const { signal, stderr } = await stop(command, 'SIGINT');
    expect(signal).toBe('SIGKILL');
    expect(stderr).toContain('costel: second SIGINT, ended at once; nothing acknowledged is lost');
    expect(await underWay).toBe('cut off');
  });

  it('keeps what was acknowledged across kill -9, and starts over the stale run.json', async () => {
    const directory = makeDirectory();
    const first = await startStack(directory);
    for (let call = 0; call < 5; call++) expect(await sendCall(first.run)).toBe(200);
    const { signal } = await stop(first.command, 'SIGKILL');
    expect(signal).toBe('SIGKILL');
    const second = await startStack(directory);
    expect(second.run.pid).not.toBe(first.run.pid);
    expect((await pricedSummary(second.api, 5)).total).toMatchObject({ calls: 5, cost_usd: '0.00105' });
    expect((await stop(second.command, 'SIGTERM')).code).toBe(0);
  });

  it('answers the other commands while it runs, and they open its directory when it does not', async () => {
    const directory = makeDirectory();
    const data = join(directory, 'data');
    const { command, run, api } = await startStack(directory);
    const empty = await runCommand(['doctor', '--data', data, '--json'], '', { cwd: directory });
    expect(empty.code).toBe(3);
    expect(JSON.parse(empty.stdout)).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ check: 'receiver', status: 'ok' }),
        expect.objectContaining({ check: 'spans', status: 'problem' }),
      ]) as unknown,
    });
    expect(await sendCall(run)).toBe(200);
    await pricedSummary(api, 1);
    expect((await runCommand(['doctor', '--data', data], '', { cwd: directory })).code).toBe(0);
    const range = ['--from', '2026-01-01', '--data', data];
    const repaired = await runCommand(['repair', ...range], '', { cwd: directory });
    expect([repaired.code, JSON.parse(repaired.stdout)]).toEqual([0, { calls: 0, edges: 0 }]);
    expect((await fetch(`http://127.0.0.1:${run.ports.api}/api/v1/repair`, { method: 'POST' })).status).toBe(401);
    const migrated = await runCommand(['migrate', '--data', data], '', { cwd: directory });
    expect([migrated.code, migrated.stderr]).toEqual([
      1,
      expect.stringContaining(`process ${run.pid} runs on this directory`),
    ]);

    const today = ['--from', new Date(Date.now() - 3_600_000).toISOString(), '--data', data];
    const calls = await runCommand(['export', 'calls', ...today, '--format', 'json'], '', { cwd: directory });
    expect(JSON.parse(calls.stdout)).toMatchObject({
      service: 'shop',
      model: 'gpt-4o-mini-2024-07-18',
      cost_usd: '0.00021',
      input_tokens: 1000,
    });
    await stop(command, 'SIGINT');
    const after = await runCommand(['export', 'calls', ...today, '--format', 'json'], '', { cwd: directory });
    expect(after.stdout).toBe(calls.stdout);
    expect((await runCommand(['migrate', '--data', data], '', { cwd: directory })).code).toBe(0);
    expect((await runCommand(['doctor', '--data', data], '', { cwd: directory })).code).toBe(3);
  });

  it('refuses a second stack on the same directory and names the first', async () => {
    const directory = makeDirectory();
    const { command, run } = await startStack(directory);
    const second = await runCommand(['up', '--data', join(directory, 'data'), '--port', '0'], '', { cwd: directory });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`a stack (process ${run.pid}) runs on ${join(directory, 'data')}`);
    await stop(command, 'SIGINT');
  });

  it('names every port that is in use, and the flag that changes it', async () => {
    const directory = makeDirectory();
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const args = [
      'up',
      '--data',
      join(directory, 'data'),
      '--port',
      '0',
      '--otlp-port',
      String(port),
      '--clickhouse-port',
      '0',
    ];
    const { code, stderr } = await runCommand(args, '', { cwd: directory });
    blocker.close();
    expect(code).toBe(1);
    expect(stderr).toContain(
      `port ${port} on 127.0.0.1 (OTLP/HTTP) is in use; stop what uses it, or choose another with --otlp-port`,
    );
    expect(existsSync(join(directory, 'data'))).toBe(false);
  });

  it('refuses a bad configuration before it starts anything', async () => {
    const directory = makeDirectory();
    writeFileSync(join(directory, 'costel.yaml'), 'budgets:\n  - name: a\n    limit_usd: 0\n');
    const { code, stderr } = await runCommand(['up'], '', { cwd: directory });
    expect(code).toBe(2);
    expect(stderr.trim()).toBe('budget "a": limit_usd 0 must be > 0 (costel.yaml:3)');
    expect(existsSync(join(directory, '.costel'))).toBe(false);
  });
});
