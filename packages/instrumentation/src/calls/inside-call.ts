import { trace, type Context } from '@opentelemetry/api';

/**
 * Marks the span of a call: spans below it are made by other instrumentations of the same call and repeat its tokens. A
 * mark on the span, because a value of its own in the context costs another copy of the context a call; registered,
 * because the ES module and the CommonJS build may both be in one process.
 */
const MARK = Symbol.for('costel.inside_call');

/** Marks a span as a call, or as something below one. */
export function markAsCall(span: object): void {
  (span as { [MARK]?: true })[MARK] = true;
}

/** True in the context of what a call does. */
export function isInsideCall(parentContext: Context): boolean {
  const parent = trace.getSpan(parentContext) as { [MARK]?: true } | undefined;
  return parent?.[MARK] === true;
}
