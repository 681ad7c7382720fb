import { picoUsd } from '@costel/pricing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BudgetState, GuardAnswer, ScopeState } from '../../src/guard/guard-answer.js';
import { GuardBooks, type Entry } from '../../src/guard/guard-books.js';

const USD = 1_000_000_000_000n;
const HOLD_MS = 600_000;

function budget(more: Partial<BudgetState> = {}): BudgetState {
  return {
    key: 'b@1',
    name: 'b',
    filters: {},
    groupBy: [],
    limitPicoUsd: picoUsd(USD),
    periodStartMs: 0,
    periodEndMs: 1_000_000,
    unlistedAtMostPicoUsd: picoUsd(0n),
    scopes: [scope({}, 0n, USD)],
    ...more,
  };
}

function scope(values: Record<string, string>, spent: bigint, grant: bigint | undefined): ScopeState {
  return {
    scope: values,
    spentPicoUsd: picoUsd(spent),
    grantPicoUsd: grant === undefined ? undefined : picoUsd(grant),
    isPending: false,
  };
}

function answer(budgets: readonly BudgetState[], more: Partial<GuardAnswer> = {}): GuardAnswer {
  return { atMs: 1000, guards: 1, counted: [], budgets, ...more };
}

/** Books that know these budgets since 1000 ms. */
function booksOf(...budgets: readonly BudgetState[]): GuardBooks {
  const books = new GuardBooks();
  books.apply(answer(budgets), books.report(1000), 1000);
  return books;
}

const by =
  (values: Readonly<Record<string, string>> = {}) =>
  (dimension: string): string =>
    values[dimension] ?? '';

function isEntry(result: unknown): result is Entry {
  return typeof result === 'object' && result !== null && 'phase' in result;
}

describe('what a process holds of its budgets', () => {
  it('lets calls through while they fit, to the last pico-dollar, and none beyond', () => {
    const books = booksOf(budget());
    const fourth = picoUsd(USD / 4n);
    for (let call = 0; call < 4; call += 1) expect(isEntry(books.admit(by(), fourth, 1001, HOLD_MS))).toBe(true);
    expect(books.admit(by(), picoUsd(1n), 1001, HOLD_MS)).toMatchObject({
      kind: 'exceeded',
      budget: 'b',
      limitPicoUsd: USD,
      heldPicoUsd: USD,
    });
  });

  it('frees what a call did not cost, and all of it where nothing was billed', () => {
    const books = booksOf(budget());
    const [first, second] = [0, 1].map(() => books.admit(by(), picoUsd(USD / 2n), 1001, HOLD_MS)) as [Entry, Entry];
    books.settle(first, picoUsd(USD / 4n), 'finished', 1002, HOLD_MS);
    expect(books.status()[0]?.roomPicoUsd).toBe(USD / 4n);
    books.settle(second, picoUsd(0n), 'finished', 1002, HOLD_MS);
    expect(books.status()[0]?.roomPicoUsd).toBe((USD * 3n) / 4n);
    books.settle(second, picoUsd(USD), 'finished', 1002, HOLD_MS);
    expect(books.status()[0]?.heldPicoUsd).toBe(USD / 4n);
  });

  it('holds a finished call until the aggregator has counted it, and never twice', () => {
    const books = booksOf(budget());
    const cost = picoUsd(USD / 4n);
    const entry = books.admit(by(), cost, 1001, HOLD_MS) as Entry;
    books.settle(entry, cost, 'finished', 1002, HOLD_MS);
    const report = books.report(1003);
    expect(report.finished.map((one) => one.entry)).toEqual([entry]);
    // Counted: what was held is now spent; a grant of all that is left then leaves three quarters.
    const counted = answer([budget({ scopes: [scope({}, cost, USD - cost)] })], { counted: [0] });
    books.apply(counted, report, 1004);
    expect(books.status()[0]).toMatchObject({ spentPicoUsd: cost, heldPicoUsd: 0n, roomPicoUsd: USD - cost });
  });

  it('counts a call that began while the aggregator answered against the grant', () => {
    const books = booksOf(budget());
    const report = books.report(1001);
    books.admit(by(), picoUsd(USD / 4n), 1002, HOLD_MS);
    books.apply(answer([budget()]), report, 1003);
    expect(books.status()[0]?.roomPicoUsd).toBe((USD * 3n) / 4n);
  });

  it('keeps a call that no span tells of for the whole period, and forgets an old reservation', () => {
    const books = booksOf(budget());
    const local = books.admit(by(), picoUsd(USD / 4n), 1001, 10) as Entry;
    books.settle(local, picoUsd(USD / 4n), 'local', 1002, 10);
    books.admit(by(), picoUsd(USD / 4n), 1001, 10);
    const report = books.report(5000);
    expect(report.finished).toEqual([]);
    books.apply(answer([budget()], { atMs: 5000 }), report, 5000);
    expect(books.status()[0]?.heldPicoUsd).toBe(USD / 4n);
  });

  it('asks of a call only the budgets that are about it, and all of those', () => {
    const books = booksOf(
      budget(),
      budget({ key: 's@1', name: 'search', filters: { feature: ['search'] }, scopes: [scope({}, 0n, 10n)] }),
      budget({ key: 'p@1', name: 'pair', filters: { team: ['a', 'b'], model: ['m'] }, scopes: [scope({}, 0n, 5n)] }),
    );
    const tryOf = (values: Record<string, string>, amount: bigint): unknown => {
      const result = books.admit(by(values), picoUsd(amount), 1001, HOLD_MS);
      if (isEntry(result)) books.settle(result, picoUsd(0n), 'finished', 1001, HOLD_MS);
      return isEntry(result) ? 'made' : result.budget;
    };
    expect(tryOf({ feature: 'chat' }, 100n)).toBe('made');
    expect(tryOf({ feature: 'search' }, 11n)).toBe('search');
    expect(tryOf({ feature: 'search', team: 'b', model: 'm' }, 7n)).toBe('pair');
    expect(tryOf({ feature: 'search', team: 'b', model: 'n' }, 7n)).toBe('made');
  });

  it('gives every value of a grouped budget a limit of its own, and half of it at first sight where two guards are', () => {
    const grouped = budget({ groupBy: ['user'], scopes: [scope({ user: 'ann' }, USD, undefined)] });
    const books = new GuardBooks();
    books.apply(answer([grouped], { guards: 2 }), books.report(1000), 1000);
    expect(books.admit(by({ user: 'ann' }), picoUsd(1n), 1001, HOLD_MS)).toMatchObject({ scope: { user: 'ann' } });
    expect(isEntry(books.admit(by({ user: 'bob' }), picoUsd(USD / 2n), 1001, HOLD_MS))).toBe(true);
    expect(books.admit(by({ user: 'bob' }), picoUsd(1n), 1001, HOLD_MS)).toMatchObject({ kind: 'exceeded' });
    const report = books.report(1002);
    expect(report.holds.map((hold) => hold.scope)).toEqual([{ user: 'ann' }, { user: 'bob' }]);
  });

  it('knows nothing of a period that has begun since the last answer', () => {
    const books = booksOf(budget({ periodEndMs: 2000 }));
    expect(books.admit(by(), picoUsd(1n), 2000, HOLD_MS)).toMatchObject({ kind: 'unknown' });
    const report = books.report(2001);
    books.admitAnyway(by(), picoUsd(3n), 2002, HOLD_MS);
    books.apply(answer([budget({ periodStartMs: 2000, periodEndMs: 9000 })], { atMs: 2003 }), report, 2003);
    expect(books.status()[0]?.heldPicoUsd).toBe(3n);
  });

  it('never holds more than base and grant, and nothing at all once every call has ended and been counted', () => {
    const step = fc.record({
      amount: fc.bigInt({ min: 1n, max: USD / 3n }),
      costPercent: fc.integer({ min: 0, max: 100 }),
      settles: fc.boolean(),
      answers: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const books = booksOf(budget());
        const open: { entry: Entry; cost: bigint }[] = [];
        let spent = 0n;
        const settleOne = (): void => {
          const one = open.shift();
          if (one !== undefined) books.settle(one.entry, picoUsd(one.cost), 'finished', 1500, HOLD_MS);
        };
        const answerNow = (): void => {
          const report = books.report(1500);
          for (const { entry } of report.finished) spent += entry.amountPicoUsd;
          const held = report.holds[0]?.heldPicoUsd ?? 0n;
          const counted = report.finished.map((_, index) => index);
          const base = held - report.finished.reduce((sum, { entry }) => sum + entry.amountPicoUsd, 0n);
          books.apply(answer([budget({ scopes: [scope({}, spent, USD - spent - base)] })], { counted }), report, 1500);
        };
        for (const { amount, costPercent, settles, answers } of steps) {
          const result = books.admit(by(), picoUsd(amount), 1500, HOLD_MS);
          if (isEntry(result)) open.push({ entry: result, cost: (amount * BigInt(costPercent)) / 100n });
          if (settles) settleOne();
          if (answers) answerNow();
          const [standing] = books.status();
          expect(spent + (standing?.heldPicoUsd ?? 0n)).toBeLessThanOrEqual(USD);
        }
        while (open.length > 0) settleOne();
        answerNow();
        expect(books.status()[0]).toMatchObject({ heldPicoUsd: 0n, roomPicoUsd: USD - spent });
      }),
      { numRuns: 300 },
    );
  });
});
