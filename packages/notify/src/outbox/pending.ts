import type { AlertState } from '../alert.js';
import { toNumber, toText } from './rows.js';

/** A notification that has not come to an end. Times in ms since 1970. */
export interface PendingNotification {
  readonly alertKey: string;
  readonly state: AlertState;
  readonly channel: string;
  readonly raisedAtMs: number;
  /** Of the last claim; 0 without one. */
  readonly epoch: number;
  /** End of the last claim's lease. */
  readonly leaseUntilMs: number;
  /** Of the last answered attempt; 0 without one. */
  readonly answeredEpoch: number;
  readonly nextAttemptAtMs: number;
}

/** A row of `pending-notifications.sql`. */
export interface PendingRow {
  readonly alert_key: unknown;
  readonly state: unknown;
  readonly channel: unknown;
  readonly raised_ms: unknown;
  readonly epoch: unknown;
  readonly lease_ms: unknown;
  readonly answered_epoch: unknown;
  readonly next_ms: unknown;
}

/** Maps a row. @throws NotifyError `outbox_row_invalid`. */
export function toPendingNotification(row: PendingRow): PendingNotification {
  return {
    alertKey: toText('alert_key', row.alert_key),
    state: toText('state', row.state) === 'resolved' ? 'resolved' : 'firing',
    channel: toText('channel', row.channel),
    raisedAtMs: toNumber('raised_ms', row.raised_ms),
    epoch: toNumber('epoch', row.epoch),
    leaseUntilMs: toNumber('lease_ms', row.lease_ms),
    answeredEpoch: toNumber('answered_epoch', row.answered_epoch),
    nextAttemptAtMs: toNumber('next_ms', row.next_ms),
  };
}

/** When it may be claimed: at once, after its back-off, or when the lease of an attempt that was never answered ends. */
export function dueAtMs(pending: PendingNotification): number {
  if (pending.epoch === 0) return pending.raisedAtMs;
  return pending.answeredEpoch >= pending.epoch ? pending.nextAttemptAtMs : pending.leaseUntilMs;
}

/**
 * The notifications of a channel that may be claimed at `nowMs`, oldest first. The end of an alert waits until its
 * beginning has been told, so that receivers never see it resolved before it fired.
 */
export function selectDue(
  pendings: readonly PendingNotification[],
  channel: string,
  nowMs: number,
): readonly PendingNotification[] {
  const firing = new Set(
    pendings
      .filter((pending) => pending.channel === channel && pending.state === 'firing')
      .map(({ alertKey }) => alertKey),
  );
  return pendings.filter(
    (pending) =>
      pending.channel === channel &&
      dueAtMs(pending) <= nowMs &&
      (pending.state === 'firing' || !firing.has(pending.alertKey)),
  );
}
