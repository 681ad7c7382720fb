import { MAX_BUCKET_COUNT, type Usage, type UsageBucket, type UsageQuality } from '../usage.js';

/**
 * Token counts as providers report them: totals that include their parts. A value is whatever the JSON held;
 * `undefined` and `null` mean "not stated".
 */
export interface TokenTotals {
  /** All input tokens, cached and cache-written ones included. */
  readonly input: unknown;
  /** All output tokens, reasoning included. */
  readonly output: unknown;
  /** Input and output together as the provider adds them up; checked, never priced. */
  readonly total?: unknown;
  /** Disjoint parts of the input; the first ones keep their count when the parts exceed the whole. */
  readonly inputParts?: Partial<Record<UsageBucket, unknown>>;
  /** Disjoint parts of the output. */
  readonly outputParts?: Partial<Record<UsageBucket, unknown>>;
  /** Counted fees outside the tokens, e.g. web searches. */
  readonly fees?: Partial<Record<UsageBucket, unknown>>;
  /** True where the provider counts something that no bucket stands for: see `countsUnknown`. */
  readonly hasUnknown?: boolean;
}

/** Buckets and how far they can be trusted. */
export interface CountedUsage {
  readonly usage: Usage;
  readonly quality: UsageQuality;
}

const INVALID = -1;

/** A whole count in `[0, MAX_BUCKET_COUNT]`; undefined when not stated; INVALID for everything else. */
function readCount(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_BUCKET_COUNT
    ? value
    : INVALID;
}

interface Split {
  readonly whole: number;
  readonly consistent: boolean;
}

/** Writes the parts of one side into `usage`, clamped so that they never exceed the whole, and the rest into `rest`. */
function splitWhole(
  usage: Partial<Record<UsageBucket, number>>,
  rest: UsageBucket,
  whole: number | undefined,
  parts: Partial<Record<UsageBucket, unknown>>,
): Split {
  let consistent = true;
  let left = whole ?? 0;
  for (const name in parts) {
    const bucket = name as UsageBucket;
    const count = readCount(parts[bucket]);
    if (count === undefined || count === 0) continue;
    const taken = count === INVALID ? 0 : Math.min(count, left);
    if (taken !== count) consistent = false;
    if (taken > 0) usage[bucket] = (usage[bucket] ?? 0) + taken;
    left -= taken;
  }
  if (left > 0) usage[rest] = left;
  return { whole: whole ?? 0, consistent };
}

/**
 * Turns totals into disjoint buckets. A part that exceeds its whole is cut to it; a count that is no whole number in
 * `[0, 10^9]` is never used. Both make the usage `inconsistent`. Where a total is stated that cannot be read there is
 * nothing to price: the usage is then empty, and never a guess. Usage of which no total is stated is `missing`; an output
 * without a stated input is half a usage: what is stated is counted, and the whole is `inconsistent` (input without
 * output is what embeddings have); so is usage with counts that nothing here knows, which are priced as the rest of their total.
 *
 * Worked number: input 100 of which 30 cached, output 10 of which 4 reasoning is
 * `{ input: 70, cache_read: 30, output: 6, reasoning: 4 }`.
 */
export function countUsage(totals: TokenTotals): CountedUsage {
  const input = readCount(totals.input);
  const output = readCount(totals.output);
  if (input === INVALID || output === INVALID) return { usage: {}, quality: 'inconsistent' };
  if (input === undefined && output === undefined) return { usage: {}, quality: 'missing' };
  const usage: Partial<Record<UsageBucket, number>> = {};
  const inputSplit = splitWhole(usage, 'input', input, totals.inputParts ?? {});
  const outputSplit = splitWhole(usage, 'output', output, totals.outputParts ?? {});
  let consistent = inputSplit.consistent && outputSplit.consistent && (input !== undefined || output === 0);
  if (totals.hasUnknown === true) consistent = false;
  for (const name in totals.fees) {
    const bucket = name as UsageBucket;
    const count = readCount(totals.fees[bucket]);
    if (count === INVALID) consistent = false;
    else if (count !== undefined && count > 0) usage[bucket] = count;
  }
  const total = readCount(totals.total);
  if (total !== undefined && total !== inputSplit.whole + outputSplit.whole) consistent = false;
  return { usage, quality: consistent ? 'reported' : 'inconsistent' };
}
