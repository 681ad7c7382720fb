import { countedPicoUsd, type BudgetWithSpend } from '@costel/budget';
import type { AlertFilter, AlertRecord } from '@costel/notify';
import { formatPicoUsd, picoUsd } from '@costel/pricing';
import { z } from 'zod';
import { scopeOf } from '../service/budget-alerts.js';
import { toIso } from './cost-json.js';
import { defineEndpoint, type Endpoint } from './endpoint.js';
import { daysParameter } from './parameters.js';

const DAY_MS = 86_400_000;
const DEFAULT_ALERT_DAYS = 31;
const MAX_ALERTS = 1000;

function budgetJson({ budget, spend }: BudgetWithSpend): object {
  return {
    name: budget.name,
    scope: scopeOf(budget, spend.scopeValue),
    window: budget.window,
    time_zone: budget.timeZone,
    period: { start: toIso(spend.period.startMs), end: toIso(spend.period.endMs) },
    spent_usd: formatPicoUsd(picoUsd(spend.spentPicoUsd)),
    // What calls without a price cost at most by the ceiling price: beside what was spent, and part of the percentage.
    assumed_usd: formatPicoUsd(picoUsd(spend.assumedPicoUsd ?? 0n)),
    limit_usd: formatPicoUsd(picoUsd(budget.limitPicoUsd)),
    // A hundredth of a percent is enough to look at; what decides is compared exactly.
    spent_percent: Number((countedPicoUsd(spend) * 10_000n) / budget.limitPicoUsd) / 100,
    thresholds: budget.thresholdsPercent,
  };
}

function alertJson({ alert, state, resolvedAtMs, deliveries }: AlertRecord): object {
  return {
    id: alert.key,
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
    resolved_at: resolvedAtMs === undefined ? null : toIso(resolvedAtMs),
    late: alert.isLate,
    url: alert.url,
    deliveries: deliveries.map((delivery) => ({
      channel: delivery.channel,
      state: delivery.state,
      outcome: delivery.outcome,
      attempts: delivery.attempts,
      reason: delivery.reason,
      answered_at: toIso(delivery.answeredAtMs),
    })),
  };
}

/** The endpoint of the budgets' current windows. */
export function budgetsEndpoint(readStatuses: () => Promise<readonly BudgetWithSpend[]>): Endpoint {
  return defineEndpoint({
    path: '/budgets',
    summary: 'What each budget has spent of its limit in its current window',
    parameters: {},
    hasFilters: false,
    answer: async () => ({ budgets: (await readStatuses()).map(budgetJson) }),
  });
}

/** The endpoint of the alerts, newest first. */
export function alertsEndpoint(listAlerts: (filter: AlertFilter) => Promise<readonly AlertRecord[]>): Endpoint {
  return defineEndpoint({
    path: '/alerts',
    summary: 'Alerts that fired, newest first, with what became of their notifications',
    parameters: {
      state: z
        .enum(['firing', 'resolved'])
        .optional()
        .meta({ description: 'Only alerts in this state.', examples: ['firing'] }),
      ...daysParameter,
    },
    hasFilters: false,
    answer: async ({ values, nowMs }) => {
      const sinceMs = nowMs - (values.days ?? DEFAULT_ALERT_DAYS) * DAY_MS;
      const records = await listAlerts({
        ...(values.state === undefined ? {} : { state: values.state }),
        sinceMs,
        limit: MAX_ALERTS,
      });
      return { alerts: records.map(alertJson) };
    },
  });
}
