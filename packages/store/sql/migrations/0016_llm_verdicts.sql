-- What the rules of counting once decided differently from the row that stood, by batch: first written here, then applied to
-- the ledger in one statement, and kept for a week to explain it.
--   usage   what counts, one element a bucket; verdict as in llm_calls
CREATE TABLE IF NOT EXISTS {{database}}.llm_verdicts {{on_cluster}} (
    batch UInt64,
    tenant LowCardinality(String),
    started DateTime64(3, 'UTC'),
    trace_id String,
    span_id String,
    item UInt16,
    counted UInt8,
    verdict LowCardinality(String),
    usage Array(UInt64),
    judged_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toDate(judged_at)
ORDER BY (batch, trace_id, span_id)
TTL toDateTime(judged_at) + toIntervalDay(7)
SETTINGS ttl_only_drop_parts = 1
