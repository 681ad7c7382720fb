import { picoUsd, type PicoUsd } from '@costel/pricing';
import { foldedSum, type FoldedAmount } from './folded-amounts.js';
import type { BudgetState, ScopeState } from './guard-answer.js';

/** What one scope value of a budget holds in this process. */
export interface ScopeBook {
  readonly budget: BudgetBook;
  /** Under which the budget keeps it. */
  readonly key: string;
  readonly scope: Readonly<Record<string, string>>;
  /** Sum of the entries of the current period and of what was folded. */
  heldPicoUsd: bigint;
  /** Of it: finished calls that are no longer kept one by one. */
  readonly folded: FoldedAmount[];
  /** The aggregator's figures; undefined for a value that it was not asked about yet. */
  state: ScopeState | undefined;
  /** What the aggregator took to be held here when it made its grant. */
  basePicoUsd: bigint;
  usedAtMs: number;
}

/** A budget as the aggregator last described it, with what its scope values hold. */
export interface BudgetBook {
  state: BudgetState;
  readonly scopes: Map<string, ScopeBook>;
  /** No scope value that is not among `scopes` holds more; undefined where none holds anything. */
  forgotten: FoldedAmount | undefined;
}

/** Scope values of one budget that are kept; those beyond that hold nothing but folded amounts are forgotten. */
const MAX_SCOPES = 20_000;

/** Of so many that are too many some more are forgotten, so that it is not done at every look. */
const SCOPES_LEFT = 18_000;

/** A scope value that is met for the first time, or again after it was forgotten: then it may hold what those hold. */
export function addScope(
  budget: BudgetBook,
  key: string,
  scope: Readonly<Record<string, string>>,
  state?: ScopeState,
): ScopeBook {
  const { forgotten } = budget;
  const folded = forgotten === undefined ? [] : [{ ...forgotten }];
  const heldPicoUsd = forgotten?.amountPicoUsd ?? 0n;
  const book: ScopeBook = { budget, key, scope, heldPicoUsd, folded, state, basePicoUsd: 0n, usedAtMs: 0 };
  budget.scopes.set(key, book);
  return book;
}

/** Keeps a budget from remembering ever more scope values: what the forgotten ones hold at most holds for all of them. */
export function forgetScopes(budget: BudgetBook, isIdle: (scope: ScopeBook) => boolean): void {
  if (budget.scopes.size <= MAX_SCOPES) return;
  const { periodEndMs } = budget.state;
  const idle: { readonly scope: ScopeBook; readonly sum: FoldedAmount }[] = [];
  for (const scope of budget.scopes.values()) {
    const sum = foldedSum(scope.folded);
    const holdsMore = sum === undefined || sum.amountPicoUsd !== scope.heldPicoUsd;
    // What began after the period would be forgotten into the next one.
    if (!holdsMore && sum.startedAtMs < periodEndMs && scope.state === undefined && isIdle(scope))
      idle.push({ scope, sum });
  }
  idle.sort((left, right) => left.scope.usedAtMs - right.scope.usedAtMs);
  for (const { scope, sum } of idle.slice(0, budget.scopes.size - SCOPES_LEFT)) {
    const { forgotten } = budget;
    budget.scopes.delete(scope.key);
    budget.forgotten = forgotten === undefined ? sum : atMost(forgotten, sum);
  }
}

function atMost(left: FoldedAmount, right: FoldedAmount): FoldedAmount {
  return {
    amountPicoUsd: left.amountPicoUsd > right.amountPicoUsd ? left.amountPicoUsd : right.amountPicoUsd,
    startedAtMs: Math.max(left.startedAtMs, right.startedAtMs),
    untilMs: Math.max(left.untilMs, right.untilMs),
  };
}

/** Why a call has no room. */
export interface Shortage {
  readonly kind: 'exceeded' | 'unknown';
  readonly budget: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly limitPicoUsd?: PicoUsd;
  readonly spentPicoUsd?: PicoUsd;
  readonly heldPicoUsd?: PicoUsd;
  readonly periodEndMs?: number;
}

/** Under which a budget keeps a scope value; the same for the same values. */
export function scopeKey(groupBy: readonly string[], scope: Readonly<Record<string, string>>): string {
  return groupBy.length === 0 ? '' : JSON.stringify(groupBy.map((dimension) => scope[dimension] ?? ''));
}

/** What was spent of a scope value as far as the aggregator said; of one that it did not list, at most that. */
export function spentOf({ state, budget }: ScopeBook): PicoUsd {
  return state?.spentPicoUsd ?? budget.state.unlistedAtMostPicoUsd;
}

/** Says that a scope value has no room. */
export function shortageOf(scope: ScopeBook): Shortage {
  const { budget, heldPicoUsd } = scope;
  const filters = Object.entries(budget.state.filters).map(([dimension, values]) => [dimension, values.join(',')]);
  const isUnlisted = scope.state === undefined && budget.state.unlistedAtMostPicoUsd >= budget.state.limitPicoUsd;
  return {
    // Nothing is known of the value but that others have spent more: that is no ground to refuse it.
    kind: isUnlisted ? 'unknown' : 'exceeded',
    budget: budget.state.name,
    scope: { ...(Object.fromEntries(filters) as Record<string, string>), ...scope.scope },
    limitPicoUsd: budget.state.limitPicoUsd,
    spentPicoUsd: spentOf(scope),
    heldPicoUsd: picoUsd(heldPicoUsd),
    periodEndMs: budget.state.periodEndMs,
  };
}
