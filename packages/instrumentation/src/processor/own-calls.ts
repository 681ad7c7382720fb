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
 * tokens are the same. Each of our calls explains one such span of each emitter, so that of several equal calls at a time
 * each is counted.
 */
export class OwnCalls<Span extends object> {
  readonly #spans: Span[] = [];
  /** Emitters that have reported a call again. */
  readonly #takenBy = new WeakMap<Span, Set<string>>();
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

  /**
   * The call of ours, inside this one's time and with its tokens, that `emitter` reports again; that call is then used up
   * for this emitter. Where the input is somebody's estimate, `inputTokens` is undefined and the rest tells.
   */
  takeSame(
    span: Omit<TimedCall, 'inputTokens'> & { readonly inputTokens: number | undefined },
    emitter: string,
  ): OwnCall | undefined {
    for (const own of this.#spans) {
      const call = this.#read(own);
      if (
        call.inputTokens + call.outputTokens > 0 &&
        (span.inputTokens === undefined || call.inputTokens === span.inputTokens) &&
        call.outputTokens === span.outputTokens &&
        call.startMs >= span.startMs - TOLERANCE_MS &&
        call.endMs <= span.endMs + TOLERANCE_MS &&
        this.#take(own, emitter)
      )
        return call;
    }
    return undefined;
  }

  /** @returns false where the emitter has reported this call again before. */
  #take(own: Span, emitter: string): boolean {
    const takers = this.#takenBy.get(own) ?? new Set();
    if (takers.has(emitter)) return false;
    this.#takenBy.set(own, takers.add(emitter));
    return true;
  }
}
