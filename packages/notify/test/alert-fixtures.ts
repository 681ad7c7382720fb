import type { Alert, Notification } from '../src/alert.js';

/** 2026-11-22T12:00:00Z. */
export const NOON_MS = Date.parse('2026-11-22T12:00:00.000Z');

/** An alert on a budget, with what a test wants otherwise. */
export function alertOf(key: string, more: Partial<Alert> = {}): Alert {
  return {
    key,
    kind: 'budget_threshold',
    severity: 'warning',
    budget: { id: 'search', revision: '0123456789ab', name: 'Search' },
    scope: { feature: 'search' },
    period: { startMs: Date.parse('2026-11-01T00:00Z'), endMs: Date.parse('2026-12-01T00:00Z') },
    thresholdPercent: 75,
    spentUsd: '7.6',
    limitUsd: '10',
    message: 'budget "Search" has reached 75 % of $10.00 in 2026-11: $7.60 spent',
    startedAtMs: NOON_MS,
    isLate: false,
    url: 'http://127.0.0.1:4320/budgets/search',
    channels: ['hook'],
    ...more,
  };
}

/** A notification of `alertOf`. */
export function notificationOf(more: Partial<Notification> = {}): Notification {
  return { alert: alertOf('a1'), state: 'firing', idempotencyKey: 'k1', sentAtMs: NOON_MS + 1500, ...more };
}
