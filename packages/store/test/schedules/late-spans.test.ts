import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropOldBuilds, queryCostSeries, queryCosts } from '../../src/index.js';
import {
  costAttributes,
  insertSpans,
  openTestStore,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';
import { storeTick } from './store-tick.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
/** Two months in the ledger: days before 15 September are frozen, days before 13 September have left it. */
const LEDGER_DAYS = 60;
const RANGE = { from: new Date('2026-08-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

const LATE: readonly { readonly name: string; readonly at: string }[] = [
  { name: 'an hour', at: '2026-11-12T09:05:00.000Z' },
  { name: 'a day', at: '2026-11-11T10:05:00.000Z' },
  { name: 'a week', at: '2026-11-05T10:05:00.000Z' },
  { name: 'to the last millisecond of the month before', at: '2026-10-31T23:59:59.999Z' },
  { name: 'forty days', at: '2026-10-03T10:05:00.000Z' },
  { name: 'two months, when its day is frozen and still in the ledger', at: '2026-09-14T10:05:00.000Z' },
  { name: 'three months, when its neighbours have left the ledger', at: '2026-08-15T10:05:00.000Z' },
];

describe('a span that is late', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
    const days = Math.ceil((NOW_MS - RANGE.from.getTime()) / DAY_MS);
    const rows = Array.from({ length: days }, (_, day) => dollar(RANGE.from.getTime() + day * DAY_MS + 28_800_000));
    await insertSpans(store, rows);
    await storeTick(store.db, NOW_MS, LEDGER_DAYS);
    // What retention does to days that are older than the ledger's: whole parts leave.
    const old = await store.db.query<{ id: string }>(
      "SELECT DISTINCT partition_id AS id FROM system.parts WHERE database = currentDatabase() AND table = 'llm_calls' AND active AND partition_id < '20260913'",
    );
    for (const { id } of old) await store.db.command(`ALTER TABLE llm_calls DROP PARTITION ID '${id}'`);
    await storeTick(store.db, NOW_MS, LEDGER_DAYS);
  });
  afterAll(async () => store.close());

  function dollar(atMs: number, receivedAt?: string): SpanRow {
    const at = new Date(atMs).toISOString();
    const attributes = costAttributes('1', { 'user.id': 'u', 'costel.feature': 'f' });
    return spanRow({ at, attributes, ...(receivedAt === undefined ? {} : { receivedAt }) });
  }

  /** Every total that a reader can see: by day, by month and user, by feature. */
  async function everything(): Promise<Record<string, string>> {
    const seen: Record<string, string> = {};
    const days = await queryCostSeries(store.db, { ...RANGE, grain: 'day' });
    for (const { start, costUsd } of days) seen[new Date(start).toISOString().slice(0, 10)] = costUsd;
    for (const month of [7, 8, 9, 10]) {
      const range = { from: new Date(Date.UTC(2026, month, 1)), to: new Date(Date.UTC(2026, month + 1, 1)) };
      for (const groupBy of [['user'], ['feature'], ['user', 'feature']]) {
        const { total } = await queryCosts(store.db, { ...range, groupBy });
        seen[`month ${month + 1} by ${groupBy.join()}`] = total.costUsd;
      }
    }
    return seen;
  }

  const plusOne = (usd: string | undefined) => String(Number(usd) + 1);

  it.each(LATE)('by $name is in the right day and month one tick later, and nothing else changes', async ({ at }) => {
    // The composite dimension is read from the ledger, which no longer has the oldest months: compare what is kept.
    const before = await everything();
    const late = dollar(Date.parse(at), new Date(NOW_MS).toISOString());
    await insertSpans(store, [late]);
    await storeTick(store.db, NOW_MS, LEDGER_DAYS);
    const day = at.slice(0, 10);
    const month = `month ${Number(at.slice(5, 7))}`;
    const expected = Object.fromEntries(
      Object.entries(before).map(([key, usd]) => [key, key === day || key.startsWith(month) ? plusOne(usd) : usd]),
    );
    expect(await everything()).toEqual(expected);
    // Sent again, and after another tick: the same.
    await insertSpans(store, [{ ...late, ReceivedAt: '2026-11-12 10:06:59.000' }, late]);
    await storeTick(store.db, NOW_MS, LEDGER_DAYS);
    expect(await everything()).toEqual(expected);
  });

  it('to a frozen day is an adjustment of what was published: the new build holds the old sum and the span', async () => {
    const builds = await store.db.query<{ calls: string }>(
      "SELECT sum(calls) AS calls FROM llm_cost_1d WHERE day = '2026-08-15' GROUP BY build ORDER BY build",
    );
    expect(builds.map(({ calls }) => calls)).toEqual(['1', '2', '2']);
  });

  it('to a frozen day is added once for ever, also when its copy comes after old builds were dropped', async () => {
    const before = await everything();
    await dropOldBuilds(store.db, { nowMs: NOW_MS + 7_200_000 });
    expect(await everything()).toEqual(before);
    const [late] = await store.db.query<SpanRow>(
      "SELECT * EXCEPT ReceivedAt FROM otel_traces WHERE toDate(Timestamp) = '2026-08-15' ORDER BY ReceivedAt DESC LIMIT 1",
    );
    if (late === undefined) throw new Error('no late span');
    await insertSpans(store, [{ ...late, ReceivedAt: '2026-11-12 10:06:58.000' }]);
    await store.db.command('OPTIMIZE TABLE llm_calls FINAL');
    await storeTick(store.db, NOW_MS, LEDGER_DAYS);
    expect(await everything()).toEqual(before);
  });
});
