import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildRollups, queryCosts, type Database } from '../../src/index.js';
import { askAgain, ASKING_AGAIN_MS, noteAsked } from '../../src/query/kept-answers.js';
import { HANGING_READ_MS, holdReads, MAX_LIVE_CALLS, planAndRead, readLive } from '../../src/rollup/read-view.js';
import { openTestStore } from '../support/test-store.js';

const GRACE_MS = 2 * 3_600_000;
const never = async (): Promise<never> => new Promise(() => undefined);

/** A key for what is under way: nothing is asked of it. */
const nobody = (): Database => ({
  query: never,
  command: never,
  insertRows: never,
  insertFile: never,
  close: never,
});

describe('a build beside a read that hangs', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('goes on after ten seconds, says so, and lets reads go on: none were built any more until a restart', async () => {
    vi.useFakeTimers();
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const db = nobody();
    void planAndRead(db, never);
    const held = vi.fn<(release: () => void) => void>();
    void holdReads(db).then(held);
    await vi.advanceTimersByTimeAsync(HANGING_READ_MS - 1);
    expect(held).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(held).toHaveBeenCalledOnce();
    expect(warn).toHaveBeenCalledOnce();
    held.mock.calls[0]?.[0]();
    expect(await planAndRead(db, async () => Promise.resolve('read'))).toBe('read');
    // The next one does not wait for it again.
    (await holdReads(db))();
    expect(warn).toHaveBeenCalledOnce();
  });

  it('answers for the open quarter hours all the same', async () => {
    const store = await openTestStore();
    let passedMs = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    const insertCalls = async (first: number, count: number) =>
      store.db.command(
        `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, counted, cost_usd, cost_status)
SELECT 'default', now64(3) AS at, toString(number), 's', 1, at, at, 'ok', 'm', 1, 1, 'priced'
FROM numbers({first:UInt64}, {count:UInt64})`,
        { first, count },
      );
    const calls = async () => {
      const range = { from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + 1000) };
      return (await queryCosts(store.db, { ...range, groupBy: ['model'] })).total.calls;
    };
    try {
      await insertCalls(0, MAX_LIVE_CALLS + 1);
      expect(await calls()).toBe(MAX_LIVE_CALLS + 1);
      void planAndRead(store.db, async () => readLive(store.db, never));
      passedMs += HANGING_READ_MS + 1;
      expect((await buildRollups(store.db, { nowMs: Date.now(), graceMs: GRACE_MS })).build).toBeDefined();
      await insertCalls(MAX_LIVE_CALLS + 1, 10);
      expect(await calls()).toBe(MAX_LIVE_CALLS + 1);
    } finally {
      await store.close();
    }
  });
});

describe('questions that are asked again after a build', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('hold it up for ten seconds at most, however slow they are', async () => {
    vi.useFakeTimers();
    const db = nobody();
    const slow = vi.fn<() => Promise<never>>(never);
    const quick = vi.fn<() => Promise<void>>(async () => Promise.resolve());
    noteAsked(db, 'slow', slow);
    const ended = vi.fn<() => void>();
    void askAgain(db, 0).then(ended);
    await vi.advanceTimersByTimeAsync(ASKING_AGAIN_MS - 1);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalledOnce();
    // The one that is still being answered is not asked once more; others are.
    noteAsked(db, 'quick', quick);
    noteAsked(db, 'slow', slow);
    await askAgain(db, 0);
    expect(quick).toHaveBeenCalledOnce();
    expect(slow).toHaveBeenCalledOnce();
  });
});
