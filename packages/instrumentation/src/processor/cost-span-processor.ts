import { priceCall } from '@costel/pricing';
import {
  ATTR_COSTEL_COST_KIND,
  ATTR_COSTEL_COST_STATUS,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
} from '@costel/semconv';
import { trace, type Attributes, type Context, type HrTime, type Span, type SpanContext } from '@opentelemetry/api';
import { activeAttribution } from '../attribution/with-cost-attribution.js';
import { isInsideCall, markAsCall } from '../calls/inside-call.js';
import type { CostelInstrumentationConfig } from '../config.js';
import type { CallOutcome } from '../telemetry/call-outcome.js';
import { Recorder, sharedRecorder } from '../telemetry/recorder.js';
import { tokenSums, writeOutcome } from '../telemetry/span-attributes.js';
import { guarded } from '../telemetry/trouble.js';
import { OwnCalls, type OwnCall, type TimedCall } from './own-calls.js';
import { estimatesInput, readSpan, type SpanReading } from './read-span.js';
import { RecentKeys } from './recent-keys.js';
import { coverAbove, SpanFamilies, type SpanNode } from './span-families.js';

/** The parts of an SDK's span that are read; both OpenTelemetry lines have them. */
export interface ObservedSpan {
  readonly attributes: Attributes;
  readonly startTime: HrTime;
  readonly duration: HrTime;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly instrumentationScope?: { readonly name: string } | undefined;
  spanContext(): SpanContext;
}

/** What a span of another emitter turned out to be. */
interface Verdict {
  readonly reading: SpanReading;
  /** What it costs; absent where a call of ours is what it reports again. */
  readonly outcome: CallOutcome | undefined;
}

/** Operations whose span is one answer of a model when it has a response id: it counts beside the calls inside it. */
const SINGLE_ANSWERS: ReadonlySet<string> = new Set(['chat', 'embeddings', 'text_completion', 'generate_content']);

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
const scopeOf = (span: ObservedSpan): string => span.instrumentationScope?.name ?? '';

/**
 * Prices the GenAI spans of every other emitter in the process (spans that SDKs and frameworks emit themselves, other
 * instrumentations): adds cost and attribution to the span while it is ending, and counts it on the metrics. Spans of
 * Costel's own are left alone. Of spans that report one call again it counts one: the innermost of nested ones, whichever
 * ends first; one of those with the same response id in a trace; and none where a framework's callbacks repeat, on a span
 * of their own beside ours, a call that Costel observed: that span then gets the call's response id, by which the store
 * tells them to be one.
 *
 * Attributes are added in `onEnding`, which OpenTelemetry SDKs from 2.0 call. Where a host does not call it, the span
 * leaves as it is, the metrics are right, and the store prices the span on arrival. Register it before the exporter.
 */
export class CostSpanProcessor {
  readonly #recorder: Recorder | undefined;
  readonly #families = new SpanFamilies();
  readonly #ownCalls = new OwnCalls(readOwnCall);
  /** Answers by trace and id, to tell when one is reported twice. */
  readonly #answers = new RecentKeys();
  readonly #insideOurCall = new WeakSet<object>();
  readonly #attributionOf = new WeakMap<object, Readonly<Record<string, string>>>();
  readonly #verdicts = new WeakMap<object, Verdict>();

  constructor(config?: CostelInstrumentationConfig) {
    this.#recorder = config === undefined ? undefined : new Recorder(config);
  }

  onStart(span: Pick<ObservedSpan, 'spanContext'>, parentContext: Context): void {
    guarded('span_processor', () => {
      // Another instrumentation of the same SDK reports the same call, below our span.
      if (isInsideCall(parentContext)) {
        markAsCall(span);
        this.#insideOurCall.add(span);
      }
      this.#families.start(span.spanContext(), trace.getSpanContext(parentContext));
      const attribution = activeAttribution(parentContext, this.#activeRecorder.options.readBaggage);
      if (Object.keys(attribution).length > 0) this.#attributionOf.set(span, attribution);
    });
  }

  onEnding(span: ObservedSpan & Pick<Span, 'setAttribute' | 'setAttributes'>): void {
    // Costel's own spans say all they have to say.
    if (span.attributes[ATTR_COSTEL_COST_STATUS] !== undefined) return;
    guarded('span_processor', () => {
      const node = this.#families.get(span.spanContext());
      // What is below a span may yet turn out to be the call.
      if (node !== undefined && (node.openBelow > 0 || !isCall(node, this.#read(span)))) return;
      const verdict = this.#judge(span, span);
      if (verdict?.outcome === undefined) return;
      const attribution = this.#attributionOf.get(span);
      if (attribution !== undefined) span.setAttributes(attribution);
      writeOutcome(span, verdict.outcome, this.#activeRecorder.options, 'other');
    });
  }

  onEnd(span: ObservedSpan): void {
    guarded('span_processor', () => {
      const known = this.#verdicts.get(span);
      const isOurs = known === undefined && span.attributes[ATTR_COSTEL_COST_STATUS] !== undefined;
      const own = span.spanContext();
      const node = this.#families.get(own);
      if (isOurs) this.#noteOwnCall(span, node);
      this.#families.end(own, () => {
        if (isOurs || (known === undefined && !isCall(node, this.#read(span)))) return;
        const verdict = known ?? this.#judge(span);
        if (verdict !== undefined) this.#count(span, verdict, node);
      });
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

  #read(span: ObservedSpan): SpanReading | undefined {
    if (this.#insideOurCall.has(span)) return undefined;
    return readSpan(span.attributes, scopeOf(span));
  }

  /** What a span reports; `writable` while it can still be written to. */
  #judge(span: ObservedSpan, writable?: Pick<Span, 'setAttribute'>): Verdict | undefined {
    const reading = this.#read(span);
    if (reading === undefined) return undefined;
    const same = this.#reportedAlready(span, reading);
    if (same !== undefined && writable !== undefined) nameAfter(same, span.attributes, writable);
    const verdict = { reading, outcome: same === undefined ? priced(span, reading) : undefined };
    this.#verdicts.set(span, verdict);
    return verdict;
  }

  /** The call that was counted already and that this span reports again. */
  #reportedAlready(span: ObservedSpan, { provider, reading }: SpanReading): Partial<OwnCall> | undefined {
    const { responseId } = reading;
    if (responseId !== undefined)
      return this.#answers.has(answerKey(span, responseId)) ? { provider, responseId } : undefined;
    const { input, output } = tokenSums(reading.usage);
    const emitter = scopeOf(span);
    const inputTokens = estimatesInput(emitter) ? undefined : input;
    return this.#ownCalls.takeSame({ ...timesOf(span), inputTokens, outputTokens: output }, emitter);
  }

  #noteOwnCall(span: ObservedSpan, node: SpanNode | undefined): void {
    // Money that was spent on something else says nothing of the tokens around it.
    if (span.attributes[ATTR_COSTEL_COST_KIND] !== undefined) return;
    const responseId = text(span.attributes[ATTR_GEN_AI_RESPONSE_ID]);
    coverAbove(node, responseId);
    this.#noteAnswer(span, responseId);
    this.#ownCalls.add(span);
  }

  #noteAnswer(span: ObservedSpan, responseId: string): void {
    if (responseId === '') return;
    this.#answers.add(answerKey(span, responseId));
  }

  #count(span: ObservedSpan, { reading, outcome }: Verdict, node: SpanNode | undefined): void {
    const responseId = reading.reading.responseId ?? '';
    coverAbove(node, responseId);
    if (outcome === undefined) return;
    this.#noteAnswer(span, responseId);
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

/** False for a span whose tokens the calls below it have said; one answer with an id of its own is none of them. */
function isCall(node: SpanNode | undefined, span: SpanReading | undefined): boolean {
  if (node === undefined || node.countedBelow.length === 0) return true;
  const own = span?.reading.responseId ?? '';
  if (span === undefined || own === '' || !SINGLE_ANSWERS.has(span.operation)) return false;
  return node.countedBelow.every((below) => below !== '' && below !== own);
}

function timesOf(span: ObservedSpan): Pick<TimedCall, 'startMs' | 'endMs'> {
  const startMs = milliseconds(span.startTime);
  return { startMs, endMs: startMs + milliseconds(span.duration) };
}

function readOwnCall(span: ObservedSpan): OwnCall {
  const { attributes } = span;
  return {
    ...timesOf(span),
    inputTokens: count(attributes[ATTR_GEN_AI_USAGE_INPUT_TOKENS]),
    outputTokens: count(attributes[ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]),
    provider: text(attributes[ATTR_GEN_AI_PROVIDER_NAME]),
    responseId: text(attributes[ATTR_GEN_AI_RESPONSE_ID]),
  };
}

const answerKey = (span: ObservedSpan, responseId: string): string => `${span.spanContext().traceId} ${responseId}`;

/** Gives a span that repeats a call the names by which the store finds the two to be one. */
function nameAfter(same: Partial<OwnCall>, attributes: Attributes, span: Pick<Span, 'setAttribute'>): void {
  const { provider = '', responseId = '' } = same;
  if (responseId === '' || provider === '') return;
  if (attributes[ATTR_GEN_AI_RESPONSE_ID] === undefined) span.setAttribute(ATTR_GEN_AI_RESPONSE_ID, responseId);
  if (attributes[ATTR_GEN_AI_PROVIDER_NAME] === undefined) span.setAttribute(ATTR_GEN_AI_PROVIDER_NAME, provider);
}

function priced(span: ObservedSpan, { reading, provider, requestModel }: SpanReading): CallOutcome {
  const errorType = span.attributes[ATTR_ERROR_TYPE];
  return {
    reading,
    price: priceCall({ ...reading, provider, requestModel, atMs: milliseconds(span.startTime) }),
    errorType: typeof errorType === 'string' ? errorType : undefined,
    durationSeconds: 0,
  };
}
