import { expect, it } from 'vitest';
import {
  buildRollups,
  judgeTraces,
  queryCosts,
  recoverReprice,
  reprice,
  resolveRates,
  type RepriceHooks,
} from '../../src/index.js';
import { call, prices } from '../support/own-prices.js';
import { insertSpans, openTestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

it('counts what came in since, though the clock of the host has gone back an hour after a re-pricing died', async () => {
  const store = await openTestStore();
  const { db } = store;
  try {
    await insertSpans(store, [call('2026-11-10T03:00:00.000Z')]);
    await resolveRates(db, prices({ m: 1 }));
    await judgeTraces(db, { nowMs: NOW_MS });
    await buildRollups(db, { nowMs: NOW_MS });
    const hooks: RepriceHooks = { afterDay: async () => Promise.reject(new Error('killed')) };
    const died = reprice(db, { ...RANGE, resolver: prices({ m: 3 }), clock: () => NOW_MS, settleMs: 0, hooks });
    await expect(died).rejects.toThrow('killed');
    await insertSpans(store, [call('2026-11-10T03:01:00.000Z')]);
    expect((await queryCosts(db, RANGE)).total.calls).toBe(1);
    expect(await recoverReprice(db, { nowMs: NOW_MS - 3_600_000 })).toBe(true);
    expect((await queryCosts(db, RANGE)).total).toMatchObject({ calls: 2, costUsd: '4' });
  } finally {
    await store.close();
  }
});
