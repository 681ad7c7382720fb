import { parsePicoUsd } from '@costel/pricing';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { guardHandler } from '../../src/http/guard-endpoint.js';
import { evaluateBudgets, toBudgets } from '../../src/service/budget-watch.js';

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');
const CALL_USD = '0.4';
const budgets = toBudgets(
  parseConfig('budgets: [{ name: everything, limit_usd: 1, window: month }]', 'costel.yaml').budgets,
);
const [everything] = budgets;

interface Answer {
  readonly counted: readonly number[];
  readonly budgets: readonly { readonly scopes: readonly { spent_usd: string; granted_usd: string }[] }[];
}

describe('a finished call that is counted while a report of it is answered', () => {
  /** The spans of the calls that the ledger holds, each of $0.4. */
  let ledger: Set<string>;
  let looks: number;
  let readings: number;
  /** Awaited once figures were read, and once calls were looked for, before anything is done with it. */
  let afterReading: () => void | Promise<void>;
  let afterLook: () => void | Promise<void>;
  let app: Hono;
  beforeEach(() => {
    ledger = new Set();
    looks = 0;
    readings = 0;
    afterReading = () => undefined;
    afterLook = () => undefined;
    const spentPicoUsd = () => BigInt(ledger.size) * parsePicoUsd(CALL_USD);
    const sources = {
      tokens: ['token'],
      budgets,
      findCounted: async (spans: readonly { readonly spanId: string }[]) => {
        if (spans.length > 0) looks += 1;
        const found = spans.map(({ spanId }) => ledger.has(spanId));
        await afterLook();
        return found;
      },
      readBudgets: async () => {
        readings += 1;
        return readBudgets();
      },
    };
    const readBudgets = async () => {
      const readSpend = async () => Promise.resolve([{ values: {}, spentPicoUsd: spentPicoUsd() }]);
      const { statuses } = await evaluateBudgets(budgets, readSpend, NOW_MS);
      await afterReading();
      return statuses;
    };
    app = new Hono().post(
      '/guard',
      guardHandler(sources, () => NOW_MS),
    );
  });

  const spanOf = (call: number) => call.toString(16).padStart(16, '0');

  /** What a guard is told that holds some calls, all of which have finished. */
  async function ask(guard: number, ...calls: readonly number[]) {
    const report = {
      guard: `00000000-0000-4000-8000-${String(guard).padStart(12, '0')}`,
      keep_ms: 10_000,
      holds: [
        {
          budget: `${everything?.id}@${everything?.revision}`,
          scope: {},
          held_usd: (calls.length * Number(CALL_USD)).toFixed(1),
          active: true,
        },
      ],
      finished: calls.map((call) => ({
        trace_id: 'ab'.repeat(16),
        span_id: spanOf(call),
        started: new Date(NOW_MS - 5000).toISOString(),
        cost_usd: CALL_USD,
        holds: [0],
      })),
    };
    const response = await app.request('/guard', {
      method: 'POST',
      headers: { authorization: 'Bearer token' },
      body: JSON.stringify(report),
    });
    const { counted, budgets: told } = (await response.json()) as Answer;
    return { counted, ...told[0]?.scopes[0] };
  }

  it('is not taken off what is left twice: calls were refused that there was room for', async () => {
    // It is looked for in vain, and the figures that are read next have it.
    afterLook = () => void ledger.add(spanOf(1));
    expect(await ask(1, 1)).toMatchObject({ counted: [0], spent_usd: '0.4', granted_usd: '0.6' });
    expect([readings, looks]).toEqual([2, 2]);
  });

  it('is read for once more only where there is one', async () => {
    ledger.add(spanOf(1));
    expect(await ask(1, 1)).toMatchObject({ counted: [0], spent_usd: '0.4', granted_usd: '0.6' });
    expect([readings, looks]).toEqual([1, 1]);
    expect(await ask(1, 1, 2)).toMatchObject({ counted: [0], spent_usd: '0.4', granted_usd: '0.2' });
    expect([readings, looks]).toEqual([2, 3]);
  });

  it('stays held where the figures do not have it, though calls are counted without a pause', async () => {
    afterReading = () => void ledger.add(spanOf(readings));
    const answer = await ask(1, 1, 2, 3);
    // The third came after the last reading: it is neither said to be counted nor in the spend, and takes what it holds.
    expect(answer).toMatchObject({ counted: [0, 1], spent_usd: '0.8', granted_usd: '0' });
    expect(readings).toBe(3);
    afterReading = () => undefined;
    expect(await ask(1, 1, 2, 3)).toMatchObject({ counted: [0, 1, 2], spent_usd: '1.2' });
  });

  it('is in what another guard is granted of, whose figures were read before it was counted', async () => {
    for (const guard of [1, 2, 1]) await ask(guard, guard);
    // $1, of which each guard holds $0.4 and was granted half of the rest.
    expect(await ask(2, 2)).toMatchObject({ counted: [], spent_usd: '0', granted_usd: '0.1' });
    afterReading = () => {
      afterReading = () => undefined;
      // The figures of the first guard do not have it. Before they are answered, the second gets rid of its call.
      afterLook = async () => {
        afterLook = () => undefined;
        ledger.add(spanOf(2));
        expect(await ask(2, 2)).toMatchObject({ counted: [0], spent_usd: '0.4', granted_usd: '0.1' });
      };
    };
    expect(await ask(1, 1)).toMatchObject({ counted: [], spent_usd: '0.4', granted_usd: '0.1' });
  });
});
