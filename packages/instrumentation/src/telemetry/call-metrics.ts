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
import { context, type Attributes, type Context, type Counter, type Histogram, type Meter } from '@opentelemetry/api';
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
import { waitingPointsOf, type CallThatEnded, type WaitingPoints } from './waiting-points.js';

/** Records the tokens of a call; embeddings have no output. */
type TokenRecorder = (input: number, output: number | undefined, labels: LabelSet<CostTotal>, endedIn: Context) => void;

/** What the points of calls are recorded on. */
interface Instruments {
  readonly recordTokens: TokenRecorder;
  readonly duration: Histogram;
  readonly timeToFirstChunk: Histogram;
  readonly inexactCalls: Counter;
}

/** The points of one call, apart from it. */
class EndedCall implements CallThatEnded {
  readonly #instruments: Instruments;
  readonly #labelSet: LabelSet<CostTotal>;
  /** The context in which the call ended: what views read, and exemplars say. */
  readonly #endedIn = context.active();
  readonly #inputTokens: number | undefined;
  readonly #outputTokens: number | undefined;
  readonly #durationSeconds: number;
  readonly #timeToFirstChunkSeconds: number | undefined;
  readonly #errorType: string | undefined;
  /** Why the cost is not exact. */
  readonly #inexact: Attributes | undefined;

  constructor(instruments: Instruments, labelSet: LabelSet<CostTotal>, operation: string, outcome: CallOutcome) {
    const { reading, price } = outcome;
    this.#instruments = instruments;
    this.#labelSet = labelSet;
    if (reading.quality !== 'missing') {
      const { input, output } = tokenSums(reading.usage);
      this.#inputTokens = input;
      this.#outputTokens = operation === 'embeddings' ? undefined : output;
    }
    this.#durationSeconds = outcome.durationSeconds;
    this.#timeToFirstChunkSeconds = outcome.timeToFirstChunkSeconds;
    this.#errorType = outcome.errorType;
    if (!isExact(outcome))
      this.#inexact = { [ATTR_COSTEL_COST_STATUS]: price.status, [ATTR_COSTEL_USAGE_QUALITY]: reading.quality };
  }

  recordPoints(): void {
    const { recordTokens, duration, timeToFirstChunk, inexactCalls } = this.#instruments;
    const labels = this.#labelSet.all;
    const endedIn = this.#endedIn;
    if (this.#inputTokens !== undefined) recordTokens(this.#inputTokens, this.#outputTokens, this.#labelSet, endedIn);
    if (this.#inexact !== undefined) inexactCalls.add(1, { ...labels, ...this.#inexact }, endedIn);
    if (this.#timeToFirstChunkSeconds !== undefined)
      timeToFirstChunk.record(this.#timeToFirstChunkSeconds, labels, endedIn);
    const durationLabels = this.#errorType === undefined ? labels : { ...labels, [ATTR_ERROR_TYPE]: this.#errorType };
    duration.record(this.#durationSeconds, durationLabels, endedIn);
  }
}

/** The instruments of one OpenTelemetry meter, and how a call's outcome becomes points on them. */
export class CallMetrics implements CallMeter {
  readonly #labelSets: LabelSets<CostTotal>;
  readonly #instruments: Instruments;
  readonly #errors: Counter;
  readonly #waiting: WaitingPoints;

  constructor(meter: Meter, options: InstrumentationOptions, limiter: LabelLimiter) {
    const costTotals = costTotalsOf(meter);
    this.#labelSets = new LabelSets(options, limiter, (labels) => costTotals.of(labels));
    this.#instruments = {
      recordTokens: tokenRecorder(meter, CONVENTIONS[options.conventions].tokenMetric),
      duration: durationHistogram(meter, DURATION),
      timeToFirstChunk: durationHistogram(meter, TIME_TO_FIRST_CHUNK),
      inexactCalls: meter.createCounter(INEXACT_CALLS.name, INEXACT_CALLS),
    };
    this.#errors = meter.createCounter(ERRORS.name, ERRORS);
    this.#waiting = waitingPointsOf(meter);
  }

  /** Counts one finished call: two token counts, its duration, its cost, and what applies besides. */
  recordCall(subject: MetricSubject, outcome: CallOutcome): void {
    const { reading, price } = outcome;
    const labelSet = this.#labelSets.of(subject, reading.responseModel);
    if (price.costPicoUsd !== undefined) labelSet.cell.picoUsd += price.costPicoUsd;
    this.#waiting.add(new EndedCall(this.#instruments, labelSet, subject.operation, outcome));
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
    return (input, output, labels, endedIn) => {
      inputCounter.add(input, labels.all, endedIn);
      if (output !== undefined) outputCounter.add(output, labels.all, endedIn);
    };
  }
  const { unit, description } = tokenDescription(form.name);
  const advice = { explicitBucketBoundaries: [...TOKEN_USAGE_BOUNDARIES] };
  const histogram = meter.createHistogram(form.name, { unit, description, advice });
  return (input, output, labels, endedIn) => {
    histogram.record(input, labels.input, endedIn);
    if (output !== undefined) histogram.record(output, labels.output, endedIn);
  };
}
