import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRollups, queryCosts, queryTop } from '../../src/index.js';
import { checkedScope } from '../../src/query/cost-scope.js';
import { topUserCandidates } from '../../src/query/top-candidates.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const USERS = 600;
/** The month to date: a month that is summed until yesterday, quarter hours of today, and the open one. */
const MONTH = { from: new Date('2026-11-01T00:00:00Z'), to: new Date(NOW_MS) };

describe('the dearest users of a month, where there are very many', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
    // Rows of a build that nobody published: they only say that the month rollup is long.
    await store.db.command(
      `INSERT INTO llm_cost_monthly_user (build, tenant, month, user) SELECT 1, 'x', '2026-11-01', toString(number) FROM numbers(200000)`,
    );
  });
  afterAll(async () => store.close());

  /** `cost` is SQL over `n`, the call's number, in pico-dollars; the calls are those of `USERS` users, all through the month. */
  const callsOf = async (tenant: string, count: number, cost: string) => {
    await store.db.command(
      `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, user, counted, cost_usd, cost_status)
WITH number AS n
SELECT {tenant:String}, fromUnixTimestamp64Milli({from:Int64} + toInt64(cityHash64(n) % {span:UInt64}), 'UTC') AS at, toString(n), 's', 1, at, at,
    'ok', 'm', concat('user-', toString(cityHash64(n, 1) % {users:UInt64})), 1,
    toDecimal128(${cost}, 0) * toDecimal128('0.000000000001', 12), 'priced'
FROM numbers({count:UInt64})`,
      { tenant, from: MONTH.from.getTime(), span: NOW_MS - MONTH.from.getTime(), users: USERS, count },
    );
    await buildRollups(store.db, { nowMs: NOW_MS });
  };
  const bothWays = async (tenant: string, limit: number) => {
    const { total, groups } = await queryCosts(store.db, { ...MONTH, tenant, groupBy: ['user'] });
    return {
      all: { total, top: groups.slice(0, limit) },
      asked: await queryTop(store.db, 'user', { ...MONTH, tenant, limit }),
    };
  };

  it('are found among few candidates, and are those that adding everybody up gives', async () => {
    await callsOf('skewed', 20_000, 'toUInt64(1e12 / (1 + cityHash64(n, 1) % 600))');
    const { all, asked } = await bothWays('skewed', 20);
    expect({ total: asked.total, top: asked.top }).toEqual(all);
    expect(asked.rest?.calls).toBe(all.total.calls - all.top.reduce((sum, { calls }) => sum + calls, 0));
    const scope = checkedScope({ tenant: 'skewed', groupBy: ['user'] });
    const candidates = await topUserCandidates(store.db, scope, { fromMs: MONTH.from.getTime(), toMs: NOW_MS }, 21);
    expect(candidates?.values.length).toBeGreaterThan(20);
    expect(candidates?.values.length).toBeLessThan(USERS / 2);
    expect(candidates?.othersAtMost).toBeGreaterThan(0n);
  });

  it('include one who spent everything today, and is nobody in the month until yesterday', async () => {
    await store.db.command(
      `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, user, counted, cost_usd, cost_status)
SELECT 'skewed', at, 'late', 's', 1, at, at, 'ok', 'm', 'newcomer', 1, 5000, 'priced' FROM (SELECT toDateTime64('2026-11-12 10:06:00', 3, 'UTC') AS at)`,
    );
    const { all, asked } = await bothWays('skewed', 20);
    expect(asked.top[0]?.key).toEqual({ user: 'newcomer' });
    expect({ total: asked.total, top: asked.top }).toEqual(all);
  });

  it('are found so, too, while a day of the month has changed since the month was summed', async () => {
    await store.db.command(
      `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, user, counted, cost_usd, cost_status)
SELECT 'skewed', at, 'later', 's', 1, at, at, 'ok', 'm', 'user-7', 1, 700, 'priced' FROM (SELECT toDateTime64('2026-11-05 08:06:00', 3, 'UTC') AS at)`,
    );
    const scope = checkedScope({ tenant: 'skewed', groupBy: ['user'] });
    // Dirty first; then built again, which leaves its day stale.
    for (const step of ['dirty', 'stale'] as const) {
      if (step === 'stale') await buildRollups(store.db, { nowMs: NOW_MS });
      const { all, asked } = await bothWays('skewed', 20);
      expect(all.top.find(({ key }) => key['user'] === 'user-7')?.calls).toBeGreaterThan(10);
      expect({ total: asked.total, top: asked.top }).toEqual(all);
      const ledger = await store.db.query<{ user: string; cost: string }>(
        `SELECT user, toString(sum(cost_usd)) AS cost FROM llm_calls FINAL WHERE tenant = 'skewed' GROUP BY user ORDER BY sum(cost_usd) DESC LIMIT 20`,
      );
      expect(asked.top.map(({ key, costUsd }) => [key['user'], costUsd])).toEqual(
        ledger.map((row) => [row.user, row.cost]),
      );
      const candidates = await topUserCandidates(store.db, scope, { fromMs: MONTH.from.getTime(), toMs: NOW_MS }, 21);
      expect(candidates?.values.length).toBeLessThan(USERS / 2);
    }
  });

  it('are exact where candidates prove nothing, because all spend about the same', async () => {
    await callsOf('even', 20_000, '1000 + cityHash64(n, 2) % 3');
    const { all, asked } = await bothWays('even', 20);
    expect({ total: asked.total, top: asked.top }).toEqual(all);
  });
});
