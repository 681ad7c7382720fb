import { USAGE_BUCKETS, type RateKey, type RatePeriod, type RateTier } from '@costel/pricing';
import { StoreError } from '../engine/store-error.js';
import { instantText } from '../query/time-range.js';

/** What a resolver answers for a key: its dated prices, or why it has none. */
export type ResolvedRates = readonly RatePeriod[] | { readonly reason: string };

/** A row of `llm_rates`. */
export interface RateRow {
  readonly provider: string;
  readonly model: string;
  readonly service_tier: string;
  readonly region: string;
  readonly generation: string;
  readonly valid_from: string;
  readonly valid_until: string;
  readonly status: 'priced' | 'unpriced';
  readonly reason: string;
  readonly source: string;
  readonly rate_id: string;
  readonly above_input_tokens: readonly number[];
  readonly from_second_of_day: readonly number[];
  readonly to_second_of_day: readonly number[];
  readonly tier_feature: readonly string[];
  readonly prices: readonly string[];
}

/** Time as the ledger knows it: [1970, 2100). */
const MIN_MS = 0;
const END_MS = 4_102_444_800_000;
/** Pico-dollars a unit that fit the column: $9.2 million. */
const MAX_PRICE = 2n ** 63n - 1n;
/** A price that is not known: an SQL array element cannot be NULL in a dictionary. */
const UNKNOWN_PRICE = '-1';

/**
 * The rows that hold a key's prices for all time: its periods, and `unpriced` in the gaps between them, so that a known
 * key never looks like one that was not resolved yet. Range dictionaries are closed at both ends: a period that ends at
 * 12:00:00.000 is stored until 11:59:59.999.
 */
export function rateRows(key: RateKey, rates: ResolvedRates, generation: bigint): RateRow[] {
  if ('reason' in rates) return [unpricedRow(key, generation, MIN_MS, END_MS, rates.reason)];
  const rows: RateRow[] = [];
  let coveredMs = MIN_MS;
  for (const period of rates.toSorted((left, right) => left.validFromMs - right.validFromMs)) {
    const fromMs = Math.max(coveredMs, clampInstant(period.validFromMs));
    const toMs = clampInstant(period.validToMs);
    if (toMs <= fromMs) continue;
    if (fromMs > coveredMs) rows.push(unpricedRow(key, generation, coveredMs, fromMs, 'no_price_at_time'));
    rows.push(pricedRow(key, generation, fromMs, toMs, period));
    coveredMs = toMs;
  }
  if (coveredMs < END_MS) rows.push(unpricedRow(key, generation, coveredMs, END_MS, 'no_price_at_time'));
  return rows;
}

function clampInstant(ms: number): number {
  return Math.min(Math.max(ms, MIN_MS), END_MS);
}

function baseRow(key: RateKey, generation: bigint, fromMs: number, toMs: number) {
  return {
    provider: key.provider,
    model: key.model,
    service_tier: key.serviceTier,
    region: key.region,
    generation: generation.toString(),
    valid_from: instantText(fromMs),
    valid_until: instantText(toMs - 1),
  };
}

function unpricedRow(key: RateKey, generation: bigint, fromMs: number, toMs: number, reason: string): RateRow {
  return {
    ...baseRow(key, generation, fromMs, toMs),
    status: 'unpriced',
    reason,
    source: '',
    rate_id: '',
    above_input_tokens: [],
    from_second_of_day: [],
    to_second_of_day: [],
    tier_feature: [],
    prices: [],
  };
}

function pricedRow(key: RateKey, generation: bigint, fromMs: number, toMs: number, period: RatePeriod): RateRow {
  const { tiers, source, catalogueModel, asOf } = period;
  return {
    ...baseRow(key, generation, fromMs, toMs),
    status: 'priced',
    reason: '',
    source,
    rate_id: `${source}/${catalogueModel}@${instantText(fromMs).slice(0, 10)}/${asOf}`,
    above_input_tokens: tiers.map((tier) => tier.aboveInputTokens),
    from_second_of_day: tiers.map((tier) => tier.fromSecondOfDay),
    to_second_of_day: tiers.map((tier) => tier.toSecondOfDay),
    tier_feature: tiers.map((tier) => tier.feature ?? ''),
    prices: tiers.flatMap((tier) => tierPrices(key, tier)),
  };
}

/** One price a bucket, in the order of `USAGE_BUCKETS`. */
function tierPrices(key: RateKey, tier: RateTier): string[] {
  return USAGE_BUCKETS.map((bucket, index) => {
    const price = tier.prices[index];
    if (price === null || price === undefined) return UNKNOWN_PRICE;
    if (price < 0n || price > MAX_PRICE) {
      throw new StoreError(
        'parameter_invalid',
        `price ${price} of ${bucket} for ${key.provider} ${key.model} must be in [0, ${MAX_PRICE}] pico-dollars a unit`,
      );
    }
    return price.toString();
  });
}
