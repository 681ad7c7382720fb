-- Resolved prices by rate key and time, written by the rate resolver alone. A key's prices are replaced by writing all of
-- its periods again under a higher generation, in one block; nothing is overwritten, so what was believed when stays known.
--   valid_until    last millisecond of the period (inclusive): range dictionaries are closed at both ends
--   status         priced | unpriced; an unpriced row says why in reason and covers every instant without a price
--   above_input_tokens, from_second_of_day, to_second_of_day   one element a tier, as RateTier of @costel/pricing
--   prices         pico-dollars a unit, 16 a tier in the order of USAGE_BUCKETS; -1 where no price is known
CREATE TABLE IF NOT EXISTS {{database}}.llm_rates {{on_cluster}} (
    provider String,
    model String,
    service_tier String,
    region String,
    generation UInt64,
    valid_from DateTime64(3, 'UTC'),
    valid_until DateTime64(3, 'UTC'),
    status LowCardinality(String),
    reason LowCardinality(String),
    source LowCardinality(String),
    rate_id String,
    above_input_tokens Array(Int64),
    from_second_of_day Array(UInt32),
    to_second_of_day Array(UInt32),
    prices Array(Int64),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
ORDER BY (provider, model, service_tier, region, generation, valid_from)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
