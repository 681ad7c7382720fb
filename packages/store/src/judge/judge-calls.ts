import { OUTPUT_BUCKETS, type UsageQuality } from '@costel/pricing';
import { INPUT_BUCKET_COUNT } from '../ledger/buckets.js';
import type { JudgedCall } from './judged-call.js';
import { nestCalls, type SpanEdge } from './span-tree.js';

/**
 * How a call counts. `counted`: as it is. `duplicate`: another record of the same call counts. `nested`: all it says is
 * said again by the calls below it. `remainder`: only what the calls below it do not say.
 */
export type VerdictName = 'counted' | 'duplicate' | 'nested' | 'remainder';

/** The verdict on one call: `usage` is what counts of it, zeros unless `counted`. */
export interface Verdict {
  readonly call: JudgedCall;
  readonly counted: boolean;
  readonly verdict: VerdictName;
  readonly usage: readonly number[];
}

/** Operations whose span is one answer of a model when it has a response id: it counts beside the calls inside it. */
const SINGLE_ANSWERS: ReadonlySet<string> = new Set(['chat', 'embeddings', 'text_completion', 'generate_content']);

const QUALITY_RANK: Readonly<Record<UsageQuality, number>> = { reported: 3, estimated: 2, inconsistent: 1, missing: 0 };

/**
 * Judges the calls of traces that belong together (one trace, or several that share a response id): each billable answer
 * counts once. The order of the calls and of the edges does not matter.
 *
 * 1. Equal tenant, provider and non-empty response id in one trace, or in two traces when one span's time contains the
 *    other's and their usage is equal: one call, the richest record counts.
 * 2. Directly below one answer with an id, another emitter's span without an id that says the same usage, or none: the
 *    answer counts. Directly above one of ours without an id, another emitter's answer with the same output repeats ours.
 * 3. A span with usage above spans with usage counts only what they do not say, unless it is one answer with an id.
 * 4. Otherwise it counts.
 */
export function judgeCalls(calls: readonly JudgedCall[], edges: readonly SpanEdge[]): readonly Verdict[] {
  const ordered = calls.toSorted(byIdentity);
  const answers = ordered.filter((call) => !call.isRecordedCost);
  const duplicates = findDuplicates(answers);
  for (const call of [...findRepeats(answers), ...findEchoes(answers)]) duplicates.add(call);
  const standing = answers.filter((call) => !duplicates.has(call));
  const below = nestCalls(standing, edges);
  const memo = new Map<JudgedCall, Coverage>();
  return ordered.map((call): Verdict => {
    if (duplicates.has(call)) return dropped(call, 'duplicate');
    if (call.isRecordedCost) return { call, counted: true, verdict: 'counted', usage: call.usage };
    const children = below.get(call) ?? [];
    if (children.length === 0 || isSingleAnswer(call))
      return { call, counted: true, verdict: 'counted', usage: call.usage };
    if (!hasUsage(call.usage)) return dropped(call, 'nested');
    const usage = remainder(call.usage, sumOf(children.map((child) => coverageOf(child, below, memo).total)));
    if (!hasUsage(usage)) return dropped(call, 'nested');
    const whole = usage.every((count, bucket) => count === call.usage[bucket]);
    return { call, counted: true, verdict: whole ? 'counted' : 'remainder', usage };
  });
}

function dropped(call: JudgedCall, verdict: VerdictName): Verdict {
  return { call, counted: false, verdict, usage: call.usage.map(() => 0) };
}

function isSingleAnswer(call: JudgedCall): boolean {
  return SINGLE_ANSWERS.has(call.operation) && call.responseId !== '';
}

/**
 * What other instrumentations inside an answer say of it again, without its id: OpenInference's spans have none. One may
 * be inside the other; a call that a tool makes has the tool's span above it.
 */
function findRepeats(calls: readonly JudgedCall[]): readonly JudgedCall[] {
  const bySpan = new Map(calls.map((call) => [spanKey(call, call.spanId), call]));
  const isRepeat = (call: JudgedCall): boolean => {
    const seen = new Set([call]);
    for (let above = bySpan.get(spanKey(call, call.parentSpanId)); above !== undefined && !seen.has(above);) {
      if (isSingleAnswer(above)) return repeats(call, above);
      if (!couldRepeat(above)) return false;
      seen.add(above);
      above = bySpan.get(spanKey(above, above.parentSpanId));
    }
    return false;
  };
  return calls.filter((call) => couldRepeat(call) && isRepeat(call));
}

/**
 * What another instrumentation around one of our calls says of it again under an id that ours lacks: OpenLIT takes the id
 * of Bedrock's request. Its input may leave the cached tokens out, its output does not.
 */
function findEchoes(calls: readonly JudgedCall[]): readonly JudgedCall[] {
  const bySpan = new Map(calls.map((call) => [spanKey(call, call.spanId), call]));
  return calls.flatMap((call) => {
    if (!call.isOurs || call.responseId !== '' || !SINGLE_ANSWERS.has(call.operation)) return [];
    const above = bySpan.get(spanKey(call, call.parentSpanId));
    if (above === undefined || above.isOurs || above.provider !== call.provider || !isSingleAnswer(above)) return [];
    const output = outputOf(call.usage);
    return output > 0 && output === outputOf(above.usage) ? [above] : [];
  });
}

const spanKey = ({ traceId }: JudgedCall, spanId: string): string => `${traceId} ${spanId}`;

const outputOf = (usage: readonly number[]): number =>
  total(usage, INPUT_BUCKET_COUNT, INPUT_BUCKET_COUNT + OUTPUT_BUCKETS.length);

function couldRepeat({ isOurs, responseId, operation }: JudgedCall): boolean {
  return !isOurs && responseId === '' && SINGLE_ANSWERS.has(operation);
}

function repeats(child: JudgedCall, above: JudgedCall): boolean {
  // How a total splits (cached or not) is not said by every emitter.
  const isSame = DIRECTIONS.every(([first, end]) => total(child.usage, first, end) === total(above.usage, first, end));
  return isSame || !hasUsage(child.usage);
}

function hasUsage(usage: readonly number[]): boolean {
  return usage.some((count) => count > 0);
}

function sumOf(usages: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...others] = usages;
  return others.reduce((sum, usage) => sum.map((count, bucket) => count + (usage[bucket] ?? 0)), first);
}

interface Coverage {
  /** What a call and the calls below it use together. */
  readonly total: readonly number[];
}

/** What a subtree uses, each answer once. A tree has no loops: `nestCalls` sees to it. */
function coverageOf(
  call: JudgedCall,
  below: ReadonlyMap<JudgedCall, readonly JudgedCall[]>,
  memo: Map<JudgedCall, Coverage>,
): Coverage {
  const known = memo.get(call);
  if (known !== undefined) return known;
  const children = (below.get(call) ?? []).map((child) => coverageOf(child, below, memo).total);
  const covered = children.length === 0 ? call.usage.map(() => 0) : sumOf(children);
  const own = children.length === 0 || isSingleAnswer(call) ? call.usage : remainder(call.usage, covered);
  const coverage = { total: sumOf([covered, own]) };
  memo.set(call, coverage);
  return coverage;
}

/** Buckets whose sums bound a remainder: a roll-up may know its totals and not how they split (cached or not). */
const DIRECTIONS: readonly (readonly [number, number])[] = [
  [0, INPUT_BUCKET_COUNT],
  [INPUT_BUCKET_COUNT, INPUT_BUCKET_COUNT + OUTPUT_BUCKETS.length],
];

function total(usage: readonly number[], first: number, end: number): number {
  return usage.slice(first, end).reduce((sum, count) => sum + count, 0);
}

/**
 * What a roll-up says beyond the calls below it, bucket by bucket, and in each direction (input, output) no more than its
 * total exceeds theirs. A roll-up of 1 000 input tokens over a call of 200 uncached and 800 cached ones leaves nothing.
 */
export function remainder(own: readonly number[], covered: readonly number[]): readonly number[] {
  const left = own.map((count, bucket) => Math.max(0, count - (covered[bucket] ?? 0)));
  for (const [first, end] of DIRECTIONS) {
    let excess = total(left, first, end) - Math.max(0, total(own, first, end) - total(covered, first, end));
    for (let bucket = first; bucket < end && excess > 0; bucket += 1) {
      const cut = Math.min(excess, left[bucket] ?? 0);
      left[bucket] = (left[bucket] ?? 0) - cut;
      excess -= cut;
    }
  }
  return left;
}

/** All but the richest record of each answer. */
function findDuplicates(calls: readonly JudgedCall[]): Set<JudgedCall> {
  const byResponse = new Map<string, JudgedCall[]>();
  for (const call of calls) {
    if (call.responseId === '') continue;
    const key = JSON.stringify([call.tenant, call.provider, call.responseId]);
    const group = byResponse.get(key);
    if (group === undefined) byResponse.set(key, [call]);
    else group.push(call);
  }
  const duplicates = new Set<JudgedCall>();
  for (const group of byResponse.values()) {
    for (const same of sameAnswers(group)) {
      const [, ...rest] = same.toSorted(byRichness);
      for (const call of rest) duplicates.add(call);
    }
  }
  return duplicates;
}

/** Splits calls with one response id into those that are one answer. */
function sameAnswers(group: readonly JudgedCall[]): readonly (readonly JudgedCall[])[] {
  const classes: JudgedCall[][] = [];
  for (const call of group) {
    const touching = classes.filter((members) => members.some((member) => isSameAnswer(member, call)));
    for (const members of touching) classes.splice(classes.indexOf(members), 1);
    classes.push([...touching.flat(), call]);
  }
  return classes;
}

function isSameAnswer(left: JudgedCall, right: JudgedCall): boolean {
  // Items of one batch or realtime span are answers of their own, whatever ids a mock gives them.
  if (left.traceId === right.traceId) return left.spanId !== right.spanId;
  const contains = (outer: JudgedCall, inner: JudgedCall) =>
    outer.startMs <= inner.startMs && outer.endMs >= inner.endMs;
  return (
    (contains(left, right) || contains(right, left)) &&
    left.usage.every((count, bucket) => count === right.usage[bucket])
  );
}

function byRichness(left: JudgedCall, right: JudgedCall): number {
  const rank = (call: JudgedCall): readonly number[] => [
    call.hasReportedCost ? 1 : 0,
    QUALITY_RANK[call.quality],
    call.isOurs ? 1 : 0,
    call.usage.filter((count) => count > 0).length,
    call.usage.reduce((sum, count) => sum + count, 0),
  ];
  const rights = rank(right);
  for (const [index, value] of rank(left).entries()) {
    const difference = (rights[index] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return left.startMs - right.startMs || byIdentity(left, right);
}

/** A total order that depends on nothing but the calls themselves. */
function byIdentity(left: JudgedCall, right: JudgedCall): number {
  const key = (call: JudgedCall) => `${call.traceId} ${call.spanId} ${String(call.item).padStart(5, '0')}`;
  return key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0;
}
