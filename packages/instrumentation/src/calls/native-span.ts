import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
} from '@costel/semconv';
import type { AttributeValue, Span, Tracer } from '@opentelemetry/api';
import { asRecord } from '../sdks/read-unknown.js';
import { guarded } from '../telemetry/trouble.js';

/*
 * @anthropic-ai/sdk from 0.134 on emits a CLIENT span of its own a call. Two spans with the same tokens would be twice
 * the cost, so exactly one may leave. Ours yields, and the SDK's span is completed with usage, cost and attribution
 * before the SDK ends it. The alternatives are worse:
 *  - `openTelemetry: false` for the client would drop what the user may rely on: the SDK's attributes and span names, its
 *    content mode, its own tracer provider, and the `traceparent` header that it sends;
 *  - a SpanProcessor sees the span when it ends, where attributes are read-only (`onEnding` is experimental), and it knows
 *    neither web searches nor the text of a broken-off stream.
 * When the SDK's tracing is off, or its span is not recorded, the span is ours.
 */

/** What the SDK's span says better itself. */
const LEFT_TO_THE_SDK: ReadonlySet<string> = new Set([
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
]);

/** A span that the SDK started and will end. */
export class NativeSpan {
  readonly #span: Span;
  #hasEnded = false;
  /** Ends the span as of when the SDK did, where its call is not over yet. */
  #endHeld: (() => void) | undefined;

  /** `beforeEnd` runs when the SDK ends the span, early enough to add attributes; true holds the end until `release`. */
  constructor(span: Span, beforeEnd: () => boolean) {
    this.#span = span;
    const end = span.end.bind(span);
    // Named first; see `observe-promise.ts`.
    const tellAndEnd: Span['end'] = (...args) => {
      if (!this.#hasEnded && guarded('native_span', beforeEnd) === true) {
        const [endedAt = Date.now()] = args;
        const endAsThen = () => {
          end(endedAt);
        };
        this.#endHeld ??= endAsThen;
        return;
      }
      this.#hasEnded = true;
      end(...args);
    };
    span.end = tellAndEnd;
  }

  /** The call is over: an end that was held takes place. */
  release(): void {
    if (this.#endHeld === undefined || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#endHeld();
  }

  setAttribute(name: string, value: AttributeValue): void {
    if (!this.#hasEnded && !LEFT_TO_THE_SDK.has(name)) this.#span.setAttribute(name, value);
  }

  setAttributes(attributes: Readonly<Record<string, AttributeValue>>): void {
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value);
  }

  /** The SDK's span itself, for who has to know which one it is. */
  get span(): Span {
    return this.#span;
  }

  /** The HTTP status that the SDK put on its span, where spans can be read. */
  get httpStatus(): number | undefined {
    const status = asRecord(asRecord(this.#span)?.['attributes'])?.[ATTR_HTTP_RESPONSE_STATUS_CODE];
    return typeof status === 'number' ? status : undefined;
  }

  /** Ends the span in the SDK's place: of a call that was dropped, the SDK never does. */
  end(endedAtMs: number | undefined): void {
    if (!this.#hasEnded) this.#span.end(endedAtMs);
  }
}

interface TracedClient {
  _tracer?: Tracer | undefined;
}

/** The span that a stream helper already started for the call and passes down in its options. */
export function spanInOptions(options: unknown): Span | undefined {
  const span = asRecord(asRecord(options)?.['__span'])?.['span'];
  return span === undefined ? undefined : (span as Span);
}

/** True when the client would start a span of its own. */
export function isTracingItself(client: unknown): boolean {
  return asRecord(client)?.['_tracer'] !== undefined;
}

/**
 * Runs the SDK's method and catches the span that it starts meanwhile. The method is synchronous up to its promise, so
 * the client's tracer is stood in for during that one call only and no other call can see the stand-in.
 */
export function catchingSpan<Result>(client: unknown, onSpan: (span: Span) => void, run: () => Result): Result {
  const traced = client as TracedClient;
  const tracer = traced._tracer;
  if (tracer === undefined) return run();
  const standsIn = guarded('native_span', () => {
    traced._tracer = catchingTracer(tracer, onSpan);
    return true;
  });
  try {
    return run();
  } finally {
    if (standsIn === true) traced._tracer = tracer;
  }
}

function catchingTracer(tracer: Tracer, onSpan: (span: Span) => void): Tracer {
  return {
    startSpan: (...args) => {
      const span = tracer.startSpan(...args);
      onSpan(span);
      return span;
    },
    startActiveSpan: tracer.startActiveSpan.bind(tracer),
  };
}
