-- The dearest users of each summed month, and of the open day up to where it is summed, with what all users cost together: a
-- reader finds the dearest of a month to date without adding up a million users. A list counts only while (grain, start,
-- build) is the newest in `published`; rows are never changed, and dropped when replaced.
--   grain      month, or so_far for the open day
--   is_total   1 for the one row of all users, whose `user` is empty
CREATE TABLE IF NOT EXISTS {{database}}.llm_cost_top_users {{on_cluster}} (
    `build` UInt64 CODEC(ZSTD(1)),
    `tenant` LowCardinality(String) CODEC(ZSTD(1)),
    `grain` LowCardinality(String) CODEC(ZSTD(1)),
    `start` Date CODEC(ZSTD(1)),
    `is_total` UInt8 CODEC(ZSTD(1)),
    `user` String CODEC(ZSTD(1)),
    `calls` UInt64 CODEC(T64, ZSTD(1)),
    `unpriced_calls` UInt64 CODEC(T64, ZSTD(1)),
    `estimated_calls` UInt64 CODEC(T64, ZSTD(1)),
    `error_calls` UInt64 CODEC(T64, ZSTD(1)),
    `input_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `output_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `cost_usd` Decimal(38, 12) CODEC(ZSTD(1))
)
ENGINE = {{engine_prefix}}MergeTree()
ORDER BY (grain, start, build, tenant, user)
SETTINGS index_granularity = 8192
