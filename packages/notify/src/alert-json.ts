import type { Notification } from './alert.js';

/** The JSON of a notification as receivers get it; times ISO 8601 UTC, money decimal strings, the interval half-open. */
export interface AlertJson {
  /** Identifies the alert; the same when it fires and when it resolves. */
  readonly id: string;
  /** Identifies this message; the same at every attempt. */
  readonly idempotency_key: string;
  readonly kind: string;
  readonly severity: string;
  readonly state: string;
  /** Name of the budget. */
  readonly budget?: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly period?: { readonly start: string; readonly end: string };
  /** Percent of the limit. */
  readonly threshold?: number;
  readonly spent_usd: string;
  readonly limit_usd?: string;
  readonly message: string;
  readonly started_at: string;
  readonly sent_at: string;
  readonly late: boolean;
  readonly url: string;
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Maps a notification to the JSON that webhooks and the log get. */
export function toAlertJson({ alert, state, idempotencyKey, sentAtMs }: Notification): AlertJson {
  return {
    id: alert.key,
    idempotency_key: idempotencyKey,
    kind: alert.kind,
    severity: alert.severity,
    state,
    ...(alert.budget === undefined ? {} : { budget: alert.budget.name }),
    scope: alert.scope,
    ...(alert.period === undefined
      ? {}
      : { period: { start: toIso(alert.period.startMs), end: toIso(alert.period.endMs) } }),
    ...(alert.thresholdPercent === undefined ? {} : { threshold: alert.thresholdPercent }),
    spent_usd: alert.spentUsd,
    ...(alert.limitUsd === undefined ? {} : { limit_usd: alert.limitUsd }),
    message: alert.message,
    started_at: toIso(alert.startedAtMs),
    sent_at: toIso(sentAtMs),
    late: alert.isLate,
    url: alert.url,
  };
}
