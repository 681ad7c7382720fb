import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildRollups, queryAnswerVersion, queryCosts, queryCountedSpans, type Database } from '../../src/index.js';
import { MAX_LIVE_CALLS } from '../../src/rollup/read-view.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

const MINUTE_MS = 60_000;
const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const GRACE_MS = 2 * 3_600_000;

describe('what readers go by when a build of very many open calls is published', () => {
  let store: TestStore;
  let watched: Database;
  let statements: string[];
  /** Awaited once, with the first read of rollups after it was set. */
  let meanwhile: (() => Promise<void>) | undefined;
  let passedMs: number;
  beforeEach(async () => {
    store = await openTestStore();
    statements = [];
    meanwhile = undefined;
    passedMs = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    watched = new Proxy(store.db, {
      get: (target, name: keyof Database) => {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return async (...args: readonly unknown[]) => {
          const sql = String(args[0]);
          statements.push(sql);
          const first = sql.includes('FROM llm_cost_15m ') ? meanwhile : undefined;
          if (first !== undefined) meanwhile = undefined;
          await first?.();
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
    await insertCalls(0, MAX_LIVE_CALLS + 1);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await store.close();
  });

  const insertCalls = async (first: number, count: number) =>
    store.db.command(
      `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, counted, cost_usd, cost_status)
SELECT 'default', now64(3) AS at, toString(number), 's', 1, at, at, 'ok', 'm', 1, 1, 'priced'
FROM numbers({first:UInt64}, {count:UInt64})`,
      { first, count },
    );
  // Ahead of the engine's clock: however slow the machine, a build is young when it is asked.
  const startMs = Math.ceil((Date.now() + 10 * MINUTE_MS) / QUARTER_MS) * QUARTER_MS - MINUTE_MS / 2;
  const callsUntil = async (toMs: number) => {
    const range = { from: new Date(Math.floor(startMs / DAY_MS) * DAY_MS - DAY_MS), to: new Date(toMs) };
    return (await queryCosts(watched, { ...range, groupBy: ['model'] })).total.calls;
  };
  /** After the rest that such a build is given. */
  const buildAgain = async (nowMs: number) => {
    passedMs += MINUTE_MS;
    return buildRollups(watched, { nowMs, graceMs: GRACE_MS });
  };
  const readsOfRollups = () => statements.filter((sql) => sql.includes('FROM llm_cost_'));

  it('is the build before while the answers of the new one are worked out, and then the new one, at once', async () => {
    await buildRollups(watched, { nowMs: startMs, graceMs: GRACE_MS });
    expect(await callsUntil(startMs + 10)).toBe(MAX_LIVE_CALLS + 1);
    await insertCalls(MAX_LIVE_CALLS + 1, 10);
    const seen: number[] = [];
    meanwhile = async () => {
      statements.length = 0;
      seen.push(await callsUntil(startMs + 10));
      expect(readsOfRollups()).toEqual([]);
    };
    expect((await buildAgain(startMs + 1)).build).toBeDefined();
    expect(seen).toEqual([MAX_LIVE_CALLS + 1]);
    statements.length = 0;
    expect(await callsUntil(startMs + 10)).toBe(MAX_LIVE_CALLS + 11);
    expect(readsOfRollups()).toEqual([]);
  });

  it('has the answers ready for a quarter hour that begins before the next build', async () => {
    await buildRollups(watched, { nowMs: startMs, graceMs: GRACE_MS });
    await callsUntil(startMs + 10);
    await insertCalls(MAX_LIVE_CALLS + 1, 10);
    await buildAgain(startMs + 1);
    statements.length = 0;
    expect(await callsUntil(startMs + MINUTE_MS)).toBe(MAX_LIVE_CALLS + 11);
    expect(readsOfRollups()).toEqual([]);
  });

  it('is the new build for everybody where the answers cannot be worked out', async () => {
    await buildRollups(watched, { nowMs: startMs, graceMs: GRACE_MS });
    await callsUntil(startMs + 10);
    await insertCalls(MAX_LIVE_CALLS + 1, 10);
    meanwhile = async () => Promise.reject(new Error('the store is away'));
    await buildAgain(startMs + 1);
    expect(await callsUntil(startMs + 10)).toBe(MAX_LIVE_CALLS + 11);
  });

  it('says of a call that it is counted once answers have it: a budget was spent twice where the ledger alone had it', async () => {
    let startedMs = Date.now();
    const isCounted = async (call: number) =>
      (await queryCountedSpans(watched, [{ traceId: String(call), spanId: 's', startedMs }]))[0];
    await buildRollups(watched, { nowMs: startMs, graceMs: GRACE_MS });
    expect(await callsUntil(startMs + 10)).toBe(MAX_LIVE_CALLS + 1);
    expect(await isCounted(MAX_LIVE_CALLS)).toBe(true);
    await insertCalls(MAX_LIVE_CALLS + 1, 10);
    startedMs = Date.now();
    expect(await isCounted(MAX_LIVE_CALLS + 1)).toBe(false);
    expect(await callsUntil(startMs + 10)).toBe(MAX_LIVE_CALLS + 1);
    const before = await queryAnswerVersion(watched);
    expect(await queryAnswerVersion(watched)).toBe(before);
    await buildAgain(startMs + 1);
    expect(await isCounted(MAX_LIVE_CALLS + 1)).toBe(true);
    expect(await callsUntil(startMs + 10)).toBe(MAX_LIVE_CALLS + 11);
    expect(await queryAnswerVersion(watched)).not.toBe(before);
  });
});
