import { createHash } from 'node:crypto';

import { NotifyError } from './error.js';

/** Whether an alert stands or is over. */
export type AlertState = 'firing' | 'resolved';

/** How loud an alert is. */
export type AlertSeverity = 'info' | 'warning' | 'critical';

/** Something people are told. Money is exact decimal dollars; times are ms since 1970. */
export interface Alert {
  /** Identifies it for ever: what has the same key is told once. */
  readonly key: string;
  /** What is alerted on, e.g. `budget_threshold`, `budget_forecast`. */
  readonly kind: string;
  readonly severity: AlertSeverity;
  /** Name, identity and revision of the budget it is about. */
  readonly budget?: { readonly id: string; readonly revision: string; readonly name: string };
  /** Dimension values it is about, e.g. `{ feature: 'search' }`; `{}` for everything. */
  readonly scope: Readonly<Record<string, string>>;
  /** Half-open interval it is about. */
  readonly period?: { readonly startMs: number; readonly endMs: number };
  /** Percent of the limit. */
  readonly thresholdPercent?: number;
  /** Decimal dollars. */
  readonly spentUsd: string;
  /** Decimal dollars. */
  readonly limitUsd?: string;
  /** One sentence for people. */
  readonly message: string;
  /** When it was noticed. */
  readonly startedAtMs: number;
  /** It is about a period that was over when it was noticed: data came late. */
  readonly isLate: boolean;
  /** Where to look. */
  readonly url: string;
  /** Names of the channels it goes to. */
  readonly channels: readonly string[];
}

/** The end of an alert. */
export interface Resolution {
  /** Key of the alert. */
  readonly key: string;
  /** One sentence for people, e.g. why it is over. */
  readonly message: string;
  readonly resolvedAtMs: number;
  /** Decimal dollars at that time. Default: as when it fired. */
  readonly spentUsd?: string;
}

/** One alert in one state on its way to one channel. */
export interface Notification {
  readonly alert: Alert;
  readonly state: AlertState;
  /** The same for every attempt, by any process: receivers drop what they have seen. */
  readonly idempotencyKey: string;
  /** When this attempt is made. */
  readonly sentAtMs: number;
}

/** The idempotency key of one (alert, state, channel): 40 hex digits. */
export function idempotencyKeyOf(alertKey: string, state: AlertState, channel: string): string {
  return createHash('sha256')
    .update(JSON.stringify([alertKey, state, channel]))
    .digest('hex')
    .slice(0, 40);
}

/** @throws NotifyError `alert_invalid` for an alert that could not be stored or told apart. */
export function checkAlert(alert: Alert): void {
  if (alert.key === '') throw new NotifyError('alert_invalid', 'alert key "" must not be empty');
  if (!Number.isFinite(alert.startedAtMs)) {
    throw new NotifyError(
      'alert_invalid',
      `alert ${alert.key}: startedAtMs ${alert.startedAtMs} must be ms since 1970`,
    );
  }
  if (alert.channels.length === 0) {
    throw new NotifyError('alert_invalid', `alert ${alert.key}: channels must name at least one channel`);
  }
}
