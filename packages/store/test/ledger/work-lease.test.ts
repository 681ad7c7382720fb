import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  buildRollups,
  driftGauges,
  judgeTraces,
  queryCosts,
  recoverReprice,
  reprice,
  resolveRates,
  type Database,
} from '../../src/index.js';
import { assertTurn, holderOf, isTakenByAnother, renewLease, withWorkLease } from '../../src/ledger/work-lease.js';
import { call, emptyStore, prices } from '../support/own-prices.js';
import { costAttributes, insertSpans, openTestStore, spanRow, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

/** A connection as a process of its own has one to a server. */
function processOn(db: Database): Database {
  return {
    isShared: true,
    query: async (sql, parameters) => db.query(sql, parameters),
    command: async (sql, parameters) => db.command(sql, parameters),
    insertFile: async (insert) => db.insertFile(insert),
    insertRows: async (table, rows) => db.insertRows(table, rows),
    close: async () => db.close(),
  };
}

describe('two processes on one server', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  const dollar = (minute: number) =>
    spanRow({
      at: new Date(Date.parse('2026-11-10T10:00:00.000Z') + minute * 60_000).toISOString(),
      attributes: costAttributes('1', { 'user.id': 'u' }),
    });
  const total = async () => (await queryCosts(store.db, RANGE)).total.costUsd;
  const leaseRows = async () => {
    const [row] = await store.db.query<{ rows: string }>('SELECT count() AS rows FROM work_leases');
    return Number(row?.rows);
  };
  /** The other process has crashed, or stood still for longer than its lease. */
  const letLeaseEnd = async (db: Database, task = 'build', seconds = -1) =>
    store.db.command(
      'INSERT INTO work_leases (task, epoch, holder, lease_until) SELECT {task:String}, max(epoch), {holder:String}, now64(3) + {seconds:Int32} FROM work_leases WHERE task = {task:String}',
      { task, seconds, holder: holderOf(db) },
    );
  /** Whoever holds one has crashed. */
  const endLeases = async () =>
    store.db.command(
      `INSERT INTO work_leases (task, epoch, holder, lease_until)
SELECT task, max(epoch) AS newest, argMin(holder, (-toInt64(epoch), _block_number)), now64(3) - 1 FROM work_leases GROUP BY task`,
    );
  afterEach(() => {
    vi.useRealTimers();
  });

  it('never work at the same time, and each gets its turn', async () => {
    const processes = [processOn(store.db), processOn(store.db), processOn(store.db)];
    const at: string[] = [];
    await Promise.all(
      processes.map(async (db, index) =>
        withWorkLease(db, 'test', async () => {
          at.push(`${index} in`);
          await total();
          at.push(`${index} out`);
        }),
      ),
    );
    expect(at).toHaveLength(6);
    for (let turn = 0; turn < 6; turn += 2) {
      expect(at[turn + 1]).toBe(at[turn]?.replace('in', 'out'));
    }
  });

  it('build and judge the same rows at once without a wrong total', async () => {
    const processes = [processOn(store.db), processOn(store.db)];
    for (let round = 0; round < 3; round += 1) {
      await insertSpans(store, [dollar(round), dollar(round + 20)]);
      await Promise.all(
        processes.flatMap((db) => [
          buildRollups(db, { nowMs: NOW_MS + round }),
          judgeTraces(db, { nowMs: NOW_MS + round }),
        ]),
      );
      expect(await total()).toBe(String((round + 1) * 2));
    }
    expect(await driftGauges(store.db, { nowMs: NOW_MS, windowMs: 4 * 86_400_000 })).toMatchObject({
      ledgerToRollupCalls: 0,
      ledgerToRollupUsd: '0',
    });
  });

  it('refuse to publish what was built by one that stood still while the other took over', async () => {
    const [slow, quick] = [processOn(store.db), processOn(store.db)];
    const before = Number(await total());
    await insertSpans(store, [dollar(100)]);
    const late = buildRollups(slow, {
      nowMs: NOW_MS + 10,
      hooks: {
        beforePublish: async () => {
          await letLeaseEnd(slow);
          await insertSpans(store, [dollar(101)]);
          await buildRollups(quick, { nowMs: NOW_MS + 11 });
        },
      },
    });
    await expect(late).rejects.toMatchObject({ code: 'work_taken', retryable: true });
    expect(await total()).toBe(String(before + 2));
    expect(await driftGauges(store.db, { nowMs: NOW_MS, windowMs: 4 * 86_400_000 })).toMatchObject({
      ledgerToRollupCalls: 0,
    });
  });

  it('keep their turn however long the work takes: a build of a minute was refused when it came to publish', async () => {
    const [busy, other] = [processOn(store.db), processOn(store.db)];
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await withWorkLease(busy, 'long', async () => {
      await letLeaseEnd(busy, 'long', 20);
      const rows = await leaseRows();
      vi.advanceTimersByTime(10_000);
      while ((await leaseRows()) === rows) await setImmediate();
      expect(await leaseRows()).toBe(rows + 1);
      await assertTurn(busy, 'long');
      expect(await isTakenByAnother(other, 'long')).toBe(true);
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('do not get a lease back that has ended', async () => {
    const stopped = processOn(store.db);
    await withWorkLease(stopped, 'stopped', total);
    await letLeaseEnd(stopped, 'stopped');
    await renewLease(stopped, 'stopped');
    await expect(assertTurn(stopped, 'stopped')).rejects.toMatchObject({ code: 'work_taken' });
  });

  it('put back what the other left when it died pricing history again: new calls were hidden for ten minutes', async () => {
    const [dying, other] = [processOn(store.db), processOn(store.db)];
    await emptyStore(store);
    await insertSpans(store, [call('2026-11-10T11:00:00.000Z')]);
    await resolveRates(store.db, prices({ m: 1 }));
    await endLeases();
    await buildRollups(store.db, { nowMs: NOW_MS });
    const died = reprice(dying, {
      ...RANGE,
      resolver: prices({ m: 3 }),
      clock: () => NOW_MS,
      settleMs: 0,
      hooks: { afterOpen: async () => Promise.reject(new Error('killed')) },
    });
    await expect(died).rejects.toThrow('killed');
    await insertSpans(store, [call('2026-11-12T10:06:00.000Z')]);
    expect(await total()).toBe('1');
    expect(await recoverReprice(other, { nowMs: NOW_MS + 1000 })).toBe(false);
    await endLeases();
    expect(await recoverReprice(other, { nowMs: NOW_MS + 2000 })).toBe(true);
    expect(await total()).toBe('4');
    expect(await recoverReprice(other, { nowMs: NOW_MS + 3000 })).toBe(false);
  });

  it('write nothing to the lease while nobody else waits, and nothing at all on an embedded engine', async () => {
    const alone = processOn(store.db);
    await letLeaseEnd(alone);
    await withWorkLease(alone, 'alone', total);
    const rows = await leaseRows();
    for (let run = 0; run < 3; run += 1) await withWorkLease(alone, 'alone', async () => assertTurn(alone, 'alone'));
    expect(await leaseRows()).toBe(rows);
    // Also where these tests run on a server.
    await buildRollups({ ...processOn(store.db), isShared: false }, { nowMs: NOW_MS + 20 });
    expect(await leaseRows()).toBe(rows);
  });
});
