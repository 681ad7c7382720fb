-- What was raised: one row an (alert, state), appended once; of two rows with the same key and state the lowest
-- _block_number holds.
--   alert_key            digest that identifies the alert for ever, e.g. of (budget, revision, scope, period, threshold, kind)
--   state                firing | resolved
--   channels             names of the channels it goes to
--   threshold_percent    0 where there is none; period_start and period_end are 1970 where there is none
--   alert                the whole alert as JSON; the other columns are for queries
CREATE TABLE IF NOT EXISTS {{database}}.alert_events {{on_cluster}} (
    tenant LowCardinality(String),
    alert_key String,
    state LowCardinality(String),
    raised_at DateTime64(3, 'UTC'),
    kind LowCardinality(String),
    severity LowCardinality(String),
    budget_id String,
    budget_revision String,
    scope String,
    period_start DateTime64(3, 'UTC'),
    period_end DateTime64(3, 'UTC'),
    threshold_percent Float64,
    late Bool,
    channels Array(String),
    alert String
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toYYYYMM(raised_at)
ORDER BY (tenant, alert_key, state)
TTL toDateTime(raised_at) + INTERVAL 25 MONTH
SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1, fsync_after_insert = 1, fsync_part_directory = 1
