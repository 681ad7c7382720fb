-- Calls that came for frozen periods and were added to what was published, by the build that added them: a copy that comes
-- later adds nothing. They count while their build was published, whose row `seal` stays in `published` for it.
CREATE TABLE IF NOT EXISTS {{database}}.llm_adjusted_calls {{on_cluster}} (
    build UInt64,
    tenant LowCardinality(String),
    trace_id String,
    span_id String,
    item UInt16,
    adjusted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
ORDER BY (tenant, trace_id, span_id, item)
TTL toDateTime(adjusted_at) + toIntervalMonth(25)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
