-- Which process builds, judges or re-prices where several work on one server. ClickHouse has no compare-and-set: a claim is
-- appended and read back, and of the claims of one (task, epoch) the lowest _block_number holds.
--   holder        a process; rows of others in the epoch mean that they wait
--   lease_until   by the server's clock; of the holder's rows the last one counts: later ones renew or release
CREATE TABLE IF NOT EXISTS {{database}}.work_leases {{on_cluster}} (
    task LowCardinality(String),
    epoch UInt64,
    holder String,
    lease_until DateTime64(3, 'UTC'),
    claimed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
ORDER BY (task, epoch)
TTL toDateTime(claimed_at) + toIntervalDay(2)
SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1, ttl_only_drop_parts = 1
