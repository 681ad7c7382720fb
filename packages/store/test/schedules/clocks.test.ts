import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryCosts } from '../../src/index.js';
import { costAttributes, insertSpans, newId, openTestStore, spanRow, type TestStore } from '../support/test-store.js';
import { storeTick } from './store-tick.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** When the spans are received; their call truly began a second earlier. */
const RECEIVED_MS = Date.parse('2026-11-12T10:00:00.000Z');
const TRUE_START_MS = RECEIVED_MS - 1000;
const NOW_MS = RECEIVED_MS + 20 * 60_000;

interface Clock {
  readonly name: string;
  readonly startMs: number;
  /** What our own instrumentation measured: its clock less the provider's. */
  readonly offsetMs?: number | string;
  readonly countedMs: number;
  readonly status: 'ok' | 'received' | 'corrected';
}

const foreign = (name: string, startMs: number, countedMs: number): Clock => ({
  name,
  startMs,
  countedMs,
  status: startMs === countedMs ? 'ok' : 'received',
});

const own = (name: string, offsetMs: number): Clock => ({
  name: `of our own instrumentation, ${name}`,
  startMs: TRUE_START_MS + offsetMs,
  offsetMs,
  countedMs: TRUE_START_MS,
  status: 'corrected',
});

const CLOCKS: readonly Clock[] = [
  foreign('right', TRUE_START_MS, TRUE_START_MS),
  foreign('5 minutes ahead to the millisecond', RECEIVED_MS + 300_000, RECEIVED_MS + 300_000),
  foreign('a millisecond more than 5 minutes ahead', RECEIVED_MS + 300_001, RECEIVED_MS),
  foreign('27 hours ahead', RECEIVED_MS + 27 * HOUR_MS, RECEIVED_MS),
  foreign('at 1970', 0, RECEIVED_MS),
  foreign('at 2262', Date.parse('2262-04-11T00:00:00.000Z'), RECEIVED_MS),
  foreign('behind by 400 days, as late spans are', RECEIVED_MS - 400 * DAY_MS, RECEIVED_MS - 400 * DAY_MS),
  foreign('behind by more than 400 days', RECEIVED_MS - 400 * DAY_MS - 1, RECEIVED_MS),
  own('6 minutes ahead', 360_000),
  own('27 hours ahead', 27 * HOUR_MS),
  own('27 hours behind', -27 * HOUR_MS),
  own('3 years behind', -1095 * DAY_MS),
  own('40 years ahead', 14_600 * DAY_MS),
  { ...foreign('with an offset that is no number', TRUE_START_MS, TRUE_START_MS), offsetMs: 'NaN' },
  { ...foreign('with an offset beyond all years', TRUE_START_MS, TRUE_START_MS), offsetMs: '1e300' },
];

const engineInstant = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

describe('a clock', () => {
  let store: TestStore;
  const spans = CLOCKS.map((clock, index) =>
    spanRow({
      at: new Date(clock.startMs).toISOString(),
      receivedAt: new Date(RECEIVED_MS).toISOString(),
      span: newId(16),
      attributes: costAttributes('1', {
        'user.id': `u${index}`,
        ...(clock.offsetMs === undefined ? {} : { 'costel.clock.offset_ms': String(clock.offsetMs) }),
      }),
    }),
  );
  beforeAll(async () => {
    store = await openTestStore();
    await insertSpans(store, spans);
  });
  afterAll(async () => store.close());

  it.each(CLOCKS.map((clock, index) => ({ ...clock, index })))(
    '$name: counted at the right time, and flagged',
    async ({ index, countedMs, status }) => {
      const rows = await store.db.query(
        'SELECT counted_at, clock_status, cost_usd FROM llm_calls FINAL WHERE user = {user:String}',
        { user: `u${index}` },
      );
      expect(rows).toEqual([{ counted_at: engineInstant(countedMs), clock_status: status, cost_usd: '1' }]);
    },
  );

  it('of any kind hides no dollar, at once, after the hour was built, and when all are sent again', async () => {
    const all = { from: new Date(RECEIVED_MS - 401 * DAY_MS), to: new Date(RECEIVED_MS + HOUR_MS) };
    const minutes = { from: new Date(RECEIVED_MS - 60_000), to: new Date(RECEIVED_MS + 600_000) };
    const isRecent = ({ countedMs }: Clock) => countedMs >= minutes.from.getTime();
    const seen = async () => [
      (await queryCosts(store.db, { ...all, groupBy: ['user'] })).total.costUsd,
      (await queryCosts(store.db, { ...all, groupBy: ['model'] })).total.costUsd,
      (await queryCosts(store.db, minutes)).total.costUsd,
    ];
    const expected = [String(CLOCKS.length), String(CLOCKS.length), String(CLOCKS.filter(isRecent).length)];
    expect(await seen()).toEqual(expected);
    await storeTick(store.db, NOW_MS);
    expect(await seen()).toEqual(expected);
    await insertSpans(
      store,
      spans.map((span) => ({ ...span, ReceivedAt: engineInstant(RECEIVED_MS + 5 * 60_000) })),
    );
    await storeTick(store.db, NOW_MS);
    expect(await seen()).toEqual(expected);
  });
});

describe('the shipped retention', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore({ keepsRetention: true });
  });
  afterAll(async () => store.close());

  it('drops no span of a broken clock that was received today, raw or counted', async () => {
    const starts = ['1970-01-01T00:00:00.000Z', '2262-01-01T00:00:00.000Z', new Date().toISOString()];
    await insertSpans(
      store,
      starts.map((at) => spanRow({ at, receivedAt: 'now', attributes: costAttributes('1') })),
    );
    for (const table of ['otel_traces', 'llm_calls']) {
      await store.db.command(`OPTIMIZE TABLE ${table} FINAL`);
      const [row] = await store.db.query<{ rows: string }>(`SELECT count() AS rows FROM ${table}`);
      expect({ table, rows: row?.rows }).toEqual({ table, rows: '3' });
    }
  });

  it('drops what was received before its time: raw spans after 90 days, calls after 25 months', async () => {
    const ago = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
    const expired = (days: number) =>
      spanRow({ at: ago(days), receivedAt: ago(days), attributes: costAttributes('1', { 'user.id': String(days) }) });
    await insertSpans(store, [expired(89), expired(91), expired(750), expired(770)]);
    for (const table of ['otel_traces', 'llm_calls']) await store.db.command(`OPTIMIZE TABLE ${table} FINAL`);
    const users = async (sql: string) => (await store.db.query<{ user: string }>(sql)).map(({ user }) => user);
    expect(
      await users("SELECT SpanAttributes['user.id'] AS user FROM otel_traces WHERE user != '' ORDER BY user"),
    ).toEqual(['89']);
    expect(await users("SELECT user FROM llm_calls FINAL WHERE user != '' ORDER BY user")).toEqual(['750', '89', '91']);
  });

  it('keeps quarter hours for 25 months and days for ever', async () => {
    const rows = await store.db.query<{ name: string; ttl: string }>(
      "SELECT name, extract(engine_full, ' TTL (.*) SETTINGS') AS ttl FROM system.tables WHERE database = currentDatabase() AND name LIKE 'llm\\_cost\\_%' AND engine LIKE '%MergeTree' ORDER BY name",
    );
    for (const { name, ttl } of rows) {
      // Quarter hours of dimensions with many values are kept for as long as days may still be summed from them.
      const kept = name === 'llm_cost_15m' ? 'quarter + toIntervalMonth(25)' : 'quarter + toIntervalDay(40)';
      expect({ name, ttl }).toEqual({ name, ttl: name.includes('_15m') ? kept : '' });
    }
    expect(rows.length).toBeGreaterThanOrEqual(7);
  });
});
