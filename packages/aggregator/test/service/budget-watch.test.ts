import type { SpendQuery } from '@costel/budget';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { evaluateBudgets, toBudgets } from '../../src/service/budget-watch.js';

const NOW_MS = Date.parse('2026-11-22T10:00:00Z');

describe('budgets', () => {
  it('of ten thousand users are one query, and each gets its own spend', async () => {
    const budgets = Array.from({ length: 10_000 }, (_, index) => ({
      name: `user ${index}`,
      limit_usd: 1,
      scope: { user: `u${index}` },
    }));
    const config = parseConfig(JSON.stringify({ budgets }), 'costel.json');
    const queries: SpendQuery[] = [];
    const readSpend = (query: SpendQuery) => {
      queries.push(query);
      const rows = budgets.map((_, index) => ({
        values: { user: `u${index}` },
        spentPicoUsd: BigInt(index) * 10n ** 8n,
      }));
      return Promise.resolve(rows);
    };
    const evaluation = await evaluateBudgets(toBudgets(config.budgets), readSpend, NOW_MS);
    expect(queries.map(({ dimensions }) => dimensions)).toEqual([['user']]);
    expect(evaluation.statuses).toHaveLength(10_000);
    // User 5000 has spent $0.50, user 9999 $0.9999: 5000 at 50 %, 2500 at 75 %, 1000 at 90 %, none at 100 %.
    expect(evaluation.crossings).toHaveLength(5000 + 2500 + 1000);
  });

  it('of different windows are one query a window and set of dimensions', async () => {
    const yaml = `
budgets:
  - { name: a, limit_usd: 1, window: day, time_zone: Asia/Kathmandu }
  - { name: b, limit_usd: 2, window: day, time_zone: Asia/Kathmandu }
  - { name: c, limit_usd: 1, window: month, scope: { feature: [x, y], environment: production } }
  - { name: d, limit_usd: 1, window: month, scope: { environment: staging }, group_by: [feature] }
`;
    const config = parseConfig(yaml, 'costel.yaml');
    const seen: string[] = [];
    const readSpend = ({ dimensions, period }: SpendQuery) => {
      seen.push(`${new Date(period.startMs).toISOString()} ${dimensions.join('+')}`);
      return Promise.resolve([]);
    };
    await evaluateBudgets(toBudgets(config.budgets), readSpend, NOW_MS);
    expect(seen).toEqual([
      '2026-11-21T18:15:00.000Z ',
      '2026-11-20T18:15:00.000Z ',
      '2026-11-19T18:15:00.000Z ',
      '2026-11-01T00:00:00.000Z environment+feature',
    ]);
  });
});
