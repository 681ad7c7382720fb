import { createHash } from 'node:crypto';

import { BudgetError } from './error.js';
import { isTimeZone } from './time-zone.js';

/** A calendar window: local midnight to local midnight; weeks begin on Monday, months on the 1st. */
export type BudgetWindow = 'day' | 'week' | 'month';

/** Every `BudgetWindow`. */
export const BUDGET_WINDOWS: readonly BudgetWindow[] = ['day', 'week', 'month'];

/** The dimensions a budget can be about, besides `tag.NAME`. */
export const BUDGET_DIMENSIONS = [
  'provider',
  'model',
  'operation',
  'service',
  'environment',
  'feature',
  'user',
  'customer',
  'team',
  'project',
  'agent',
  'conversation',
] as const;

/** Percent of the limit at which a budget alerts unless told otherwise. */
export const DEFAULT_THRESHOLDS_PERCENT: readonly number[] = [50, 75, 90, 100];

/** Lower quantiles of a forecast that a breach can be demanded of: 0.5 is "more likely than not". */
export const FORECAST_CONFIDENCES = [0.5, 0.75, 0.9, 0.975] as const;

/** How sure the forecast must be before it alerts. */
export type ForecastConfidence = (typeof FORECAST_CONFIDENCES)[number];

/** Which spend counts: each dimension named must have one of the values. No filter: everything. */
export type BudgetFilters = Readonly<Record<string, readonly string[]>>;

/** What `createBudget` takes; the caller has parsed it from configuration. */
export interface BudgetOptions {
  readonly name: string;
  /** Identity across renames. Default: the name. */
  readonly id?: string;
  readonly filters?: BudgetFilters;
  /** Dimensions whose every combination of values has the whole limit for itself. Default: none, one limit for all. */
  readonly groupBy?: readonly string[];
  /** Picodollars (1 USD = 10^12), > 0. */
  readonly limitPicoUsd: bigint;
  readonly window: BudgetWindow;
  /** IANA name. Default: `UTC`. */
  readonly timeZone?: string;
  /** Percent of the limit, > 0, at most 1000, at most two decimals. Default: 50, 75, 90, 100. */
  readonly thresholdsPercent?: readonly number[];
  /** How sure a forecasted breach must be before it alerts; `null` for never. Default: 0.75. */
  readonly forecastConfidence?: ForecastConfidence | null;
}

/** A limit on spend in a calendar window; made by `createBudget`. */
export interface Budget {
  readonly id: string;
  /**
   * A digest of what decides: limit, window, time zone, filters and grouping. Editing one of them asks the question
   * anew, so thresholds that are crossed under the new definition fire once more; editing name or thresholds does not.
   */
  readonly revision: string;
  readonly name: string;
  readonly filters: BudgetFilters;
  readonly groupBy: readonly string[];
  /** Picodollars (1 USD = 10^12), > 0. */
  readonly limitPicoUsd: bigint;
  readonly window: BudgetWindow;
  /** IANA name. */
  readonly timeZone: string;
  /** Percent of the limit, ascending, distinct. */
  readonly thresholdsPercent: readonly number[];
  readonly forecastConfidence: ForecastConfidence | null;
}

/** The first 128 bits of the SHA-256 of a list of strings, in hex: no two lists share one. */
export function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function checkDimension(budgetName: string, dimension: string): void {
  if (/^tag\.[^\s]+$/.test(dimension) || BUDGET_DIMENSIONS.some((known) => known === dimension)) return;
  throw new BudgetError(
    'budget_scope_invalid',
    `budget "${budgetName}": unknown dimension "${dimension}"; use one of ${BUDGET_DIMENSIONS.join(', ')} or tag.NAME`,
  );
}

function normaliseFilters(budgetName: string, filters: BudgetFilters): BudgetFilters {
  const entries = Object.entries(filters).map(([dimension, values]): [string, readonly string[]] => {
    checkDimension(budgetName, dimension);
    if (values.length === 0) {
      throw new BudgetError(
        'budget_scope_invalid',
        `budget "${budgetName}": filter "${dimension}" has no value, so nothing would count; name at least one`,
      );
    }
    return [dimension, [...new Set(values)].sort(compareText)];
  });
  return Object.fromEntries(entries.sort(([left], [right]) => compareText(left, right)));
}

function normaliseGroupBy(budgetName: string, groupBy: readonly string[]): readonly string[] {
  for (const dimension of groupBy) checkDimension(budgetName, dimension);
  return [...new Set(groupBy)].sort(compareText);
}

function normaliseThresholds(budgetName: string, thresholdsPercent: readonly number[]): readonly number[] {
  for (const percent of thresholdsPercent) {
    const isWholeBasisPoints = Number.isFinite(percent) && Math.round(percent * 100) / 100 === percent;
    if (!isWholeBasisPoints || percent <= 0 || percent > 1000) {
      throw new BudgetError(
        'budget_threshold_invalid',
        `budget "${budgetName}": threshold ${percent} must be > 0 and <= 1000 percent with at most two decimals`,
      );
    }
  }
  return [...new Set(thresholdsPercent)].sort((left, right) => left - right);
}

/** A budget from its definition, normalised: equal definitions give equal revisions whatever the order of their parts. */
export function createBudget(options: BudgetOptions): Budget {
  const name = options.name.trim();
  if (name === '') throw new BudgetError('budget_name_invalid', 'budget name "" must not be empty');
  if (options.limitPicoUsd <= 0n) {
    throw new BudgetError(
      'budget_limit_invalid',
      `budget "${name}": limit ${options.limitPicoUsd} picodollars must be > 0`,
    );
  }
  if (!BUDGET_WINDOWS.includes(options.window)) {
    throw new BudgetError(
      'budget_window_invalid',
      `budget "${name}": window "${options.window}" must be day, week or month`,
    );
  }
  const timeZone = options.timeZone ?? 'UTC';
  if (!isTimeZone(timeZone)) {
    throw new BudgetError(
      'budget_time_zone_invalid',
      `budget "${name}": time zone "${timeZone}" is not an IANA name such as Europe/Berlin or UTC`,
    );
  }
  const forecastConfidence = options.forecastConfidence === undefined ? 0.75 : options.forecastConfidence;
  if (forecastConfidence !== null && !FORECAST_CONFIDENCES.includes(forecastConfidence)) {
    throw new BudgetError(
      'budget_confidence_invalid',
      `budget "${name}": forecast confidence ${String(forecastConfidence)} must be one of ${FORECAST_CONFIDENCES.join(', ')} or null`,
    );
  }
  const filters = normaliseFilters(name, options.filters ?? {});
  const groupBy = normaliseGroupBy(name, options.groupBy ?? []);
  return {
    id: options.id ?? name,
    revision: digest([
      options.limitPicoUsd.toString(),
      options.window,
      timeZone,
      JSON.stringify(filters),
      JSON.stringify(groupBy),
    ]).slice(0, 12),
    name,
    filters,
    groupBy,
    limitPicoUsd: options.limitPicoUsd,
    window: options.window,
    timeZone,
    thresholdsPercent: normaliseThresholds(name, options.thresholdsPercent ?? DEFAULT_THRESHOLDS_PERCENT),
    forecastConfidence,
  };
}
