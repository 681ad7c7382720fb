import { picoUsd, type PicoUsd } from '@costel/pricing';
import { BudgetIndex } from './budget-index.js';
import type { CallDimensions } from './call-facts.js';
import { foldInto, letGo, type FoldedAmount } from './folded-amounts.js';
import type { BudgetState, GuardAnswer } from './guard-answer.js';
import { ACTIVE_MS, reportOf, type Report } from './guard-report.js';
import {
  addScope,
  forgetScopes,
  scopeKey,
  shortageOf,
  spentOf,
  type BudgetBook,
  type ScopeBook,
  type Shortage,
} from './scope-book.js';

/** Money that a call holds: a reservation while it runs, its cost from then until the aggregator has counted it. */
export interface Entry {
  /** Of the current periods; a period that ends takes its scopes along. */
  scopes: readonly ScopeBook[];
  readonly startedAtMs: number;
  amountPicoUsd: PicoUsd;
  phase: 'reserved' | 'finished';
  expiresAtMs: number;
  traceId: string;
  spanId: string;
}

/** Finished calls kept one by one; beyond, only what they hold is kept, which then nothing but time lets go. */
const MAX_FINISHED = 20_000;

/** Where more calls than this are under way, those that never end are looked for between answers, too. */
const MANY_ENTRIES = 20_000;

const SWEEP_MS = 1000;

/**
 * The state that a process holds of its budgets, without I/O and without a clock. For a scope value that the aggregator
 * knows, calls here may hold `base + grant`: what was reported, and what was granted on top. The grants of all guards
 * together never exceed what is left of the limit, so neither do their reservations.
 */
export class GuardBooks {
  readonly #budgets = new Map<string, BudgetBook>();
  #index = new BudgetIndex([]);
  readonly #entries = new Set<Entry>();
  /** Those of them that have finished, in the order in which they are named in reports. */
  readonly #finished = new Set<Entry>();
  #sweptAtMs = 0;
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
      const scope = this.#scopeOf(budget, dimensions, nowMs);
      if (!this.#hasRoom(scope, amount)) return shortageOf(scope);
      scopes.push(scope);
    }
    return this.#hold(scopes, amount, nowMs, holdMs);
  }

  /** Holds an amount whatever the budgets say: for calls that go ahead although they have no room. */
  admitAnyway(dimensions: CallDimensions, amount: PicoUsd, nowMs: number, holdMs: number): Entry {
    const scopes = this.#index.about(dimensions).map((budget) => this.#scopeOf(budget, dimensions, nowMs));
    return this.#hold(scopes, amount, nowMs, holdMs);
  }

  /**
   * Puts a finished call's cost in place of its reservation, also of one that was let go meanwhile; 0 releases it.
   * @param phase `local`: no span of it leaves the process, so nobody else will ever count it.
   */
  settle(entry: Entry, amount: PicoUsd, phase: 'finished' | 'local', nowMs: number, holdMs: number): void {
    if (!this.#entries.has(entry) && !this.#holdAgain(entry)) return;
    entry.scopes = entry.scopes.map(homeOf);
    for (const scope of entry.scopes) scope.heldPicoUsd += amount - entry.amountPicoUsd;
    entry.amountPicoUsd = amount;
    entry.phase = 'finished';
    entry.expiresAtMs = phase === 'local' ? Number.POSITIVE_INFINITY : nowMs + holdMs;
    if (amount === 0n) this.#drop(entry);
    else if (phase === 'local') this.#fold(entry);
    else this.#await(entry);
  }

  /** What to tell the aggregator; hand it back to `apply` with the answer. */
  report(nowMs: number): Report {
    return reportOf(this.#budgets.values(), this.#finished, nowMs);
  }

  /** Takes the aggregator's answer to a report; `names` says which budgets calls are held to, undefined all. */
  apply(answer: GuardAnswer, report: Report, nowMs: number, names?: readonly string[]): void {
    const bases = new Map(report.scopes.map((scope, index) => [scope, BigInt(report.holds[index]?.heldPicoUsd ?? 0n)]));
    for (const index of answer.counted) {
      const counted = report.finished[index]?.entry;
      if (counted === undefined || !this.#drop(counted)) continue;
      for (const scope of counted.scopes) bases.set(scope, (bases.get(scope) ?? 0n) - counted.amountPicoUsd);
    }
    // Calls that are never counted, because their spans were lost, must not keep others from being named.
    for (const { entry } of report.finished) if (this.#finished.delete(entry)) this.#finished.add(entry);
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
    if (this.#entries.size >= MANY_ENTRIES && Math.abs(nowMs - this.#sweptAtMs) >= SWEEP_MS) this.#expire(nowMs);
    this.#entries.add(entry);
    return entry;
  }

  /** A call that outlived its reservation holds its cost, as far as it belongs to periods that are not over. */
  #holdAgain(entry: Entry): boolean {
    if (entry.phase !== 'reserved') return false;
    entry.scopes = entry.scopes.filter(({ budget }) => this.#latestStartMs(entry) >= budget.state.periodStartMs);
    if (entry.scopes.length === 0) return false;
    entry.scopes = entry.scopes.map(homeOf);
    for (const scope of entry.scopes) scope.heldPicoUsd += entry.amountPicoUsd;
    this.#entries.add(entry);
    return true;
  }

  /** Keeps a finished call until it is counted; where too many wait, the first of them is kept as an amount only. */
  #await(entry: Entry): void {
    this.#finished.add(entry);
    if (this.#finished.size <= MAX_FINISHED) return;
    const [first] = this.#finished;
    if (first !== undefined) this.#fold(first);
  }

  /** Goes on holding what a call holds without the call. */
  #fold(entry: Entry): void {
    this.#entries.delete(entry);
    this.#finished.delete(entry);
    const startedAtMs = this.#latestStartMs(entry);
    const one = { amountPicoUsd: entry.amountPicoUsd, startedAtMs, untilMs: entry.expiresAtMs };
    for (const { folded, budget } of entry.scopes) foldInto(folded, one, budget.state.periodEndMs);
  }

  #drop(entry: Entry): boolean {
    this.#finished.delete(entry);
    if (!this.#entries.delete(entry)) return false;
    for (const scope of entry.scopes) scope.heldPicoUsd -= entry.amountPicoUsd;
    return true;
  }

  #expire(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const entry of this.#entries) if (entry.expiresAtMs <= nowMs) this.#drop(entry);
    for (const book of this.#budgets.values()) letGoOf(book, ({ untilMs }) => untilMs <= nowMs);
  }

  /** Its span says when a call began by our clock, and where that is far off, the ledger says it by the aggregator's. */
  #latestStartMs({ startedAtMs }: Entry): number {
    return startedAtMs + Math.max(0, this.#clockOffsetMs);
  }

  #scopeOf(budget: BudgetBook, dimensions: CallDimensions, nowMs: number): ScopeBook {
    const { groupBy } = budget.state;
    const key = groupBy.length === 0 ? '' : JSON.stringify(groupBy.map(dimensions));
    const valueOf = (dimension: string): [string, string] => [dimension, dimensions(dimension)];
    const scope = budget.scopes.get(key) ?? addScope(budget, key, Object.fromEntries(groupBy.map(valueOf)));
    scope.usedAtMs = nowMs;
    return scope;
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
      const book: BudgetBook = known ?? { state, scopes: new Map(), forgotten: undefined };
      if (known !== undefined && known.state.periodStartMs !== state.periodStartMs) this.#beginPeriod(known, state);
      book.state = state;
      this.#budgets.set(state.key, book);
    }
    this.#index = new BudgetIndex(this.#budgets.values());
  }

  /** Calls of the period before count in their own period. */
  #beginPeriod(book: BudgetBook, state: BudgetState): void {
    letGoOf(book, ({ startedAtMs }) => startedAtMs < state.periodStartMs);
    for (const entry of this.#entries) {
      if (this.#latestStartMs(entry) >= state.periodStartMs) continue;
      for (const scope of entry.scopes) if (scope.budget === book) scope.heldPicoUsd -= entry.amountPicoUsd;
      entry.scopes = entry.scopes.filter((scope) => scope.budget !== book);
      if (entry.scopes.length === 0) this.#drop(entry);
    }
  }

  #applyScopes(book: BudgetBook, bases: ReadonlyMap<ScopeBook, bigint>, nowMs: number): void {
    const { groupBy, scopes } = book.state;
    const isIdle = ({ usedAtMs }: ScopeBook): boolean => nowMs - usedAtMs >= ACTIVE_MS;
    for (const [key, scope] of book.scopes) {
      scope.state = undefined;
      if (groupBy.length > 0 && scope.heldPicoUsd === 0n && isIdle(scope)) book.scopes.delete(key);
    }
    for (const state of scopes) {
      const key = scopeKey(groupBy, state.scope);
      const scope = book.scopes.get(key) ?? addScope(book, key, state.scope);
      scope.state = state;
      scope.basePicoUsd = bases.get(scope) ?? 0n;
    }
    if (groupBy.length > 0) forgetScopes(book, isIdle);
  }
}

/** The scope value as its budget has it now: one that held nothing may have been taken away since. */
function homeOf(scope: ScopeBook): ScopeBook {
  const { budget, key } = scope;
  const current = budget.scopes.get(key) ?? scope;
  budget.scopes.set(key, current);
  return current;
}

/** Lets folded amounts go that are over. */
function letGoOf(book: BudgetBook, isOver: (one: FoldedAmount) => boolean): void {
  for (const scope of book.scopes.values())
    if (scope.folded.length > 0) scope.heldPicoUsd -= letGo(scope.folded, isOver);
  if (book.forgotten !== undefined && isOver(book.forgotten)) book.forgotten = undefined;
}
