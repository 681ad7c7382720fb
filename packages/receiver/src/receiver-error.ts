/** Stable codes of `ReceiverError`; each is described in the package's README. */
export type ReceiverErrorCode = 'receiver_port_in_use' | 'receiver_address_unusable' | 'receiver_limit_invalid';

/** Every code a `ReceiverError` can carry. */
export const RECEIVER_ERROR_CODES: readonly ReceiverErrorCode[] = [
  'receiver_port_in_use',
  'receiver_address_unusable',
  'receiver_limit_invalid',
];

/** What this package throws; what senders do wrong is answered over HTTP and never thrown. */
export class ReceiverError extends Error {
  readonly code: ReceiverErrorCode;
  /** True where the same call may succeed later without any change. */
  readonly retryable: boolean;

  constructor(code: ReceiverErrorCode, message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(message, options);
    this.name = 'ReceiverError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
