import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildRollups, queryCosts, queryTop, type Database } from '../../src/index.js';
import { readPublishedState } from '../../src/rollup/published-state.js';
import { MAX_LIVE_CALLS, readView } from '../../src/rollup/read-view.js';
import {
  costAttributes,
  insertSpans,
  openTestStore,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const MINUTE_MS = 60_000;
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const DIMENSIONS = [
  ['model'],
  ['user'],
  ['customer'],
  ['conversation'],
  ['tag.experiment'],
  ['user', 'model'],
] as const;

const dollar = (at: string, user = 'u'): SpanRow =>
  spanRow({
    at,
    attributes: costAttributes('1', {
      'user.id': user,
      'costel.customer': `customer of ${user}`,
      'gen_ai.conversation.id': `conversation of ${user}`,
      'costel.tag.experiment': 'blue',
    }),
  });

describe('what a build does about a day that was sealed', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
    await insertSpans(store, [
      dollar('2026-11-10T10:00:00.000Z', 'ada'),
      dollar('2026-11-10T17:30:00.000Z', 'bob'),
      dollar('2026-11-11T09:00:00.000Z', 'ada'),
      dollar('2026-11-12T09:00:00.000Z', 'ada'),
    ]);
  });
  afterEach(async () => store.close());

  /** Every set of dimensions answers the same total, whatever it is read from. */
  async function expectTotal(dollars: string) {
    for (const groupBy of DIMENSIONS) {
      const { total, groups } = await queryCosts(store.db, { ...RANGE, groupBy: [...groupBy] });
      expect(total.costUsd, groupBy.join()).toBe(dollars);
      expect(groups.reduce((sum, group) => sum + Number(group.costUsd), 0)).toBe(Number(dollars));
    }
    const [view] = await store.db.query<{ usd: string }>('SELECT sum(cost_usd) AS usd FROM llm_cost_detail');
    expect(view?.usd).toBe(dollars);
  }

  it('builds the quarter hour of a late call, and sums its day again only after a while', async () => {
    await buildRollups(store.db, { nowMs: NOW_MS });
    await expectTotal('4');
    await insertSpans(store, [dollar('2026-11-10T10:01:00.000Z', 'ada')]);
    await expectTotal('5');
    expect(await buildRollups(store.db, { nowMs: NOW_MS + MINUTE_MS })).toMatchObject({ quarters: 1, days: 0 });
    const { staleDays } = await readPublishedState(store.db);
    expect([...staleDays.keys()]).toEqual([Date.UTC(2026, 10, 10)]);
    await expectTotal('5');
    expect(await buildRollups(store.db, { nowMs: NOW_MS + 5 * MINUTE_MS })).toMatchObject({ build: undefined });
    expect(await buildRollups(store.db, { nowMs: NOW_MS + 12 * MINUTE_MS })).toMatchObject({ days: 1 });
    expect((await readPublishedState(store.db)).staleDays.size).toBe(0);
    await expectTotal('5');
    const top = await queryTop(store.db, 'user', { ...RANGE, limit: 1 });
    expect(top.top.map(({ key, costUsd }) => [key['user'], costUsd])).toEqual([['ada', '4']]);
    expect(top.rest?.costUsd).toBe('1');
  });

  it('sums the month again together with its days, and corrects the month by the changed day until then', async () => {
    await buildRollups(store.db, { nowMs: NOW_MS });
    await insertSpans(store, [dollar('2026-11-10T10:01:00.000Z', 'ada')]);
    await buildRollups(store.db, { nowMs: NOW_MS + MINUTE_MS });
    expect((await readPublishedState(store.db)).staleDays.size).toBe(1);
    await expectTotal('5');
    await buildRollups(store.db, { nowMs: NOW_MS + 12 * MINUTE_MS });
    const { staleDays, staleMonths } = await readPublishedState(store.db);
    expect([staleDays.size, staleMonths.size]).toEqual([0, 0]);
    await expectTotal('5');
  });

  it('does not miss a late call on a day that had no calls when the first build sealed it', async () => {
    await insertSpans(store, [dollar('2026-11-07T10:00:00.000Z', 'ada')]);
    await buildRollups(store.db, { nowMs: NOW_MS });
    await expectTotal('5');
    await insertSpans(store, [dollar('2026-11-08T08:43:00.000Z', 'bob')]);
    await expectTotal('6');
    expect(await buildRollups(store.db, { nowMs: NOW_MS + MINUTE_MS })).toMatchObject({ quarters: 1, days: 0 });
    await expectTotal('6');
    expect([...(await readPublishedState(store.db)).staleDays.keys()]).toEqual([Date.UTC(2026, 10, 8)]);
    expect(await buildRollups(store.db, { nowMs: NOW_MS + 12 * MINUTE_MS })).toMatchObject({ days: 1 });
    await expectTotal('6');
    await buildRollups(store.db, { nowMs: NOW_MS + 23 * MINUTE_MS });
    const { staleDays, staleMonths } = await readPublishedState(store.db);
    expect([staleDays.size, staleMonths.size]).toEqual([0, 0]);
    await expectTotal('6');
  });

  it('sums no day before it is sealed, however many of its quarter hours are', async () => {
    const quarters = Array.from({ length: 30 }, (_, index) =>
      dollar(new Date(Date.UTC(2026, 10, 12, 0, 15 * index)).toISOString()),
    );
    await insertSpans(store, quarters);
    await buildRollups(store.db, { nowMs: NOW_MS });
    expect((await readPublishedState(store.db)).staleDays.size).toBe(0);
    expect(await buildRollups(store.db, { nowMs: NOW_MS + MINUTE_MS })).toMatchObject({ build: undefined });
    await expectTotal('34');
  });

  it('answers over a directory that an earlier version built, and writes the new rollups from its open day on', async () => {
    await buildRollups(store.db, { nowMs: NOW_MS });
    // What an earlier version did not have: the two rollups of quarter hours, where they begin, sums of the open day.
    await store.db.command('TRUNCATE TABLE llm_cost_15m_wide');
    await store.db.command('TRUNCATE TABLE llm_cost_15m_tag');
    await store.db.command("DELETE FROM published WHERE grain IN ('detail', 'so_far')");
    await expectTotal('4');
    await buildRollups(store.db, { nowMs: NOW_MS + MINUTE_MS });
    const state = await readPublishedState(store.db);
    expect(state.detailFromMs).toBe(Date.UTC(2026, 10, 12));
    await expectTotal('4');
    await insertSpans(store, [dollar('2026-11-10T10:01:00.000Z', 'ada'), dollar('2026-11-12T09:01:00.000Z', 'bob')]);
    await expectTotal('6');
    expect(await buildRollups(store.db, { nowMs: NOW_MS + 2 * MINUTE_MS })).toMatchObject({ quarters: 2, days: 1 });
    await expectTotal('6');
  });
});

describe('what a build does about open quarter hours with very many calls', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(async () => store.close());

  /** Calls of the last seconds, written past the views: what counts is how many there are. */
  const insertCalls = async (first: number, count: number) =>
    store.db.command(
      `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, counted, cost_usd, cost_status)
SELECT 'default', now64(3) AS at, toString(number), 's', 1, at, at, 'ok', 'm', 1, 1, 'priced'
FROM numbers({first:UInt64}, {count:UInt64})`,
      { first, count },
    );
  const calls = async (aheadMs = 0) => {
    // Until now, as the page and the budgets ask.
    const range = { from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + Math.max(0, aheadMs)) };
    return (await queryCosts(store.db, { ...range, groupBy: ['model'] })).total.calls;
  };

  it('holds them as they were, and queries answer as of then instead of summing them each time', async () => {
    await insertCalls(0, MAX_LIVE_CALLS + 1);
    // Sealed before the first call, whatever the minute: all of them are in open quarter hours.
    await buildRollups(store.db, { nowMs: Date.now(), graceMs: 2 * 3_600_000 });
    expect((await readPublishedState(store.db)).hasOpenBuild).toBe(true);
    expect(await calls()).toBe(MAX_LIVE_CALLS + 1);
    await insertCalls(MAX_LIVE_CALLS + 1, 10);
    expect((await readView(store.db)).dirty).toEqual([]);
    expect(await calls()).toBe(MAX_LIVE_CALLS + 1);
    // The next one rests a while; then all calls are in it.
    expect(await buildRollups(store.db, { nowMs: Date.now(), graceMs: 2 * 3_600_000 })).toMatchObject({
      build: undefined,
    });
    await buildRollups(asAfterRestart(store), { nowMs: Date.now(), graceMs: 2 * 3_600_000 });
    expect(await calls()).toBe(MAX_LIVE_CALLS + 11);
  });

  it('never takes back what a reader has seen: a build that began before that read does not answer later ones', async () => {
    await insertCalls(0, MAX_LIVE_CALLS + 1);
    const seen: number[] = [];
    await buildRollups(store.db, {
      nowMs: Date.now(),
      graceMs: 2 * 3_600_000,
      hooks: {
        beforePublish: async () => {
          await insertCalls(MAX_LIVE_CALLS + 1, 10);
          seen.push(await calls());
        },
      },
    });
    await insertCalls(MAX_LIVE_CALLS + 11, 5);
    seen.push(await calls());
    expect(seen).toEqual([MAX_LIVE_CALLS + 11, MAX_LIVE_CALLS + 16]);
    // A build that begins after that read answers the next ones.
    await buildRollups(asAfterRestart(store), { nowMs: Date.now(), graceMs: 2 * 3_600_000 });
    await insertCalls(MAX_LIVE_CALLS + 16, 1);
    expect(await calls()).toBe(MAX_LIVE_CALLS + 16);
  });

  it('answers queries that never pause, none of which sees less than one before it', async () => {
    await insertCalls(0, MAX_LIVE_CALLS + 1);
    const seen: number[] = [];
    const queries = { done: false };
    const asking = (async () => {
      while (!queries.done) seen.push(await calls());
    })();
    while (seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await insertCalls(MAX_LIVE_CALLS + 1, 10);
    await buildRollups(store.db, { nowMs: Date.now(), graceMs: 2 * 3_600_000 });
    const { state } = await readView(store.db);
    await insertCalls(MAX_LIVE_CALLS + 11, 10);
    const before = seen.length;
    while (seen.length < before + 2) await new Promise((resolve) => setImmediate(resolve));
    queries.done = true;
    await asking;
    // The build stands for the open quarter hours at once, though a query was under way when it was asked for.
    expect(state.quartersUntilMs).toBeGreaterThan(state.sealedUntilMs);
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
    expect(seen.at(-1)).toBe(MAX_LIVE_CALLS + 11);
  });

  it.each([120_000, -120_000])(
    'goes by the engine’s clock for the age of a build: a builder %i ms ahead took back what was seen, or was never asked',
    async (aheadMs) => {
      const nowMs = () => Date.now() + aheadMs;
      await insertCalls(0, MAX_LIVE_CALLS + 1);
      const beforePublish = async (): Promise<void> => {
        await insertCalls(MAX_LIVE_CALLS + 1, 10);
        expect(await calls(aheadMs)).toBe(MAX_LIVE_CALLS + 11);
      };
      await buildRollups(store.db, { nowMs: nowMs(), graceMs: 2 * 3_600_000, hooks: { beforePublish } });
      expect(await calls(aheadMs)).toBe(MAX_LIVE_CALLS + 11);
      await buildRollups(asAfterRestart(store), { nowMs: nowMs(), graceMs: 2 * 3_600_000 });
      await insertCalls(MAX_LIVE_CALLS + 11, 10);
      expect((await readView(store.db)).dirty).toEqual([]);
      expect((await readView(store.db)).state.quartersUntilMs).toBeGreaterThan(nowMs());
    },
  );

  it('reads them from the ledger where the newest such build is too old to stand for them', async () => {
    await insertCalls(0, MAX_LIVE_CALLS + 1);
    await buildRollups(store.db, { nowMs: Date.now(), graceMs: 2 * 3_600_000 });
    await insertCalls(MAX_LIVE_CALLS + 1, 10);
    expect(await calls()).toBe(MAX_LIVE_CALLS + 1);
    const { openAgeMs } = await readPublishedState(store.db);
    expect(openAgeMs).toBeGreaterThanOrEqual(0);
    // The engine's clock two minutes later.
    const later = new Proxy(store.db, {
      get: (target, name: keyof Database) => {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return async (...args: readonly unknown[]) => {
          const [sql, ...more] = args;
          const moved = String(sql).replace(
            "now64(3, 'UTC') AS clock",
            "now64(3, 'UTC') + toIntervalSecond(120) AS clock",
          );
          return Reflect.apply(member, target, [typeof sql === 'string' ? moved : sql, ...more]) as unknown;
        };
      },
    });
    const range = { from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + 1000) };
    expect((await queryCosts(later, { ...range, groupBy: ['model'] })).total.calls).toBe(MAX_LIVE_CALLS + 11);
  });
});

/** The same database seen by a builder that remembers nothing, as after a restart. */
function asAfterRestart({ db }: TestStore): Database {
  return {
    query: (sql, parameters) => db.query(sql, parameters),
    command: (sql, parameters) => db.command(sql, parameters),
    insertFile: (insert) => db.insertFile(insert),
    insertRows: (table, rows) => db.insertRows(table, rows),
    close: () => db.close(),
  };
}
