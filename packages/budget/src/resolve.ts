import type { Budget } from './budget.js';
import { countedPicoUsd, type BudgetSpend, type Crossing } from './evaluate.js';

/** Why a crossing that fired is over. */
export type ResolutionReason = 'period_ended' | 'spend_dropped' | 'budget_changed';

/**
 * How far below a threshold spend must fall before its alert resolves, in percent of the limit. Re-pricing and
 * corrections move spend by less, so an alert does not flap; once told, a threshold is not told again in its period.
 */
export const RESOLVE_HYSTERESIS_PERCENT = 5;

/** What is needed of a fired crossing to see whether it is over. */
export type OpenCrossing = Pick<Crossing, 'kind' | 'budgetId' | 'budgetRevision' | 'period' | 'thresholdPercent'>;

/** The present state of the budget that a crossing came from. */
export interface BudgetState {
  /** `undefined` when the budget was removed. */
  readonly budget: Budget | undefined;
  /** Spend of the crossing's own period and scope; `undefined` when not asked for. */
  readonly spend: BudgetSpend | undefined;
}

/**
 * Whether a crossing that fired is over at `atMs` (ms since 1970), and why; `undefined` while it stands.
 * With hysteresis 5, the 75 % alert of a $10 limit resolves below $7.00, not at $7.49.
 */
export function resolutionOf(open: OpenCrossing, state: BudgetState, atMs: number): ResolutionReason | undefined {
  const { budget, spend } = state;
  if (budget === undefined || budget.id !== open.budgetId || budget.revision !== open.budgetRevision)
    return 'budget_changed';
  if (atMs >= open.period.endMs) return 'period_ended';
  if (open.kind !== 'budget_threshold' || spend === undefined) return undefined;
  const floorBasisPoints = BigInt(Math.round((open.thresholdPercent - RESOLVE_HYSTERESIS_PERCENT) * 100));
  return countedPicoUsd(spend) * 10_000n < budget.limitPicoUsd * floorBasisPoints ? 'spend_dropped' : undefined;
}
