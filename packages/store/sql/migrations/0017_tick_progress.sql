-- How far a recurring task has read a partition, by persisted block number.
--   task         e.g. judge_calls, judge_edges
--   sequence     the newest holds
CREATE TABLE IF NOT EXISTS {{database}}.tick_progress {{on_cluster}} (
    task LowCardinality(String),
    partition_id String,
    block UInt64,
    sequence UInt64
)
ENGINE = {{engine_prefix}}ReplacingMergeTree(sequence)
ORDER BY (task, partition_id)
