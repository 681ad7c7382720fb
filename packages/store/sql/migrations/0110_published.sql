-- Which builds of the rollups are visible. All rows of a build come in one block, so all rebuilt hours of all rollups change
-- together for every reader. Never partitioned: a block must stay one part.
--   grain          quarter, day, month: rollup rows of `start` count with this build, unless a later one holds
--                  partition: the build has read the ledger's partition up to this persisted block number
--                  seal: instants before sealed_until are answered by rollups, later ones by the ledger
--                  frozen: rows that come for instants before sealed_until are added by the next build, not read at once
--   sealed_until   of seal, frozen and month; 1970 elsewhere
CREATE TABLE IF NOT EXISTS {{database}}.published {{on_cluster}} (
    build UInt64,
    grain LowCardinality(String),
    start DateTime('UTC'),
    partition_id String,
    block UInt64,
    sealed_until DateTime64(3, 'UTC'),
    published_at DateTime64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
ORDER BY (grain, start, partition_id, build)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
