import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRollups, dropOldBuilds, queryCosts, queryTop } from '../../src/index.js';
import { checkedScope } from '../../src/query/cost-scope.js';
import { topUsers } from '../../src/query/top-users.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
/** More than a list has. */
const USERS = 7000;
/** The month to date: a month that is summed until yesterday, the day as far as it is summed, and the open quarter hour. */
const MONTH = { from: new Date('2026-11-01T00:00:00Z'), to: new Date(NOW_MS) };
const RANGE = { fromMs: MONTH.from.getTime(), toMs: NOW_MS };

describe('the dearest users of a month, where there are very many', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
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
      { tenant, from: RANGE.fromMs, span: NOW_MS - RANGE.fromMs, users: USERS, count },
    );
    await buildRollups(store.db, { nowMs: NOW_MS });
  };
  /** One dollar amount for one user at an instant. */
  const spend = async (user: string, at: string, dollars: number) =>
    store.db.command(
      `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, user, counted, cost_usd, cost_status)
SELECT 'skewed', at, concat({user:String}, toString(at)), 's', 1, at, at, 'ok', 'm', {user:String}, 1, {dollars:UInt64}, 'priced'
FROM (SELECT toDateTime64({at:String}, 3, 'UTC') AS at)`,
      { user, at, dollars },
    );
  const bothWays = async (tenant: string, limit: number) => {
    const { total, groups } = await queryCosts(store.db, { ...MONTH, tenant, groupBy: ['user'] });
    return {
      all: { total, top: groups.slice(0, limit) },
      asked: await queryTop(store.db, 'user', { ...MONTH, tenant, limit }),
    };
  };
  const ofLists = async (tenant: string) => topUsers(store.db, checkedScope({ tenant, groupBy: ['user'] }), RANGE, 20);
  const ofLedger = async (tenant: string) => {
    const rows = await store.db.query<{ user: string; cost: string }>(
      `SELECT user, toString(sum(cost_usd)) AS cost FROM llm_calls FINAL WHERE tenant = {tenant:String} GROUP BY user ORDER BY sum(cost_usd) DESC, count() DESC, user LIMIT 20`,
      { tenant },
    );
    return rows.map((row) => [row.user, row.cost]);
  };

  it('are found in the lists of builds, and are those that adding everybody up gives', async () => {
    await callsOf('skewed', 60_000, `toUInt64(1e12 / (1 + cityHash64(n, 1) % ${USERS}))`);
    const { all, asked } = await bothWays('skewed', 20);
    expect({ total: asked.total, top: asked.top }).toEqual(all);
    expect(asked.top.map(({ key, costUsd }) => [key['user'], costUsd])).toEqual(await ofLedger('skewed'));
    expect(asked.rest?.calls).toBe(all.total.calls - all.top.reduce((sum, { calls }) => sum + calls, 0));
    expect((await ofLists('skewed'))?.groups.length).toBe(21);
  });

  it('include one who spent everything today, and is nobody in the month until yesterday', async () => {
    await spend('newcomer', '2026-11-12 10:06:00', 5000);
    const { all, asked } = await bothWays('skewed', 20);
    expect(asked.top[0]?.key).toEqual({ user: 'newcomer' });
    expect({ total: asked.total, top: asked.top }).toEqual(all);
  });

  it('include one who is in no list of the month, and dear today: what is not listed of him is looked up', async () => {
    // The cheapest user of all: of 7000, a list has 5000.
    await spend(`user-${USERS - 1}`, '2026-11-12 10:05:00', 6000);
    const { all, asked } = await bothWays('skewed', 20);
    expect(asked.top[0]?.key).toEqual({ user: `user-${USERS - 1}` });
    expect(asked.top[0]?.calls).toBeGreaterThan(2);
    expect({ total: asked.total, top: asked.top }).toEqual(all);
    expect(await ofLists('skewed')).toBeDefined();
  });

  it('are found so, too, while a day of the month has changed since the month was summed', async () => {
    await spend('user-7', '2026-11-05 08:06:00', 700);
    // Dirty first; then built again, which leaves its day stale.
    for (const step of ['dirty', 'stale'] as const) {
      if (step === 'stale') await buildRollups(store.db, { nowMs: NOW_MS });
      const { all, asked } = await bothWays('skewed', 20);
      expect(all.top.find(({ key }) => key['user'] === 'user-7')?.costUsd).toMatch(/^70\d/);
      expect({ total: asked.total, top: asked.top }).toEqual(all);
      expect(asked.top.map(({ key, costUsd }) => [key['user'], costUsd])).toEqual(await ofLedger('skewed'));
      expect(await ofLists('skewed')).toBeDefined();
    }
  });

  it('are found in the lists while calls come late for the quarter hours that the open day was summed from', async () => {
    await spend('user-8', '2026-11-12 03:06:00', 800);
    for (const step of ['dirty', 'built again', 'replaced builds dropped', 'summed again'] as const) {
      if (step === 'built again') await buildRollups(store.db, { nowMs: NOW_MS });
      if (step === 'replaced builds dropped') await dropOldBuilds(store.db, { nowMs: NOW_MS + 3_600_000 });
      if (step === 'summed again') await buildRollups(store.db, { nowMs: NOW_MS + 900_000 });
      const { all, asked } = await bothWays('skewed', 20);
      expect(all.top.find(({ key }) => key['user'] === 'user-8')?.costUsd).toMatch(/^8\d\d/);
      expect({ total: asked.total, top: asked.top }).toEqual(all);
      expect(asked.top.map(({ key, costUsd }) => [key['user'], costUsd])).toEqual(await ofLedger('skewed'));
      expect((await ofLists('skewed'))?.groups.length).toBe(21);
    }
  });

  it('are the same after one quarter hour was built again twice, and after more have changed than are taken off', async () => {
    const laterMs = NOW_MS + 900_000;
    for (const [round, times] of [
      ['04:06'],
      ['04:07'],
      ['04:07', '05:31', '05:46', '06:01', '06:16', '06:31', '06:46'],
    ].entries()) {
      for (const time of times) await spend(`user-${9 + round}`, `2026-11-12 ${time}:0${round}`, 300);
      await buildRollups(store.db, { nowMs: laterMs });
      if (round === 1) await dropOldBuilds(store.db, { nowMs: laterMs + 3_600_000 });
      const { all, asked } = await bothWays('skewed', 20);
      expect({ total: asked.total, top: asked.top }).toEqual(all);
      expect(asked.top.map(({ key, costUsd }) => [key['user'], costUsd])).toEqual(await ofLedger('skewed'));
    }
  });

  it('are exact where lists prove nothing, because all spend about the same', async () => {
    await callsOf('even', 60_000, '1000 + cityHash64(n, 2) % 3');
    const { all, asked } = await bothWays('even', 20);
    expect(await ofLists('even')).toBeUndefined();
    expect({ total: asked.total, top: asked.top }).toEqual(all);
  });

  it('stay the same when the day ends, is sealed, and what was summed of it while it was open is dropped', async () => {
    const soFar = async () => {
      const [row] = await store.db.query<{ rows: string }>(
        "SELECT count() AS rows FROM llm_cost_daily_user WHERE day = '2026-11-12' AND (day, build) NOT IN (SELECT toDate(start), build FROM published WHERE grain = 'day')",
      );
      return Number(row?.rows);
    };
    expect(await soFar()).toBeGreaterThan(0);
    const before = await bothWays('skewed', 20);
    await buildRollups(store.db, { nowMs: NOW_MS + 86_400_000 });
    await dropOldBuilds(store.db, { nowMs: Date.now() + 3_600_000 });
    expect(await soFar()).toBe(0);
    const after = await bothWays('skewed', 20);
    expect(after.asked.top).toEqual(before.asked.top);
    expect({ total: after.asked.total, top: after.asked.top }).toEqual(after.all);
  });
});
