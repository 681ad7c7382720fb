import { inputTokensOf } from '../compute-cost.js';
import { picoUsd } from '../pico-usd.js';
import { INPUT_BUCKETS, OUTPUT_BUCKETS, type Usage, type UsageBucket, type UsageQuality } from '../usage.js';
import type { UsageReading } from './usage-reading.js';

/** From the best to the worst. */
const QUALITIES: readonly UsageQuality[] = ['reported', 'estimated', 'inconsistent', 'missing'];

function worse(left: UsageQuality, right: UsageQuality): UsageQuality {
  return QUALITIES.indexOf(left) < QUALITIES.indexOf(right) ? right : left;
}

/** Adds up usages bucket by bucket: `{ input: 1 }` and `{ input: 2, output: 3 }` are `{ input: 3, output: 3 }`. */
export function addUsages(usages: readonly Usage[]): Usage {
  const sum: Partial<Record<UsageBucket, number>> = {};
  for (const usage of usages) {
    for (const [name, count] of Object.entries(usage)) {
      const bucket = name as UsageBucket;
      sum[bucket] = (sum[bucket] ?? 0) + count;
    }
  }
  return sum;
}

/**
 * What several billed answers used together, named as the last of them and as little to be trusted as the worst. A
 * reported cost is only the whole's where each of them reports one.
 */
export function addReading(sum: UsageReading | undefined, next: UsageReading): UsageReading {
  if (sum === undefined) return next;
  const usage = addUsages([sum.usage, next.usage]);
  const { reportedCostPicoUsd: before } = sum;
  const { reportedCostPicoUsd: cost, ...rest } = next;
  const notCounted = [...new Set([...(sum.notCounted ?? []), ...(next.notCounted ?? [])])];
  return {
    ...rest,
    usage,
    quality: worse(sum.quality, next.quality),
    ...(before === undefined || cost === undefined ? {} : { reportedCostPicoUsd: picoUsd(before + cost) }),
    ...(notCounted.length === 0 ? {} : { notCounted }),
  };
}

/**
 * Input tokens up to which no list prices a call of a model with parts beside it (Claude) dearer for its long context. What
 * adds up to no more than this costs the same in one sum as part by part.
 */
export const SHORT_CONTEXT_TOKENS = 100_000;

const TOKEN_BUCKETS: ReadonlySet<string> = new Set([...INPUT_BUCKETS, ...OUTPUT_BUCKETS]);

function feesOf(usage: Usage): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([bucket]) => !TOKEN_BUCKETS.has(bucket)));
}

/**
 * One reading for who can report only one: the counts with those billed beside them for the same model (a compaction of
 * the context). What another model was billed for stays beside, for its price is not this one's, and so does what would
 * make the sum a long context that none of its parts was: 90 000 and 20 000 tokens are two calls at the short price. Of
 * a loop of calls it is the last one, with the fees of all; those before stay beside, for the same reason.
 */
export function withBeside(reading: UsageReading): UsageReading {
  const { beside = [], iterations = [], ...stated } = reading;
  const [last = stated.usage, ...before] = iterations.toReversed();
  const main: UsageReading = { ...stated, usage: iterations.length > 0 ? { ...feesOf(stated.usage), ...last } : last };
  const others: UsageReading[] = before.map((usage) => ({ ...main, usage }));
  let sum = main;
  for (const part of beside) {
    const isSame = part.responseModel === main.responseModel;
    const inputTokens = inputTokensOf(sum.usage) + inputTokensOf(part.usage);
    if (isSame && inputTokens <= SHORT_CONTEXT_TOKENS) sum = { ...main, ...pick(addReading(sum, part)) };
    else others.push(part);
  }
  return others.length === 0 ? sum : { ...sum, beside: others };
}

function pick({ usage, quality }: UsageReading): Pick<UsageReading, 'usage' | 'quality'> {
  return { usage, quality };
}
