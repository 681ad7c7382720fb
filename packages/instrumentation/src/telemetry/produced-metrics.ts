import type { Attributes, HrTime } from '@opentelemetry/api';

/*
 * What a metric producer hands to a metric reader, as OpenTelemetry's SDK for metrics defines it. Written down here,
 * for the instrumentation depends on no SDK; @costel/node, which does, is compiled against both.
 */

/** `AggregationTemporality` of the SDK. */
export const TEMPORALITY = { delta: 0, cumulative: 1 } as const;

/** `DataPointType` of the SDK. */
export const DATA_POINT_TYPE = { histogram: 0, sum: 3 } as const;

/** `ValueType.DOUBLE` of the API. */
export const VALUE_TYPE_DOUBLE = 1;

interface MetricHeader {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly valueType: typeof VALUE_TYPE_DOUBLE;
  };
  readonly aggregationTemporality: (typeof TEMPORALITY)[keyof typeof TEMPORALITY];
}

/** One value under one set of labels, from when to when. */
export interface ProducedPoint<Value> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: Value;
}

/** A histogram with explicit boundaries: `counts` has one element more than `boundaries`. */
export interface ProducedHistogram {
  readonly buckets: { boundaries: number[]; counts: number[] };
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
}

/** One metric with all its points. */
export type ProducedMetric =
  | (MetricHeader & {
      readonly dataPointType: typeof DATA_POINT_TYPE.histogram;
      readonly dataPoints: ProducedPoint<ProducedHistogram>[];
    })
  | (MetricHeader & {
      readonly dataPointType: typeof DATA_POINT_TYPE.sum;
      readonly isMonotonic: true;
      readonly dataPoints: ProducedPoint<number>[];
    });

/** A resource that adds nothing: readers take the one of their own provider. */
export interface EmptyResource {
  readonly attributes: Attributes;
  merge<Other>(other: Other | null): Other;
  getRawAttributes(): never[];
}

/** The answer to a reader. */
export interface ProducedMetrics {
  readonly resourceMetrics: {
    readonly resource: EmptyResource;
    readonly scopeMetrics: {
      readonly scope: { readonly name: string; readonly version: string };
      readonly metrics: ProducedMetric[];
    }[];
  };
  readonly errors: unknown[];
}
