import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRollups, queryCosts, resolveRates, type RateResolver } from '../../src/index.js';
import { flatRates } from '../schedules/rates.js';
import { insertSpans, openTestStore, spanRow, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
/** Days before 15 September are frozen. */
const LEDGER_DAYS = 60;
const FROZEN_DAY = { from: new Date('2026-08-15T00:00:00Z'), to: new Date('2026-08-16T00:00:00Z') };

let models = 0;

/** A call of a hundred input tokens (a ten-thousandth of a dollar) of a model that no call named before: it waits for its price. */
function callOfNewModel(at: string) {
  models += 1;
  const attributes = {
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': `gpt-new-${models}`,
    'costel.usage.input': '100',
    'costel.usage.quality': 'reported',
  };
  return spanRow({ at, attributes, receivedAt: '2026-11-12T10:06:00.000Z' });
}

describe.each([
  { parts: 'merged', isMerged: true },
  { parts: 'not merged', isMerged: false },
])('a call that waits for its price in a frozen period, its rows $parts', ({ isMerged }) => {
  let store: TestStore;
  const build = async () => buildRollups(store.db, { nowMs: NOW_MS, ledgerDays: LEDGER_DAYS });
  const price = async (resolver: RateResolver = flatRates) => {
    await resolveRates(store.db, resolver);
    if (isMerged) await store.db.command('OPTIMIZE TABLE llm_calls FINAL');
  };
  const ofFrozenDay = async () => {
    const { total } = await queryCosts(store.db, { ...FROZEN_DAY, groupBy: ['model'] });
    return { calls: total.calls, costUsd: total.costUsd, unpricedCalls: total.unpricedCalls };
  };
  beforeAll(async () => {
    store = await openTestStore();
    await insertSpans(store, [callOfNewModel('2026-08-15T08:00:00.000Z'), callOfNewModel('2026-11-11T08:00:00.000Z')]);
  });
  afterAll(async () => store.close());

  it('is counted once, with its price, where the first build saw it without', async () => {
    await build();
    await price();
    await build();
    expect(await ofFrozenDay()).toEqual({ calls: 1, costUsd: '0.0001', unpricedCalls: 0 });
  });

  it('is counted, where it got its price before a build saw it: it was missing for ever', async () => {
    await insertSpans(store, [callOfNewModel('2026-08-15T08:01:00.000Z')]);
    await price();
    await build();
    expect(await ofFrozenDay()).toEqual({ calls: 2, costUsd: '0.0002', unpricedCalls: 0 });
  });

  it('is counted with its price, where a build saw it without: its dollars were missing for ever', async () => {
    await insertSpans(store, [callOfNewModel('2026-08-15T08:02:00.000Z')]);
    await build();
    await price();
    await build();
    expect(await ofFrozenDay()).toEqual({ calls: 3, costUsd: '0.0003', unpricedCalls: 0 });
  });

  it('is counted where no list knows its price', async () => {
    const late = callOfNewModel('2026-08-15T08:03:00.000Z');
    await insertSpans(store, [late]);
    await build();
    await price(() => ({ reason: 'unknown_model' }));
    await build();
    expect(await ofFrozenDay()).toEqual({ calls: 4, costUsd: '0.0003', unpricedCalls: 1 });
  });

  it('adds nothing when its copies come', async () => {
    const before = await ofFrozenDay();
    const [late] = await store.db.query<ReturnType<typeof spanRow>>(
      "SELECT * EXCEPT ReceivedAt FROM otel_traces WHERE Timestamp = '2026-08-15 08:01:00'",
    );
    if (late === undefined) throw new Error('no late span');
    await insertSpans(store, [{ ...late, ReceivedAt: '2026-11-12 10:06:30.000' }]);
    await price();
    await build();
    expect(await ofFrozenDay()).toEqual(before);
  });
});
