import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applyRetention,
  buildRollups,
  driftGauges,
  queryCosts,
  repair,
  StoreError,
  type Database,
} from '../../src/index.js';
import {
  attachLedgerViews,
  costAttributes,
  detachLedgerViews,
  insertSpans,
  openTestStore,
  spanRow,
  type TestStore,
} from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-10T20:00:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

describe('an insert that reached the raw table and not the ledger', () => {
  let store: TestStore;
  const spans = Array.from({ length: 20 }, (_, index) =>
    spanRow({
      at: `2026-11-10T10:${String(index).padStart(2, '0')}:00.000Z`,
      attributes: costAttributes('0.000000000007'),
    }),
  );

  beforeAll(async () => {
    store = await openTestStore();
    await insertSpans(store, spans.slice(0, 10));
    await buildRollups(store.db, { nowMs: NOW_MS });
    // What a kill between raw and ledger leaves behind; the sender gives up.
    await detachLedgerViews(store);
    await insertSpans(store, spans.slice(10));
    await attachLedgerViews(store);
  });
  afterAll(async () => store.close());

  const total = async () => (await queryCosts(store.db, RANGE)).total;

  it('is seen by the drift gauge', async () => {
    expect(await driftGauges(store.db, { nowMs: NOW_MS })).toMatchObject({
      rawToLedgerCalls: 10,
      ledgerToRollupCalls: 0,
      ledgerToRollupUsd: '0',
    });
  });

  it('is closed by repair, to the pico-dollar, and repairing twice changes nothing', async () => {
    expect((await total()).calls).toBe(10);
    expect(await repair(store.db, RANGE)).toMatchObject({ calls: 10 });
    expect(await total()).toMatchObject({ calls: 20, costUsd: '0.00000000014' });
    expect(await repair(store.db, RANGE)).toEqual({ calls: 0, edges: 0 });
    expect(await driftGauges(store.db, { nowMs: NOW_MS })).toMatchObject({ rawToLedgerCalls: 0 });
    await buildRollups(store.db, { nowMs: NOW_MS });
    expect(await total()).toMatchObject({ calls: 20, costUsd: '0.00000000014' });
  });

  it('derives the same rows from raw when the whole ledger is lost', async () => {
    const columns = 'SELECT * EXCEPT version, version FROM llm_calls FINAL ORDER BY trace_id, span_id';
    const before = await store.db.query(columns);
    await store.db.command('TRUNCATE TABLE llm_calls');
    await repair(store.db, RANGE);
    expect(await store.db.query(columns)).toEqual(before);
  });

  it('writes no copy of a span that the ledger knows, though it was received earlier', async () => {
    const [first] = spans;
    if (first === undefined) throw new Error('no span');
    await detachLedgerViews(store);
    await insertSpans(store, [{ ...first, ReceivedAt: '2026-11-10 09:59:59.000' }]);
    await attachLedgerViews(store);
    expect(await repair(store.db, RANGE)).toEqual({ calls: 0, edges: 0 });
    expect(await driftGauges(store.db, { nowMs: NOW_MS })).toMatchObject({ rawToLedgerCalls: 0 });
  });

  it('is seen and closed for spans that are late, and for spans of broken clocks', async () => {
    const late = ['2026-10-01T10:00:00.000Z', '1970-01-01T00:00:00.000Z', '2262-01-01T00:00:00.000Z'].map((at) =>
      spanRow({ at, receivedAt: '2026-11-10T19:50:00.000Z', attributes: costAttributes('0') }),
    );
    await detachLedgerViews(store);
    await insertSpans(store, late);
    await attachLedgerViews(store);
    const gauge = { nowMs: NOW_MS, windowMs: 900_000 };
    expect(await driftGauges(store.db, gauge)).toMatchObject({ rawToLedgerCalls: 3 });
    const everything = { from: new Date(0), to: new Date('2100-01-01T00:00:00Z') };
    const receivedFrom = new Date('2026-11-10T19:45:00.000Z');
    expect(await repair(store.db, { ...everything, receivedFrom })).toMatchObject({ calls: 3 });
    expect(await repair(store.db, everything)).toEqual({ calls: 0, edges: 0 });
    expect(await driftGauges(store.db, gauge)).toMatchObject({ rawToLedgerCalls: 0 });
  });

  it('is seen by the drift gauge when a published hour differs from the ledger', async () => {
    await buildRollups(store.db, { nowMs: NOW_MS });
    await store.db.command(
      "ALTER TABLE llm_cost_15m UPDATE cost_usd = cost_usd + 1 WHERE quarter = '2026-11-10 10:00:00' SETTINGS mutations_sync = 1",
    );
    const drift = await driftGauges(store.db, { nowMs: NOW_MS });
    expect(Number(drift.ledgerToRollupUsd)).toBeGreaterThan(0.9);
  });

  it('is closed by receipt alone, however long ago its spans started, and leaves what came before', async () => {
    const late = ['2026-11-02T08:00:00.000Z', '2026-10-03T08:00:00.000Z'].map((at, index) =>
      spanRow({ at, receivedAt: `2026-11-10T19:0${index}:00.000Z`, attributes: costAttributes('0.000000000011') }),
    );
    await detachLedgerViews(store);
    await insertSpans(store, late);
    await attachLedgerViews(store);
    const whenever = { from: new Date(0), to: new Date('2027-01-01T00:00:00Z') };
    const receivedFrom = new Date('2026-11-10T19:00:30Z');
    expect(await repair(store.db, { ...whenever, receivedFrom })).toMatchObject({ calls: 1 });
    expect(await repair(store.db, { ...whenever, receivedFrom })).toMatchObject({ calls: 0 });
    expect(await repair(store.db, whenever)).toMatchObject({ calls: 1 });
  });

  it('keeps rows for as long as it is told, and refuses a retention of no days', async () => {
    await applyRetention(store.db, { rawDays: 30, ledgerDays: 400 });
    const [table] = await store.db.query<{ sql: string }>(
      "SELECT create_table_query AS sql FROM system.tables WHERE database = currentDatabase() AND name = 'llm_calls'",
    );
    expect(table?.sql).toContain('toIntervalDay(400)');
    await expect(applyRetention(store.db, { rawDays: 0 })).rejects.toThrow(StoreError);
  });
});

describe('a late call that comes while drift is measured', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  it('is no drift: it was reported as one until the next look', async () => {
    const call = (minute: string) =>
      spanRow({ at: `2026-11-10T${minute}:00.000Z`, attributes: costAttributes('0.000000000007') });
    await insertSpans(store, [call('10:00'), call('11:00')]);
    await buildRollups(store.db, { nowMs: NOW_MS });
    let late: (() => Promise<void>) | undefined = async () => insertSpans(store, [call('10:01')]);
    const watched = new Proxy(store.db, {
      get: (target, name: keyof Database) => {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return async (...args: readonly unknown[]) => {
          if (late !== undefined && String(args[0]).includes('FROM llm_calls AS c FINAL')) {
            await late();
            late = undefined;
          }
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
    const none = { ledgerToRollupCalls: 0, ledgerToRollupUsd: '0' };
    expect(await driftGauges(watched, { nowMs: NOW_MS })).toMatchObject(none);
    expect(late).toBeUndefined();
    await store.db.command(
      "ALTER TABLE llm_cost_15m UPDATE calls = calls + 1 WHERE quarter = '2026-11-10 11:00:00' SETTINGS mutations_sync = 1",
    );
    expect(await driftGauges(store.db, { nowMs: NOW_MS })).toMatchObject({ ...none, ledgerToRollupCalls: 1 });
  });
});
