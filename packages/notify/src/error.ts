/** Stable codes of `NotifyError`; each is described in the package's README. */
export type NotifyErrorCode = 'channel_invalid' | 'alert_invalid' | 'outbox_row_invalid';

/** Every code a `NotifyError` can carry. */
export const NOTIFY_ERROR_CODES: readonly NotifyErrorCode[] = [
  'channel_invalid',
  'alert_invalid',
  'outbox_row_invalid',
];

/** What this package throws, with the value, the limit and the fix in the message; a failed send is a result, not an error. */
export class NotifyError extends Error {
  readonly code: NotifyErrorCode;
  /** Always false: the same input fails the same way. */
  readonly retryable = false;

  constructor(code: NotifyErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'NotifyError';
    this.code = code;
  }
}
