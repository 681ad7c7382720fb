import type { Notification } from './alert.js';

/** What came of one send. */
export type SendResult =
  | { readonly isDelivered: true }
  | {
      readonly isDelivered: false;
      /** Whether trying again can help. */
      readonly isRetryable: boolean;
      /** The receiver's wish, ms from now. */
      readonly retryAfterMs?: number;
      /** For people, without secrets, e.g. `HTTP 503`. */
      readonly reason: string;
    };

/**
 * A way to tell people: webhook, log, and later Alertmanager, Slack, e-mail. `send` answers within `sendTimeoutMs` and
 * does not throw; it may be called again for the same notification with the same idempotency key.
 */
export interface Channel {
  /** Unique among the channels of an outbox; alerts name it. */
  readonly name: string;
  /** Longest time a send takes, ms; leases are three times as long. */
  readonly sendTimeoutMs: number;
  send(notification: Notification): Promise<SendResult>;
}
