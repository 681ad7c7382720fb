import { picoUsd, type PicoUsd } from '@costel/pricing';
import { BudgetIndex } from './budget-index.js';
import type { CallDimensions } from './call-facts.js';
import type { BudgetState, GuardAnswer } from './guard-answer.js';
import { scopeKey, shortageOf, spentOf, type BudgetBook, type ScopeBook, type Shortage } from './scope-book.js';

/** Money that a call holds: a reservation while it runs, its cost from then until the aggregator has counted it. */
export interface Entry {
  /** Of the current periods; a period that ends takes its scopes along. */
  scopes: readonly ScopeBook[];
  readonly startedAtMs: number;
  amountPicoUsd: PicoUsd;
  /** `local`: no span of it leaves the process, so nobody else will ever count it. */
  phase: 'reserved' | 'finished' | 'local';
  expiresAtMs: number;
  traceId: string;
  spanId: string;
}

/** What a guard reports: what it holds, and which finished calls it would like to be rid of. */
export interface Report {
  readonly holds: readonly {
    readonly budget: string;
    readonly scope: Readonly<Record<string, string>>;
    readonly heldPicoUsd: PicoUsd;
    readonly isActive: boolean;
  }[];
  readonly finished: readonly { readonly entry: Entry; readonly holds: readonly number[] }[];
  readonly scopes: readonly ScopeBook[];
}

/** Finished calls named in one report; the rest follows in the next ones. */
const MAX_FINISHED_IN_REPORT = 2000;

/** Scope values named in one report, those used last. */
const MAX_HOLDS_IN_REPORT = 1000;

/** Entries kept; beyond, the oldest finished calls are forgotten, as if they had been counted. */
const MAX_ENTRIES = 20_000;

/** A scope value that was used within this time counts as one that calls are made for. */
const ACTIVE_MS = 10_000;

/**
 * The state that a process holds of its budgets, without I/O and without a clock. For a scope value that the aggregator
 * knows, calls here may hold `base + grant`: what was reported, and what was granted on top. The grants of all guards
 * together never exceed what is left of the limit, so neither do their reservations.
 */
export class GuardBooks {
  readonly #budgets = new Map<string, BudgetBook>();
  #index = new BudgetIndex([]);
  readonly #entries = new Set<Entry>();
  #guards = 1;
  #isSettled = false;
  #answeredAtMs: number | undefined;
  /** The aggregator's clock minus ours. */
  #clockOffsetMs = 0;

  /** When the aggregator last answered, by our clock. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  /** True once every share was granted in full; before, other guards may still hold what is ours. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Holds an amount for a call in every budget that is about it, or says which one has no room. */
  admit(dimensions: CallDimensions, amount: PicoUsd, nowMs: number, holdMs: number): Entry | Shortage {
    const scopes: ScopeBook[] = [];
    for (const budget of this.#index.about(dimensions)) {
      if (nowMs + this.#clockOffsetMs >= budget.state.periodEndMs)
        return { kind: 'unknown', budget: budget.state.name, scope: {} };
      const scope = this.#scopeOf(budget, dimensions);
      scope.usedAtMs = nowMs;
      if (!this.#hasRoom(scope, amount)) return shortageOf(scope);
      scopes.push(scope);
    }
    return this.#hold(scopes, amount, nowMs, holdMs);
  }

  /** Holds an amount whatever the budgets say: for calls that go ahead although they have no room. */
  admitAnyway(dimensions: CallDimensions, amount: PicoUsd, nowMs: number, holdMs: number): Entry {
    const scopes = this.#index.about(dimensions).map((budget) => this.#scopeOf(budget, dimensions));
    return this.#hold(scopes, amount, nowMs, holdMs);
  }

  /** Puts a finished call's cost in place of its reservation; 0 releases it. */
  settle(entry: Entry, amount: PicoUsd, phase: 'finished' | 'local', nowMs: number, holdMs: number): void {
    if (!this.#entries.has(entry)) return;
    if (amount === 0n) {
      this.#drop(entry);
      return;
    }
    for (const scope of entry.scopes) scope.heldPicoUsd += amount - entry.amountPicoUsd;
    entry.amountPicoUsd = amount;
    entry.phase = phase;
    entry.expiresAtMs = phase === 'local' ? Number.POSITIVE_INFINITY : nowMs + holdMs;
  }

  /** What to tell the aggregator; hand it back to `apply` with the answer. */
  report(nowMs: number): Report {
    const all = [...this.#budgets.values()].flatMap(({ scopes }) => [...scopes.values()]);
    const isGrouped = ({ budget }: ScopeBook): boolean => budget.state.groupBy.length > 0;
    const used = all.filter((scope) => isGrouped(scope) && scope.usedAtMs > 0);
    used.sort((left, right) => right.usedAtMs - left.usedAtMs);
    const scopes = [...all.filter((scope) => !isGrouped(scope)), ...used.slice(0, MAX_HOLDS_IN_REPORT)];
    const indexOf = new Map(scopes.map((scope, index) => [scope, index]));
    const finished = [...this.#entries].filter(({ phase }) => phase === 'finished').slice(0, MAX_FINISHED_IN_REPORT);
    return {
      scopes,
      holds: scopes.map((scope) => ({
        budget: scope.budget.state.key,
        scope: scope.scope,
        heldPicoUsd: picoUsd(scope.heldPicoUsd),
        isActive: nowMs - scope.usedAtMs < ACTIVE_MS,
      })),
      finished: finished.map((entry) => ({
        entry,
        holds: entry.scopes.flatMap((scope) => indexOf.get(scope) ?? []),
      })),
    };
  }

  /** Takes the aggregator's answer to a report; `names` says which budgets calls are held to, undefined all. */
  apply(answer: GuardAnswer, report: Report, nowMs: number, names?: readonly string[]): void {
    const bases = new Map(report.scopes.map((scope, index) => [scope, BigInt(report.holds[index]?.heldPicoUsd ?? 0n)]));
    for (const index of answer.counted) {
      const counted = report.finished[index]?.entry;
      if (counted === undefined || !this.#drop(counted)) continue;
      for (const scope of counted.scopes) bases.set(scope, (bases.get(scope) ?? 0n) - counted.amountPicoUsd);
    }
    const budgets = names === undefined ? answer.budgets : answer.budgets.filter(({ name }) => names.includes(name));
    this.#replaceBudgets(budgets);
    this.#expire(nowMs);
    for (const budget of this.#budgets.values()) this.#applyScopes(budget, bases, nowMs);
    this.#answeredAtMs = nowMs;
    this.#clockOffsetMs = answer.atMs - nowMs;
    this.#guards = Math.max(1, answer.guards);
    this.#isSettled ||= budgets.every(({ scopes }) => scopes.every(({ isPending }) => !isPending));
  }

  /** The budgets as they stand here. */
  status(): readonly {
    readonly state: BudgetState;
    readonly scope: Readonly<Record<string, string>>;
    readonly spentPicoUsd: PicoUsd;
    readonly heldPicoUsd: PicoUsd;
    readonly roomPicoUsd: PicoUsd;
  }[] {
    return [...this.#budgets.values()].flatMap(({ state, scopes }) =>
      [...scopes.values()].map((scope) => ({
        state,
        scope: scope.scope,
        spentPicoUsd: spentOf(scope),
        heldPicoUsd: picoUsd(scope.heldPicoUsd),
        roomPicoUsd: picoUsd(this.#roomOf(scope)),
      })),
    );
  }

  #hold(scopes: readonly ScopeBook[], amount: PicoUsd, nowMs: number, holdMs: number): Entry {
    for (const scope of scopes) scope.heldPicoUsd += amount;
    const entry: Entry = {
      scopes,
      startedAtMs: nowMs,
      amountPicoUsd: amount,
      phase: 'reserved',
      expiresAtMs: nowMs + holdMs,
      traceId: '',
      spanId: '',
    };
    if (scopes.length === 0) return entry;
    if (this.#entries.size >= MAX_ENTRIES) this.#forgetOldest();
    this.#entries.add(entry);
    return entry;
  }

  #forgetOldest(): void {
    for (const entry of this.#entries) {
      if (entry.phase === 'reserved') continue;
      this.#drop(entry);
      return;
    }
  }

  #drop(entry: Entry): boolean {
    if (!this.#entries.delete(entry)) return false;
    for (const scope of entry.scopes) scope.heldPicoUsd -= entry.amountPicoUsd;
    return true;
  }

  #expire(nowMs: number): void {
    for (const entry of this.#entries) if (entry.expiresAtMs <= nowMs) this.#drop(entry);
  }

  #scopeOf(budget: BudgetBook, dimensions: CallDimensions): ScopeBook {
    const { groupBy } = budget.state;
    const key = groupBy.length === 0 ? '' : JSON.stringify(groupBy.map(dimensions));
    let book = budget.scopes.get(key);
    if (book === undefined) {
      const scope = Object.fromEntries(groupBy.map((dimension) => [dimension, dimensions(dimension)]));
      book = { budget, scope, heldPicoUsd: 0n, state: undefined, basePicoUsd: 0n, usedAtMs: 0 };
      budget.scopes.set(key, book);
    }
    return book;
  }

  #hasRoom(scope: ScopeBook, amount: PicoUsd): boolean {
    return amount <= this.#roomOf(scope);
  }

  /** What calls here may hold on top of what they hold. */
  #roomOf(scope: ScopeBook): bigint {
    const { state, basePicoUsd, heldPicoUsd, budget } = scope;
    if (state?.grantPicoUsd !== undefined) return basePicoUsd + state.grantPicoUsd - heldPicoUsd;
    // Met for the first time here: nothing was granted yet, so no more than an even share of what is left.
    return (budget.state.limitPicoUsd - spentOf(scope)) / BigInt(this.#guards) - heldPicoUsd;
  }

  #replaceBudgets(budgets: readonly BudgetState[]): void {
    const keys = new Set(budgets.map(({ key }) => key));
    for (const key of this.#budgets.keys()) if (!keys.has(key)) this.#budgets.delete(key);
    for (const state of budgets) {
      const known = this.#budgets.get(state.key);
      const book: BudgetBook = known ?? { state, scopes: new Map() };
      if (known !== undefined && known.state.periodStartMs !== state.periodStartMs) this.#beginPeriod(known, state);
      book.state = state;
      this.#budgets.set(state.key, book);
    }
    this.#index = new BudgetIndex(this.#budgets.values());
  }

  /** Calls of the period before count in their own period. */
  #beginPeriod(book: BudgetBook, state: BudgetState): void {
    for (const entry of this.#entries) {
      if (entry.startedAtMs + this.#clockOffsetMs >= state.periodStartMs) continue;
      for (const scope of entry.scopes) if (scope.budget === book) scope.heldPicoUsd -= entry.amountPicoUsd;
      entry.scopes = entry.scopes.filter((scope) => scope.budget !== book);
      if (entry.scopes.length === 0) this.#entries.delete(entry);
    }
  }

  #applyScopes(book: BudgetBook, bases: ReadonlyMap<ScopeBook, bigint>, nowMs: number): void {
    const { groupBy, scopes } = book.state;
    for (const [key, scope] of book.scopes) {
      scope.state = undefined;
      const isIdle = scope.heldPicoUsd === 0n && nowMs - scope.usedAtMs >= ACTIVE_MS;
      if (groupBy.length > 0 && isIdle) book.scopes.delete(key);
    }
    for (const state of scopes) {
      const key = scopeKey(groupBy, state.scope);
      let scope = book.scopes.get(key);
      if (scope === undefined) {
        scope = { budget: book, scope: state.scope, heldPicoUsd: 0n, state, basePicoUsd: 0n, usedAtMs: 0 };
        book.scopes.set(key, scope);
      }
      scope.state = state;
      scope.basePicoUsd = bases.get(scope) ?? 0n;
    }
  }
}
