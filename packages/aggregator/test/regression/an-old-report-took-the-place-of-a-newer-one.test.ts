import { parsePicoUsd } from '@costel/pricing';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { guardHandler } from '../../src/http/guard-endpoint.js';
import { evaluateBudgets, toBudgets } from '../../src/service/budget-watch.js';

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');
const budgets = toBudgets(
  parseConfig('budgets: [{ name: everything, limit_usd: 1, window: month }]', 'costel.yaml').budgets,
);
const [everything] = budgets;

interface Answer {
  readonly status: number;
  readonly granted: string | undefined;
}

it('is answered no more once the guard has sent a newer one: others were granted what it held, too', async () => {
  /** Holds the first reading back until it is called. */
  let goOn: () => void = () => undefined;
  let begun: () => void = () => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const isHeldBack = new Promise<void>((resolve) => (goOn = resolve));
  let readings = 0;
  const sources = {
    tokens: ['token'],
    budgets,
    findCounted: async (spans: readonly unknown[]) => Promise.resolve(spans.map(() => false)),
    readBudgets: async () => {
      readings += 1;
      if (readings === 1) {
        begun();
        await isHeldBack;
      }
      const readSpend = async () => Promise.resolve([{ values: {}, spentPicoUsd: parsePicoUsd('0') }]);
      return (await evaluateBudgets(budgets, readSpend, NOW_MS)).statuses;
    },
  };
  const app = new Hono().post(
    '/guard',
    guardHandler(sources, () => NOW_MS),
  );
  app.onError((_, context) => context.json({}, 503));

  async function ask(guard: number, heldUsd: string): Promise<Answer> {
    const hold = { budget: `${everything?.id}@${everything?.revision}`, scope: {}, held_usd: heldUsd, active: true };
    const response = await app.request('/guard', {
      method: 'POST',
      headers: { authorization: 'Bearer token' },
      body: JSON.stringify({
        guard: `00000000-0000-4000-8000-${String(guard).padStart(12, '0')}`,
        keep_ms: 10_000,
        holds: [hold],
        finished: [],
      }),
    });
    const body = (await response.json()) as { budgets?: { scopes: { granted_usd: string }[] }[] };
    return { status: response.status, granted: body.budgets?.[0]?.scopes[0]?.granted_usd };
  }

  // The guard waits in vain for an answer to its first report, and sends another: it holds $0.9 by now.
  const first = ask(1, '0');
  await hasBegun;
  const second = await ask(1, '0.9');
  expect(second).toEqual({ status: 200, granted: '0.1' });
  goOn();
  expect(await first).toEqual({ status: 503, granted: undefined });
  // $0.9 held and $0.1 granted: nothing is left for another guard.
  expect(await ask(2, '0')).toEqual({ status: 200, granted: '0' });
  // Of $0.1 that nobody holds, half; the first guard goes by that from now on.
  expect(await ask(1, '0.9')).toEqual({ status: 200, granted: '0.05' });
});
