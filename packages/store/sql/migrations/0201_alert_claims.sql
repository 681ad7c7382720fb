-- Who may send: ClickHouse has no compare-and-set, so a claim is appended and read back, and of the claims of one
-- (alert, state, channel, epoch) the lowest _block_number wins. A send that was not answered within its lease is claimed
-- again under the next epoch.
--   holder         process that claimed; for people who read the log
--   claim_id       distinct for each attempt to claim
--   lease_until    nobody else claims before; three times the channel's send timeout after claimed_at
CREATE TABLE IF NOT EXISTS {{database}}.alert_claims {{on_cluster}} (
    tenant LowCardinality(String),
    alert_key String,
    state LowCardinality(String),
    channel LowCardinality(String),
    epoch UInt32,
    holder String,
    claim_id String,
    claimed_at DateTime64(3, 'UTC'),
    lease_until DateTime64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
PARTITION BY toYYYYMM(claimed_at)
ORDER BY (tenant, alert_key, state, channel, epoch)
TTL toDateTime(claimed_at) + INTERVAL 4 MONTH
SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1, fsync_after_insert = 1, fsync_part_directory = 1
