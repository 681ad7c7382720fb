import { randomUUID } from 'node:crypto';

import type { Database } from '@costel/store';

import { idempotencyKeyOf, type Alert, type Resolution } from '../alert.js';
import type { Channel, SendResult } from '../channel.js';
import { NotifyError } from '../error.js';
import { listAlerts, type AlertFilter, type AlertRecord } from './alert-list.js';
import { BatchWriter } from './batch-writer.js';
import { ClaimLog, type Claim } from './claims.js';
import { decideOutcome, type DeliveryOutcome } from './delivery.js';
import { PendingView } from './pending-view.js';
import { selectDue, toPendingNotification, type PendingNotification, type PendingRow } from './pending.js';
import { EventLog } from './raise.js';
import { toDateTime64 } from './rows.js';
import { STATEMENTS } from './statements.js';

/** What an outbox works with. */
export interface OutboxOptions {
  readonly database: Database;
  readonly channels: readonly Channel[];
  /** Now, ms since 1970; read again right before each send. */
  readonly clock: () => number;
  /** Whose alerts. Default: `default`. */
  readonly tenant?: string;
  /** Name of this process in the claim log. Default: a random one. */
  readonly holder?: string;
  /** Failed attempts go on for this long after an alert was raised, then it is a dead letter; ms. Default: 24 h. */
  readonly giveUpAfterMs?: number;
  /** Sends of one channel at the same time. Default: 8. */
  readonly concurrency?: number;
}

/** What one `deliverPending` did, in notifications. */
export interface DeliveryReport {
  readonly delivered: number;
  /** Failed, and due again later. */
  readonly retried: number;
  /** Refused by the receiver for good. */
  readonly failed: number;
  /** Given up after `giveUpAfterMs`. */
  readonly deadLettered: number;
  /** Claimed by another process at the same time, or held too short to send. */
  readonly lostClaims: number;
  /** Pending when it began, other channels and later attempts included. */
  readonly pending: number;
}

/** A durable queue of alerts: what was raised is sent to each of its channels at least once, across crashes. */
export interface Outbox {
  /** Stores alerts that were not raised before and gives their keys; the others change nothing. Durable on return. */
  raise(alerts: readonly Alert[]): Promise<readonly string[]>;
  /** Stores the end of alerts that fired and are not resolved, and gives their keys. */
  resolve(resolutions: readonly Resolution[]): Promise<readonly string[]>;
  /**
   * One round: claims what is due (of `channelName` alone, if given), sends, records. Channels go side by side, each in
   * its own pace, and a channel that is still at its last round is left alone. Never throws for a failed send.
   */
  deliverPending(channelName?: string): Promise<DeliveryReport>;
  /** Alerts as they stand, newest first. */
  listAlerts(filter: AlertFilter): Promise<readonly AlertRecord[]>;
}

const DEFAULT_GIVE_UP_AFTER_MS = 86_400_000;
const DEFAULT_CONCURRENCY = 8;
/** Events older than this are not looked at any more: twice the longest calendar window. */
const LOOK_BACK_MS = 62 * 86_400_000;
const PENDING_LIMIT = 10_000;

const OUTCOME_COUNTERS = {
  delivered: 'delivered',
  retry: 'retried',
  failed: 'failed',
  dead_letter: 'deadLettered',
} as const satisfies Record<DeliveryOutcome, keyof DeliveryReport>;

type Counters = { -readonly [Counter in keyof DeliveryReport]: DeliveryReport[Counter] };

function checkChannels(channels: readonly Channel[]): ReadonlyMap<string, Channel> {
  const byName = new Map<string, Channel>();
  for (const channel of channels) {
    if (byName.has(channel.name)) {
      throw new NotifyError('channel_invalid', `channel "${channel.name}" is defined twice; names must differ`);
    }
    byName.set(channel.name, channel);
  }
  return byName;
}

async function sendSafely(channel: Channel, alert: Alert, claim: Claim, sentAtMs: number): Promise<SendResult> {
  const { state } = claim.notification;
  const idempotencyKey = idempotencyKeyOf(alert.key, state, channel.name);
  try {
    return await channel.send({ alert, state, idempotencyKey, sentAtMs });
  } catch (error) {
    return { isDelivered: false, isRetryable: true, reason: error instanceof Error ? error.message : 'channel threw' };
  }
}

class DurableOutbox implements Outbox {
  readonly #options: OutboxOptions;
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #tenant: string;
  readonly #holder: string;
  readonly #events: EventLog;
  readonly #claims: ClaimLog;
  readonly #deliveries: BatchWriter<object>;
  readonly #pending: PendingView;
  readonly #busy = new Set<string>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#channels = checkChannels(options.channels);
    this.#tenant = options.tenant ?? 'default';
    this.#holder = options.holder ?? randomUUID();
    this.#events = new EventLog(options.database, this.#tenant);
    this.#claims = new ClaimLog(options.database, this.#tenant, this.#holder);
    this.#pending = new PendingView(new Set(this.#channels.keys()), () => this.#loadPending());
    this.#deliveries = new BatchWriter((rows) => options.database.insertRows('alert_deliveries', rows));
  }

  async raise(alerts: readonly Alert[]): Promise<readonly string[]> {
    const keys = await this.#events.raise(alerts, this.#options.clock());
    if (keys.length > 0) this.#pending.invalidate();
    return keys;
  }

  async resolve(resolutions: readonly Resolution[]): Promise<readonly string[]> {
    const keys = await this.#events.resolve(resolutions);
    if (keys.length > 0) this.#pending.invalidate();
    return keys;
  }

  listAlerts(filter: AlertFilter): Promise<readonly AlertRecord[]> {
    return listAlerts(this.#options.database, this.#tenant, filter);
  }

  async deliverPending(channelName?: string): Promise<DeliveryReport> {
    const channels = [...this.#channels.values()].filter(
      ({ name }) => (channelName === undefined || name === channelName) && !this.#busy.has(name),
    );
    for (const { name } of channels) this.#busy.add(name);
    const counters: Counters = { delivered: 0, retried: 0, failed: 0, deadLettered: 0, lostClaims: 0, pending: 0 };
    const pendings = this.#pending.at(this.#options.clock());
    const rounds = channels.map(async (channel) => {
      try {
        await this.#sendDue(channel, await pendings, counters);
      } finally {
        this.#busy.delete(channel.name);
      }
    });
    // Every channel comes to its end before trouble with the database is passed on.
    const results = await Promise.allSettled(rounds);
    counters.pending = (await pendings).length;
    const broken = results.find((result) => result.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
    return counters;
  }

  async #sendDue(channel: Channel, pendings: readonly PendingNotification[], counters: Counters): Promise<void> {
    const due = selectDue(pendings, channel.name, this.#options.clock());
    const size = this.#options.concurrency ?? DEFAULT_CONCURRENCY;
    for (let start = 0; start < due.length; start += size) {
      await this.#sendBatch(channel, due.slice(start, start + size), counters);
    }
  }

  async #loadPending(): Promise<readonly PendingNotification[]> {
    const rows = await this.#options.database.query<PendingRow>(STATEMENTS.pendingNotifications, {
      tenant: this.#tenant,
      since: toDateTime64(this.#options.clock() - LOOK_BACK_MS),
      limit: PENDING_LIMIT,
    });
    return rows.map(toPendingNotification);
  }

  async #sendBatch(channel: Channel, due: readonly PendingNotification[], counters: Counters): Promise<void> {
    const nowMs = this.#options.clock();
    this.#pending.invalidate();
    const claims = await this.#claims.append(due, channel.sendTimeoutMs, nowMs);
    const alerts = {
      firing: await this.#loadAlerts(due, 'firing'),
      resolved: await this.#loadAlerts(due, 'resolved'),
    };
    // Read as the last thing before the sends: whoever was stopped since it claimed learns here that it was replaced.
    const held = await this.#claims.keepHeld(claims, channel.name, nowMs - LOOK_BACK_MS);
    counters.lostClaims += claims.length - held.length;
    await Promise.all(
      held.map((claim) =>
        this.#sendOne(channel, alerts[claim.notification.state].get(claim.notification.alertKey), claim, counters),
      ),
    );
  }

  async #loadAlerts(
    due: readonly PendingNotification[],
    state: 'firing' | 'resolved',
  ): Promise<ReadonlyMap<string, Alert>> {
    const keys = due.filter((pending) => pending.state === state).map(({ alertKey }) => alertKey);
    return keys.length === 0 ? new Map() : this.#events.loadInState(keys, state);
  }

  async #sendOne(channel: Channel, alert: Alert | undefined, claim: Claim, counters: Counters): Promise<void> {
    const sentAtMs = this.#options.clock();
    if (alert === undefined || sentAtMs + channel.sendTimeoutMs > claim.leaseUntilMs) {
      counters.lostClaims++;
      return;
    }
    const result = await sendSafely(channel, alert, claim, sentAtMs);
    const answeredAtMs = this.#options.clock();
    const giveUpAfterMs = this.#options.giveUpAfterMs ?? DEFAULT_GIVE_UP_AFTER_MS;
    const { outcome, reason, nextAttemptAtMs } = decideOutcome(claim, result, answeredAtMs, giveUpAfterMs);
    const { alertKey, state } = claim.notification;
    await this.#deliveries.write({
      tenant: this.#tenant,
      alert_key: alertKey,
      state,
      channel: channel.name,
      epoch: claim.epoch,
      idempotency_key: idempotencyKeyOf(alertKey, state, channel.name),
      holder: this.#holder,
      answered_at: toDateTime64(answeredAtMs),
      outcome,
      reason,
      next_attempt_at: toDateTime64(nextAttemptAtMs),
    });
    this.#pending.invalidate();
    counters[OUTCOME_COUNTERS[outcome]]++;
  }
}

/**
 * Opens the outbox in a database whose migrations have run. Any number of processes may share it on one server (see
 * the README for replicas).
 *
 * @throws NotifyError `channel_invalid` for two channels of one name.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  return new DurableOutbox(options);
}
