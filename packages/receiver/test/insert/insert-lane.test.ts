import type { Database, FileInsert } from '@costel/store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TableRows } from '../../src/decode/row-output.js';
import { InsertLane } from '../../src/insert/insert-lane.js';
import type { RowsDirectory } from '../../src/insert/rows-directory.js';
import { DEFAULT_LIMITS } from '../../src/limits.js';
import { ReceiverCounters } from '../../src/stats.js';

const oneRow = (): TableRows => ({
  table: 'otel_traces',
  rows: new Uint8Array(10),
  rowEnds: Uint32Array.of(10),
  days: 1,
});

/** A lane whose inserts take as long as a test says, on a clock that only the test moves. */
function startLane(limits: Partial<typeof DEFAULT_LIMITS> = {}) {
  const insertedAtMs: number[] = [];
  const state = { insertMs: 0 };
  const startMs = Date.now();
  const database = {
    insertFile: (_insert: FileInsert) => {
      insertedAtMs.push(Date.now() - startMs);
      return new Promise<void>((resolve) => setTimeout(resolve, state.insertMs));
    },
  } as Partial<Database> as Database;
  const directory: RowsDirectory = {
    path: '/nowhere',
    write: () => Promise.resolve({ path: '/nowhere/rows', remove: () => Promise.resolve() }),
    close: () => Promise.resolve(),
  };
  const clock = { now: () => Date.now(), monotonicMs: () => Date.now() - startMs };
  const lane = new InsertLane('otel_traces', {
    database,
    directory: Promise.resolve(directory),
    limits: { ...DEFAULT_LIMITS, batchDelayMs: 200, ...limits },
    counters: new ReceiverCounters(() => clock.now()),
    clock,
  });
  return { lane, insertedAtMs, state };
}

/** Adds a row and moves the clock until it is committed. @returns how long the row waited for its insert */
async function waitOf({ lane, insertedAtMs }: ReturnType<typeof startLane>, startMs: number): Promise<number> {
  const addedMs = Date.now() - startMs;
  const committed: string[] = [];
  void lane.add(oneRow()).then(({ kind }) => committed.push(kind));
  while (committed.length === 0) await vi.advanceTimersByTimeAsync(1);
  return (insertedAtMs.at(-1) ?? Number.NaN) - addedMs;
}

describe('an insert lane', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('waits a quarter of the window while inserts are quick, as long as the last one took, and never longer than the window', async () => {
    const started = startLane();
    const startMs = Date.now();
    expect(await waitOf(started, startMs)).toBe(50);
    started.state.insertMs = 120;
    expect(await waitOf(started, startMs)).toBe(50);
    started.state.insertMs = 5000;
    expect(await waitOf(started, startMs)).toBe(120);
    expect(await waitOf(started, startMs)).toBe(200);
  });

  it('sends a full batch off at once', async () => {
    const started = startLane({ batchRows: 1 });
    expect(await waitOf(started, Date.now())).toBe(0);
  });

  it('inserts in one go what came while an insert ran', async () => {
    const { lane, insertedAtMs, state } = startLane({ batchRows: 1000 });
    state.insertMs = 300;
    const answers = [lane.add(oneRow())];
    await vi.advanceTimersByTimeAsync(60);
    for (let row = 0; row < 20; row++) answers.push(lane.add(oneRow()));
    await vi.advanceTimersByTimeAsync(2000);
    expect(await Promise.all(answers)).toHaveLength(21);
    expect(insertedAtMs).toHaveLength(2);
  });

  it('inserts a full batch beside one that is running, and never a third', async () => {
    const { lane, insertedAtMs, state } = startLane({ batchRows: 2 });
    state.insertMs = 1000;
    const addRow = () => lane.add(oneRow());
    const answers = [addRow(), addRow(), addRow()];
    await vi.advanceTimersByTimeAsync(500);
    expect(insertedAtMs).toEqual([0]);
    answers.push(addRow(), addRow(), addRow());
    await vi.advanceTimersByTimeAsync(0);
    expect(insertedAtMs).toEqual([0, 500]);
    await vi.advanceTimersByTimeAsync(500);
    expect(insertedAtMs).toEqual([0, 500, 1000]);
    await vi.advanceTimersByTimeAsync(2000);
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'stored'));
  });

  it('is drained when no insert runs and no row waits any more', async () => {
    const { lane, insertedAtMs, state } = startLane({ batchRows: 2 });
    state.insertMs = 1000;
    const answers = Array.from({ length: 7 }, () => lane.add(oneRow()));
    let isDrained = false;
    void lane.drain().then(() => (isDrained = true));
    await vi.advanceTimersByTimeAsync(1999);
    expect(isDrained).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isDrained).toBe(true);
    expect(insertedAtMs).toEqual([0, 0, 1000, 1000]);
    expect(await Promise.all(answers)).toHaveLength(7);
  });
});
