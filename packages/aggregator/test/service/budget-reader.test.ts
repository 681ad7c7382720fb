import { expect, it } from 'vitest';
import { BudgetReader } from '../../src/service/budget-reader.js';
import { toBudgets } from '../../src/service/budget-watch.js';
import { parseConfig } from '../../src/config/load-config.js';

it('reads once for all who ask meanwhile, and never twice at once', async () => {
  let underWay = 0;
  let most = 0;
  let readings = 0;
  const reader = new BudgetReader({
    budgets: toBudgets(parseConfig('budgets: [{ name: all, limit_usd: 1, window: month }]', 'costel.yaml').budgets),
    readSpend: async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return [];
    },
    // Every reading finds another ledger.
    readLedgerVersion: async () => Promise.resolve(String((readings += 1))),
    clock: () => Date.parse('2026-11-22T10:00:00Z'),
  });
  const first = reader.readNow();
  const next = [reader.readNow(), reader.readNow()];
  // Who asks as soon as the first is there asks before the next has begun.
  const asked = first.then(async () => reader.readNow());
  await Promise.all([first, ...next, asked]);
  expect([readings, most]).toEqual([2, 1]);
});
