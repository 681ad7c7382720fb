/** Stable codes of `ForecastError`; each is described in the package's README. */
export type ForecastErrorCode =
  | 'date_invalid'
  | 'history_invalid'
  | 'horizon_invalid'
  | 'option_invalid'
  | 'task_invalid';

/** Every code a `ForecastError` can carry. */
export const FORECAST_ERROR_CODES: readonly ForecastErrorCode[] = [
  'date_invalid',
  'history_invalid',
  'horizon_invalid',
  'option_invalid',
  'task_invalid',
];

/** What this package throws: input that cannot be forecast, with the value, the limit and the fix in the message. */
export class ForecastError extends Error {
  readonly code: ForecastErrorCode;
  /** Always false: the same input fails the same way. */
  readonly retryable = false;

  constructor(code: ForecastErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ForecastError';
    this.code = code;
  }
}
