import {
  describeCrossing,
  formatScopeValue,
  resolutionOf,
  type Budget,
  type BudgetSpend,
  type Crossing,
  type ResolutionReason,
} from '@costel/budget';
import type { Alert, AlertRecord, Resolution } from '@costel/notify';
import { formatPicoUsd, picoUsd } from '@costel/pricing';
import type { BudgetConfig } from '../config/config.js';
import type { BudgetEvaluation } from './budget-watch.js';

/** The channel that every alert goes to. */
export const LOG_CHANNEL = 'log';

/** What alerts need besides the crossing. */
export interface AlertContext {
  readonly budgets: ReadonlyMap<string, { readonly budget: Budget; readonly config: BudgetConfig }>;
  /** Names of the configured channels. */
  readonly channelNames: readonly string[];
  /** Address of the page. */
  readonly publicUrl: () => string;
}

/** What a budget is about, as text by dimension: its filters, and the value of its group. */
export function scopeOf(
  budget: Pick<Budget, 'filters'>,
  scopeValue: Readonly<Record<string, string>>,
): Record<string, string> {
  const filters = Object.entries(budget.filters).map(([dimension, values]) => [dimension, values.join(',')] as const);
  return { ...Object.fromEntries(filters), ...scopeValue };
}

/** Makes the alert of a crossing; undefined for a budget that is no longer configured. */
export function toAlert(crossing: Crossing, context: AlertContext, nowMs: number): Alert | undefined {
  const found = context.budgets.get(crossing.budgetId);
  if (!found) return undefined;
  const scope = scopeOf(found.budget, crossing.scopeValue);
  return {
    key: crossing.key,
    kind: crossing.kind,
    severity: crossing.severity,
    budget: { id: crossing.budgetId, revision: crossing.budgetRevision, name: crossing.budgetName },
    scope,
    period: crossing.period,
    thresholdPercent: crossing.thresholdPercent,
    spentUsd: formatPicoUsd(picoUsd(crossing.spentPicoUsd)),
    limitUsd: formatPicoUsd(picoUsd(crossing.limitPicoUsd)),
    message: describeCrossing(found.budget, { ...crossing, scopeValue: scope }),
    startedAtMs: nowMs,
    isLate: crossing.isLate,
    url: context.publicUrl(),
    channels: [...new Set([LOG_CHANNEL, ...(found.config.channels ?? context.channelNames)])],
  };
}

const REASONS: Readonly<Record<ResolutionReason, string>> = {
  period_ended: 'its period has ended',
  spend_dropped: 'spend has dropped below the threshold',
  budget_changed: 'the budget was changed or removed',
};

function spendKey(budgetId: string, startMs: number, scope: Readonly<Record<string, string>>): string {
  return JSON.stringify([budgetId, startMs, formatScopeValue(scope)]);
}

/** The ends of those standing alerts that are over, by the latest evaluation. */
export function findResolutions(
  standing: readonly AlertRecord[],
  evaluation: BudgetEvaluation,
  context: AlertContext,
): Resolution[] {
  const spends = new Map<string, BudgetSpend>(
    evaluation.statuses.map(({ budget, spend }) => [
      spendKey(budget.id, spend.period.startMs, scopeOf(budget, spend.scopeValue)),
      spend,
    ]),
  );
  return standing.flatMap(({ alert }) => {
    const { budget, period, thresholdPercent } = alert;
    if (budget === undefined || period === undefined || thresholdPercent === undefined) return [];
    const open = {
      kind: alert.kind === 'budget_forecast' ? ('budget_forecast' as const) : ('budget_threshold' as const),
      budgetId: budget.id,
      budgetRevision: budget.revision,
      period,
      thresholdPercent,
    };
    const spend = spends.get(spendKey(budget.id, period.startMs, alert.scope));
    const reason = resolutionOf(open, { budget: context.budgets.get(budget.id)?.budget, spend }, evaluation.atMs);
    if (reason === undefined) return [];
    return [
      {
        key: alert.key,
        message: `budget ${JSON.stringify(budget.name)}: the ${thresholdPercent} % alert is over, ${REASONS[reason]}`,
        resolvedAtMs: evaluation.atMs,
        ...(spend === undefined ? {} : { spentUsd: formatPicoUsd(picoUsd(spend.spentPicoUsd)) }),
      },
    ];
  });
}
