-- Costs by quarter hour and every dimension but tags, of the last weeks: what days, users and pairs of dimensions are summed
-- from. About two rows for five calls where conversations have several. A row counts only while (quarter, build) is the
-- newest in `published`; covered from where the row `detail` of `published` says.
CREATE TABLE IF NOT EXISTS {{database}}.llm_cost_15m_wide {{on_cluster}} (
    `build` UInt64 CODEC(ZSTD(1)),
    `tenant` LowCardinality(String) CODEC(ZSTD(1)),
    `quarter` DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    `provider` LowCardinality(String) CODEC(ZSTD(1)),
    `model` LowCardinality(String) CODEC(ZSTD(1)),
    `operation` LowCardinality(String) CODEC(ZSTD(1)),
    `service` LowCardinality(String) CODEC(ZSTD(1)),
    `environment` LowCardinality(String) CODEC(ZSTD(1)),
    `feature` LowCardinality(String) CODEC(ZSTD(1)),
    `team` LowCardinality(String) CODEC(ZSTD(1)),
    `project` LowCardinality(String) CODEC(ZSTD(1)),
    `agent` LowCardinality(String) CODEC(ZSTD(1)),
    `user` String CODEC(ZSTD(1)),
    `customer` String CODEC(ZSTD(1)),
    `conversation` String CODEC(ZSTD(1)),
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
ORDER BY (tenant, quarter, provider, model, operation, service, environment, feature, team, project, agent, user, customer, conversation, build)
TTL quarter + toIntervalDay(40)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1
