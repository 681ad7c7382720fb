import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  abandonReprice,
  buildRollups,
  driftGauges,
  judgeTraces,
  listReprices,
  previewReprice,
  queryCosts,
  queryUnpriced,
  refreshRates,
  reprice,
  resolveRates,
  type Database,
  type QueryParameters,
  type RepriceHooks,
  type RateResolver,
} from '../../src/index.js';
import { holdLedger } from '../../src/reprice/hold-ledger.js';
import { call, emptyStore, prices } from '../support/own-prices.js';
import { insertSpans, openTestStore, spanRow, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const clock = () => NOW_MS;
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const DAYS = ['2026-11-08', '2026-11-09', '2026-11-10'] as const;

const callsOfDays = (model = 'm') =>
  DAYS.flatMap((day) => ['03:00', '11:20', '11:40'].map((time) => call(`${day}T${time}:00.000Z`, model)));

/** Resolves once a condition holds, looking again each turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

describe('pricing history again', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  beforeEach(async () => emptyStore(store));
  afterAll(async () => store.close());

  const total = async () => (await queryCosts(store.db, RANGE)).total.costUsd;
  /** Read from the ledger, for no rollup knows both dimensions. */
  const totalOfLedger = async () =>
    (await queryCosts(store.db, { ...RANGE, groupBy: ['user', 'model'] })).total.costUsd;
  const settle = async (resolver: RateResolver) => {
    await resolveRates(store.db, resolver);
    await judgeTraces(store.db, { nowMs: NOW_MS });
    await buildRollups(store.db, { nowMs: NOW_MS });
  };
  const again = (usdPerMillion: Readonly<Record<string, number>>, hooks: RepriceHooks = {}) =>
    reprice(store.db, { ...RANGE, resolver: prices(usdPerMillion), clock, settleMs: 0, hooks });

  it('previews calls and dollars before and after by model, and changes nothing', async () => {
    await insertSpans(store, [...callsOfDays(), ...callsOfDays('other')]);
    await settle(prices({ m: 1, other: 5 }));
    const preview = await previewReprice(store.db, { ...RANGE, resolver: prices({ m: 3, other: 5 }) });
    expect(preview).toEqual({
      calls: 18,
      changedCalls: 9,
      beforeUsd: '54',
      afterUsd: '72',
      unpricedBefore: 0,
      unpricedAfter: 0,
      models: [
        {
          provider: 'own',
          model: 'm',
          calls: 9,
          changedCalls: 9,
          beforeUsd: '9',
          afterUsd: '27',
          unpricedBefore: 0,
          unpricedAfter: 0,
        },
        {
          provider: 'own',
          model: 'other',
          calls: 9,
          changedCalls: 0,
          beforeUsd: '45',
          afterUsd: '45',
          unpricedBefore: 0,
          unpricedAfter: 0,
        },
      ],
    });
    expect(await total()).toBe('54');
    await insertSpans(store, [call('2026-11-10T12:00:00.000Z')]);
    expect(await total()).toBe('55');
    expect(await listReprices(store.db)).toEqual([]);
  });

  it('leaves out what does not count: five probes of the doctor’s showed as "5 of 0 calls changed"', async () => {
    const attributes = { 'gen_ai.operation.name': 'costel_doctor', 'costel.cost.status': 'not_billable' };
    await insertSpans(store, [...callsOfDays(), spanRow({ at: '2026-11-08T05:00:00.000Z', attributes })]);
    await settle(prices({ m: 1 }));
    const preview = await previewReprice(store.db, { ...RANGE, resolver: prices({ m: 1 }) });
    expect(preview).toMatchObject({ calls: 9, changedCalls: 0, models: [{ model: 'm', calls: 9 }] });
    expect(await again({ m: 2 })).toMatchObject({ calls: 9, changedCalls: 9, afterUsd: '18' });
  });

  it('applies what it previewed, leaves a row of audit, and finds nothing to do the next time', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    const preview = await previewReprice(store.db, { ...RANGE, resolver: prices({ m: 3 }) });
    const { reprice: number, range, ...figures } = await again({ m: 3 });
    expect(figures).toEqual(preview);
    expect([await total(), await totalOfLedger()]).toEqual(['27', '27']);
    expect(await listReprices(store.db)).toMatchObject([
      { reprice: number, state: 'applied', cause: 'command', changedCalls: 9, beforeUsd: '9', afterUsd: '27', range },
    ]);
    const [row] = await store.db.query(
      "SELECT models, model_calls, model_before_usd, model_after_usd FROM llm_reprices WHERE state = 'applied'",
    );
    expect(row).toEqual({ models: ['own/m'], model_calls: ['9'], model_before_usd: ['9'], model_after_usd: ['27'] });
    expect(await again({ m: 3 })).toMatchObject({ changedCalls: 0, beforeUsd: '27', afterUsd: '27' });
    expect(await driftGauges(store.db, { nowMs: NOW_MS, windowMs: 30 * 86_400_000 })).toMatchObject({
      ledgerToRollupCalls: 0,
      ledgerToRollupUsd: '0',
    });
  });

  it('shows exactly two totals at every point of it, from rollups and from the ledger, while spans come in', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    const sealed = { from: RANGE.from, to: new Date('2026-11-12T00:00:00Z') };
    const seen: string[] = [];
    const look = async () => {
      const sums = [
        await queryCosts(store.db, sealed),
        await queryCosts(store.db, { ...sealed, groupBy: ['user', 'model'] }),
        await queryCosts(store.db, { ...sealed, filters: { user: ['u1'] } }),
        await queryCosts(store.db, { ...sealed, from: new Date('2026-11-08T02:59:59.999Z') }),
      ];
      for (const { total: sum } of sums) seen.push(`${sum.costUsd} for ${sum.calls}`);
      const bounds = "'2026-11-01 00:00:00' AND '2026-11-11 23:59:59'";
      for (const [view, calls, time] of [
        ['llm_cost_quarters', 'sum(calls)', 'quarter'],
        ['llm_calls_final', 'count()', 'counted_at'],
      ] as const) {
        const sql = `SELECT toString(sum(cost_usd)) AS cost, toString(${calls}) AS calls FROM ${view} WHERE ${time} BETWEEN ${bounds}`;
        const [row] = await store.db.query<{ cost: string; calls: string }>(sql);
        seen.push(`${row?.cost} for ${row?.calls}`);
      }
      await insertSpans(store, [call('2026-11-12T10:05:00.000Z')]);
    };
    await look();
    const hooks = { afterHold: look, afterDay: look, beforePublish: look };
    await again({ m: 3 }, hooks);
    await look();
    expect([...new Set(seen)]).toEqual(['9 for 9', '27 for 9']);
    expect(seen.filter((sum) => sum === '27 for 9')).toHaveLength(6);
  });

  it('shows the open quarter hour at its new price with all others, never before them: a total was neither', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    await insertSpans(store, [call(new Date(NOW_MS - 1000).toISOString())]);
    const seen: string[] = [];
    const look = async (): Promise<void> => {
      seen.push(await total(), await totalOfLedger());
    };
    await look();
    const range = { ...RANGE, to: new Date(NOW_MS) };
    const hooks = { afterHold: look, afterDay: look, beforePublish: look, afterOpen: look };
    await reprice(store.db, { ...range, resolver: prices({ m: 3 }), clock, settleMs: 0, hooks });
    await look();
    expect(seen.slice(-2)).toEqual(['30', '30']);
    expect(new Set(seen.slice(0, -2))).toEqual(new Set(['10']));
  });

  it('lets a reader in a loop see exactly two totals', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    const seen: string[] = [];
    const work = { isRunning: true };
    const read = async (): Promise<void> => {
      while (work.isRunning) seen.push(await total(), await totalOfLedger());
    };
    const readers = [read(), read()];
    const builder = (async (): Promise<void> => {
      while (work.isRunning) await buildRollups(store.db, { nowMs: NOW_MS });
    })();
    await reprice(store.db, { ...RANGE, resolver: prices({ m: 3 }), clock, settleMs: 2000 });
    work.isRunning = false;
    await Promise.all([...readers, builder]);
    seen.push(await total());
    expect([...new Set(seen)]).toEqual(['9', '27']);
  });

  const VIEWS = [
    ['llm_cost_quarters', 'sum(calls)', 'quarter'],
    ['llm_cost_detail', 'sum(calls)', 'quarter'],
    ['llm_calls_final', 'count()', 'counted_at'],
  ] as const;
  /** What readers of SQL see of the month, by view. */
  const totalsOfViews = async (): Promise<string[]> => {
    const sums: string[] = [];
    for (const [view, calls, time] of VIEWS) {
      const sql = `SELECT toString(sum(cost_usd)) AS cost, toString(${calls}) AS calls FROM ${view} WHERE ${time} >= '2026-11-01 00:00:00'`;
      const [row] = await store.db.query<{ cost: string; calls: string }>(sql);
      sums.push(`${row?.cost} for ${row?.calls}`);
    }
    return sums;
  };

  it('shows readers of SQL views the open quarter hour at its new price with all others: they saw it an instant before', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    await insertSpans(store, [call(new Date(NOW_MS - 1000).toISOString())]);
    const seen: string[] = [];
    const look = async (): Promise<void> => void seen.push(...(await totalsOfViews()));
    const range = { ...RANGE, to: new Date(NOW_MS) };
    const hooks = { afterHold: look, afterDay: look, beforePublish: look, afterOpen: look };
    await reprice(store.db, { ...range, resolver: prices({ m: 3 }), clock, settleMs: 0, hooks });
    expect(new Set(seen)).toEqual(new Set(['10 for 10']));
    expect(new Set(await totalsOfViews())).toEqual(new Set(['30 for 10']));
  });

  it('goes on showing a call that came while the open quarter hour was copied: it was gone until the end', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    const { db } = store;
    let holds = 0;
    const busy: Database = {
      query: (sql, parameters) => db.query(sql, parameters),
      command: (sql, parameters) => db.command(sql, parameters),
      insertFile: (insert) => db.insertFile(insert),
      insertRows: async (table, rows) => {
        const [row] = rows as readonly { readonly grain?: string; readonly partition_id?: string }[];
        if (row?.grain === 'hold' && row.partition_id?.includes('"reprice"') === true) {
          holds += 1;
          if (holds === 1) await insertSpans(store, [call(new Date(NOW_MS - 1000).toISOString())]);
        }
        return db.insertRows(table, rows);
      },
      close: () => db.close(),
    };
    const seen: string[] = [];
    const look = async (): Promise<void> =>
      void seen.push((await queryCosts(db, RANGE)).total.calls.toString(), ...(await totalsOfViews()));
    const range = { ...RANGE, to: new Date(NOW_MS) };
    await reprice(busy, { ...range, resolver: prices({ m: 3 }), clock, settleMs: 0, hooks: { beforePublish: look } });
    expect(holds).toBe(1);
    // The call came when the new prices were in force: it has $3 at once.
    expect(new Set(seen)).toEqual(new Set(['10', '12 for 10']));
    expect(await total()).toBe('30');
  });

  it('lets readers of the SQL views in a loop see exactly two totals', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    await insertSpans(store, [call(new Date(NOW_MS - 1000).toISOString())]);
    const seen: string[] = [];
    const work = { isRunning: true };
    const reader = (async (): Promise<void> => {
      while (work.isRunning) seen.push(...(await totalsOfViews()));
    })();
    const range = { ...RANGE, to: new Date(NOW_MS) };
    await reprice(store.db, { ...range, resolver: prices({ m: 3 }), clock, settleMs: 2000 });
    work.isRunning = false;
    await reader;
    seen.push(...(await totalsOfViews()));
    expect([...new Set(seen)]).toEqual(['10 for 10', '30 for 10']);
  });

  it('keeps a call in the SQL views that came after the last build and before the hold: it was gone for as long', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    await insertSpans(store, [call('2026-11-09T11:25:00.000Z')]);
    expect(new Set(await totalsOfViews())).toEqual(new Set(['10 for 10']));
    await holdLedger(store.db, { fromMs: RANGE.from.getTime(), toMs: NOW_MS }, NOW_MS);
    expect(new Set(await totalsOfViews())).toEqual(new Set(['10 for 10']));
    expect(await abandonReprice(store.db, { nowMs: NOW_MS + 1000, deadAfterMs: 0 })).toBe(true);
    expect(new Set(await totalsOfViews())).toEqual(new Set(['10 for 10']));
  });

  it('waits for readers that have planned and not read yet before it writes: later they would see a third total', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    // Makes the days dirty, so that the reader goes by the ledger.
    await insertSpans(store, [call('2026-11-08T11:20:00.000Z', 'm')]);
    const order: string[] = [];
    const { db } = store;
    const slow: Database = {
      query: async (sql, parameters) => {
        if (sql.includes('AS is_total')) {
          order.push('planned');
          for (let turn = 0; turn < 300 && !order.includes('written'); turn += 1) await db.query('SELECT 1');
          order.push('read');
        }
        return db.query(sql, parameters);
      },
      command: (sql, parameters) => db.command(sql, parameters),
      insertFile: (insert) => db.insertFile(insert),
      insertRows: (table, rows) => db.insertRows(table, rows),
      close: () => db.close(),
    };
    const answers: Promise<string>[] = [];
    await reprice(slow, {
      ...RANGE,
      resolver: prices({ m: 3 }),
      clock,
      settleMs: 0,
      hooks: {
        afterHold: async () => {
          answers.push(queryCosts(slow, RANGE).then(({ total: sum }) => sum.costUsd));
          await until(() => order.includes('planned'));
        },
        afterDay: async () => {
          order.push('written');
        },
      },
    });
    expect(order.slice(0, 3)).toEqual(['planned', 'read', 'written']);
    expect(await Promise.all(answers)).toEqual(['10']);
    expect(await total()).toBe('30');
  });

  it('has readers leave the rows unread that it is writing: with ten million of them they took half of the machine', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    const { db } = store;
    const asked: { readonly sql: string; readonly parameters: QueryParameters | undefined }[] = [];
    const watched: Database = {
      query: async (sql, parameters) => {
        if (sql.includes('skipped_from')) asked.push({ sql, parameters });
        return db.query(sql, parameters);
      },
      command: (sql, parameters) => db.command(sql, parameters),
      insertFile: (insert) => db.insertFile(insert),
      insertRows: (table, rows) => db.insertRows(table, rows),
      close: () => db.close(),
    };
    const rowsToRead = async () => {
      asked.length = 0;
      await queryCosts(watched, RANGE);
      const [statement] = asked;
      if (statement === undefined) throw new Error('nobody asked which quarter hours are dirty');
      const estimate = await db.query<{ rows: string }>(
        `EXPLAIN ESTIMATE ${statement.sql.replace(/^--.*$/gmu, '')}`,
        statement.parameters,
      );
      return estimate.reduce((sum, { rows }) => sum + Number(rows), 0);
    };
    const afterDay = async () => expect(await rowsToRead()).toBe(0);
    await reprice(store.db, { ...RANGE, resolver: prices({ m: 3 }), clock, settleMs: 0, hooks: { afterDay } });
    await insertSpans(store, [call('2026-11-10T12:00:00.000Z')]);
    expect(await rowsToRead()).toBeGreaterThan(0);
    expect.assertions(DAYS.length + 1);
  });

  it('keeps a late span that comes while its hour is held, and counts it once the new figures are published', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    const seen: string[] = [];
    await again(
      { m: 3 },
      {
        afterHold: async () => {
          await insertSpans(store, [call('2026-11-09T11:25:00.000Z')]);
          seen.push(await total(), await totalOfLedger());
        },
      },
    );
    expect(seen).toEqual(['9', '9']);
    expect([await total(), await totalOfLedger()]).toEqual(['30', '30']);
  });

  it('prices the open quarter hour too', async () => {
    await insertSpans(store, [call('2026-11-10T11:00:00.000Z'), call('2026-11-12T10:06:00.000Z')]);
    await settle(prices({ m: 1 }));
    expect(await again({ m: 3 })).toMatchObject({ changedCalls: 2, afterUsd: '6' });
    expect(await total()).toBe('6');
  });

  it('changes nothing outside its range, and nothing that a provider stated', async () => {
    const stated = { 'gen_ai.usage.cost.source': 'provider', 'costel.cost.usd': '7' };
    await insertSpans(store, [...callsOfDays(), call('2026-11-09T11:30:00.000Z', 'm', stated)]);
    await settle(prices({ m: 1 }));
    await reprice(store.db, {
      from: new Date('2026-11-09T00:00:00Z'),
      to: new Date('2026-11-10T11:30:00Z'),
      resolver: prices({ m: 3 }),
      clock,
      settleMs: 0,
    });
    // 3 calls before the range, 3 + 2 in it, 1 after it, and the stated one.
    expect([await total(), await totalOfLedger()]).toEqual([String(3 + 5 * 3 + 1 + 7), '26']);
  });

  it('keeps a verdict and prices what it left', async () => {
    const trace = 'a'.repeat(32);
    const agent = spanRow({
      trace,
      span: 'b'.repeat(16),
      at: '2026-11-10T11:00:00.000Z',
      durationMs: 5000,
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.provider.name': 'own',
        'gen_ai.request.model': 'm',
        'costel.usage.input': '3000000',
      },
    });
    const inner = { ...call('2026-11-10T11:00:01.000Z'), TraceId: trace, ParentSpanId: 'b'.repeat(16) };
    await insertSpans(store, [agent, inner]);
    await settle(prices({ m: 1 }));
    expect(await total()).toBe('3');
    await again({ m: 3 });
    expect(await total()).toBe('9');
    await judgeTraces(store.db, { nowMs: NOW_MS });
    expect(await total()).toBe('9');
  });

  it.each(['afterHold', 'afterDay', 'beforePublish', 'afterOpen'] as const)(
    'leaves the old totals when it dies at %s, and can be run again',
    async (point) => {
      await insertSpans(store, callsOfDays());
      await settle(prices({ m: 1 }));
      const died = again({ m: 3 }, { [point]: async () => Promise.reject(new Error('killed')) });
      await expect(died).rejects.toThrow('killed');
      expect([await total(), await totalOfLedger()]).toEqual(['9', '9']);
      // Nothing is built over a hold; what comes in is counted all the same.
      await insertSpans(store, [call('2026-11-12T10:06:00.000Z')]);
      await buildRollups(store.db, { nowMs: NOW_MS + 1000 });
      // At the last moment the open quarter hour is held as well: it waits for whoever puts the rest back.
      const meanwhile = point === 'beforePublish' || point === 'afterOpen' ? '9' : '12';
      expect([await total(), await totalOfLedger()]).toEqual([meanwhile, meanwhile]);
      expect(await abandonReprice(store.db, { nowMs: NOW_MS + 2000, deadAfterMs: 0 })).toBe(true);
      expect([await total(), await totalOfLedger()]).toEqual(['12', '12']);
      expect((await listReprices(store.db))[0]?.state).toBe('abandoned');
      await buildRollups(store.db, { nowMs: NOW_MS + 1_800_000 });
      expect([await total(), await totalOfLedger()]).toEqual(['12', '12']);
      await again({ m: 3 });
      expect([await total(), await totalOfLedger()]).toEqual(['30', '30']);
    },
  );

  it('goes on where it died when it is simply run again', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    await expect(again({ m: 3 }, { afterDay: async () => Promise.reject(new Error('killed')) })).rejects.toThrow();
    expect(await again({ m: 3 })).toMatchObject({ beforeUsd: '9', afterUsd: '27', changedCalls: 9 });
    expect(await total()).toBe('27');
  });

  it('leaves a re-pricing of another process alone while that lives', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    await expect(again({ m: 3 }, { afterHold: async () => Promise.reject(new Error('killed')) })).rejects.toThrow();
    const other = abandonReprice(store.db, { nowMs: NOW_MS + 1000, deadAfterMs: 600_000 });
    await expect(other).rejects.toMatchObject({ code: 'reprice_running' });
    expect(await abandonReprice(store.db, { nowMs: NOW_MS + 601_000, deadAfterMs: 600_000 })).toBe(true);
  });

  it('puts new prices in force for calls that come, and leaves priced calls as they are', async () => {
    await insertSpans(store, callsOfDays());
    await settle(prices({ m: 1 }));
    const { changed, priced } = await refreshRates(store.db, prices({ m: 3 }));
    expect([changed.length, priced.length]).toEqual([1, 0]);
    expect(await total()).toBe('9');
    await insertSpans(store, [call('2026-11-10T12:00:00.000Z')]);
    expect(await total()).toBe('12');
    expect(await refreshRates(store.db, prices({ m: 3 }))).toEqual({ changed: [], priced: [] });
    expect(await queryUnpriced(store.db, RANGE)).toEqual([]);
  });
});
