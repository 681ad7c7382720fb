import { picoUsd } from '../pico-usd.js';
import type { UsageBucket, UsageQuality } from '../usage.js';
import type { UsageReading } from './usage-reading.js';

/** From the best to the worst. */
const QUALITIES: readonly UsageQuality[] = ['reported', 'estimated', 'inconsistent', 'missing'];

function worse(left: UsageQuality, right: UsageQuality): UsageQuality {
  return QUALITIES.indexOf(left) < QUALITIES.indexOf(right) ? right : left;
}

/**
 * What several billed answers used together, named as the last of them and as little to be trusted as the worst. A
 * reported cost is only the whole's where each of them reports one.
 */
export function addReading(sum: UsageReading | undefined, next: UsageReading): UsageReading {
  if (sum === undefined) return next;
  const usage: Partial<Record<UsageBucket, number>> = { ...sum.usage };
  for (const [name, count] of Object.entries(next.usage)) {
    const bucket = name as UsageBucket;
    usage[bucket] = (usage[bucket] ?? 0) + count;
  }
  const { reportedCostPicoUsd: before } = sum;
  const { reportedCostPicoUsd: cost, ...rest } = next;
  return {
    ...rest,
    usage,
    quality: worse(sum.quality, next.quality),
    ...(before === undefined || cost === undefined ? {} : { reportedCostPicoUsd: picoUsd(before + cost) }),
  };
}

/**
 * One reading for who can report only one: the counts with those billed beside them for the same model (a compaction of
 * the context). What another model was billed for stays beside: its price is not this one's.
 */
export function withBeside(reading: UsageReading): UsageReading {
  const { beside = [], ...main } = reading;
  const isSame = ({ responseModel }: UsageReading): boolean => responseModel === main.responseModel;
  const others = beside.filter((part) => !isSame(part));
  let sum: UsageReading = main;
  for (const part of beside) if (isSame(part)) sum = { ...main, ...pick(addReading(sum, part)) };
  return others.length === 0 ? sum : { ...sum, beside: others };
}

function pick({ usage, quality }: UsageReading): Pick<UsageReading, 'usage' | 'quality'> {
  return { usage, quality };
}
