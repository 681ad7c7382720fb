import type { SpanContext } from '@opentelemetry/api';

/** Spans that may be open at once; beyond that the oldest are forgotten, and the store still tells. */
const MAX_REMEMBERED = 10_000;

/** An open span, or one that ended before a span below it did. */
export interface SpanNode {
  readonly parent: SpanNode | undefined;
  /** Spans below it that have not ended. */
  openBelow: number;
  /** The response ids of calls below it that were counted; an empty one where a call has none. */
  readonly countedBelow: string[];
  /** What is to be decided once everything below has ended. */
  onSettled: (() => void) | undefined;
  /** True as soon as the span itself has ended. */
  hasEnded: boolean;
}

const keyOf = (span: SpanContext): string => span.traceId + span.spanId;

/** Who is below whom, of the spans that are open in this process. */
export class SpanFamilies {
  readonly #nodes = new Map<string, SpanNode>();

  /** Notes that a span began below its parent. */
  start(span: SpanContext, parent: SpanContext | undefined): void {
    if (this.#nodes.size >= MAX_REMEMBERED) {
      const [oldest] = this.#nodes.keys();
      if (oldest !== undefined) this.#nodes.delete(oldest);
    }
    const above = parent === undefined ? undefined : this.#nodes.get(keyOf(parent));
    this.#nodes.set(keyOf(span), {
      parent: above,
      openBelow: 0,
      countedBelow: [],
      onSettled: undefined,
      hasEnded: false,
    });
    for (let at = above; at !== undefined; at = at.parent) at.openBelow += 1;
  }

  /** The span's node; undefined for one that began before the processor did, or was forgotten. */
  get(span: SpanContext): SpanNode | undefined {
    return this.#nodes.get(keyOf(span));
  }

  /**
   * Notes that a span ended. What waits for it above is decided, from the bottom up.
   * @param decide What to decide of the span itself: at once, or when all below it have ended.
   */
  end(span: SpanContext, decide: () => void): void {
    const key = keyOf(span);
    const node = this.#nodes.get(key);
    if (node === undefined) {
      decide();
      return;
    }
    node.hasEnded = true;
    if (node.openBelow === 0) {
      this.#nodes.delete(key);
      decide();
    } else {
      node.onSettled = () => {
        this.#nodes.delete(key);
        decide();
      };
    }
    for (let at = node.parent; at !== undefined; at = at.parent) {
      at.openBelow -= 1;
      if (at.openBelow > 0 || !at.hasEnded) continue;
      const { onSettled } = at;
      at.onSettled = undefined;
      onSettled?.();
    }
  }
}

/** Notes above a counted call that it was counted. */
export function coverAbove(node: SpanNode | undefined, responseId: string): void {
  for (let at = node?.parent; at !== undefined; at = at.parent) at.countedBelow.push(responseId);
}
