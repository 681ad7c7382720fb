-- Who called whom, of all spans (also those that cost nothing: a tool between an agent and its model), for a week: what the
-- rule of nested calls walks. Duplicates are harmless.
CREATE TABLE IF NOT EXISTS {{database}}.span_edges {{on_cluster}} (
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toDate(received_at)
ORDER BY (trace_id, span_id)
TTL toDateTime(received_at) + toIntervalDay(7)
SETTINGS index_granularity = 8192, enable_block_number_column = 1, ttl_only_drop_parts = 1
