/** Stable codes of `BudgetError`; each is described in the package's README. */
export type BudgetErrorCode =
  | 'budget_name_invalid'
  | 'budget_limit_invalid'
  | 'budget_window_invalid'
  | 'budget_time_zone_invalid'
  | 'budget_threshold_invalid'
  | 'budget_scope_invalid'
  | 'budget_confidence_invalid'
  | 'instant_out_of_range';

/** Every code a `BudgetError` can carry. */
export const BUDGET_ERROR_CODES: readonly BudgetErrorCode[] = [
  'budget_name_invalid',
  'budget_limit_invalid',
  'budget_window_invalid',
  'budget_time_zone_invalid',
  'budget_threshold_invalid',
  'budget_scope_invalid',
  'budget_confidence_invalid',
  'instant_out_of_range',
];

/** What this package throws: a definition that cannot be a budget, with the value, the limit and the fix in the message. */
export class BudgetError extends Error {
  readonly code: BudgetErrorCode;
  /** Always false: the same definition fails the same way. */
  readonly retryable = false;

  constructor(code: BudgetErrorCode, message: string) {
    super(message);
    this.name = 'BudgetError';
    this.code = code;
  }
}
