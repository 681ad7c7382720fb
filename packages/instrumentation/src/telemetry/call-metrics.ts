import type { PicoUsd } from '@costel/pricing';
import {
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_USAGE_QUALITY,
  ATTR_ERROR_TYPE,
  CONVENTIONS,
  DURATION_BOUNDARIES_SECONDS,
  METRIC_COSTEL_INEXACT_CALLS,
  METRIC_COSTEL_INSTRUMENTATION_ERRORS,
  METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
  METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
  TOKEN_USAGE_BOUNDARIES,
  type TokenMetricForm,
} from '@costel/semconv';
import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import type { InstrumentationOptions } from '../config.js';
import type { CallOutcome } from './call-outcome.js';
import { costTotalsOf } from './cost-totals.js';
import type { LabelLimiter } from './label-limiter.js';
import { LabelSets, type LabelSet, type MetricSubject } from './label-sets.js';
import { tokenSums } from './span-attributes.js';
import type { Hook } from './trouble.js';

/** Records the tokens of a call; embeddings have no output. */
type TokenRecorder = (input: number, output: number | undefined, labels: LabelSet) => void;

/** The instruments of one meter, and how a call's outcome becomes points on them. */
export class CallMetrics {
  readonly #labelSets: LabelSets;
  readonly #recordTokens: TokenRecorder;
  readonly #duration: Histogram;
  readonly #timeToFirstChunk: Histogram;
  readonly #inexactCalls: Counter;
  readonly #errors: Counter;

  constructor(meter: Meter, options: InstrumentationOptions, limiter: LabelLimiter) {
    this.#labelSets = new LabelSets(options, limiter, costTotalsOf(meter));
    this.#recordTokens = tokenRecorder(meter, CONVENTIONS[options.conventions].tokenMetric);
    this.#duration = durationHistogram(meter, METRIC_GEN_AI_CLIENT_OPERATION_DURATION, 'Duration of a call.');
    this.#timeToFirstChunk = durationHistogram(
      meter,
      METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
      'Time from the request to the first chunk of a streamed answer.',
    );
    this.#inexactCalls = meter.createCounter(METRIC_COSTEL_INEXACT_CALLS, {
      unit: '{call}',
      description: 'Calls without an exact cost: unpriced, or with usage that is estimated, missing or inconsistent.',
    });
    this.#errors = meter.createCounter(METRIC_COSTEL_INSTRUMENTATION_ERRORS, {
      unit: '{error}',
      description: 'Trouble inside the instrumentation, by hook; calls are not affected.',
    });
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
    if (price.costPicoUsd !== undefined) labelSet.cost.picoUsd += price.costPicoUsd;
    const isExact = (price.status === 'priced' && reading.quality === 'reported') || price.status === 'not_billable';
    if (!isExact) {
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
    this.#labelSets.of(subject, undefined).cost.picoUsd += cost;
  }

  /** Counts trouble inside the instrumentation. */
  recordTrouble(hook: Hook): void {
    this.#errors.add(1, { hook });
  }
}

function durationHistogram(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    unit: 's',
    description,
    advice: { explicitBucketBoundaries: [...DURATION_BOUNDARIES_SECONDS] },
  });
}

function tokenRecorder(meter: Meter, form: TokenMetricForm): TokenRecorder {
  if (form.kind === 'counters') {
    const inputCounter = meter.createCounter(form.inputName, { unit: '{token}', description: 'Input tokens.' });
    const outputCounter = meter.createCounter(form.outputName, { unit: '{token}', description: 'Output tokens.' });
    return (input, output, labels) => {
      inputCounter.add(input, labels.all);
      if (output !== undefined) outputCounter.add(output, labels.all);
    };
  }
  const histogram = meter.createHistogram(form.name, {
    unit: '{token}',
    description: 'Input and output tokens of a call.',
    advice: { explicitBucketBoundaries: [...TOKEN_USAGE_BOUNDARIES] },
  });
  return (input, output, labels) => {
    histogram.record(input, labels.input);
    if (output !== undefined) histogram.record(output, labels.output);
  };
}
