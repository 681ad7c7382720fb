import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeTraces, resolveRates, type Database } from '../../src/index.js';
import { flatRates } from '../schedules/rates.js';
import { insertSpans, newId, openTestStore, spanRow, type SpanRow, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-10T12:10:00.000Z');

/** A database that counts the statements that compare new calls with every id of the hours around. */
function watch(db: Database): { readonly db: Database; readonly looks: () => number } {
  let looks = 0;
  const watched = new Proxy(db, {
    get: (target, name: keyof Database) => {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: readonly unknown[]) => {
        if (String(args[0]).startsWith('-- Traces that a new span may judge otherwise')) looks += 1;
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  return { db: watched, looks: () => looks };
}

const call = (
  trace: string,
  more: Partial<{ span: string; parent: string; at: string; answer: string; receivedAt: string }> = {},
): SpanRow =>
  spanRow({
    trace,
    span: more.span ?? newId(16),
    parent: more.parent ?? '',
    at: more.at ?? '2026-11-10T12:00:00.000Z',
    ...(more.receivedAt === undefined ? {} : { receivedAt: more.receivedAt }),
    attributes: {
      'gen_ai.operation.name': more.parent === undefined ? 'invoke_agent' : 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm',
      'gen_ai.usage.input_tokens': '100',
      ...(more.answer === undefined ? {} : { 'gen_ai.response.id': more.answer }),
    },
    durationMs: 5000,
  });

describe('new calls that may concern others', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  it('are compared with others; those that are alone in their trace are not', async () => {
    const { db, looks } = watch(store.db);
    const judge = async () => judgeTraces(db, { nowMs: NOW_MS });
    await insertSpans(store, [call(newId(32))]);
    await resolveRates(db, flatRates);
    await judge();
    const first = looks();
    const [lone, parent] = [newId(32), newId(16)];
    await insertSpans(store, [call(newId(32)), call(lone, { span: parent })]);
    expect(await judge()).toEqual({ traces: 0, changedCalls: 0 });
    // A server's other processes judge as well: there everything is compared each time.
    const isAlone = store.db.isShared !== true;
    expect(looks()).toBe(isAlone ? first : first + 1);
    await insertSpans(store, [call(lone, { parent })]);
    expect(await judge()).toEqual({ traces: 1, changedCalls: 1 });
    await insertSpans(store, [call(newId(32), { answer: 'a', parent: newId(16) })]);
    expect(await judge()).toEqual({ traces: 0, changedCalls: 0 });
    await insertSpans(store, [call(newId(32), { answer: 'a', parent: newId(16) })]);
    expect(await judge()).toEqual({ traces: 2, changedCalls: 1 });
    expect(looks()).toBe(isAlone ? first + 2 : first + 4);
  });

  it('are found again by a wide look a minute later, and by one after a restart', async () => {
    const { db } = watch(store.db);
    const [trace, parent] = [newId(32), newId(16)];
    await insertSpans(store, [call(trace, { span: parent, at: '2026-11-10T02:00:00.000Z' })]);
    await judgeTraces(db, { nowMs: NOW_MS });
    await insertSpans(store, [call(trace, { parent })]);
    expect(await judgeTraces(db, { nowMs: NOW_MS + 1000 })).toMatchObject({ changedCalls: 0 });
    expect(await judgeTraces(db, { nowMs: NOW_MS + 61_000 })).toMatchObject({ changedCalls: 1 });
    await insertSpans(store, [call(trace, { parent })]);
    expect(await judgeTraces(watch(store.db).db, { nowMs: NOW_MS + 62_000 })).toMatchObject({ traces: 1 });
  });

  it('are found again by a wide look where they began a day that nothing was known of', async () => {
    const { db } = watch(store.db);
    const [trace, parent] = [newId(32), newId(16)];
    await judgeTraces(db, { nowMs: NOW_MS });
    await insertSpans(store, [call(trace, { span: parent, at: '2026-11-07T08:00:00.000Z' })]);
    expect(await judgeTraces(db, { nowMs: NOW_MS + 1000 })).toMatchObject({ changedCalls: 0 });
    await insertSpans(store, [call(trace, { parent, at: '2026-11-07T11:00:00.000Z' })]);
    expect(await judgeTraces(db, { nowMs: NOW_MS + 2000 })).toMatchObject({ changedCalls: 0 });
    expect(await judgeTraces(db, { nowMs: NOW_MS + 61_000 })).toMatchObject({ changedCalls: 1 });
    expect(await judgeTraces(db, { nowMs: NOW_MS + 122_000 })).toEqual({ traces: 0, changedCalls: 0 });
  });

  it('are found again by a wide look where the clock has gone back: for a day both were counted', async () => {
    const { db } = watch(store.db);
    const [trace, parent] = [newId(32), newId(16)];
    await insertSpans(store, [call(trace, { span: parent, at: '2026-11-10T02:00:00.000Z' })]);
    await resolveRates(db, flatRates);
    await judgeTraces(db, { nowMs: NOW_MS + 86_400_000 });
    await insertSpans(store, [call(trace, { parent })]);
    await resolveRates(db, flatRates);
    expect(await judgeTraces(db, { nowMs: NOW_MS })).toMatchObject({ changedCalls: 1 });
  });

  it('are all compared once another process has judged in between', async () => {
    const { db, looks } = watch(store.db);
    const [trace, parent] = [newId(32), newId(16)];
    await judgeTraces(db, { nowMs: NOW_MS });
    await insertSpans(store, [call(trace, { span: parent })]);
    await judgeTraces(watch(store.db).db, { nowMs: NOW_MS });
    await insertSpans(store, [call(trace, { parent })]);
    const before = looks();
    expect(await judgeTraces(db, { nowMs: NOW_MS })).toMatchObject({ changedCalls: 1 });
    expect(looks()).toBe(before + 1);
  });
});

describe('calls of a ledger that was empty at the first look', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  it('are compared with those of many hours by the next wide one', async () => {
    const [trace, parent] = [newId(32), newId(16)];
    await judgeTraces(store.db, { nowMs: NOW_MS });
    await insertSpans(store, [call(trace, { span: parent, at: '2026-11-10T02:00:00.000Z' })]);
    await resolveRates(store.db, flatRates);
    await judgeTraces(store.db, { nowMs: NOW_MS + 1000 });
    await insertSpans(store, [call(trace, { parent })]);
    expect(await judgeTraces(store.db, { nowMs: NOW_MS + 2000 })).toMatchObject({ changedCalls: 0 });
    expect(await judgeTraces(store.db, { nowMs: NOW_MS + 61_000 })).toMatchObject({ changedCalls: 1 });
  });
});

describe('a call whose clock is decades ahead', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  it('is forgotten with its hour of receipt: all calls since were kept in mind until 2099, and then none could be told', async () => {
    const { db, looks } = watch(store.db);
    const laterMs = NOW_MS + 30 * 3_600_000;
    const later = new Date(laterMs).toISOString();
    const [trace, ahead, parent] = [newId(32), newId(32), newId(16)];
    await judgeTraces(db, { nowMs: NOW_MS });
    await insertSpans(store, [call(trace), call(ahead, { span: parent, at: '2099-11-10T12:00:00.000Z' })]);
    await resolveRates(db, flatRates);
    await judgeTraces(db, { nowMs: NOW_MS + 1000 });
    await judgeTraces(db, { nowMs: laterMs });
    const before = looks();
    await insertSpans(store, [call(trace, { at: later, receivedAt: later })]);
    await judgeTraces(db, { nowMs: laterMs + 1000 });
    // A server's other processes judge as well: there everything is compared each time.
    expect(looks() - before).toBe(store.db.isShared === true ? 1 : 0);
    await insertSpans(store, [call(ahead, { parent, at: '2099-11-10T12:00:01.000Z', receivedAt: later })]);
    expect(await judgeTraces(db, { nowMs: laterMs + 2000 })).toEqual({ traces: 1, changedCalls: 1 });
  });
});

describe('judging what is suspected alone', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  const span = fc.record({
    trace: fc.integer({ min: 0, max: 5 }),
    span: fc.integer({ min: 0, max: 3 }),
    answer: fc.constantFrom(undefined, 'x', 'y'),
    isTool: fc.boolean(),
  });
  const looks = fc.array(fc.array(span, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 7 });
  type Looks = typeof looks extends fc.Arbitrary<infer Value> ? Value : never;

  /** What becomes of spans, a look after each few of them; `db` says by which connection each look is. */
  async function verdictsOf(spansOfLooks: Looks, db: () => Database) {
    const run = newId(32).slice(8);
    const idOf = (trace: number, index: number) => `${run.slice(0, 14)}${trace}${index}`;
    // Each record later than the last: of two that say otherwise of one span the first receipt wins, of two received in
    // one millisecond whichever a correction (of the first run's prices) has not passed by.
    let receivedMs = Date.parse('2026-11-10T12:00:01.000Z');
    for (const spans of spansOfLooks) {
      const rows = spans.map(({ trace, span: index, answer, isTool }) => {
        receivedMs += 1;
        const row = call(`${run}0000000${trace}`, {
          span: idOf(trace, index),
          receivedAt: new Date(receivedMs).toISOString(),
          ...(index === 0 ? {} : { parent: idOf(trace, index - 1) }),
          ...(answer === undefined ? {} : { answer: `${run}${answer}` }),
        });
        return isTool ? { ...row, SpanAttributes: { 'gen_ai.operation.name': 'execute_tool' } } : row;
      });
      await insertSpans(store, rows);
      await resolveRates(store.db, flatRates);
      await judgeTraces(db(), { nowMs: NOW_MS });
    }
    return store.db.query(
      `SELECT substring(span_id, 15) AS span, counted, verdict, cost_usd FROM llm_calls FINAL
WHERE startsWith(trace_id, {run:String}) ORDER BY span`,
      { run },
    );
  }

  it('gives the verdicts that comparing everything gives, in whatever order spans come', async () => {
    await fc.assert(
      fc.asyncProperty(looks, async (spansOfLooks) => {
        const suspected = await verdictsOf(spansOfLooks, () => store.db);
        // A connection that has seen nothing compares everything.
        expect(suspected).toEqual(await verdictsOf(spansOfLooks, () => watch(store.db).db));
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });
});
