import { picoUsd } from '@costel/pricing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BudgetState, GuardAnswer } from '../../src/guard/guard-answer.js';
import { GuardBooks, type Entry } from '../../src/guard/guard-books.js';
import { resolveGuardOptions } from '../../src/guard/guard-config.js';
import { LocalGuard } from '../../src/guard/local-guard.js';

const USD = 1_000_000_000_000n;
const HOLD_MS = 600_000;
const PERIOD_MS = 100_000_000;
const LIMIT = 1_000_000n * USD;
/** More finished calls than are kept one by one. */
const MANY = 20_500;

function budget(more: Partial<BudgetState> = {}, grant = LIMIT): BudgetState {
  return {
    key: 'b@1',
    name: 'b',
    filters: {},
    groupBy: [],
    limitPicoUsd: picoUsd(LIMIT),
    periodStartMs: 0,
    periodEndMs: PERIOD_MS,
    unlistedAtMostPicoUsd: picoUsd(0n),
    scopes: [{ scope: {}, spentPicoUsd: picoUsd(0n), grantPicoUsd: picoUsd(grant), isPending: false }],
    ...more,
  };
}

const nextPeriod = (): BudgetState => budget({ periodStartMs: PERIOD_MS, periodEndMs: 2 * PERIOD_MS });
const byUser = (): BudgetState => budget({ groupBy: ['user'], scopes: [] });
const nobody = (): string => '';
const user = (name: string) => (): string => name;

describe('the bounds of what a process holds', () => {
  let books: GuardBooks;
  beforeEach(() => {
    books = new GuardBooks();
  });

  /** The aggregator answers now; its clock is ahead of ours by the offset. */
  function answer(budgets: readonly BudgetState[], nowMs: number, more: Partial<GuardAnswer> = {}, offsetMs = 0): void {
    const report = books.report(nowMs);
    books.apply({ atMs: nowMs + offsetMs, guards: 1, counted: [], budgets, ...more }, report, nowMs);
  }

  function begin(nowMs: number, dimensions = nobody, holdMs = HOLD_MS): Entry {
    return books.admitAnyway(dimensions, picoUsd(USD), nowMs, holdMs);
  }

  function finish(entry: Entry, nowMs: number, phase: 'finished' | 'local' = 'finished', amount = USD): void {
    books.settle(entry, picoUsd(amount), phase, nowMs, HOLD_MS);
  }

  const held = (): bigint => books.status().reduce((sum, { heldPicoUsd }) => sum + heldPicoUsd, 0n);

  it('are none to money that was not counted: beyond 20,000 finished calls a budget was exceeded', () => {
    answer([budget()], 1000);
    for (let call = 0; call < MANY; call += 1) finish(begin(1000), 2000);
    expect(held()).toBe(BigInt(MANY) * USD);
    answer([budget({}, LIMIT - held())], 3000);
    expect(held()).toBe(BigInt(MANY) * USD);
    expect(books.status()[0]?.roomPicoUsd).toBe(LIMIT - BigInt(MANY) * USD);
    // Those that are kept as an amount are let go when they would have been one by one, too.
    answer([budget()], 2000 + HOLD_MS);
    expect(held()).toBe(0n);
  });

  it('keep no call from being named, though thousands before it are never counted: it was held for ten minutes', () => {
    answer([budget()], 1000);
    for (let call = 0; call < 2000; call += 1) finish(begin(1000), 2000);
    const last = begin(1000);
    finish(last, 2000);
    answer([budget()], 3000);
    const report = books.report(4000);
    expect(report.finished[0]?.entry).toBe(last);
    books.apply({ atMs: 4000, guards: 1, counted: [0], budgets: [budget()] }, report, 4000);
    expect(held()).toBe(2000n * USD);
  });

  it('are none to calls of which no span leaves the process, and the end of the period takes those of it along', () => {
    answer([budget()], 1000);
    for (let call = 0; call < MANY; call += 1) finish(begin(1000), 1000, 'local');
    answer([budget()], PERIOD_MS - 1);
    expect(held()).toBe(BigInt(MANY) * USD);
    // Made after the end of the period, before the aggregator has told of the next.
    for (let call = 0; call < 3; call += 1) finish(begin(PERIOD_MS + 1), PERIOD_MS + 1, 'local');
    answer([nextPeriod()], PERIOD_MS + 2);
    expect(held()).toBe(3n * USD);
    answer([nextPeriod()], PERIOD_MS + 2 + HOLD_MS);
    expect(held()).toBe(3n * USD);
  });

  it('are 20,000 values of a budget; one that was forgotten has no more room than before', () => {
    answer([byUser()], 1000);
    for (let one = 0; one < MANY; one += 1) {
      const calls = one === 0 ? 3 : 1;
      for (let call = 0; call < calls; call += 1) finish(begin(1000 + one, user(`user ${one}`)), 1000 + one, 'local');
    }
    const nowMs = 200_000;
    answer([byUser()], nowMs);
    expect(books.status().length).toBeLessThanOrEqual(20_000);
    expect(books.status().some(({ scope }) => scope['user'] === 'user 0')).toBe(false);
    expect(books.admit(user('user 0'), picoUsd(LIMIT - 3n * USD + 1n), nowMs, HOLD_MS)).toMatchObject({
      kind: 'exceeded',
    });
    expect(books.admit(user('user 0'), picoUsd(LIMIT - 3n * USD), nowMs, HOLD_MS)).toMatchObject({ phase: 'reserved' });
    answer([{ ...byUser(), periodStartMs: PERIOD_MS, periodEndMs: 2 * PERIOD_MS }], PERIOD_MS);
    expect(books.admit(user('user 1'), picoUsd(LIMIT), PERIOD_MS, HOLD_MS)).toMatchObject({ phase: 'reserved' });
  });

  it('let streams that never end go while the aggregator is away, too: ever more of them were kept', () => {
    answer([budget()], 1000);
    for (let call = 0; call < MANY; call += 1) begin(1000);
    expect(held()).toBe(BigInt(MANY) * USD);
    begin(1000 + HOLD_MS);
    expect(held()).toBe(USD);
  });

  it('hold a call that outlived its reservation from its end on: it was in neither spend nor hold', () => {
    answer([budget()], 1000);
    const entry = begin(1000);
    answer([budget()], 1000 + HOLD_MS);
    expect(held()).toBe(0n);
    finish(entry, 2000 + HOLD_MS, 'finished', 5n * USD);
    expect(held()).toBe(5n * USD);
    expect(books.report(2000 + HOLD_MS).finished.map((one) => one.entry)).toEqual([entry]);
    finish(entry, 3000 + HOLD_MS, 'finished', 9n * USD);
    answer([budget()], 3000 + HOLD_MS, { counted: [0] });
    expect(held()).toBe(0n);
  });

  it('hold no call of a period that is over, however late it ends', () => {
    answer([budget()], 1000);
    const [expired, open] = [begin(1000, nobody, 1000), begin(1000)];
    answer([budget()], 2000);
    answer([nextPeriod()], PERIOD_MS);
    for (const entry of [expired, open]) finish(entry, PERIOD_MS + 1);
    expect(held()).toBe(0n);
  });

  it('hold a call of the new period of an application whose clock is ahead: it was let go with the old one', () => {
    const aheadMs = 5000;
    answer([budget()], 1000, {}, -aheadMs);
    // By our clock, and so by its span, it began in the new period; by the aggregator's in the old one.
    finish(begin(PERIOD_MS + 1000), PERIOD_MS + 2000);
    answer([nextPeriod()], PERIOD_MS + aheadMs, {}, -aheadMs);
    expect(held()).toBe(USD);
  });

  it('hold the cost of a call that reserved nothing, though its value was idle for long', () => {
    answer([byUser()], 1000);
    const entry = books.admitAnyway(user('ann'), picoUsd(0n), 1000, HOLD_MS);
    answer([byUser()], 60_000);
    finish(entry, 60_001);
    expect(books.status()).toMatchObject([{ scope: { user: 'ann' }, heldPicoUsd: USD }]);
  });

  it('name a value whose calls went ahead while nothing was known: others were granted what it held, too', () => {
    answer([byUser()], 1000);
    begin(90_000, user('ann'));
    expect(books.report(90_000).holds).toMatchObject([{ scope: { user: 'ann' }, heldPicoUsd: USD, isActive: true }]);
  });

  it('name of thousands of budgets those that there is something to say of', () => {
    const budgets = Array.from({ length: 10_000 }, (_, index) =>
      budget({ key: `b${index}@1`, name: `b${index}`, filters: { user: [`user ${index}`] } }),
    );
    answer(budgets, 1000);
    expect(books.report(90_000).holds.length).toBe(0);
    begin(1000, user('user 7'));
    expect(books.report(90_000).holds).toMatchObject([{ budget: 'b7@1', heldPicoUsd: USD, isActive: false }]);
  });

  it('name fewer calls at once where each is about thousands of budgets: the report was too large to be taken', () => {
    const budgets = Array.from({ length: 5000 }, (_, index) => budget({ key: `b${index}@1`, name: `b${index}` }));
    answer(budgets, 1000);
    for (let call = 0; call < 30; call += 1) finish(begin(1000), 2000);
    expect(books.report(3000).finished).toHaveLength(10);
  });

  it('make no answer younger where the clock is set back: calls were held to figures of an hour ago', () => {
    let nowMs = 10_000_000;
    const guard = new LocalGuard(resolveGuardOptions({ maxStateAgeMs: 10_000 }, {}), books, () => nowMs);
    answer([budget()], nowMs);
    expect(guard.isKnown(nowMs)).toBe(true);
    nowMs -= 3_600_000;
    expect(guard.isKnown(nowMs)).toBe(false);
  });
});
