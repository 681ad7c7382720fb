import type { TimeRange } from '@costel/store';
import { formatPicoUsd, type PicoUsd } from '@costel/pricing';
import { subtractFigures, sumFigures } from '../reading/cost-figures.js';
import type {
  CostFigures,
  CostGroup,
  CostPoint,
  CostReport,
  LatencyGroup,
  UnpricedModel,
} from '../reading/cost-reader.js';

/** An instant as ISO 8601 UTC; whole seconds are written without milliseconds. */
export function toIso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** A range as the API writes it. */
export function rangeJson(range: TimeRange): { from: string; to: string } {
  return { from: toIso(range.fromMs), to: toIso(range.toMs) };
}

/** Figures as the API writes them: money as an exact decimal string. */
export function figuresJson(figures: CostFigures): object {
  return {
    cost_usd: formatPicoUsd(figures.costPicoUsd),
    calls: figures.calls,
    input_tokens: figures.inputTokens,
    output_tokens: figures.outputTokens,
    unpriced_calls: figures.unpricedCalls,
    estimated_calls: figures.estimatedCalls,
    error_calls: figures.errorCalls,
  };
}

/** Groups as the API writes them. */
export function groupsJson(groups: readonly CostGroup[]): object[] {
  return groups.map((group) => ({ key: group.key, ...figuresJson(group) }));
}

/** The dearest values of a dimension as the API writes them: what is in no group is one row, so the rows add up. */
export function topJson(range: TimeRange, dimension: string, { total, groups: top }: CostReport): object {
  const rest = subtractFigures(total, sumFigures(top));
  const groups = groupsJson(top);
  return {
    ...rangeJson(range),
    currency: 'USD',
    dimension,
    total: figuresJson(total),
    groups: rest.calls > 0 ? [...groups, { key: {}, rest: true, ...figuresJson(rest) }] : groups,
  };
}

/** Points as the API writes them. */
export function pointsJson(points: readonly CostPoint[]): object[] {
  return points.map((point) => ({ start: toIso(point.startMs), key: point.key, ...figuresJson(point) }));
}

/** Latency as the API writes it, in milliseconds; of rows that count as no call there is none. */
export function latenciesJson(groups: readonly LatencyGroup[]): object[] {
  return groups
    .filter(({ calls }) => calls > 0)
    .map(({ key, calls, p50Ms, p95Ms, p99Ms }) => ({ key, calls, p50_ms: p50Ms, p95_ms: p95Ms, p99_ms: p99Ms }));
}

/** A model without a price as the API writes it. */
export function unpricedJson(model: UnpricedModel): object {
  return {
    provider: model.provider,
    model: model.model,
    service_tier: model.serviceTier,
    region: model.region,
    reason: model.reason,
    calls: model.calls,
    input_tokens: model.inputTokens,
    output_tokens: model.outputTokens,
    ceiling_usd: model.ceilingPicoUsd === undefined ? null : formatPicoUsd(model.ceilingPicoUsd),
    first_seen: toIso(model.firstSeenMs),
    last_seen: toIso(model.lastSeenMs),
  };
}

/** Dollars as a decimal string of an estimate: twelve decimals would claim too much, so six. */
export function estimateUsd(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '');
}

/** Pico-dollars as a float, for estimates only. */
export function toEstimateUsd(amount: PicoUsd): number {
  return Number(amount) / 1e12;
}
