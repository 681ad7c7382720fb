import { randomUUID } from 'node:crypto';

import type { Database } from '@costel/store';

import type { PendingNotification } from './pending.js';
import { toDateTime64, toNumber, toText } from './rows.js';
import { STATEMENTS } from './statements.js';

/** The right to send one notification until its lease ends. */
export interface Claim {
  readonly notification: PendingNotification;
  /** Counts the claims of this notification, from 1. */
  readonly epoch: number;
  readonly claimId: string;
  readonly leaseUntilMs: number;
}

interface WinnerRow {
  readonly alert_key: unknown;
  readonly state: unknown;
  readonly epoch: unknown;
  readonly claim_id: unknown;
}

/** A lease covers the send and as much again on both sides, so that a slow process is not mistaken for a dead one. */
const LEASE_SEND_TIMEOUTS = 3;

/** Claims notifications for one process. */
export class ClaimLog {
  readonly #database: Database;
  readonly #tenant: string;
  readonly #holder: string;

  constructor(database: Database, tenant: string, holder: string) {
    this.#database = database;
    this.#tenant = tenant;
    this.#holder = holder;
  }

  /** Appends one claim for each notification (all of one channel); who holds them is known only to `keepHeld`. */
  async append(
    notifications: readonly PendingNotification[],
    sendTimeoutMs: number,
    nowMs: number,
  ): Promise<readonly Claim[]> {
    const leaseUntilMs = nowMs + LEASE_SEND_TIMEOUTS * sendTimeoutMs;
    const claims = notifications.map((notification) => ({
      notification,
      epoch: notification.epoch + 1,
      claimId: randomUUID(),
      leaseUntilMs,
    }));
    await this.#database.insertRows(
      'alert_claims',
      claims.map(({ notification, epoch, claimId }) => ({
        tenant: this.#tenant,
        alert_key: notification.alertKey,
        state: notification.state,
        channel: notification.channel,
        epoch,
        holder: this.#holder,
        claim_id: claimId,
        claimed_at: toDateTime64(nowMs),
        lease_until: toDateTime64(leaseUntilMs),
      })),
    );
    return claims;
  }

  /** Those of `claims` (all of one channel) that hold: lowest block of the notification's highest epoch. */
  async keepHeld(claims: readonly Claim[], channel: string, sinceMs: number): Promise<readonly Claim[]> {
    const rows = await this.#database.query<WinnerRow>(STATEMENTS.claimWinners, {
      tenant: this.#tenant,
      channel,
      keys: claims.map(({ notification }) => notification.alertKey),
      since: toDateTime64(sinceMs),
    });
    const winners = new Map(
      rows.map((row) => [
        JSON.stringify([row.alert_key, row.state]),
        { epoch: toNumber('epoch', row.epoch), claimId: toText('claim_id', row.claim_id) },
      ]),
    );
    return claims.filter(({ notification, epoch, claimId }) => {
      const winner = winners.get(JSON.stringify([notification.alertKey, notification.state]));
      return winner?.epoch === epoch && winner.claimId === claimId;
    });
  }
}
