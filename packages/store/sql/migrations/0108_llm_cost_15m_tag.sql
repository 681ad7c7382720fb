-- Costs by quarter hour and tag, of the last weeks: what the days of `llm_cost_daily_tag` are summed from, and what the open
-- day is read from. A row counts only while (quarter, build) is the newest in `published`.
CREATE TABLE IF NOT EXISTS {{database}}.llm_cost_15m_tag {{on_cluster}} (
    `build` UInt64 CODEC(ZSTD(1)),
    `tenant` LowCardinality(String) CODEC(ZSTD(1)),
    `quarter` DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    `tag_name` LowCardinality(String) CODEC(ZSTD(1)),
    `tag_value` String CODEC(ZSTD(1)),
    `calls` UInt64 CODEC(T64, ZSTD(1)),
    `unpriced_calls` UInt64 CODEC(T64, ZSTD(1)),
    `estimated_calls` UInt64 CODEC(T64, ZSTD(1)),
    `error_calls` UInt64 CODEC(T64, ZSTD(1)),
    `input_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `output_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `cost_usd` Decimal(38, 12) CODEC(ZSTD(1))
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toDate(quarter)
ORDER BY (tenant, tag_name, quarter, tag_value, build)
TTL quarter + toIntervalDay(40)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1
