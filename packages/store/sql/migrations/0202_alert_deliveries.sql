-- What came of each send: one row an answered attempt, appended after the answer.
--   idempotency_key    what the receiver was given; the same for every attempt of one (alert, state, channel)
--   outcome            delivered | retry | failed (will not be tried again) | dead_letter (tried for too long)
--   reason             why it was not delivered; empty when it was
--   next_attempt_at    earliest next attempt, for outcome retry
CREATE TABLE IF NOT EXISTS {{database}}.alert_deliveries {{on_cluster}} (
    tenant LowCardinality(String),
    alert_key String,
    state LowCardinality(String),
    channel LowCardinality(String),
    epoch UInt32,
    idempotency_key String,
    holder String,
    answered_at DateTime64(3, 'UTC'),
    outcome LowCardinality(String),
    reason String,
    next_attempt_at DateTime64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toYYYYMM(answered_at)
ORDER BY (tenant, alert_key, state, channel, epoch)
TTL toDateTime(answered_at) + INTERVAL 25 MONTH
SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1, fsync_after_insert = 1, fsync_part_directory = 1
