import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildRollups,
  judgeTraces,
  queryAnswerVersion,
  queryCosts,
  queryCountedSpans,
  reprice,
  resolveRates,
  type RepriceHooks,
} from '../../src/index.js';
import { call, emptyStore, prices } from '../support/own-prices.js';
import { insertSpans, openTestStore, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const SEALED_AT = '2026-11-10T03:00:00.000Z';
const OPEN_AT = '2026-11-12T10:01:00.000Z';

describe('which calls are counted while history is priced again', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  beforeEach(async () => {
    await emptyStore(store);
    await insertSpans(store, [call(SEALED_AT), call(OPEN_AT)]);
    await resolveRates(store.db, prices({ m: 1 }));
    await judgeTraces(store.db, { nowMs: NOW_MS });
    await buildRollups(store.db, { nowMs: NOW_MS });
  });
  afterAll(async () => store.close());

  /** Whether the call that began then is said to be counted, and how many calls costs are of. */
  const look = async (at: string) => {
    const [row] = await store.db.query<{ trace_id: string; span_id: string }>(
      'SELECT trace_id, span_id FROM llm_calls FINAL WHERE started = {at:DateTime64(3)}',
      { at: at.replace('T', ' ').replace('Z', '') },
    );
    const span = { traceId: row?.trace_id ?? '', spanId: row?.span_id ?? '', startedMs: Date.parse(at) };
    const [isCounted] = await queryCountedSpans(store.db, [span]);
    return [isCounted, (await queryCosts(store.db, RANGE)).total.calls];
  };
  const again = async (hooks: RepriceHooks) =>
    reprice(store.db, { ...RANGE, resolver: prices({ m: 3 }), clock: () => NOW_MS, settleMs: 0, hooks });

  it('are those that costs are of: a budget was exceeded by calls of the open quarter hour while it was held', async () => {
    const came = '2026-11-12T10:05:00.000Z';
    const seen: unknown[] = [];
    await again({
      beforePublish: async () => {
        await insertSpans(store, [call(came)]);
        seen.push(await look(came), await look(OPEN_AT));
      },
    });
    expect(seen).toEqual([
      [false, 2],
      [true, 2],
    ]);
    expect(await look(came)).toEqual([true, 3]);
  });

  it('are not those that came late into hours that are held', async () => {
    const late = '2026-11-10T04:00:00.000Z';
    const came = '2026-11-12T10:03:00.000Z';
    const seen: unknown[] = [];
    await again({
      afterHold: async () => {
        await insertSpans(store, [call(late), call(came)]);
        seen.push(await look(late), await look(came), await look(SEALED_AT));
      },
    });
    expect(seen).toEqual([
      [false, 3],
      [true, 3],
      [true, 3],
    ]);
    expect(await look(late)).toEqual([true, 4]);
  });

  it('is another answer from when hours are held, and once they no longer are', async () => {
    const versions = [await queryAnswerVersion(store.db)];
    const note = async () => void versions.push(await queryAnswerVersion(store.db));
    await again({ afterHold: note, afterOpen: note });
    await note();
    expect(new Set(versions).size).toBe(4);
  });
});
