import type { StreamReader, UsageReading } from '@costel/pricing';
import {
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_USAGE_QUALITY,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  CONVENTIONS,
} from '@costel/semconv';
import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { CallContent } from '../content/call-content.js';
import type { Reservation } from '../guard/active-guard.js';
import { BudgetExceededError } from '../guard/budget-exceeded-error.js';
import { settleReservation } from '../guard/settle-reservation.js';
import { operationOf, type MethodDefinition, type RequestFacts } from '../sdks/sdk-definition.js';
import type { HeaderSource } from '../sdks/server-clock.js';
import type { Server } from '../sdks/server-of-client.js';
import type { CallOutcome, StreamEnd } from '../telemetry/call-outcome.js';
import { writeFallback } from '../telemetry/fallback.js';
import type { Recorder } from '../telemetry/recorder.js';
import { writeOutcome } from '../telemetry/span-attributes.js';
import { guarded, reportTrouble } from '../telemetry/trouble.js';
import { reportParts } from './beside-spans.js';
import {
  FIRST_ERROR_STATUS,
  judgeEnding,
  metricSubjectOf,
  NOT_BILLABLE,
  type Ending,
  type SeenCall,
} from './judge-ending.js';
import type { NativeSpan } from './native-span.js';
import { closeCall, type Droppable } from './open-calls.js';
import { createReader, readAnswer, readStream } from './read-answer.js';
import { countJob, holdCall } from '../jobs/known-jobs.js';

/** Everything known of a call when it is made. */
export interface CallStart {
  readonly recorder: Recorder;
  readonly method: MethodDefinition;
  readonly facts: RequestFacts;
  readonly server: Server;
  /** Attribution under attribute names. */
  readonly attribution: Readonly<Record<string, string>>;
  /** The request's body, kept by reference until the call ends: only its length is looked at, for estimates. */
  readonly body: unknown;
  /** True when the usage chunk was asked for by us and is therefore hidden from the caller. */
  readonly hidesUsageChunk: boolean;
  /** When the call began, where that was before it became known; milliseconds since 1970. */
  readonly startedAtMs?: number;
  /** What a budget guard holds for the call. */
  readonly reservation?: Reservation | undefined;
}

/**
 * One call to a provider, from the SDK method to the last chunk. It only listens; it holds neither the stream nor, but
 * for a moment, the promise, so that both can be collected, which is how a dropped one is noticed.
 */
export class LlmCall {
  readonly hidesUsageChunk: boolean;
  /** The caller asked for the response in place of the parsed body. */
  isTakenRaw = false;
  /** Another instrumentation inside ours awaits the SDK: the answer is seen after the SDK is done with it. */
  isHeardLate = false;
  /** The promise of the response, until it is there: what a caller who wants the response itself is known by. */
  awaited: object | undefined;
  /** What is held for a moment and then watched: the promise that parsing starts from, what a stream is read by. */
  unwatched: Droppable | undefined;
  readonly #start: CallStart;
  #server: Server;
  readonly #startedAtMs: number;
  readonly #startedAt = performance.now();
  /** Present only where capturing content was asked for. */
  readonly #content: CallContent | undefined;
  #span: Span | undefined;
  #native: NativeSpan | undefined;
  #reader: StreamReader | undefined;
  #respondedAtMs: number | undefined;
  #clockOffsetMs: number | undefined;
  #firstChunkSeconds: number | undefined;
  /** Not a number until the response: a field that only ever holds numbers is written without making one anew. */
  #lastActivityAtMs = Number.NaN;
  #hasParseStarted = false;
  #isHeld = false;
  #isFinished = false;
  #isReportedInside = false;

  constructor(start: CallStart) {
    this.#start = start;
    this.#server = start.server;
    this.#startedAtMs = start.startedAtMs ?? Date.now();
    this.hidesUsageChunk = start.hidesUsageChunk;
    const { captureContent } = start.recorder.options;
    if (captureContent !== 'none') this.#content = new CallContent(captureContent, start.body);
  }

  get hasParseStarted(): boolean {
    return this.#hasParseStarted;
  }

  /** The span that reports on the call: ours, or the SDK's own. */
  get #anySpan(): Span | undefined {
    return this.#span ?? this.#native?.span;
  }

  get hasResponse(): boolean {
    return this.#respondedAtMs !== undefined;
  }

  /** A call inside this framework's call is reported by itself: this one is then no call of its own. */
  onInnerCall(): void {
    this.#isReportedInside = true;
    // The inner call has a reservation of its own.
    settleReservation(this.#start.reservation, undefined, undefined);
  }

  /** Reports on a span of our own, which this call ends. */
  useOwnSpan(span: Span): void {
    this.#span = span;
  }

  /** Reports on the SDK's own span, which the SDK ends. */
  useNativeSpan(native: NativeSpan): void {
    this.#native = native;
    // A failing request ends the SDK's span before it is known here; until more is known, this is what holds.
    native.setAttributes({
      ...this.#start.attribution,
      [ATTR_COSTEL_USAGE_QUALITY]: 'missing',
      [ATTR_COSTEL_COST_STATUS]: 'no_usage',
    });
  }

  /** Reports where the request really went, of which its SDK tells no sooner. */
  useServer(server: Server): void {
    if (server === this.#server || this.#isFinished) return;
    this.#server = server;
    this.#span?.setAttribute(CONVENTIONS[this.#start.recorder.options.conventions].providerName, server.provider);
    this.#span?.setAttribute(ATTR_SERVER_ADDRESS, server.address);
    this.#span?.setAttribute(ATTR_SERVER_PORT, server.port);
  }

  /** The response headers arrived. */
  onResponse(response: { readonly headers: HeaderSource }): void {
    this.awaited = undefined;
    const nowMs = Date.now();
    this.#respondedAtMs = this.#lastActivityAtMs = nowMs;
    this.#clockOffsetMs = this.#server.clock.offsetMs(response, nowMs, performance.now());
  }

  /** The SDK began to parse the body, because somebody asked for it. */
  onParseStarted(): void {
    this.#hasParseStarted = true;
    this.unwatched = undefined;
  }

  /** The parsed JSON answer; with its headers in lower case where the API counts there. */
  onBody(body: unknown, headers?: unknown): void {
    if (this.#isFinished || this.#waitsForJob(body)) return;
    this.#content?.onAnswer(body);
    this.#finish({ reading: guarded('parse', () => readAnswer(this.#start, this.#server.provider, body, headers)) });
  }

  /** The answer of a job that ended at that instant, in milliseconds since 1970. */
  onJobDone(body: unknown, endedAtMs: number): void {
    if (this.#isFinished) return;
    this.#content?.onAnswer(body);
    this.#finish({
      reading: guarded('parse', () => readAnswer(this.#start, this.#server.provider, body, undefined)),
      endedAtMs,
    });
  }

  /** The answer is a stream; chunks follow when the caller reads it. */
  onStream(): void {
    this.#respondedAtMs ??= this.#lastActivityAtMs = Date.now();
    this.#reader = createReader(this.#start, this.#server.provider);
  }

  /** One chunk of the stream. */
  onChunk(chunk: unknown): void {
    if (this.#isFinished) return;
    if (this.#firstChunkSeconds === undefined) this.#firstChunkSeconds = (performance.now() - this.#startedAt) / 1000;
    this.#lastActivityAtMs = Date.now();
    this.#content?.onChunk(chunk);
    this.#reader?.push(chunk);
  }

  /** The stream was read to its end (no `end`), or left early. */
  onStreamEnd(streamEnd?: StreamEnd): void {
    if (this.#isFinished) return;
    this.#finish({ reading: this.#readStream(), streamEnd });
  }

  /** The request, the body or the stream failed; what had arrived by then is still paid for. */
  onError(error: unknown, streamEnd?: StreamEnd): void {
    if (this.#isFinished) return;
    const reading = this.#firstChunkSeconds === undefined ? undefined : this.#readStream();
    this.#finish({ reading, error, streamEnd });
  }

  /**
   * Nobody will read the answer through the SDK: dropped, or taken as a raw response. Of a job whose end was not seen
   * here nothing is estimated, for another process may have seen it.
   */
  onUnread(streamEnd: StreamEnd): void {
    if (this.#isFinished) return;
    const isTimed = streamEnd === 'abandoned' && !Number.isNaN(this.#lastActivityAtMs);
    const endedAtMs = isTimed ? this.#lastActivityAtMs : undefined;
    this.#finish({ reading: this.hasResponse && !this.#isHeld ? this.#readStream() : undefined, streamEnd, endedAtMs });
  }

  /**
   * The SDK is about to end its own span. What ends a call reaches us first, except where the caller leaves a stream,
   * aborts it or takes the raw response: there the SDK ends its span first, and the outcome has to be written now.
   * @returns true where the answer is still to come, and the span is to end after it.
   */
  onNativeEnd(): boolean {
    if (this.#isFinished) return false;
    if (this.hasResponse) {
      if (this.#reader === undefined) this.onUnread('raw_response');
      else this.onStreamEnd('broken_off');
      return false;
    }
    if ((this.#native?.httpStatus ?? 0) < FIRST_ERROR_STATUS) return this.isHeardLate;
    this.#native?.setAttributes({ [ATTR_COSTEL_COST_STATUS]: NOT_BILLABLE.status });
    return false;
  }

  /** True when the answer only says that the work goes on: the call stays open until its job is seen to have ended. */
  #waitsForJob(answer: unknown): boolean {
    const job = this.#start.method.readJob?.(answer);
    if (job === undefined) return false;
    if (job.hasEnded) countJob(job.id);
    else holdCall(job.id, this);
    this.#isHeld = !job.hasEnded;
    return this.#isHeld;
  }

  #readStream(): UsageReading | undefined {
    return guarded('stream', () => readStream(this.#start, this.#server.provider, this.#reader));
  }

  /** Each step on its own, so that one that fails takes nothing else with it; without closures, for every call ends. */
  #finish(ending: Ending): void {
    this.#isFinished = true;
    this.awaited = undefined;
    closeCall(this);
    let outcome: CallOutcome | undefined;
    let besidePicoUsd = 0n;
    try {
      if (!this.#isReportedInside) {
        outcome = judgeEnding(this.#seen, ending);
        this.#describe(outcome);
      }
    } catch (error) {
      reportTrouble('finish', error);
    }
    try {
      if (outcome !== undefined) {
        this.#start.recorder.metrics.recordCall(metricSubjectOf(this.#start, this.#server), outcome);
        if (outcome.reading.beside !== undefined)
          besidePicoUsd = this.#reportParts(outcome.reading.beside, outcome, ending);
      }
    } catch (error) {
      reportTrouble('finish', error);
    }
    settleReservation(this.#start.reservation, outcome, this.#anySpan, besidePicoUsd);
    try {
      this.#span?.end(ending.endedAtMs);
      const isLeftToUs = ending.streamEnd === 'abandoned' || ending.error instanceof BudgetExceededError;
      if (isLeftToUs) this.#native?.end(ending.endedAtMs);
      this.#native?.release();
    } catch (error) {
      reportTrouble('finish', error);
    }
  }

  get #seen(): SeenCall {
    return {
      start: this.#start,
      server: this.#server,
      startedAtMs: this.#startedAtMs,
      startedAt: this.#startedAt,
      timeToFirstChunkSeconds: this.#firstChunkSeconds,
      clockOffsetMs: this.#clockOffsetMs,
    };
  }

  #reportParts(parts: readonly UsageReading[], { durationSeconds }: CallOutcome, { endedAtMs }: Ending): bigint {
    return reportParts(parts, {
      ...metricSubjectOf(this.#start, this.#server),
      recorder: this.#start.recorder,
      startedAtMs: this.#startedAtMs,
      endedAtMs,
      durationSeconds,
      span: this.#anySpan,
    });
  }

  #describe(outcome: CallOutcome): void {
    const { recorder, attribution } = this.#start;
    const { options } = recorder;
    const target = this.#span ?? this.#native;
    const { provider } = this.#server;
    if (target !== undefined) writeFallback(target, { attribution, provider, atMs: this.#startedAtMs }, outcome);
    if (this.#content !== undefined) this.#writeContent(this.#content, outcome);
    if (this.#native !== undefined) writeOutcome(this.#native, outcome, options, 'other');
    if (this.#span === undefined) return;
    const { method } = this.#start;
    if (method.isFramework === true) this.#span.setAttribute(ATTR_GEN_AI_OPERATION_NAME, operationOf(this.#start));
    writeOutcome(this.#span, outcome, options, 'costel');
    if (outcome.errorType !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  #writeContent(content: CallContent, { reading }: CallOutcome): void {
    const { recorder } = this.#start;
    const { operation, provider, requestModel } = metricSubjectOf(this.#start, this.#server);
    const { responseModel, responseId } = reading;
    content.write(this.#span ?? this.#native, this.#anySpan, recorder.events, {
      operation,
      provider,
      requestModel,
      responseModel,
      responseId,
    });
  }
}
