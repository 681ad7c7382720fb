import type { SpanContext } from '@opentelemetry/api';

/** Spans that may wait for their end at once; beyond that the oldest are forgotten, and the store still tells. */
const MAX_REMEMBERED = 10_000;

/** Remembers, up the tree, which open spans have a counted call below them. */
export class CoveredSpans {
  readonly #keys = new Set<string>();

  /** Notes that something below the span was counted. */
  add(traceId: string, spanId: string): void {
    if (this.#keys.size >= MAX_REMEMBERED) {
      const [oldest] = this.#keys;
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    this.#keys.add(traceId + spanId);
  }

  /** True when something below the span was counted. */
  has(span: SpanContext): boolean {
    return this.#keys.has(span.traceId + span.spanId);
  }

  /** Forgets a span that ended. */
  delete(span: SpanContext): void {
    this.#keys.delete(span.traceId + span.spanId);
  }
}
