import {
  assignSpend,
  createBudget,
  evaluateBudget,
  planSpendQueries,
  type Budget,
  type BudgetWithSpend,
  type Crossing,
  type SpendQuery,
  type SpendRow,
} from '@costel/budget';
import { parsePicoUsd } from '@costel/pricing';
import type { BudgetConfig } from '../config/config.js';

/** Makes budgets of the configuration's. */
export function toBudgets(configs: readonly BudgetConfig[]): readonly Budget[] {
  return configs.map((config) =>
    createBudget({
      name: config.name,
      filters: config.scope,
      groupBy: config.groupBy,
      limitPicoUsd: parsePicoUsd(config.limitUsd),
      window: config.window,
      timeZone: config.timeZone,
      thresholdsPercent: config.thresholdsPercent,
      // A budget's own forecast comes with the alerting issue; until then no forecasted breach is claimed.
      forecastConfidence: null,
    }),
  );
}

/** Reads what was spent in a window by the values of some dimensions; called once for each (dimensions, window). */
export type ReadSpend = (query: SpendQuery) => Promise<readonly SpendRow[]>;

/** What one evaluation of all budgets found. */
export interface BudgetEvaluation {
  readonly atMs: number;
  /** The current window of every budget, and of every combination of values of a grouped one. */
  readonly statuses: readonly BudgetWithSpend[];
  /** Every threshold that has been reached, also those told before. */
  readonly crossings: readonly Crossing[];
}

/** Evaluates all budgets at an instant, with one query for each set of dimensions and window. */
export async function evaluateBudgets(
  budgets: readonly Budget[],
  readSpend: ReadSpend,
  atMs: number,
): Promise<BudgetEvaluation> {
  const results: BudgetWithSpend[] = [];
  for (const query of planSpendQueries(budgets, atMs)) results.push(...assignSpend(query, await readSpend(query)));
  return {
    atMs,
    statuses: results.filter(({ spend }) => spend.period.startMs <= atMs && atMs < spend.period.endMs),
    crossings: results.flatMap(({ budget, spend }) => evaluateBudget(budget, spend, atMs)),
  };
}
