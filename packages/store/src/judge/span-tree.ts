import { AGGREGATE_OPERATIONS } from '@costel/semconv';
import type { JudgedCall } from './judged-call.js';

/** Who called whom: of any span, also of one that costs nothing. */
export interface SpanEdge {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

/** Spans between a call and the call above it, at most; a longer (or circular) chain ends here. */
const MAX_DEPTH = 256;

/**
 * The calls directly below each call: those whose nearest ancestor among the calls it is, over spans of any kind. Where
 * the chain is broken (a span in between was sampled out) a call belongs to the shortest span of an agent or workflow in
 * its trace whose time contains it.
 */
export function nestCalls(
  calls: readonly JudgedCall[],
  edges: readonly SpanEdge[],
): ReadonlyMap<JudgedCall, readonly JudgedCall[]> {
  const key = (traceId: string, spanId: string) => `${traceId} ${spanId}`;
  const parents = new Map<string, string>();
  for (const edge of edges) parents.set(key(edge.traceId, edge.spanId), edge.parentSpanId);
  for (const call of calls) parents.set(key(call.traceId, call.spanId), call.parentSpanId);
  const callsBySpan = new Map(calls.map((call) => [key(call.traceId, call.spanId), call]));
  const below = new Map<JudgedCall, JudgedCall[]>();
  for (const call of calls) {
    const above = nearestCall(call) ?? undefined;
    if (above === undefined) continue;
    const children = below.get(above);
    if (children === undefined) below.set(above, [call]);
    else children.push(call);
  }
  return withoutLoops(below);

  function nearestCall(call: JudgedCall): JudgedCall | undefined {
    let spanId = call.parentSpanId;
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      if (spanId === '') return undefined;
      const above = callsBySpan.get(key(call.traceId, spanId));
      if (above !== undefined) return above.spanId === call.spanId ? undefined : above;
      const parent = parents.get(key(call.traceId, spanId));
      if (parent === undefined) return nearestAggregate(call, calls);
      spanId = parent;
    }
    return undefined;
  }
}

/** For a call whose chain is broken: the agent or workflow that was running. */
function nearestAggregate(call: JudgedCall, calls: readonly JudgedCall[]): JudgedCall | undefined {
  return calls
    .filter(
      (other) =>
        other.traceId === call.traceId &&
        other !== call &&
        AGGREGATE_OPERATIONS.has(other.operation) &&
        other.startMs <= call.startMs &&
        other.endMs >= call.endMs &&
        // An agent may run inside another one, but of two that ran at the same time neither is above the other.
        (!AGGREGATE_OPERATIONS.has(call.operation) || lengthMs(other) > lengthMs(call)),
    )
    .toSorted((left, right) => lengthMs(left) - lengthMs(right))[0];
}

const lengthMs = ({ startMs, endMs }: JudgedCall): number => endMs - startMs;

/** Spans that name each other as parents are no tree: each such call stands alone. */
function withoutLoops(
  below: ReadonlyMap<JudgedCall, readonly JudgedCall[]>,
): ReadonlyMap<JudgedCall, readonly JudgedCall[]> {
  const above = new Map<JudgedCall, JudgedCall>();
  for (const [parent, children] of below) for (const child of children) above.set(child, parent);
  const isInLoop = (call: JudgedCall): boolean => {
    const seen = new Set<JudgedCall>();
    let next = above.get(call);
    while (next !== undefined && !seen.has(next)) {
      if (next === call) return true;
      seen.add(next);
      next = above.get(next);
    }
    return false;
  };
  return new Map([...below].filter(([call]) => !isInLoop(call)));
}
