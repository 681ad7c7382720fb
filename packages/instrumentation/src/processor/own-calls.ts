/** Calls that are remembered; a framework's span for one ends soon after it. */
const MAX_REMEMBERED = 256;

/** How far two readings of the clock at one moment may be apart: span times are whole milliseconds in places. */
const TOLERANCE_MS = 5;

/** A call as its span tells it. */
export interface TimedCall {
  readonly startMs: number;
  readonly endMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A call of ours, with what tells it to whoever reads the spans later. */
export interface OwnCall extends TimedCall {
  readonly provider: string;
  readonly responseId: string;
}

/**
 * The calls that Costel itself observed and counted lately. A framework's callbacks report the same call again on a span
 * that stands beside ours, in no relation to it and with no response id (LangChain's do): its time contains ours and its
 * tokens are the same. Each of our calls explains one such span, so that of several equal calls at a time each is counted.
 */
export class OwnCalls<Span> {
  readonly #spans: Span[] = [];
  readonly #read: (span: Span) => OwnCall;

  /** `read` runs when a span may repeat one of ours, and not for every call. */
  constructor(read: (span: Span) => OwnCall) {
    this.#read = read;
  }

  /** Notes the span of a call of ours that ended. */
  add(span: Span): void {
    // Half at a time: moving all of them up by one for each call would cost more.
    if (this.#spans.length >= MAX_REMEMBERED) this.#spans.splice(0, MAX_REMEMBERED / 2);
    this.#spans.push(span);
  }

  /** The call of ours, inside this one's time and with its tokens, that it reports again; that call is then used up. */
  takeSame(span: TimedCall): OwnCall | undefined {
    for (const [index, own] of this.#spans.entries()) {
      const call = this.#read(own);
      if (
        call.inputTokens + call.outputTokens > 0 &&
        call.inputTokens === span.inputTokens &&
        call.outputTokens === span.outputTokens &&
        call.startMs >= span.startMs - TOLERANCE_MS &&
        call.endMs <= span.endMs + TOLERANCE_MS
      ) {
        this.#spans.splice(index, 1);
        return call;
      }
    }
    return undefined;
  }
}
