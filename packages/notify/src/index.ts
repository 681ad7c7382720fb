export { toAlertJson, type AlertJson } from './alert-json.js';
export {
  idempotencyKeyOf,
  type Alert,
  type AlertSeverity,
  type AlertState,
  type Notification,
  type Resolution,
} from './alert.js';
export type { Channel, SendResult } from './channel.js';
export { NOTIFY_ERROR_CODES, NotifyError, type NotifyErrorCode } from './error.js';
export { createLogChannel, type LogChannelOptions } from './log-channel.js';
export type { AlertFilter, AlertRecord, DeliveryStatus } from './outbox/alert-list.js';
export type { DeliveryOutcome } from './outbox/delivery.js';
export { createOutbox, type DeliveryReport, type Outbox, type OutboxOptions } from './outbox/outbox.js';
export { isPublicAddress } from './webhook/address.js';
export type { ResolvedAddress } from './webhook/post.js';
export { createWebhookChannel, type ResolveHost, type WebhookChannelOptions } from './webhook/webhook-channel.js';
