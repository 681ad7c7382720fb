import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildRollups,
  healUnpriced,
  listReprices,
  queryCosts,
  queryUnpriced,
  resolveRates,
  type Database,
  type RateResolver,
} from '../../src/index.js';
import { call, emptyStore, prices } from '../support/own-prices.js';
import { insertSpans, openTestStore, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const clock = () => NOW_MS;
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

describe('calls of a model without a price', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  beforeEach(async () => emptyStore(store));
  afterAll(async () => store.close());

  const total = async () => (await queryCosts(store.db, RANGE)).total;
  const settle = async (resolver: RateResolver) => {
    await resolveRates(store.db, resolver);
    await buildRollups(store.db, { nowMs: NOW_MS });
  };
  const heal = (resolver: RateResolver, hooks = {}) => healUnpriced(store.db, { resolver, clock, settleMs: 0, hooks });

  it('heal when a price appears, in sealed hours and in the open one, and totals move once', async () => {
    await insertSpans(store, [
      call('2026-11-09T10:00:00.000Z', 'new'),
      call('2026-11-10T10:00:00.000Z', 'new'),
      call('2026-11-10T10:00:00.000Z', 'old'),
      call('2026-11-12T10:06:00.000Z', 'new'),
    ]);
    await settle(prices({ old: 1 }));
    expect(await total()).toMatchObject({ costUsd: '1', calls: 4, unpricedCalls: 3 });
    const seen: string[] = [];
    const look = async () => void seen.push((await total()).costUsd);
    const healed = await heal(prices({ old: 1, new: 5 }), { afterHold: look, afterDay: look, beforePublish: look });
    expect([...new Set(seen)]).toEqual(['1']);
    expect(healed).toMatchObject({ changedCalls: 3, unpricedBefore: 3, unpricedAfter: 0 });
    expect(await total()).toMatchObject({ costUsd: '16', calls: 4, unpricedCalls: 0 });
    expect(await queryUnpriced(store.db, RANGE)).toEqual([]);
    expect(await listReprices(store.db)).toMatchObject([{ cause: 'new_prices', state: 'applied', changedCalls: 3 }]);
  });

  it('heal at once where they are all in the open quarter hour, by one insert', async () => {
    await insertSpans(store, [call('2026-11-12T10:06:00.000Z', 'new')]);
    await settle(prices({}));
    expect(await heal(prices({ new: 5 }))).toMatchObject({ changedCalls: 1 });
    expect(await total()).toMatchObject({ costUsd: '5', unpricedCalls: 0 });
  });

  it('stay as they are while no price is known, and leave no trace in the audit', async () => {
    await insertSpans(store, [call('2026-11-09T10:00:00.000Z', 'new')]);
    await settle(prices({}));
    expect(await heal(prices({ other: 1 }))).toBeUndefined();
    expect(await listReprices(store.db)).toEqual([]);
    expect(await queryUnpriced(store.db, RANGE)).toMatchObject([{ model: 'new', reason: 'unknown_model', calls: 1 }]);
  });

  it('are not read again one by one after a start while nobody knows a price of them', async () => {
    await insertSpans(store, [call('2026-11-09T10:00:00.000Z', 'new'), call('2026-11-09T11:00:00.000Z', 'old')]);
    await settle(prices({ old: 1 }));
    const statements: string[] = [];
    const watched: Database = {
      query: async (sql, parameters) => {
        statements.push(sql);
        return store.db.query(sql, parameters);
      },
      command: async (sql, parameters) => store.db.command(sql, parameters),
      insertFile: async (insert) => store.db.insertFile(insert),
      insertRows: async (table, rows) => store.db.insertRows(table, rows),
      close: async () => store.db.close(),
    };
    const pricedAgain = async (resolver: RateResolver) => {
      statements.length = 0;
      const healed = await healUnpriced(watched, { resolver, clock, settleMs: 0 });
      return { healed: healed?.changedCalls, isRead: statements.some((sql) => sql.includes('r_cost_status')) };
    };
    expect(await pricedAgain(prices({ old: 1 }))).toEqual({ healed: undefined, isRead: false });
    expect(await pricedAgain(prices({ old: 1, new: 5 }))).toEqual({ healed: 1, isRead: true });
  });

  it('heal without the calls that have a price: those keep it until they are priced again by command', async () => {
    await insertSpans(store, [call('2026-11-09T10:00:00.000Z', 'old'), call('2026-11-09T10:00:00.000Z', 'new')]);
    await settle(prices({ old: 1 }));
    await heal(prices({ old: 3, new: 5 }));
    expect(await total()).toMatchObject({ costUsd: '6' });
  });

  it('heal when only a bucket lacked its price', async () => {
    const partly: RateResolver = (key) => {
      const periods = prices({ m: 1 })(key);
      if ('reason' in periods) return periods;
      return periods.map((period) => ({
        ...period,
        tiers: period.tiers.map((tier) => ({
          ...tier,
          prices: tier.prices.map((price, at) => (at === 9 ? null : price)),
        })),
      }));
    };
    await insertSpans(store, [call('2026-11-09T10:00:00.000Z', 'm', { 'costel.usage.output': '1000000' })]);
    await settle(partly);
    expect(await queryUnpriced(store.db, RANGE)).toMatchObject([{ reason: 'no_price_for_bucket' }]);
    await heal(prices({ m: 1 }));
    expect(await total()).toMatchObject({ costUsd: '2', unpricedCalls: 0 });
  });

  it('whose usage is inconsistent wait for nothing', async () => {
    await insertSpans(store, [call('2026-11-09T10:00:00.000Z', 'm', { 'costel.usage.output': '-5' })]);
    await settle(prices({ m: 1 }));
    expect(await heal(prices({ m: 2 }))).toBeUndefined();
    expect(await queryUnpriced(store.db, RANGE)).toMatchObject([{ reason: 'usage_inconsistent' }]);
  });
});
