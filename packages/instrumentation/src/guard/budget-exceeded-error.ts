/** Registered, because the ES module and the CommonJS build may both be in one process. */
const BRAND = Symbol.for('costel.budget_exceeded_error');

/** Why a call was refused: the budget has no room for it, or nothing is known and the guard was told to refuse then. */
export type BudgetExceededCode = 'budget_exceeded' | 'budget_unknown';

/** What a refusal says. */
export interface BudgetExceededDetails {
  readonly code: BudgetExceededCode;
  /** Name of the budget. */
  readonly budget: string;
  /** What the budget is about, by dimension, e.g. `{ feature: 'search' }`. */
  readonly scope: Readonly<Record<string, string>>;
  /** Decimal dollars; absent while the budget's state is not known. */
  readonly limitUsd?: string | undefined;
  /** Spent in the period as the aggregator last said. */
  readonly spentUsd?: string | undefined;
  /** Held in this process: calls under way, and calls that the aggregator has not counted yet. */
  readonly heldUsd?: string | undefined;
  /** What this call would have reserved. */
  readonly neededUsd?: string | undefined;
  /** When the next period begins. */
  readonly periodEnd?: Date | undefined;
}

/**
 * The error that a refused call fails with, in the way in which the SDK's own errors reach the application. No request
 * was sent. `code` is `budget_exceeded`, or `budget_unknown` where the guard refuses what it cannot judge; `retryable`
 * is always false: the same call has no chance before `periodEnd`, a higher limit, or a smaller call.
 */
export class BudgetExceededError extends Error {
  override readonly name: string = 'BudgetExceededError';
  readonly code: BudgetExceededCode;
  readonly retryable = false;
  readonly budget: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly limitUsd: string | undefined;
  readonly spentUsd: string | undefined;
  readonly heldUsd: string | undefined;
  readonly neededUsd: string | undefined;
  readonly periodEnd: Date | undefined;

  constructor(details: BudgetExceededDetails) {
    super(messageOf(details));
    this.code = details.code;
    this.budget = details.budget;
    this.scope = details.scope;
    this.limitUsd = details.limitUsd;
    this.spentUsd = details.spentUsd;
    this.heldUsd = details.heldUsd;
    this.neededUsd = details.neededUsd;
    this.periodEnd = details.periodEnd;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

function messageOf(details: BudgetExceededDetails): string {
  const { code, budget, limitUsd, spentUsd, heldUsd, neededUsd, periodEnd } = details;
  const name = JSON.stringify(budget);
  if (code === 'budget_unknown')
    return (
      `budget ${name}: its state is not known and the guard refuses calls then; check that the aggregator answers, ` +
      'or set whenUnknown to "allow"'
    );
  const until = periodEnd === undefined ? '' : ` The next period begins at ${periodEnd.toISOString()}.`;
  return (
    `budget ${name}: $${spentUsd ?? '?'} of $${limitUsd ?? '?'} spent and $${heldUsd ?? '0'} held here, so a call of up to ` +
    `$${neededUsd ?? '?'} has no room.${until} Raise the limit in costel.yaml, or give the guard a downgrade function`
  );
}
