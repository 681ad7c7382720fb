import { BUCKET_COUNT, INPUT_BUCKET_COUNT } from './buckets.js';
import type { Stage } from './stages.js';

/*
 * Multiplication of usage with dated prices, as ClickHouse does it. The same text prices a span when it arrives and
 * re-prices a ledger row when a price appears or a verdict changes, and a differential test holds it to `priceCall` of
 * @costel/pricing.
 */

/** Which dictionary of prices is multiplied with: those in force, or those that a preview tries out. */
export type RateDictionary = 'llm_rates_dict' | 'llm_rates_candidate_dict';

/** What a row says about its price: the attributes of the rates dictionary, in this order. */
const RATE_ATTRIBUTES =
  "('status', 'reason', 'source', 'rate_id', 'above_input_tokens', 'from_second_of_day', 'to_second_of_day', 'tier_feature', 'prices')";

/**
 * Dollars of a count of pico-dollars. Both factors are Decimal(38, …): `UInt64max * Decimal(18, 12)` is negative
 * without an error. The largest product is 16 buckets x 10^9 x 2^63, below 10^38.
 */
const DOLLARS_OF_PICO = "toDecimal128(pico_usd, 0) * toDecimal128('0.000000000001', 12)";

/** The columns of a price, over what {@link priceStages} yields. */
export const PRICE_RESULTS: Readonly<Record<string, string>> = {
  cost_usd: `if(decision.1 = 'priced', ifNull(given_cost_usd, ${DOLLARS_OF_PICO}), NULL)`,
  cost_status: 'decision.1',
  cost_reason: 'decision.2',
  price_source: "multiIf(decision.1 != 'priced', '', given_cost_usd IS NOT NULL, given_source, rate.3)",
  rate_id: "if(decision.1 = 'priced' AND given_cost_usd IS NULL, rate.4, '')",
};

/** How the prices of calls are found: by a look-up for each, or, for very many calls, once for each price that they have. */
export type RateLookUp = 'call' | 'price';

/** Views of a dictionary's prices as arrays. */
const RATE_ARRAYS: Readonly<Record<RateDictionary, string>> = {
  llm_rates_dict: 'llm_rates_arrays',
  llm_rates_candidate_dict: 'llm_rates_candidate_arrays',
};

/**
 * Stages that yield `first_model` and `rate`, what the dictionary says about a call's price. A look-up of all attributes
 * costs 1.9 µs a call, most of it for copying arrays. Where there are very many calls the number of the price is looked up
 * instead (0.1 µs), and what it says is taken once for each distinct number of a block, out of an array that is read once a
 * statement (0.2 µs).
 */
function rateStages(database: string, dictionary: RateDictionary, lookUp: RateLookUp): readonly Stage[] {
  const key = (model: string) => `(provider, ${model}, service_tier, region), counted_at`;
  const first_model = "if(response_model != '', response_model, request_model)";
  // The model that was asked for prices the call where no list knows the one that answered (a deployment's name).
  const isOtherAsked = "request_model NOT IN ('', response_model)";
  if (lookUp === 'call') {
    const attributes = (model: string) => `dictGet('${database}.${dictionary}', ${RATE_ATTRIBUTES}, ${key(model)})`;
    const isUnknown = "first_rate.1 = 'unpriced' AND first_rate.2 = 'unknown_model'";
    return [
      { columns: { first_model, first_rate: attributes('first_model') } },
      {
        columns: {
          rate: `if(
        ${isUnknown} AND ${isOtherAsked},
        ${attributes('request_model')},
        first_rate
    )`,
        },
      },
    ];
  }
  const arrays = `(SELECT (numbers, is_unknown, rates) FROM ${database}.${RATE_ARRAYS[dictionary]})`;
  // The first place of the arrays is that of calls whose price was never looked up.
  const place = (model: string) =>
    `transform(dictGet('${database}.${dictionary}', 'number', ${key(model)}), ${arrays}.1, arrayMap(at -> toUInt32(at + 1), arrayEnumerate(${arrays}.1)), toUInt32(1))`;
  return [
    { columns: { first_model, first_place: place('first_model') } },
    {
      columns: {
        rate_place: `toLowCardinality(if(
        arrayElement(${arrays}.2, first_place) AND ${isOtherAsked},
        ${place('request_model')},
        first_place
    ))`,
      },
    },
    { columns: { rate: `arrayElement(${arrays}.3, rate_place)` } },
  ];
}

/**
 * Stages that decide what calls cost; {@link PRICE_RESULTS} reads their columns. The stage below them yields
 * `priced_usage` (Array(UInt64), one element a bucket), `given_cost_usd` (what survives as given, or NULL),
 * `given_source`, `failed` (1 when the call ended in an error), and the call's `cost_kind, usage_quality, provider,
 * request_model, response_model, service_tier, region, feature, counted_at`.
 */
export function priceStages(
  database: string,
  dictionary: RateDictionary = 'llm_rates_dict',
  lookUp: RateLookUp = 'call',
): readonly Stage[] {
  const counts = {
    input_count: `arraySum(arraySlice(priced_usage, 1, ${INPUT_BUCKET_COUNT}))`,
    second_of_day: 'intDiv(toUnixTimestamp64Milli(counted_at), 1000) % 86400',
  };
  const tiers = {
    tier: `arrayLastIndex(
        (above, from_second, to_second, only_feature) ->
            (above <= 0 OR input_count > above) AND second_of_day >= from_second AND second_of_day < to_second
            AND (only_feature = '' OR only_feature = feature),
        rate.5, arrayResize(rate.6, length(rate.5), 0), arrayResize(rate.7, length(rate.5), 0),
        arrayResize(rate.8, length(rate.5), '')
    )`,
  };
  // Rows that were written when there were fewer buckets have fewer prices a tier.
  const pricesPerTier = 'toInt64(intDiv(length(rate.9), greatest(length(rate.5), 1)))';
  const unitPrices = `arrayResize(arraySlice(rate.9, (toInt64(tier) - 1) * ${pricesPerTier} + 1, ${pricesPerTier}), ${BUCKET_COUNT}, toInt64(-1))`;
  const decided = {
    unit_prices: unitPrices,
    pico_usd: `arraySum((quantity, price) -> toInt128(quantity) * greatest(price, toInt64(0)), priced_usage, ${unitPrices})`,
    decision: `multiIf(
        cost_kind != '', if(given_cost_usd IS NULL, ('unpriced', 'no_price_at_time'), ('priced', '')),
        given_cost_usd IS NOT NULL, ('priced', ''),
        usage_quality = 'missing', ('no_usage', if(failed, 'error', 'usage_missing')),
        arraySum(priced_usage) = 0,
            if(usage_quality = 'inconsistent', ('unpriced', 'usage_inconsistent'), ('not_billable', '')),
        first_model = '', ('unpriced', 'unknown_model'),
        provider = '', ('unpriced', 'unknown_provider'),
        rate.1 = '', ('pending', ''),
        rate.1 != 'priced', ('unpriced', rate.2),
        tier = 0, ('unpriced', 'no_price_at_time'),
        arrayExists((quantity, price) -> quantity > 0 AND price < 0, priced_usage, ${unitPrices}),
            ('unpriced', 'no_price_for_bucket'),
        ('priced', '')
    )`,
  };
  const [first = { columns: {} }, ...rates] = rateStages(database, dictionary, lookUp);
  return [{ columns: { ...counts, ...first.columns } }, ...rates, { columns: tiers }, { columns: decided }];
}
