import { computeCost, computeIterations, type LineItem } from './compute-cost.js';
import { picoUsd, type PicoUsd } from './pico-usd.js';
import { LIST_PRICES, type PriceBook } from './price-book.js';
import type { RatePeriod, UnpricedReason } from './rates.js';
import { indexOfBucket, type Usage, type UsageBucket, type UsageQuality } from './usage.js';

/** What a call's price depends on. */
export interface CallToPrice {
  /** `gen_ai.provider.name` or one of its aliases, e.g. `openai`, `azure.ai.openai`. */
  readonly provider: string;
  readonly requestModel?: string | undefined;
  readonly responseModel?: string | undefined;
  /** As the response stated it; `''` or absent is the standard tier. */
  readonly serviceTier?: string | undefined;
  readonly region?: string | undefined;
  /** `costel.feature`, where a negotiated discount depends on it. */
  readonly feature?: string | undefined;
  /** The call's start in milliseconds since 1970, UTC; prices are those of this instant. */
  readonly atMs: number;
  readonly usage: Usage;
  readonly quality: UsageQuality;
  /** The calls of the model that `usage` adds up, where each has its own context; absent: one. */
  readonly iterations?: readonly Usage[] | undefined;
  /** The cost that the provider itself reported; it wins over any price list. */
  readonly reportedCostPicoUsd?: PicoUsd | undefined;
}

/** What became of a call's price. `not_billable`: the provider reported zero usage. */
export type PriceStatus = 'priced' | 'unpriced' | 'no_usage' | 'not_billable';

/** A call's exact cost, or why it has none. */
export interface PricedCall {
  readonly status: PriceStatus;
  /** Present when, and only when, the status is `priced`. */
  readonly costPicoUsd?: PicoUsd;
  /** The parts of the cost; with a provider-reported cost what the list says they are, which may add up to another sum. */
  readonly lineItems: readonly LineItem[];
  readonly priceSource?: 'provider' | 'override' | 'catalogue';
  /** The date of the price data, or the call's own instant when the provider reported the cost; ISO 8601. */
  readonly priceAsOf?: string;
  /** The user's rules behind the price, as in `RatePeriod`. */
  readonly ruleIds?: readonly string[];
  readonly reason?: UnpricedReason;
  /** Buckets in use for which no price is known, with reason `no_price_for_bucket`. */
  readonly unpricedBuckets?: readonly UsageBucket[];
  /** The model whose price applies: as the provider named it, `''` when nothing was named. */
  readonly model: string;
}

/** The largest instant that a date can hold. */
const MAX_DATE_MS = 8.64e15;

interface FoundRates {
  readonly model: string;
  readonly period: RatePeriod;
}

/** The rates of the first model that has any: the one that answered, then the one that was asked for. */
function findRates(call: CallToPrice, book: PriceBook): FoundRates | { readonly reason: UnpricedReason } {
  const { provider, responseModel = '', requestModel = '' } = call;
  const serviceTier = call.serviceTier ?? '';
  const region = call.region ?? '';
  let reason: UnpricedReason = 'unknown_model';
  if (responseModel !== '') {
    const rates = book.resolveRates({ provider, model: responseModel, serviceTier, region }, call.atMs);
    if (!('reason' in rates)) return { model: responseModel, period: rates };
    reason = rates.reason;
  }
  if (requestModel !== '' && requestModel !== responseModel && (reason === 'unknown_model' || responseModel === '')) {
    const rates = book.resolveRates({ provider, model: requestModel, serviceTier, region }, call.atMs);
    if (!('reason' in rates)) return { model: requestModel, period: rates };
    reason = rates.reason;
  }
  return { reason };
}

function isEmpty(usage: Usage): boolean {
  for (const name in usage)
    if ((usage[name as UsageBucket] ?? 0) > 0 && indexOfBucket(name) !== undefined) return false;
  return true;
}

/** Statuses that need no price: nothing is known, or nothing was used. */
function statusWithoutPrice(call: CallToPrice, model: string): PricedCall | undefined {
  if (call.quality === 'missing') return { status: 'no_usage', lineItems: [], reason: 'usage_missing', model };
  if (!isEmpty(call.usage)) return undefined;
  return call.quality === 'inconsistent'
    ? { status: 'unpriced', lineItems: [], reason: 'usage_inconsistent', model }
    : { status: 'not_billable', lineItems: [], model };
}

/**
 * Prices one call. A provider-reported cost is taken as it is; otherwise the rates of the response model hold (of the
 * request model where the response names none or one that no catalogue knows). Never throws, and never answers 0 for
 * something unknown: status `unpriced` carries the reason.
 * @param book Whose prices hold; the list prices when absent.
 */
export function priceCall(call: CallToPrice, book: PriceBook = LIST_PRICES): PricedCall {
  const named = call.responseModel || call.requestModel || '';
  const reported = call.reportedCostPicoUsd;
  if (reported === undefined) {
    const settled = statusWithoutPrice(call, named);
    if (settled !== undefined) return settled;
  }
  const rates = findRates(call, book);
  if ('reason' in rates) {
    return reported === undefined
      ? { status: 'unpriced', lineItems: [], reason: rates.reason, model: named }
      : providerPriced(call, reported, named, []);
  }
  const computed =
    call.iterations === undefined
      ? computeCost(call.usage, rates.period, call.atMs, call.feature)
      : computeIterations(call.usage, call.iterations, rates.period, call.atMs, call.feature);
  if (reported !== undefined)
    return providerPriced(call, reported, rates.model, 'reason' in computed ? [] : computed.lineItems);
  if ('reason' in computed) {
    return {
      status: 'unpriced',
      lineItems: [],
      reason: computed.reason,
      unpricedBuckets: computed.buckets,
      model: rates.model,
    };
  }
  const { source, asOf, ruleIds } = rates.period;
  const priced: PricedCall = {
    status: 'priced',
    costPicoUsd: computed.costPicoUsd,
    lineItems: computed.lineItems,
    priceSource: source,
    priceAsOf: asOf,
    model: rates.model,
  };
  return ruleIds === undefined ? priced : { ...priced, ruleIds };
}

function providerPriced(call: CallToPrice, cost: PicoUsd, model: string, lineItems: readonly LineItem[]): PricedCall {
  return {
    status: 'priced',
    costPicoUsd: picoUsd(cost),
    lineItems,
    priceSource: 'provider',
    ...(Math.abs(call.atMs) <= MAX_DATE_MS ? { priceAsOf: new Date(call.atMs).toISOString() } : {}),
    model,
  };
}
