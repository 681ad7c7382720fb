import { picoUsd, type PicoUsd } from './pico-usd.js';
import type { RatePeriod, RateTier } from './rates.js';
import { indexOfBucket, INPUT_BUCKETS, USAGE_BUCKETS, type Usage, type UsageBucket } from './usage.js';

/** One bucket's share of a call's cost: `costPicoUsd` is `quantity × unitPricePicoUsd`, exactly. */
export interface LineItem {
  readonly bucket: UsageBucket;
  readonly quantity: number;
  readonly unitPricePicoUsd: PicoUsd;
  readonly costPicoUsd: PicoUsd;
}

/** A cost with the parts that add up to it, in the order of `USAGE_BUCKETS`. */
export interface ComputedCost {
  readonly costPicoUsd: PicoUsd;
  readonly lineItems: readonly LineItem[];
}

/** No cost, because these used buckets have no known price at that time. */
export interface MissingRate {
  readonly reason: 'no_price_for_bucket' | 'no_price_at_time';
  readonly buckets: readonly UsageBucket[];
}

const SECONDS_PER_DAY = 86_400;
const INPUT_BUCKET_COUNT = INPUT_BUCKETS.length;

/** All input tokens of a call, cached ones included: what decides its long-context tier. */
export function inputTokensOf(usage: Usage): number {
  let sum = 0;
  // Few buckets are in use: looking at those costs less than asking for every one there is.
  for (const name in usage) {
    const index = indexOfBucket(name);
    if (index !== undefined && index < INPUT_BUCKET_COUNT) sum += usage[name as UsageBucket] ?? 0;
  }
  return sum;
}

/**
 * The tier that prices a whole call: the last one whose threshold its input tokens exceed, whose daily window (UTC,
 * half-open) holds the instant, and which is for its feature or for all; undefined when none is. 200 000 input tokens
 * stay below a threshold of 200 000, 200 001 are above.
 */
export function selectTier(
  period: RatePeriod,
  inputTokens: number,
  atMs: number,
  feature: string = '',
): RateTier | undefined {
  const seconds = Math.floor(atMs / 1000) % SECONDS_PER_DAY;
  const secondOfDay = seconds < 0 ? seconds + SECONDS_PER_DAY : seconds;
  for (let index = period.tiers.length - 1; index >= 0; index -= 1) {
    const tier = period.tiers[index];
    if (tier === undefined || (inputTokens <= tier.aboveInputTokens && tier.aboveInputTokens > 0)) continue;
    if (tier.feature !== undefined && tier.feature !== '' && tier.feature !== feature) continue;
    if (secondOfDay >= tier.fromSecondOfDay && secondOfDay < tier.toSecondOfDay) return tier;
  }
  return undefined;
}

/**
 * Prices usage exactly: each bucket is its count times its price in whole pico-dollars, e.g. 1 000 input tokens at
 * $0.15 per million are 1 000 × 150 000 = 150 000 000 pico-dollars ($0.00015).
 * @returns `MissingRate` as soon as one used bucket has no price: a cost is whole or it is none.
 */
export function computeCost(
  usage: Usage,
  period: RatePeriod,
  atMs: number,
  feature: string = '',
): ComputedCost | MissingRate {
  const tier = selectTier(period, inputTokensOf(usage), atMs, feature);
  if (tier === undefined) return { reason: 'no_price_at_time', buckets: [] };
  const lineItems: LineItem[] = [];
  let cost = 0n;
  let missing: UsageBucket[] | undefined;
  for (const index of bucketsInUse(usage)) {
    const bucket = USAGE_BUCKETS[index] as UsageBucket;
    const quantity = usage[bucket] ?? 0;
    const price = tier.prices[index];
    if (price === null || price === undefined) {
      (missing ??= []).push(bucket);
      continue;
    }
    const part = picoUsd(BigInt(quantity) * price);
    cost += part;
    lineItems.push({ bucket, quantity, unitPricePicoUsd: price, costPicoUsd: part });
  }
  if (missing !== undefined) return { reason: 'no_price_for_bucket', buckets: missing };
  return { costPicoUsd: picoUsd(cost), lineItems };
}

/** Where the buckets in use stand in `USAGE_BUCKETS`, in that order. */
function bucketsInUse(usage: Usage): number[] {
  const used: number[] = [];
  for (const name in usage) {
    const index = indexOfBucket(name);
    if (index === undefined || (usage[name as UsageBucket] ?? 0) === 0) continue;
    let at = used.push(index) - 1;
    for (; at > 0 && (used[at - 1] ?? 0) > index; at -= 1) used[at] = used[at - 1] ?? 0;
    used[at] = index;
  }
  return used;
}

/** Adds an item to those of its bucket and price, in the order of `USAGE_BUCKETS`. */
function addItem(items: LineItem[], item: LineItem): void {
  const index = items.findIndex(
    ({ bucket, unitPricePicoUsd }) => bucket === item.bucket && unitPricePicoUsd === item.unitPricePicoUsd,
  );
  const same = items[index];
  if (same === undefined) items.push(item);
  else
    items[index] = {
      ...same,
      quantity: same.quantity + item.quantity,
      costPicoUsd: picoUsd(same.costPicoUsd + item.costPicoUsd),
    };
}

/**
 * Prices a call that was several calls of the model, each by its own context: of a threshold of 100 000, iterations of
 * 90 000 and 110 000 input tokens are one below and one above it, while their sum would be all above. What is in `usage`
 * and in no iteration (fees) is priced once.
 */
export function computeIterations(
  usage: Usage,
  iterations: readonly Usage[],
  period: RatePeriod,
  atMs: number,
  feature: string = '',
): ComputedCost | MissingRate {
  const rest: Partial<Record<UsageBucket, number>> = {};
  for (const bucket of USAGE_BUCKETS) {
    const inIterations = iterations.reduce((sum, part) => sum + (part[bucket] ?? 0), 0);
    const left = (usage[bucket] ?? 0) - inIterations;
    if (left > 0) rest[bucket] = left;
  }
  const lineItems: LineItem[] = [];
  let cost = 0n;
  for (const part of [...iterations, rest]) {
    const computed = computeCost(part, period, atMs, feature);
    if ('reason' in computed) return computed;
    cost += computed.costPicoUsd;
    for (const item of computed.lineItems) addItem(lineItems, item);
  }
  const order = (item: LineItem): number => USAGE_BUCKETS.indexOf(item.bucket);
  return { costPicoUsd: picoUsd(cost), lineItems: lineItems.sort((a, b) => order(a) - order(b)) };
}
