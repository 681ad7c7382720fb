-- Costs by UTC day and customer, kept for ever. A row counts only while (day, build) is the newest in `published`.
CREATE TABLE IF NOT EXISTS {{database}}.llm_cost_daily_customer {{on_cluster}} (
    `build` UInt64 CODEC(ZSTD(1)),
    `tenant` LowCardinality(String) CODEC(ZSTD(1)),
    `day` Date CODEC(ZSTD(1)),
    `customer` String CODEC(ZSTD(1)),
    `calls` UInt64 CODEC(T64, ZSTD(1)),
    `unpriced_calls` UInt64 CODEC(T64, ZSTD(1)),
    `estimated_calls` UInt64 CODEC(T64, ZSTD(1)),
    `error_calls` UInt64 CODEC(T64, ZSTD(1)),
    `input_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `output_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `cost_usd` Decimal(38, 12) CODEC(ZSTD(1))
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, day, customer, build)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1
