import type { UsageFigures } from '@costel/store';
import { toEstimateUsd } from '../http/cost-json.js';
import type { UnpricedModel } from '../reading/cost-reader.js';
import type { MetricFamily } from './prometheus.js';

/** Series of models without a price; what is beyond is in `costel_unpriced_models` alone. */
const MAX_MODEL_SERIES = 100;

/** Models without a price: how many, and the calls of each. */
export function unpricedMetrics(models: readonly UnpricedModel[]): MetricFamily[] {
  const ceilings = models.flatMap(({ ceilingPicoUsd }) =>
    ceilingPicoUsd === undefined ? [] : [toEstimateUsd(ceilingPicoUsd)],
  );
  return [
    {
      name: 'costel_unpriced_models',
      help: 'Combinations of provider, model, tier and region that were called within 7 days and have no price.',
      type: 'gauge',
      samples: [{ value: models.length }],
    },
    {
      name: 'costel_unpriced_ceiling_usd',
      help: 'What calls without a price within 7 days cost at most by the ceiling price; an estimate, in no sum. Absent without one.',
      type: 'gauge',
      samples:
        ceilings.length === models.length && models.length > 0
          ? [{ value: ceilings.reduce((sum, usd) => sum + usd, 0) }]
          : [],
    },
    {
      name: 'costel_unpriced_model_calls',
      help: 'Calls within 7 days of a model that has no price; their cost is in no sum. At most 100 series.',
      type: 'gauge',
      samples: models.slice(0, MAX_MODEL_SERIES).map(({ provider, model, serviceTier, region, reason, calls }) => ({
        labels: { provider, model, service_tier: serviceTier, region, reason },
        value: calls,
      })),
    },
  ];
}

/** How far the last hour's figures can be trusted. */
export function qualityMetrics(figures: UsageFigures | undefined): MetricFamily[] {
  if (figures === undefined) return [];
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  });
  return [
    {
      name: 'costel_inconsistent_usage_calls',
      help: 'Calls of the last hour whose usage contradicts itself, by reason: count_invalid is void, parts_exceed_total was cut.',
      type: 'gauge',
      samples: [
        { labels: { reason: 'count_invalid' }, value: figures.inconsistentCounts },
        { labels: { reason: 'parts_exceed_total' }, value: figures.inconsistentParts },
      ],
    },
    gauge(
      'costel_app_cost_compared_calls',
      'Calls of the last hour for which the application computed a cost too.',
      figures.appComparedCalls,
    ),
    gauge(
      'costel_app_cost_differing_calls',
      'Of them, calls whose cost the ledger computes otherwise: other price data, or overrides that the application lacks.',
      figures.appDifferingCalls,
    ),
    gauge(
      'costel_app_cost_difference_usd',
      'What these calls differ by, each without its sign, added up.',
      Number(figures.appDifferenceUsd),
    ),
  ];
}
