import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendCalls, startStack, waitFor, type RunningStack } from '../../../../test/support/stack.js';
import { runCommand } from '../support/run-cli.js';

describe('costel costs', () => {
  let stack: RunningStack;
  const elsewhere = mkdtempSync(join(tmpdir(), 'costel-costs-'));

  beforeAll(async () => {
    stack = await startStack();
    // 1 000 × $2.50/M + 100 × $10/M = $0.0035 a call; gpt-4o-mini: 1 000 × $0.15/M + 100 × $0.60/M = $0.00021.
    await sendCalls(stack.otlpUrl, [
      { model: 'gpt-4o', inputTokens: 1000, outputTokens: 100, feature: 'search' },
      { model: 'gpt-4o-mini', inputTokens: 1000, outputTokens: 100, feature: 'search' },
      { model: 'model-that-nobody-knows', inputTokens: 10, outputTokens: 10 },
    ]);
    await waitFor(async () => {
      const answer = await fetch(`${stack.url}/api/v1/costs/summary?days=2`);
      const { total } = (await answer.json()) as { total: { cost_usd: string; unpriced_calls: number } };
      return total.cost_usd === '0.00371' && total.unpriced_calls === 1;
    }, 'the three calls to be priced');
  });
  afterAll(async () => {
    await stack.stop();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const costs = (...flags: string[]) =>
    runCommand(['costs', '--data', stack.dataDirectory, '--from', yesterday, ...flags], '', { cwd: elsewhere });

  it('shows the dearest models first, what they sum to, and how many calls are in no sum', async () => {
    const { code, stdout } = await costs();
    const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(rows.slice(1, 6)).toEqual([
      ['model', 'calls', 'dollars', 'cost unknown'],
      ['gpt-4o', '1', '0.0035'],
      ['gpt-4o-mini', '1', '0.00021'],
      ['model-that-nobody-knows', '1', '?', '1'],
      ['all calls', '3', '0.00371', '1'],
    ]);
    const points = stdout
      .split('\n')
      .slice(2, 4)
      .map((line) => line.indexOf('.0'));
    expect(points[0]).toBe(points[1]);
    expect(stdout).toContain('calls whose cost is unknown are in no sum');
    expect(code).toBe(0);
  });

  it('answers as the API does', async () => {
    const { stdout } = await costs('--by', 'feature', '--limit', '1', '--json');
    const answer = JSON.parse(stdout) as { to: string };
    const range = new URLSearchParams({ from: yesterday, to: answer.to, limit: '1' });
    const api = await fetch(`${stack.url}/api/v1/costs/by/feature?${range.toString()}`);
    expect(await api.json()).toEqual(answer);
    expect(answer).toMatchObject({ groups: [{ key: { feature: 'search' } }, { rest: true, unpriced_calls: 1 }] });
  });

  it('names the dimension that was meant', async () => {
    const { code, stderr } = await costs('--by', 'modle');
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 2,
      stderr: 'costel: --by "modle" is no dimension; did you mean model?',
    });
  });
});
