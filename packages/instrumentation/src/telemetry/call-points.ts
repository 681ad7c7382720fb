import { ATTR_COSTEL_COST_STATUS, ATTR_COSTEL_USAGE_QUALITY, ATTR_ERROR_TYPE } from '@costel/semconv';
import type { Attributes } from '@opentelemetry/api';
import { isExact } from './call-meter.js';
import type { CallOutcome } from './call-outcome.js';
import type { ProducedHistogram } from './produced-metrics.js';

/** Counts values by explicit boundaries, upper bounds inclusive as OpenTelemetry has them. */
export class HistogramPoint {
  readonly #boundaries: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(boundaries: readonly number[]) {
    this.#boundaries = boundaries;
    this.#counts = Array.from({ length: boundaries.length + 1 }, () => 0);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  record(value: number): void {
    let low = 0;
    let high = this.#boundaries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (this.#boundaries[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
    this.#count += 1;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  value(): ProducedHistogram {
    return {
      buckets: { boundaries: [...this.#boundaries], counts: [...this.#counts] },
      sum: this.#sum,
      count: this.#count,
      min: this.#min,
      max: this.#max,
    };
  }

  reset(): void {
    this.#counts.fill(0);
    this.#sum = 0;
    this.#count = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }
}

/** Values that some calls of a series have besides its labels: an error's type, why a cost is not exact. */
export type Variants<Point> = Map<string, { readonly labels: Attributes; readonly point: Point }>;

/** The bounds of the two kinds of histograms. */
export interface Boundaries {
  readonly tokens: readonly number[];
  readonly seconds: readonly number[];
}

/** A running count; an object, so that a variant can be one. */
export interface Count {
  value: number;
}

/** Everything that is kept of the calls with one set of labels. */
export class CallPoints {
  readonly labels: Attributes;
  readonly inputTokens: HistogramPoint;
  readonly outputTokens: HistogramPoint;
  readonly duration: HistogramPoint;
  readonly durationOfErrors: Variants<HistogramPoint> = new Map();
  readonly timeToFirstChunk: HistogramPoint;
  readonly inexact: Variants<Count> = new Map();
  picoUsd = 0n;
  readonly #boundaries: Boundaries;

  constructor(labels: Attributes, boundaries: Boundaries) {
    this.labels = labels;
    this.#boundaries = boundaries;
    this.inputTokens = new HistogramPoint(boundaries.tokens);
    this.outputTokens = new HistogramPoint(boundaries.tokens);
    this.duration = new HistogramPoint(boundaries.seconds);
    this.timeToFirstChunk = new HistogramPoint(boundaries.seconds);
  }

  /** Adds one call; token counts come apart, because embeddings have no output. */
  add(outcome: CallOutcome): void {
    const { price, errorType, timeToFirstChunkSeconds } = outcome;
    if (price.costPicoUsd !== undefined) this.picoUsd += price.costPicoUsd;
    if (!isExact(outcome)) this.#addInexact(outcome);
    if (timeToFirstChunkSeconds !== undefined) this.timeToFirstChunk.record(timeToFirstChunkSeconds);
    const duration = errorType === undefined ? this.duration : this.#durationOf(errorType);
    duration.record(outcome.durationSeconds);
  }

  /** Forgets what was exported, where exports say what came since the last one. */
  reset(): void {
    this.picoUsd = 0n;
    for (const point of [this.inputTokens, this.outputTokens, this.duration, this.timeToFirstChunk]) point.reset();
    this.durationOfErrors.clear();
    this.inexact.clear();
  }

  #addInexact({ price, reading }: CallOutcome): void {
    const labels = { [ATTR_COSTEL_COST_STATUS]: price.status, [ATTR_COSTEL_USAGE_QUALITY]: reading.quality };
    const variant = variantOf(this.inexact, `${price.status} ${reading.quality}`, () => ({
      labels: { ...this.labels, ...labels },
      point: { value: 0 },
    }));
    variant.value += 1;
  }

  #durationOf(errorType: string): HistogramPoint {
    return variantOf(this.durationOfErrors, errorType, () => ({
      labels: { ...this.labels, [ATTR_ERROR_TYPE]: errorType },
      point: new HistogramPoint(this.#boundaries.seconds),
    }));
  }
}

/** Classes of errors are few; should they not be, the rest goes under the last of them. */
const MAX_VARIANTS = 50;

function variantOf<Point>(
  variants: Variants<Point>,
  key: string,
  make: () => { readonly labels: Attributes; readonly point: Point },
): Point {
  const known = variants.get(key);
  if (known !== undefined) return known.point;
  if (variants.size >= MAX_VARIANTS) {
    const last = [...variants.values()].at(-1);
    if (last !== undefined) return last.point;
  }
  const made = make();
  variants.set(key, made);
  return made.point;
}
