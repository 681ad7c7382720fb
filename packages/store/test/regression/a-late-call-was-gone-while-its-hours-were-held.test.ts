import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildRollups,
  judgeTraces,
  queryCosts,
  reprice,
  resolveRates,
  type Database,
  type RepriceHooks,
} from '../../src/index.js';
import { call, emptyStore, prices } from '../support/own-prices.js';
import { insertSpans, openTestStore, type TestStore } from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const EARLY = ['2026-11-09T03:00:00.000Z', '2026-11-10T11:20:00.000Z', '2026-11-12T10:01:00.000Z'] as const;

/** Sees each statement of the work before it runs; those of readers pass by. */
const reading = new AsyncLocalStorage<boolean>();

function watch(db: Database, before: (statement: string) => Promise<void>): Database {
  return new Proxy(db, {
    get: (target, name: keyof Database) => {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: readonly unknown[]) => {
        if (reading.getStore() !== true) await before(String(args[0]));
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}

describe('a late call while hours begin to be held', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  const settle = async (): Promise<void> => {
    await emptyStore(store);
    await insertSpans(
      store,
      EARLY.map((time) => call(time)),
    );
    await resolveRates(store.db, prices({ m: 1 }));
    await judgeTraces(store.db, { nowMs: NOW_MS });
    await buildRollups(store.db, { nowMs: NOW_MS });
  };

  /**
   * Prices the month again; before each statement that puts a hold in force another call is committed, and a read begins.
   * @returns the users whose calls each of those answers has, in the order in which they were asked: a user for each call.
   */
  const play = async (lateAt: string, isOpen: boolean): Promise<readonly ReadonlySet<string>[]> => {
    await settle();
    const answers: Promise<ReadonlySet<string>>[] = [];
    const work = { isHolding: false, daysWritten: 0 };
    const db = watch(store.db, async (statement) => {
      const begins = isOpen
        ? work.daysWritten > 0 && statement.startsWith('INSERT INTO llm_calls_held')
        : statement.startsWith('CREATE OR REPLACE TABLE llm_calls_held');
      if (begins) work.isHolding = true;
      if (!work.isHolding) return;
      await insertSpans(store, [call(lateAt, 'm', { 'user.id': `late ${answers.length}` })]);
      answers.push(ask());
    });
    const ask = async (): Promise<ReadonlySet<string>> =>
      reading.run(true, async () => {
        const { groups } = await queryCosts(db, { ...RANGE, groupBy: ['user'] });
        return new Set(groups.map(({ key }) => key['user'] ?? ''));
      });
    const end = async (): Promise<void> => {
      work.isHolding = false;
      answers.push(ask());
      await Promise.all(answers);
    };
    const hooks: RepriceHooks = {
      afterDay: async () => {
        work.daysWritten += 1;
      },
      ...(isOpen ? { beforePublish: end } : { afterHold: end }),
    };
    await reprice(db, { ...RANGE, resolver: prices({ m: 3 }), clock: () => NOW_MS, settleMs: 0, hooks });
    answers.push(ask());
    return Promise.all(answers);
  };

  it.each([
    ['of a sealed hour', '2026-11-09T11:25:00.000Z', false],
    ['of a day that had none', '2026-11-08T11:25:00.000Z', false],
    ['of the open quarter hour', '2026-11-12T10:06:00.000Z', true],
  ] as const)('is in all answers after the first one that had it: %s', async (_name, lateAt, isOpen) => {
    const seen = await play(lateAt, isOpen);
    const lost = seen.flatMap((users, index) => {
      const next = seen[index + 1] ?? users;
      return [...users].filter((user) => !next.has(user)).map((user) => `${user}, after answer ${index}`);
    });
    expect(lost).toEqual([]);
    // One before each statement, one at the end of the hold's beginning, one afterwards.
    expect(seen.at(-1)?.size).toBe(1 + seen.length - 2);
    expect(seen.length).toBeGreaterThan(5);
  });
});
