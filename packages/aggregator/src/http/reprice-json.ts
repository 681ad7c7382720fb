import type { ModelFigures, RangeFigures, RepriceResult, RepriceSummary } from '@costel/store';
import { toIso } from './cost-json.js';

/** What a range and each of its models have alike. */
function countsJson(figures: Omit<ModelFigures, 'provider' | 'model'>) {
  return {
    calls: figures.calls,
    changed_calls: figures.changedCalls,
    before_usd: figures.beforeUsd,
    after_usd: figures.afterUsd,
    unpriced_before: figures.unpricedBefore,
    unpriced_after: figures.unpricedAfter,
  };
}

function modelJson(figures: ModelFigures): object {
  return {
    provider: figures.provider,
    model: figures.model,
    ...countsJson(figures),
  };
}

/** What a re-pricing changes, or has changed, in the names of the API and of `costel reprice --json`. */
export function repriceJson(
  figures: RangeFigures,
  range: { readonly fromMs: number; readonly toMs: number },
  applied?: Pick<RepriceResult, 'reprice'>,
): object {
  return {
    from: toIso(range.fromMs),
    to: toIso(range.toMs),
    applied: applied !== undefined,
    reprice: applied === undefined ? null : applied.reprice.toString(),
    currency: 'USD',
    ...countsJson(figures),
    models: figures.models.map(modelJson),
  };
}

/** One row of the audit. */
export function repriceSummaryJson(summary: RepriceSummary): object {
  return {
    reprice: summary.reprice.toString(),
    state: summary.state,
    cause: summary.cause,
    from: toIso(summary.range.fromMs),
    to: toIso(summary.range.toMs),
    changed_calls: summary.changedCalls,
    before_usd: summary.beforeUsd,
    after_usd: summary.afterUsd,
    written_at: summary.writtenAt.toISOString(),
  };
}
