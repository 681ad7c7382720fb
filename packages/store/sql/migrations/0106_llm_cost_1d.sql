-- Costs by UTC day and the dimensions of few values, kept for ever. A row counts only while (day, build) is the newest in
-- `published`.
CREATE TABLE IF NOT EXISTS {{database}}.llm_cost_1d {{on_cluster}} (
    `build` UInt64 CODEC(ZSTD(1)),
    `tenant` LowCardinality(String) CODEC(ZSTD(1)),
    `day` Date CODEC(ZSTD(1)),
    `provider` LowCardinality(String) CODEC(ZSTD(1)),
    `model` LowCardinality(String) CODEC(ZSTD(1)),
    `operation` LowCardinality(String) CODEC(ZSTD(1)),
    `service` LowCardinality(String) CODEC(ZSTD(1)),
    `environment` LowCardinality(String) CODEC(ZSTD(1)),
    `feature` LowCardinality(String) CODEC(ZSTD(1)),
    `team` LowCardinality(String) CODEC(ZSTD(1)),
    `project` LowCardinality(String) CODEC(ZSTD(1)),
    `agent` LowCardinality(String) CODEC(ZSTD(1)),
    `calls` UInt64 CODEC(T64, ZSTD(1)),
    `unpriced_calls` UInt64 CODEC(T64, ZSTD(1)),
    `estimated_calls` UInt64 CODEC(T64, ZSTD(1)),
    `error_calls` UInt64 CODEC(T64, ZSTD(1)),
    `input_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `output_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `cost_usd` Decimal(38, 12) CODEC(ZSTD(1)),
    `usage_input` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_write_5m` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_write_1h` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_video` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output` UInt64 CODEC(T64, ZSTD(1)),
    `usage_reasoning` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_web_search` UInt64 CODEC(T64, ZSTD(1)),
    `usage_file_search` UInt64 CODEC(T64, ZSTD(1)),
    `usage_request` UInt64 CODEC(T64, ZSTD(1)),
    `latency` Map(UInt8, UInt64) CODEC(ZSTD(1))
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, day, provider, model, operation, service, environment, feature, team, project, agent, build)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1
