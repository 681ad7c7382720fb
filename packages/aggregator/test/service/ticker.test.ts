import { describe, expect, it, vi } from 'vitest';
import { startTicker, type Ticker } from '../../src/service/ticker.js';

/** Waits until a condition holds; the ticks under test run within milliseconds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function withTicker<T>(ticker: Ticker, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await ticker.stop();
  }
}

describe('repeated work', () => {
  it('never overlaps itself, not even when it is asked for in between', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const run = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      runs += 1;
    };
    const ticker = startTicker([{ name: 'work', intervalMs: 0, run }], () => undefined, Date.now);
    await withTicker(ticker, async () => {
      await Promise.all([ticker.runNow('work'), ticker.runNow('work'), ticker.runNow('work')]);
      await until(() => runs >= 5);
    });
    expect(most).toBe(1);
  });

  it('lets upkeep have a twentieth of the time, so that a large ledger leaves the machine to its readers', async () => {
    vi.useFakeTimers();
    try {
      const work = async (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1000));
      const ticks = [
        { name: 'work', intervalMs: 1000, run: work },
        { name: 'upkeep', intervalMs: 1000, run: work, isUpkeep: true },
      ];
      const ticker = startTicker(ticks, () => undefined, Date.now);
      await vi.advanceTimersByTimeAsync(61_500);
      const runs = Object.fromEntries(ticker.health().map((health) => [health.name, health.runs]));
      expect(runs['upkeep']).toBeLessThanOrEqual(4);
      expect(runs['work']).toBeGreaterThanOrEqual(30);
      const stopped = ticker.stop();
      await vi.runAllTimersAsync();
      await stopped;
    } finally {
      vi.useRealTimers();
    }
  });

  it('goes on when another tick fails, and the failure is logged once per cause and counted', async () => {
    const lines: string[] = [];
    let healthyRuns = 0;
    let attempts = 0;
    const ticker = startTicker(
      [
        {
          name: 'broken',
          intervalMs: 60_000,
          run: () => Promise.reject(new Error(attempts++ < 2 ? 'store away' : 'store full')),
        },
        { name: 'healthy', intervalMs: 0, run: () => Promise.resolve(void (healthyRuns += 1)) },
      ],
      (level, message, fields) => lines.push(`${level} ${message} ${String(fields?.['cause'])}`),
      Date.now,
    );
    await withTicker(ticker, async () => {
      await until(() => healthyRuns > 3 && attempts > 0);
      await ticker.runNow('broken');
      await ticker.runNow('broken');
    });
    const broken = ticker.health().find((health) => health.name === 'broken');
    expect(broken).toMatchObject({ failures: 3, consecutiveFailures: 3, lastError: 'store full' });
    expect(lines).toEqual([
      'error broken failed and is tried again store away',
      'error broken failed and is tried again store full',
    ]);
  });

  it('says when it works again', async () => {
    const lines: string[] = [];
    let fails = true;
    const run = (): Promise<void> => (fails ? Promise.reject(new Error('away')) : Promise.resolve());
    const ticker = startTicker(
      [{ name: 'work', intervalMs: 60_000, run }],
      (_level, message) => lines.push(message),
      Date.now,
    );
    await withTicker(ticker, async () => {
      await until(() => (ticker.health()[0]?.failures ?? 0) > 0);
      fails = false;
      await ticker.runNow('work');
    });
    expect(lines.at(-1)).toBe('work works again');
    expect(ticker.health()[0]).toMatchObject({ consecutiveFailures: 0, lastError: undefined });
  });

  it('waits for what runs when it is stopped, and starts nothing more', async () => {
    let finished = 0;
    const run = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      finished += 1;
    };
    const ticker = startTicker([{ name: 'work', intervalMs: 0, run }], () => undefined, Date.now);
    await until(() => finished > 0);
    await ticker.stop();
    const after = finished;
    await ticker.runNow('work');
    expect(finished).toBe(after);
  });
});
