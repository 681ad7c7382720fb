import { picoUsd, type PicoUsd } from '@costel/pricing';
import {
  ATTR_GEN_AI_TOKEN_TYPE,
  CONVENTIONS,
  DEFAULT_CONVENTIONS_VERSION,
  DURATION_BOUNDARIES_SECONDS,
  TOKEN_USAGE_BOUNDARIES,
  type TokenMetricForm,
} from '@costel/semconv';
import type { Attributes, HrTime } from '@opentelemetry/api';
import type { InstrumentationOptions } from '../config.js';
import { INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION } from '../version.js';
import type { CallMeter } from './call-meter.js';
import type { CallOutcome } from './call-outcome.js';
import { CallPoints, type Count, type HistogramPoint, type Variants } from './call-points.js';
import { MAX_SERIES, OVERFLOW_LABELS } from './cost-totals.js';
import type { LabelLimiter } from './label-limiter.js';
import { LabelSets, type MetricSubject } from './label-sets.js';
import * as descriptions from './metric-descriptions.js';
import {
  DATA_POINT_TYPE,
  TEMPORALITY,
  VALUE_TYPE_DOUBLE,
  type EmptyResource,
  type ProducedHistogram,
  type ProducedMetric,
  type ProducedMetrics,
  type ProducedPoint,
} from './produced-metrics.js';
import { tokenSums, usdEstimate } from './span-attributes.js';
import type { Hook } from './trouble.js';

const BOUNDARIES = { tokens: TOKEN_USAGE_BOUNDARIES, seconds: DURATION_BOUNDARIES_SECONDS };

const EMPTY_RESOURCE: EmptyResource = {
  attributes: {},
  merge: (other) => other ?? (EMPTY_RESOURCE as never),
  getRawAttributes: () => [],
};

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}

/** A point to be: labels and value; the times are those of the collection. */
interface Labelled<Value> {
  readonly labels: Attributes;
  readonly value: Value;
}

/** What the producer does. */
export interface MetricProducerOptions {
  /** `delta` for back ends that want what came since the last export. Default `cumulative`. */
  readonly temporality?: 'cumulative' | 'delta';
}

/**
 * Keeps the metrics of calls itself and hands them to a metric reader when that collects: a call then costs additions,
 * where four points on instruments cost the joining and hashing of their labels, most of what a call costs at all. Views
 * and exemplars of the meter provider do not apply.
 *
 * ```ts
 * const metricProducer = new CostelMetricProducer();
 * new PeriodicExportingMetricReader({ exporter, metricProducers: [metricProducer] });
 * llmInstrumentations({ metricProducer });
 * ```
 */
export class CostelMetricProducer {
  readonly #isDelta: boolean;
  readonly #points = new Map<string, CallPoints>();
  readonly #overflow = new CallPoints(OVERFLOW_LABELS, BOUNDARIES);
  readonly #errors = new Map<Hook, number>();
  #tokenForm: TokenMetricForm = CONVENTIONS[DEFAULT_CONVENTIONS_VERSION].tokenMetric;
  #since = Date.now();

  constructor({ temporality = 'cumulative' }: MetricProducerOptions = {}) {
    this.#isDelta = temporality === 'delta';
  }

  /** What the instrumentation records on; for its own use. */
  meterOf(options: InstrumentationOptions, limiter: LabelLimiter): CallMeter {
    this.#tokenForm = CONVENTIONS[options.conventions].tokenMetric;
    const labelSets = new LabelSets(options, limiter, (labels) => this.#pointsOf(labels));
    return {
      recordCall: (subject, outcome) => {
        recordCall(labelSets, subject, outcome);
      },
      recordCost: (subject: MetricSubject, cost: PicoUsd) => {
        labelSets.of(subject, undefined).cell.picoUsd += cost;
      },
      recordTrouble: (hook) => {
        this.#errors.set(hook, (this.#errors.get(hook) ?? 0) + 1);
      },
    };
  }

  /** Called by the metric reader. */
  collect(): Promise<ProducedMetrics> {
    const now = Date.now();
    const metrics = this.#metrics(hrTime(this.#since), hrTime(now));
    if (this.#isDelta) {
      this.#since = now;
      for (const points of this.#all()) points.reset();
      this.#errors.clear();
    }
    const scope = { name: INSTRUMENTATION_NAME, version: INSTRUMENTATION_VERSION };
    return Promise.resolve({
      resourceMetrics: { resource: EMPTY_RESOURCE, scopeMetrics: metrics.length === 0 ? [] : [{ scope, metrics }] },
      errors: [],
    });
  }

  #pointsOf(labels: Attributes): CallPoints {
    const key = JSON.stringify(labels);
    let points = this.#points.get(key);
    if (points === undefined) {
      if (this.#points.size >= MAX_SERIES) return this.#overflow;
      points = new CallPoints(labels, BOUNDARIES);
      this.#points.set(key, points);
    }
    return points;
  }

  #all(): readonly CallPoints[] {
    return [...this.#points.values(), this.#overflow];
  }

  #metrics(startTime: HrTime, endTime: HrTime): ProducedMetric[] {
    const aggregationTemporality = this.#isDelta ? TEMPORALITY.delta : TEMPORALITY.cumulative;
    const header = (description: descriptions.MetricDescription) => ({
      descriptor: { ...description, valueType: VALUE_TYPE_DOUBLE } as const,
      aggregationTemporality,
    });
    const timed = <Value>(points: readonly Labelled<Value>[]): ProducedPoint<Value>[] =>
      points.map(({ labels, value }) => ({ startTime, endTime, attributes: labels, value }));
    const metrics: ProducedMetric[] = [];
    const histogram = (description: descriptions.MetricDescription, points: readonly Labelled<ProducedHistogram>[]) => {
      if (points.length > 0)
        metrics.push({ ...header(description), dataPointType: DATA_POINT_TYPE.histogram, dataPoints: timed(points) });
    };
    const sum = (description: descriptions.MetricDescription, points: readonly Labelled<number>[]) => {
      if (points.length > 0)
        metrics.push({
          ...header(description),
          dataPointType: DATA_POINT_TYPE.sum,
          isMonotonic: true,
          dataPoints: timed(points),
        });
    };
    const all = this.#all();
    if (this.#tokenForm.kind === 'histogram') {
      histogram(descriptions.tokenDescription(this.#tokenForm.name), all.flatMap(tokenPoints));
    } else {
      sum(descriptions.tokenDescription(this.#tokenForm.inputName), sumsOf(all, 'inputTokens'));
      sum(descriptions.tokenDescription(this.#tokenForm.outputName), sumsOf(all, 'outputTokens'));
    }
    histogram(
      descriptions.DURATION,
      all.flatMap(({ labels, duration, durationOfErrors }) => [
        ...filled(labels, duration),
        ...variantsOf(durationOfErrors, (point) => point.value()),
      ]),
    );
    histogram(
      descriptions.TIME_TO_FIRST_CHUNK,
      all.flatMap(({ labels, timeToFirstChunk }) => filled(labels, timeToFirstChunk)),
    );
    sum(
      descriptions.COST,
      all.flatMap(({ labels, picoUsd: cost }) => (cost > 0n ? [{ labels, value: usdEstimate(picoUsd(cost)) }] : [])),
    );
    sum(
      descriptions.INEXACT_CALLS,
      all.flatMap(({ inexact }) => variantsOf(inexact, ({ value }: Count) => value)),
    );
    sum(
      descriptions.ERRORS,
      [...this.#errors].map(([hook, value]) => ({ labels: { hook }, value })),
    );
    return metrics;
  }
}

function recordCall(labelSets: LabelSets<CallPoints>, subject: MetricSubject, outcome: CallOutcome): void {
  const { reading } = outcome;
  const points = labelSets.of(subject, reading.responseModel).cell;
  if (reading.quality !== 'missing') {
    const { input, output } = tokenSums(reading.usage);
    points.inputTokens.record(input);
    if (subject.operation !== 'embeddings') points.outputTokens.record(output);
  }
  points.add(outcome);
}

function filled(labels: Attributes, point: HistogramPoint): Labelled<ProducedHistogram>[] {
  return point.isEmpty ? [] : [{ labels, value: point.value() }];
}

function tokenPoints({ labels, inputTokens, outputTokens }: CallPoints): Labelled<ProducedHistogram>[] {
  return [
    ...filled({ ...labels, [ATTR_GEN_AI_TOKEN_TYPE]: 'input' }, inputTokens),
    ...filled({ ...labels, [ATTR_GEN_AI_TOKEN_TYPE]: 'output' }, outputTokens),
  ];
}

function sumsOf(all: readonly CallPoints[], side: 'inputTokens' | 'outputTokens'): Labelled<number>[] {
  return all.flatMap((points) =>
    points[side].isEmpty ? [] : [{ labels: points.labels, value: points[side].value().sum }],
  );
}

function variantsOf<Point, Value>(variants: Variants<Point>, valueOf: (point: Point) => Value): Labelled<Value>[] {
  return [...variants.values()].map(({ labels, point }) => ({ labels, value: valueOf(point) }));
}
