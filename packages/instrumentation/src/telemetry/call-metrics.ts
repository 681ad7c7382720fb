import type { PicoUsd } from '@costel/pricing';
import {
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_USAGE_QUALITY,
  ATTR_ERROR_TYPE,
  CONVENTIONS,
  DURATION_BOUNDARIES_SECONDS,
  TOKEN_USAGE_BOUNDARIES,
  type TokenMetricForm,
} from '@costel/semconv';
import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import type { InstrumentationOptions } from '../config.js';
import type { CallOutcome } from './call-outcome.js';
import { isExact, type CallMeter } from './call-meter.js';
import { costTotalsOf, type CostTotal } from './cost-totals.js';
import type { LabelLimiter } from './label-limiter.js';
import { LabelSets, type LabelSet, type MetricSubject } from './label-sets.js';
import {
  DURATION,
  ERRORS,
  INEXACT_CALLS,
  TIME_TO_FIRST_CHUNK,
  tokenDescription,
  type MetricDescription,
} from './metric-descriptions.js';
import { tokenSums } from './span-attributes.js';
import type { Hook } from './trouble.js';

/** Records the tokens of a call; embeddings have no output. */
type TokenRecorder = (input: number, output: number | undefined, labels: LabelSet<CostTotal>) => void;

/** The instruments of one OpenTelemetry meter, and how a call's outcome becomes points on them. */
export class CallMetrics implements CallMeter {
  readonly #labelSets: LabelSets<CostTotal>;
  readonly #recordTokens: TokenRecorder;
  readonly #duration: Histogram;
  readonly #timeToFirstChunk: Histogram;
  readonly #inexactCalls: Counter;
  readonly #errors: Counter;

  constructor(meter: Meter, options: InstrumentationOptions, limiter: LabelLimiter) {
    const costTotals = costTotalsOf(meter);
    this.#labelSets = new LabelSets(options, limiter, (labels) => costTotals.of(labels));
    this.#recordTokens = tokenRecorder(meter, CONVENTIONS[options.conventions].tokenMetric);
    this.#duration = durationHistogram(meter, DURATION);
    this.#timeToFirstChunk = durationHistogram(meter, TIME_TO_FIRST_CHUNK);
    this.#inexactCalls = meter.createCounter(INEXACT_CALLS.name, INEXACT_CALLS);
    this.#errors = meter.createCounter(ERRORS.name, ERRORS);
  }

  /** Records one finished call: two token counts, its duration, its cost, and what applies besides. */
  recordCall(subject: MetricSubject, outcome: CallOutcome): void {
    const { reading, price } = outcome;
    const labelSet = this.#labelSets.of(subject, reading.responseModel);
    const labels = labelSet.all;
    if (reading.quality !== 'missing') {
      const { input, output } = tokenSums(reading.usage);
      this.#recordTokens(input, subject.operation === 'embeddings' ? undefined : output, labelSet);
    }
    if (price.costPicoUsd !== undefined) labelSet.cell.picoUsd += price.costPicoUsd;
    if (!isExact(outcome)) {
      this.#inexactCalls.add(1, {
        ...labels,
        [ATTR_COSTEL_COST_STATUS]: price.status,
        [ATTR_COSTEL_USAGE_QUALITY]: reading.quality,
      });
    }
    if (outcome.timeToFirstChunkSeconds !== undefined)
      this.#timeToFirstChunk.record(outcome.timeToFirstChunkSeconds, labels);
    this.#duration.record(
      outcome.durationSeconds,
      outcome.errorType === undefined ? labels : { ...labels, [ATTR_ERROR_TYPE]: outcome.errorType },
    );
  }

  /** Adds money that was spent outside a call of an LLM SDK. */
  recordCost(subject: MetricSubject, cost: PicoUsd): void {
    this.#labelSets.of(subject, undefined).cell.picoUsd += cost;
  }

  /** Counts trouble inside the instrumentation. */
  recordTrouble(hook: Hook): void {
    this.#errors.add(1, { hook });
  }
}

function durationHistogram(meter: Meter, { name, unit, description }: MetricDescription): Histogram {
  const advice = { explicitBucketBoundaries: [...DURATION_BOUNDARIES_SECONDS] };
  return meter.createHistogram(name, { unit, description, advice });
}

function tokenRecorder(meter: Meter, form: TokenMetricForm): TokenRecorder {
  if (form.kind === 'counters') {
    const inputCounter = meter.createCounter(form.inputName, tokenDescription(form.inputName));
    const outputCounter = meter.createCounter(form.outputName, tokenDescription(form.outputName));
    return (input, output, labels) => {
      inputCounter.add(input, labels.all);
      if (output !== undefined) outputCounter.add(output, labels.all);
    };
  }
  const { unit, description } = tokenDescription(form.name);
  const advice = { explicitBucketBoundaries: [...TOKEN_USAGE_BOUNDARIES] };
  const histogram = meter.createHistogram(form.name, { unit, description, advice });
  return (input, output, labels) => {
    histogram.record(input, labels.input);
    if (output !== undefined) histogram.record(output, labels.output);
  };
}
