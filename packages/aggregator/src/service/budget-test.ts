import {
  assignSpend,
  evaluateBudget,
  formatScopeValue,
  planSpendQueries,
  type Budget,
  type Period,
  type SpendRow,
} from '@costel/budget';
import { parsePicoUsd } from '@costel/pricing';
import { z } from 'zod';
import { checkSource } from '../config/check-source.js';
import { toBudgetConfig } from '../config/config.js';
import { budgetSchema, limitUsdSchema } from '../config/schema.js';
import { dimensionSchema } from '../config/dimension-schema.js';
import { parseInstantMs } from '../http/parameters.js';
import { toBudgets } from './budget-watch.js';

const instantSchema = z.string().transform((text, context): number => {
  const ms = parseInstantMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be an ISO 8601 date, or a time with a zone', input: text });
  return z.NEVER;
});

/** What a budget test file holds: budgets as in costel.yaml, spend over time, and the alerts that it must cause. */
const budgetTestSchema = z.strictObject({
  budgets: z.array(budgetSchema).min(1),
  spend: z.array(
    z.strictObject({
      at: instantSchema,
      usd: limitUsdSchema,
      of: z.partialRecord(dimensionSchema, z.string().max(1000)).default({}),
    }),
  ),
  alerts: z.array(
    z.strictObject({
      at: instantSchema,
      budget: z.string(),
      threshold: z.number(),
      of: z.partialRecord(dimensionSchema, z.string().max(1000)).default({}),
    }),
  ),
});

/** The outcome of one budget test file. */
export interface BudgetTestResult {
  readonly passed: boolean;
  /** Alerts that fired, in order, each as `TIME budget "NAME" 75 % (feature=search)`. */
  readonly fired: readonly string[];
  /** Alerts that were wanted and did not fire. */
  readonly missing: readonly string[];
  /** Alerts that fired and were not wanted. */
  readonly unexpected: readonly string[];
}

interface SpendEvent {
  readonly atMs: number;
  readonly picoUsd: bigint;
  readonly values: Readonly<Record<string, string>>;
}

/** What a query of the ledger would answer: events of the window, so far, summed by the dimensions. */
function readSpend(events: readonly SpendEvent[], period: Period, dimensions: readonly string[]): SpendRow[] {
  return events
    .filter((event) => event.atMs >= period.startMs && event.atMs < period.endMs)
    .map((event) => ({
      values: Object.fromEntries(dimensions.map((dimension) => [dimension, event.values[dimension] ?? ''])),
      spentPicoUsd: event.picoUsd,
    }));
}

function describeAlert(
  atMs: number,
  budget: string,
  threshold: number,
  scope: Readonly<Record<string, string>>,
): string {
  const of = formatScopeValue(scope);
  return `${new Date(atMs).toISOString()} budget ${JSON.stringify(budget)} ${threshold} %${of === '' ? '' : ` (${of})`}`;
}

function replay(budgets: readonly Budget[], events: readonly SpendEvent[]): string[] {
  const told = new Set<string>();
  const fired: string[] = [];
  for (const [index, { atMs }] of events.entries()) {
    const soFar = events.slice(0, index + 1);
    for (const query of planSpendQueries(budgets, atMs)) {
      const rows = readSpend(soFar, query.period, query.dimensions);
      for (const { budget, spend } of assignSpend(query, rows)) {
        for (const crossing of evaluateBudget(budget, spend, atMs)) {
          if (told.has(crossing.key)) continue;
          told.add(crossing.key);
          fired.push(describeAlert(atMs, crossing.budgetName, crossing.thresholdPercent, crossing.scopeValue));
        }
      }
    }
  }
  return fired;
}

/** What of `left` is not in `right`; a text that is there twice is needed twice. */
function without(left: readonly string[], right: readonly string[]): string[] {
  const rest = [...right];
  return left.filter((text) => {
    const index = rest.indexOf(text);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}

/**
 * Runs a budget test file: replays its spend through the real budgets and compares the alerts. `evaluate` happens at
 * each spend, as it does within two seconds in the running stack.
 * @throws ConfigError with every problem of the file.
 */
export function runBudgetTest(text: string, file: string): BudgetTestResult {
  const data = checkSource({ text, file, schema: budgetTestSchema, sources: { env: {} } });
  const events = data.spend
    .map(({ at, usd, of }) => ({
      atMs: at,
      picoUsd: parsePicoUsd(usd) as bigint,
      values: of as Readonly<Record<string, string>>,
    }))
    .sort((a, b) => a.atMs - b.atMs);
  const fired = replay(toBudgets(data.budgets.map(toBudgetConfig)), events);
  const wanted = data.alerts.map((alert) =>
    describeAlert(alert.at, alert.budget, alert.threshold, alert.of as Record<string, string>),
  );
  const missing = without(wanted, fired);
  const unexpected = without(fired, wanted);
  return { passed: missing.length === 0 && unexpected.length === 0, fired, missing, unexpected };
}
