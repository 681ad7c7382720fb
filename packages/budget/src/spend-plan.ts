import type { Budget } from './budget.js';
import type { BudgetSpend, ScopeValue } from './evaluate.js';
import { periodAt, periodBefore, type Period } from './period.js';

/** One query of spend: the ledger between two instants, grouped by these dimensions; serves many budgets. */
export interface SpendQuery {
  readonly period: Period;
  /** Sorted; empty for the total. */
  readonly dimensions: readonly string[];
  readonly budgets: readonly Budget[];
}

/** One row of the answer: the value of each dimension of the query, and what was spent. */
export interface SpendRow {
  readonly values: Readonly<Record<string, string>>;
  /** Picodollars (1 USD = 10^12). */
  readonly spentPicoUsd: bigint;
  /** See `BudgetSpend.assumedPicoUsd`. */
  readonly assumedPicoUsd?: bigint;
}

/** What one budget spent in one of its scope values. */
export interface BudgetWithSpend {
  readonly budget: Budget;
  readonly spend: BudgetSpend;
}

/** How long after its end a period is still evaluated, so that late data reaches its own month; ms. */
export const LATE_DATA_HORIZON_MS = 48 * 3_600_000;

function dimensionsOf(budget: Budget): readonly string[] {
  return [...new Set([...Object.keys(budget.filters), ...budget.groupBy])].sort();
}

/** The period that holds `atMs`, and those before it that ended within `LATE_DATA_HORIZON_MS`: two of a budget of a day. */
function duePeriods(budget: Budget, atMs: number): readonly Period[] {
  const due = [periodAt(budget, atMs)];
  for (const last of due) {
    const before = periodBefore(budget, last);
    if (atMs - before.endMs < LATE_DATA_HORIZON_MS) due.push(before);
  }
  return due;
}

/**
 * The queries that evaluate all `budgets` at `atMs`: one for each distinct (set of dimensions, period), never one for
 * each budget. Ten thousand budgets of single users with a monthly window in UTC are one query. Periods that ended
 * within `LATE_DATA_HORIZON_MS` are asked for too.
 */
export function planSpendQueries(budgets: readonly Budget[], atMs: number): readonly SpendQuery[] {
  const plans = new Map<string, { period: Period; dimensions: readonly string[]; budgets: Budget[] }>();
  const periods = new Map<string, readonly Period[]>();
  for (const budget of budgets) {
    const calendar = `${budget.window} ${budget.timeZone}`;
    let due = periods.get(calendar);
    if (due === undefined) {
      due = duePeriods(budget, atMs);
      periods.set(calendar, due);
    }
    const dimensions = dimensionsOf(budget);
    for (const period of due) {
      const key = JSON.stringify([period.startMs, period.endMs, ...dimensions]);
      const plan = plans.get(key);
      if (plan === undefined) plans.set(key, { period, dimensions, budgets: [budget] });
      else plan.budgets.push(budget);
    }
  }
  return [...plans.values()];
}

/** A budget with the sums that its scope values have reached while rows are read. */
interface Tally {
  readonly budget: Budget;
  readonly sums: Map<string, { scopeValue: ScopeValue; spentPicoUsd: bigint; assumedPicoUsd: bigint }>;
}

function pick(values: Readonly<Record<string, string>>, dimensions: readonly string[]): readonly string[] {
  return dimensions.map((dimension) => values[dimension] ?? '');
}

/** Every combination of one value a filter: `{a: [1, 2], b: [3]}` gives `[1, 3]` and `[2, 3]`. */
function combinations(choices: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return choices.reduce<readonly (readonly string[])[]>(
    (partial, values) => partial.flatMap((head) => values.map((value) => [...head, value])),
    [[]],
  );
}

/** Tallies by filtered dimensions and values, so that a row finds its budgets without trying each. */
function indexTallies(
  tallies: readonly Tally[],
): Map<string, { dimensions: readonly string[]; byValues: Map<string, Tally[]> }> {
  const index = new Map<string, { dimensions: readonly string[]; byValues: Map<string, Tally[]> }>();
  for (const tally of tallies) {
    const dimensions = Object.keys(tally.budget.filters);
    const key = JSON.stringify(dimensions);
    const entry = index.get(key) ?? { dimensions, byValues: new Map<string, Tally[]>() };
    index.set(key, entry);
    for (const values of combinations(Object.values(tally.budget.filters))) {
      const valuesKey = JSON.stringify(values);
      const found = entry.byValues.get(valuesKey);
      if (found === undefined) entry.byValues.set(valuesKey, [tally]);
      else found.push(tally);
    }
  }
  return index;
}

function addRow(tally: Tally, row: SpendRow): void {
  const values = pick(row.values, tally.budget.groupBy);
  const key = JSON.stringify(values);
  const sum = tally.sums.get(key);
  if (sum !== undefined) {
    sum.spentPicoUsd += row.spentPicoUsd;
    sum.assumedPicoUsd += row.assumedPicoUsd ?? 0n;
    return;
  }
  const scopeValue = Object.fromEntries(
    tally.budget.groupBy.map((dimension, index) => [dimension, values[index] ?? '']),
  );
  tally.sums.set(key, { scopeValue, spentPicoUsd: row.spentPicoUsd, assumedPicoUsd: row.assumedPicoUsd ?? 0n });
}

/**
 * Deals the rows of a query's answer to its budgets. A budget without grouping always has exactly one result, zero when
 * nothing matched; a grouped one has a result for each combination of values that has a row. Time grows with rows plus
 * budgets, not with their product.
 */
export function assignSpend(query: SpendQuery, rows: readonly SpendRow[]): readonly BudgetWithSpend[] {
  const tallies = query.budgets.map((budget): Tally => ({ budget, sums: new Map() }));
  const index = [...indexTallies(tallies).values()];
  for (const row of rows) {
    for (const { dimensions, byValues } of index) {
      for (const tally of byValues.get(JSON.stringify(pick(row.values, dimensions))) ?? []) addRow(tally, row);
    }
  }
  const { period } = query;
  return tallies.flatMap(({ budget, sums }) => {
    if (budget.groupBy.length === 0 && sums.size === 0) {
      return [{ budget, spend: { period, scopeValue: {}, spentPicoUsd: 0n, assumedPicoUsd: 0n } }];
    }
    return [...sums.values()].map((sum) => ({ budget, spend: { period, ...sum } }));
  });
}
