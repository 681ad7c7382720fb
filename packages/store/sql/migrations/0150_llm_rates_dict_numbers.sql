-- The dictionary of prices with a number for each, by which many calls are priced at once (see src/ledger/price-stages.ts).
-- Replaced in one step: no lookup ever finds it missing.
--   prices   so many a tier as there were buckets when the row was written; buckets that came later have no price in it
CREATE OR REPLACE DICTIONARY {{database}}.llm_rates_dict {{on_cluster}} (
    provider String,
    model String,
    service_tier String,
    region String,
    valid_from DateTime64(3, 'UTC'),
    valid_until DateTime64(3, 'UTC'),
    status String,
    reason String,
    source String,
    rate_id String,
    above_input_tokens Array(Int64),
    from_second_of_day Array(UInt32),
    to_second_of_day Array(UInt32),
    tier_feature Array(String),
    prices Array(Int64),
    number UInt64
)
PRIMARY KEY provider, model, service_tier, region
SOURCE(CLICKHOUSE(QUERY 'SELECT provider, model, service_tier, region, valid_from, valid_until, status, reason, source, rate_id, above_input_tokens, from_second_of_day, to_second_of_day, tier_feature, prices, cityHash64(provider, model, service_tier, region, valid_from, generation) AS number FROM {{database}}.llm_rates WHERE (provider, model, service_tier, region, generation) IN (SELECT provider, model, service_tier, region, max(generation) FROM {{database}}.llm_rates GROUP BY provider, model, service_tier, region)'))
LIFETIME(0)
LAYOUT(COMPLEX_KEY_RANGE_HASHED())
RANGE(MIN valid_from MAX valid_until)
