import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatPicoUsd, picoUsd } from '@costel/pricing';
import { buildRollups, driftGauges, judgeTraces, queryCosts, queryTop } from '../../src/index.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

/** User ids within ten minutes, one call each, and the first hundred a second one; `MILLION_USERS=1000000` for all. */
const USERS = Number(process.env['MILLION_USERS'] ?? 20_000);
const HEAVY_USERS = 100;
const BATCH = 50_000;
/**
 * Bytes that the process may have in all, engine included, whatever the number of users. Two runs with a million had 1.75
 * and 1.83 GB: how many merges run at the same time is the machine's matter.
 */
const MAX_RSS_BYTES = 2_500_000_000;

const FROM = new Date('2026-11-12T10:00:00Z');
const TO = new Date('2026-11-12T10:15:00Z');
/** After the quarter hour is sealed, and after its day is. */
const LATER_MS = Date.parse('2026-11-12T10:20:00Z');
const NEXT_DAY_MS = Date.parse('2026-11-13T00:20:00Z');

/**
 * Spans as a sender of a new user id for each call makes them. User i pays i pico-dollars for the first call; the first
 * hundred pay a dollar and as many cents for another one.
 */
const GENERATE = `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanName, ServiceName, ResourceAttributes, ScopeName, SpanAttributes, Duration, ReceivedAt)
SELECT
    toDateTime64('2026-11-12 10:00:00', 9) + toIntervalMillisecond(number % 600000),
    lower(hex(sipHash128(number))), lower(hex(sipHash64(number))), 'chat', 'shop', map('service.name', 'shop'), '@costel/instrumentation',
    map('gen_ai.operation.name', 'chat', 'gen_ai.provider.name', 'openai', 'gen_ai.request.model', 'm',
        'costel.usage.input', '10', 'costel.usage.quality', 'reported', 'gen_ai.usage.cost.source', 'provider',
        'costel.cost.usd', if(number < {users:UInt64}, toString(toDecimal64('0.000000000001', 12) * toInt64(number)), concat('1.', leftPad(toString(number - {users:UInt64}), 2, '0'))),
        'user.id', concat('user-', toString(number % {users:UInt64}))),
    1000000, toDateTime64('2026-11-12 10:12:00', 3)
FROM numbers({first:UInt64}, {count:UInt64})`;

describe(`${USERS} user ids in ten minutes`, () => {
  let store: TestStore;
  let maxRssBytes = 0;
  const watch = setInterval(() => {
    maxRssBytes = Math.max(maxRssBytes, process.memoryUsage.rss());
  }, 20);
  beforeAll(async () => {
    store = await openTestStore();
    const calls = USERS + HEAVY_USERS;
    for (let first = 0; first < calls; first += BATCH) {
      await store.db.command(GENERATE, { users: USERS, first, count: Math.min(BATCH, calls - first) });
    }
  }, 600_000);
  afterAll(async () => {
    clearInterval(watch);
    await store.close();
  });

  const range = { from: FROM, to: TO };
  /** 0 + 1 + … pico-dollars, and a hundred dollars with 0 … 99 cents. */
  const total = () => formatPicoUsd(picoUsd((BigInt(USERS) * BigInt(USERS - 1)) / 2n + 149_500_000_000_000n));

  async function expectExact(within: { from: Date; to: Date }) {
    expect((await queryCosts(store.db, within)).total).toMatchObject({ costUsd: total(), calls: USERS + HEAVY_USERS });
    const top = await queryTop(store.db, 'user', { ...within, limit: 20 });
    // Exact, in order: 1.99 and the 99 pico-dollars of the first call, and so on down.
    expect(top.top.map(({ key, costUsd }) => [key['user'], costUsd])).toEqual(
      Array.from({ length: 20 }, (_, rank) => [
        `user-${99 - rank}`,
        `1.${99 - rank}00000000${String(99 - rank).padStart(2, '0')}`.replace(/0+$/, ''),
      ]),
    );
    expect(top.total.costUsd).toBe(total());
  }

  it('have exact sums and an exact top, from the ledger, from the quarter hour and from the day', async () => {
    await expectExact(range);
    await judgeTraces(store.db, { nowMs: LATER_MS });
    await buildRollups(store.db, { nowMs: LATER_MS });
    await expectExact(range);
    await buildRollups(store.db, { nowMs: NEXT_DAY_MS });
    await expectExact({ from: new Date('2026-11-12T00:00:00Z'), to: new Date('2026-11-13T00:00:00Z') });
    await expectExact({ from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') });
  }, 600_000);

  it('leave no drift, and the memory of the process bounded', async () => {
    expect(await driftGauges(store.db, { nowMs: NEXT_DAY_MS })).toMatchObject({
      rawToLedgerCalls: 0,
      ledgerToRollupCalls: 0,
      ledgerToRollupUsd: '0',
    });
    console.info(`${USERS} users: at most ${Math.round(maxRssBytes / 1e6)} MB in the process`);
    expect(maxRssBytes).toBeLessThan(MAX_RSS_BYTES);
  }, 300_000);
});
