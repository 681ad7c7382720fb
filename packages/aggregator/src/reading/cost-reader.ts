import type { TimeRange } from '@costel/store';
import type { PicoUsd } from '@costel/pricing';
import type { Filters } from '../http/parameters.js';

/** The value of each dimension that figures were grouped by. */
export type GroupKey = Readonly<Record<string, string>>;

/** What calls cost and used. */
export interface CostFigures {
  readonly costPicoUsd: PicoUsd;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Calls whose price is not known: their cost is in no sum. */
  readonly unpricedCalls: number;
  /** Calls whose usage we estimated. */
  readonly estimatedCalls: number;
  /** Calls that ended in an error. */
  readonly errorCalls: number;
}

/** Figures of one combination of values. */
export interface CostGroup extends CostFigures {
  readonly key: GroupKey;
}

/** Figures in total and by group; the total is of all calls, also where groups were cut off. */
export interface CostReport {
  readonly total: CostFigures;
  /** Descending by cost. */
  readonly groups: readonly CostGroup[];
}

/** Figures of one combination of values in one step of time. */
export interface CostPoint extends CostGroup {
  readonly startMs: number;
}

/** Latency percentiles of one combination of values; null where no call was measured. */
export interface LatencyGroup {
  readonly key: GroupKey;
  readonly calls: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** Calls of one model that have no price, and why. */
export interface UnpricedModel {
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
  readonly region: string;
  /** An `UnpricedReason`, `too_many_models`, or `pending` while the price is looked up. */
  readonly reason: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What they cost at most by the ceiling price of the configuration: an estimate, in no sum; undefined without one. */
  readonly ceilingPicoUsd: PicoUsd | undefined;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** Which calls are meant. */
export interface CostQuery {
  readonly range: TimeRange;
  readonly groupBy: readonly string[];
  readonly filters: Filters;
}

/** What the API, the budgets and the forecast read of the ledger: published builds plus what is newer. */
export interface CostReader {
  readonly readCosts: (query: CostQuery) => Promise<CostReport>;
  readonly readSeries: (query: CostQuery & { readonly step: 'hour' | 'day' }) => Promise<readonly CostPoint[]>;
  /** The most expensive values of one dimension, at most `limit`; the total holds all of them. */
  readonly readTop: (query: CostQuery & { readonly limit: number }) => Promise<CostReport>;
  readonly readLatency: (query: CostQuery) => Promise<readonly LatencyGroup[]>;
  readonly readUnpriced: (range: TimeRange) => Promise<readonly UnpricedModel[]>;
}
