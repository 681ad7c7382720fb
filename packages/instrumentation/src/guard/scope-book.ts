import { picoUsd, type PicoUsd } from '@costel/pricing';
import type { BudgetState, ScopeState } from './guard-answer.js';

/** What one scope value of a budget holds in this process. */
export interface ScopeBook {
  readonly budget: BudgetBook;
  readonly scope: Readonly<Record<string, string>>;
  /** Sum of the entries of the current period. */
  heldPicoUsd: bigint;
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
