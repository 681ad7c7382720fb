import type { BudgetWithSpend } from '@costel/budget';
import { picoUsd } from '@costel/pricing';
import { toEstimateUsd } from '../http/cost-json.js';
import type { CostFigures } from '../reading/cost-reader.js';
import type { MetricFamily } from './prometheus.js';
import type { TickHealth } from './ticker.js';

function tickLabels(health: TickHealth): { tick: string } {
  return { tick: health.name };
}

/** How the ticks fare. */
export function tickMetrics(ticks: readonly TickHealth[]): MetricFamily[] {
  return [
    {
      name: 'costel_tick_runs_total',
      help: 'Runs of each piece of repeated work.',
      type: 'counter',
      samples: ticks.map((tick) => ({ labels: tickLabels(tick), value: tick.runs })),
    },
    {
      name: 'costel_tick_failures_total',
      help: 'Runs that failed; they are tried again.',
      type: 'counter',
      samples: ticks.map((tick) => ({ labels: tickLabels(tick), value: tick.failures })),
    },
    {
      name: 'costel_tick_duration_seconds',
      help: 'Duration of the last run.',
      type: 'gauge',
      samples: ticks.map((tick) => ({ labels: tickLabels(tick), value: tick.lastDurationSeconds })),
    },
    {
      name: 'costel_tick_last_success_timestamp_seconds',
      help: 'When a run last succeeded.',
      type: 'gauge',
      samples: ticks.flatMap((tick) =>
        tick.lastSuccessMs === undefined ? [] : [{ labels: tickLabels(tick), value: tick.lastSuccessMs / 1000 }],
      ),
    },
  ];
}

/** What was spent on the current UTC day; doubles, for graphs and alerts of others, not for accounts. */
export function todayMetrics(today: CostFigures): MetricFamily[] {
  return [
    {
      name: 'costel_cost_today_usd',
      help: 'Cost of the current UTC day.',
      type: 'gauge',
      samples: [{ value: toEstimateUsd(today.costPicoUsd) }],
    },
    {
      name: 'costel_calls_today',
      help: 'Calls of the current UTC day.',
      type: 'gauge',
      samples: [{ value: today.calls }],
    },
    {
      name: 'costel_unpriced_calls_today',
      help: 'Calls of the current UTC day whose price is not known; their cost is in no sum.',
      type: 'gauge',
      samples: [{ value: today.unpricedCalls }],
    },
    {
      name: 'costel_estimated_calls_today',
      help: 'Calls of the current UTC day whose usage was estimated.',
      type: 'gauge',
      samples: [{ value: today.estimatedCalls }],
    },
  ];
}

/** The budgets without grouping, and how full they are; a grouped budget would make a series of every user. */
export function budgetMetrics(statuses: readonly BudgetWithSpend[]): MetricFamily[] {
  const plain = statuses.filter(({ budget }) => budget.groupBy.length === 0);
  return [
    {
      name: 'costel_budget_spent_usd',
      help: 'Spent in the current window of a budget.',
      type: 'gauge',
      samples: plain.map(({ budget, spend }) => ({
        labels: { budget: budget.name },
        value: toEstimateUsd(picoUsd(spend.spentPicoUsd)),
      })),
    },
    {
      name: 'costel_budget_assumed_usd',
      help: 'What calls without a price in the current window of a budget cost at most by the ceiling price; counts towards its thresholds, and is in no sum.',
      type: 'gauge',
      samples: plain.map(({ budget, spend }) => ({
        labels: { budget: budget.name },
        value: toEstimateUsd(picoUsd(spend.assumedPicoUsd ?? 0n)),
      })),
    },
    {
      name: 'costel_budget_limit_usd',
      help: 'Limit of a budget.',
      type: 'gauge',
      samples: plain.map(({ budget }) => ({
        labels: { budget: budget.name },
        value: toEstimateUsd(picoUsd(budget.limitPicoUsd)),
      })),
    },
  ];
}
