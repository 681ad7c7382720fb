import { digest, type Budget } from './budget.js';
import type { Period } from './period.js';

/** What a crossing is about: spend that happened, or spend that a forecast expects. */
export type CrossingKind = 'budget_threshold' | 'budget_forecast';

/** How loud a crossing is: `critical` from 100 % of spend on, `warning` below and for forecasts. */
export type CrossingSeverity = 'warning' | 'critical';

/** Which group of a `groupBy` budget it is about, e.g. `{ feature: 'search' }`; `{}` without grouping. */
export type ScopeValue = Readonly<Record<string, string>>;

/** What was spent in one period within one budget's scope. */
export interface BudgetSpend {
  readonly period: Period;
  readonly scopeValue: ScopeValue;
  /** Picodollars (1 USD = 10^12), derived from the ledger for exactly this period. */
  readonly spentPicoUsd: bigint;
  /**
   * What calls without a known price are assumed to have cost at most, in picodollars: it is in no sum of what was spent,
   * and counts towards thresholds. Absent or 0 without a ceiling price.
   */
  readonly assumedPicoUsd?: bigint;
}

/** What a budget holds against its limit: $7 spent and $1 assumed for calls without a price are $8. */
export function countedPicoUsd({ spentPicoUsd, assumedPicoUsd = 0n }: BudgetSpend): bigint {
  return spentPicoUsd + assumedPicoUsd;
}

/** A threshold that the spend of a period has reached; the outbox makes one alert of each distinct `key`. */
export interface Crossing {
  /** Digest of (budget id, budget revision, scope value, period start, threshold, kind), 32 hex digits. */
  readonly key: string;
  readonly kind: CrossingKind;
  readonly severity: CrossingSeverity;
  readonly budgetId: string;
  readonly budgetRevision: string;
  readonly budgetName: string;
  readonly scopeValue: ScopeValue;
  readonly period: Period;
  /** Percent of the limit. */
  readonly thresholdPercent: number;
  /** Picodollars. */
  readonly spentPicoUsd: bigint;
  /** Picodollars; see `BudgetSpend.assumedPicoUsd`. */
  readonly assumedPicoUsd: bigint;
  /** Picodollars. */
  readonly limitPicoUsd: bigint;
  /** The period was over when this was noticed: data came late. */
  readonly isLate: boolean;
}

/** Evaluation follows spend by seconds, so a crossing just after the end of a period is not yet late data; ms. */
export const LATE_AFTER_PERIOD_END_MS = 5 * 60_000;

/** Names a scope value, e.g. `feature=search,user=ann`; empty for everything. Sorted, escaped, so that equal means same. */
export function formatScopeValue(scopeValue: ScopeValue): string {
  return Object.entries(scopeValue)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([dimension, value]) => `${dimension}=${value.replaceAll(/[\\,=]/g, (character) => `\\${character}`)}`)
    .join(',');
}

/** What identifies one alert of one budget. */
export interface CrossingIdentity {
  readonly budget: Pick<Budget, 'id' | 'revision'>;
  readonly scopeValue: ScopeValue;
  readonly period: Period;
  readonly thresholdPercent: number;
  readonly kind: CrossingKind;
}

/** The outbox key of a crossing: the same question about the same money has the same key, in every process, for ever. */
export function crossingKey(identity: CrossingIdentity): string {
  return digest([
    identity.budget.id,
    identity.budget.revision,
    formatScopeValue(identity.scopeValue),
    new Date(identity.period.startMs).toISOString(),
    String(identity.thresholdPercent),
    identity.kind,
  ]);
}

/**
 * Whether `spentPicoUsd` has reached `percent` of the limit; exact. A limit of 1 picodollar has its 50 % at 1, for half
 * of it cannot be spent: 1·100·100 ≥ 1·5000, and 0 is not.
 */
export function hasReached(spentPicoUsd: bigint, limitPicoUsd: bigint, percent: number): boolean {
  return spentPicoUsd * 10_000n >= limitPicoUsd * BigInt(Math.round(percent * 100));
}

function makeCrossing(
  budget: Budget,
  spend: BudgetSpend,
  about: Pick<Crossing, 'kind' | 'severity' | 'thresholdPercent' | 'isLate'>,
): Crossing {
  return {
    ...about,
    key: crossingKey({ budget, ...spend, thresholdPercent: about.thresholdPercent, kind: about.kind }),
    budgetId: budget.id,
    budgetRevision: budget.revision,
    budgetName: budget.name,
    scopeValue: spend.scopeValue,
    period: spend.period,
    spentPicoUsd: spend.spentPicoUsd,
    assumedPicoUsd: spend.assumedPicoUsd ?? 0n,
    limitPicoUsd: budget.limitPicoUsd,
  };
}

/**
 * Every threshold that the spend has reached, lowest first. Stateless: a crossing comes back at each evaluation, and its
 * key makes the outbox tell it once. $7.60 of a $10 limit gives 50 and 75.
 *
 * @param atMs now, ms since 1970; decides only `isLate`.
 */
export function evaluateBudget(budget: Budget, spend: BudgetSpend, atMs: number): readonly Crossing[] {
  const isLate = atMs >= spend.period.endMs + LATE_AFTER_PERIOD_END_MS;
  return budget.thresholdsPercent
    .filter((percent) => hasReached(countedPicoUsd(spend), budget.limitPicoUsd, percent))
    .map((thresholdPercent) =>
      makeCrossing(budget, spend, {
        kind: 'budget_threshold',
        severity: thresholdPercent >= 100 ? 'critical' : 'warning',
        thresholdPercent,
        isLate,
      }),
    );
}

/** What the whole period is expected to cost, in USD; estimates, so floats. */
export interface PeriodForecast {
  /** Quantiles of the period's total by probability, e.g. `{ '0.25': 80, '0.5': 95 }`; spend to date included. */
  readonly totalQuantilesEstimateUsd: Readonly<Record<string, number>>;
}

/** The quantile that must lie above the limit: a breach is then at least `confidence` probable. */
const QUANTILE_OF_CONFIDENCE = { 0.5: '0.5', 0.75: '0.25', 0.9: '0.1', 0.975: '0.025' } as const;

/**
 * A crossing when the forecast is sure enough that the period will exceed its limit, else `undefined`. It is silent
 * where the limit is already spent (that is a threshold's to say), once the period is over, and where the forecast has
 * no such quantile. Fires once a period, like a threshold.
 */
export function evaluateForecast(
  budget: Budget,
  spend: BudgetSpend,
  forecast: PeriodForecast,
  atMs: number,
): Crossing | undefined {
  if (budget.forecastConfidence === null || atMs >= spend.period.endMs) return undefined;
  if (hasReached(countedPicoUsd(spend), budget.limitPicoUsd, 100)) return undefined;
  const estimateUsd = forecast.totalQuantilesEstimateUsd[QUANTILE_OF_CONFIDENCE[budget.forecastConfidence]];
  if (estimateUsd === undefined || !(estimateUsd * 1e12 >= Number(budget.limitPicoUsd))) return undefined;
  return makeCrossing(budget, spend, {
    kind: 'budget_forecast',
    severity: 'warning',
    thresholdPercent: 100,
    isLate: false,
  });
}
