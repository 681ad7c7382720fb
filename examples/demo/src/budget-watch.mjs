// Which alerts a run has to bring: those whose threshold its spend has crossed.
import { parseUsd } from './true-cost.mjs';

/** The budgets of examples/demo/costel.yaml, which post to the demo, are named so. */
const DEMO_BUDGET = /^demo /;

/** @typedef {import('./costel-api.mjs').BudgetState} BudgetState */
/** @typedef {{ budget: string, periodStart: string, threshold: number }} Crossing */

/** @param {readonly BudgetState[]} budgets */
export function demoBudgets(budgets) {
  return budgets.filter((budget) => DEMO_BUDGET.test(budget.name));
}

/**
 * @param {readonly BudgetState[]} before at the start of the run
 * @param {readonly BudgetState[]} after
 * @returns {Crossing[]} thresholds that were reached in between; a threshold is reached when spend equals it
 */
export function crossedThresholds(before, after) {
  return demoBudgets(after).flatMap((budget) => {
    const earlier = before.find((other) => other.name === budget.name && other.period.start === budget.period.start);
    const spentBefore = parseUsd(earlier?.spent_usd ?? '0');
    const spentAfter = parseUsd(budget.spent_usd);
    const limit = parseUsd(budget.limit_usd);
    return budget.thresholds
      .filter((threshold) => {
        // Thresholds are percent with decimals; a millionth of a percent is fine enough to stay whole.
        const level = (limit * BigInt(Math.round(threshold * 1_000_000))) / 100_000_000n;
        return spentBefore < level && spentAfter >= level;
      })
      .map((threshold) => ({ budget: budget.name, periodStart: budget.period.start, threshold }));
  });
}

/**
 * @param {readonly Crossing[]} crossings
 * @param {readonly { budget?: string, threshold?: number, period?: { start: string } }[]} alerts
 * @returns {Crossing[]} those that no alert has told of
 */
export function missingAlerts(crossings, alerts) {
  return crossings.filter(
    (crossing) =>
      !alerts.some(
        (alert) =>
          alert.budget === crossing.budget &&
          alert.threshold === crossing.threshold &&
          alert.period !== undefined &&
          Date.parse(alert.period.start) === Date.parse(crossing.periodStart),
      ),
  );
}
