import { priceCall } from '@costel/pricing';
import { ATTR_COSTEL_COST_STATUS, ATTR_ERROR_TYPE } from '@costel/semconv';
import type { Attributes, Context, HrTime, Span, SpanContext } from '@opentelemetry/api';
import { activeAttribution } from '../attribution/with-cost-attribution.js';
import { isInsideCall, markAsCall } from '../calls/inside-call.js';
import type { CostelInstrumentationConfig } from '../config.js';
import type { CallOutcome } from '../telemetry/call-outcome.js';
import { Recorder, sharedRecorder } from '../telemetry/recorder.js';
import { writeOutcome } from '../telemetry/span-attributes.js';
import { guarded } from '../telemetry/trouble.js';
import { CoveredSpans } from './covered-spans.js';
import { readSpan, type SpanReading } from './read-span.js';

/** The parts of an SDK's span that are read; both OpenTelemetry lines have them. */
export interface ObservedSpan {
  readonly attributes: Attributes;
  readonly startTime: HrTime;
  readonly duration: HrTime;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly instrumentationScope?: { readonly name: string } | undefined;
  spanContext(): SpanContext;
}

interface Judged {
  readonly reading: SpanReading;
  readonly outcome: CallOutcome;
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

/**
 * Prices the GenAI spans of every other emitter in the process (spans that SDKs and frameworks emit themselves, other
 * instrumentations): adds cost and attribution to the span while it is ending, and counts it on the metrics. Spans of
 * Costel's own are left alone; of nested spans that repeat the same tokens the innermost counts.
 *
 * Attributes are added in `onEnding`, which OpenTelemetry SDKs from 2.0 call. Where a host does not call it, the span
 * leaves as it is, the metrics are right, and the store prices the span on arrival. Register it before the exporter.
 */
export class CostSpanProcessor {
  readonly #recorder: Recorder | undefined;
  readonly #covered = new CoveredSpans();
  readonly #insideOurCall = new WeakSet<object>();
  readonly #attributionOf = new WeakMap<object, Readonly<Record<string, string>>>();
  readonly #judgedInEnding = new WeakMap<object, Judged>();

  constructor(config?: CostelInstrumentationConfig) {
    this.#recorder = config === undefined ? undefined : new Recorder(config);
  }

  onStart(span: object, parentContext: Context): void {
    guarded('span_processor', () => {
      // Another instrumentation of the same SDK reports the same call, below our span.
      if (isInsideCall(parentContext)) {
        markAsCall(span);
        this.#insideOurCall.add(span);
      }
      const attribution = activeAttribution(parentContext, this.#activeRecorder.options.readBaggage);
      if (Object.keys(attribution).length > 0) this.#attributionOf.set(span, attribution);
    });
  }

  onEnding(span: ObservedSpan & Pick<Span, 'setAttribute' | 'setAttributes'>): void {
    guarded('span_processor', () => {
      const judged = this.#judge(span);
      if (judged === undefined) return;
      const attribution = this.#attributionOf.get(span);
      if (attribution !== undefined) span.setAttributes(attribution);
      writeOutcome(span, judged.outcome, this.#activeRecorder.options, 'other');
      this.#judgedInEnding.set(span, judged);
    });
  }

  onEnd(span: ObservedSpan): void {
    guarded('span_processor', () => {
      const judged = this.#judgedInEnding.get(span) ?? this.#judge(span);
      if (judged !== undefined) this.#count(span, judged);
      const isOurs = judged === undefined && span.attributes[ATTR_COSTEL_COST_STATUS] !== undefined;
      const own = span.spanContext();
      if ((judged !== undefined || isOurs || this.#covered.has(own)) && span.parentSpanContext !== undefined)
        this.#covered.add(own.traceId, span.parentSpanContext.spanId);
      this.#covered.delete(own);
    });
  }

  async forceFlush(): Promise<void> {
    // Nothing is held back.
  }

  async shutdown(): Promise<void> {
    // Nothing is held.
  }

  get #activeRecorder(): Recorder {
    return this.#recorder ?? sharedRecorder();
  }

  #judge(span: ObservedSpan): Judged | undefined {
    if (this.#insideOurCall.has(span) || this.#covered.has(span.spanContext())) return undefined;
    const reading = readSpan(span.attributes, span.instrumentationScope?.name ?? '');
    if (reading === undefined) return undefined;
    const price = priceCall({
      ...reading.reading,
      provider: reading.provider,
      requestModel: reading.requestModel,
      atMs: milliseconds(span.startTime),
    });
    const errorType = span.attributes[ATTR_ERROR_TYPE];
    return {
      reading,
      outcome: {
        reading: reading.reading,
        price,
        errorType: typeof errorType === 'string' ? errorType : undefined,
        durationSeconds: 0,
      },
    };
  }

  #count(span: ObservedSpan, { reading, outcome }: Judged): void {
    this.#activeRecorder.metrics.recordCall(
      {
        operation: reading.operation,
        provider: reading.provider,
        requestModel: reading.requestModel,
        attribution: this.#attributionOf.get(span) ?? {},
      },
      { ...outcome, durationSeconds: milliseconds(span.duration) / 1000 },
    );
  }
}
