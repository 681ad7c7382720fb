CREATE DATABASE IF NOT EXISTS `costel` ON CLUSTER `main` ENGINE = Atomic;

CREATE DATABASE IF NOT EXISTS `costel_all` ON CLUSTER `main` ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS costel.schema_migrations ON CLUSTER `main` (
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Spans as the collector's clickhouseexporter (v0.161) writes them. Our own column comes last and has a DEFAULT, for the
-- exporter names the columns that it inserts. Retention counts from receipt: a span with a wrong clock is kept as long as any.
CREATE TABLE IF NOT EXISTS costel.otel_traces ON CLUSTER `main` (
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    ReceivedAt DateTime64(3) DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree()
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
TTL toDateTime(ReceivedAt) + toIntervalDay(90)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

-- otel_traces of all shards as one table.
CREATE TABLE IF NOT EXISTS costel_all.otel_traces ON CLUSTER `main` AS costel.otel_traces
ENGINE = Distributed('main', 'costel', 'otel_traces', cityHash64(TraceId));

-- Fills otel_traces_trace_id_ts; the exporter's own view.
CREATE MATERIALIZED VIEW IF NOT EXISTS costel.otel_traces_trace_id_ts_mv ON CLUSTER `main`
TO costel.otel_traces_trace_id_ts
AS SELECT
    TraceId,
    min(Timestamp) AS Start,
    max(Timestamp) AS End
FROM costel.otel_traces
WHERE TraceId != ''
GROUP BY TraceId;

-- Resolved prices by rate key and time, written by the rate resolver alone. A key's prices are replaced by writing all of
-- its periods again under a higher generation, in one block; nothing is overwritten, so what was believed when stays known.
--   valid_until    last millisecond of the period (inclusive): range dictionaries are closed at both ends
--   status         priced | unpriced; an unpriced row says why in reason and covers every instant without a price
--   above_input_tokens, from_second_of_day, to_second_of_day   one element a tier, as RateTier of @costel/pricing
--   prices         pico-dollars a unit, 16 a tier in the order of USAGE_BUCKETS; -1 where no price is known
CREATE TABLE IF NOT EXISTS costel.llm_rates ON CLUSTER `main` (
    provider String,
    model String,
    service_tier String,
    region String,
    generation UInt64,
    valid_from DateTime64(3, 'UTC'),
    valid_until DateTime64(3, 'UTC'),
    status LowCardinality(String),
    reason LowCardinality(String),
    source LowCardinality(String),
    rate_id String,
    above_input_tokens Array(Int64),
    from_second_of_day Array(UInt32),
    to_second_of_day Array(UInt32),
    prices Array(Int64),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')
ORDER BY (provider, model, service_tier, region, generation, valid_from)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The ledger: one row a billable item, idempotent. Read it with FINAL.
-- Key: the partition expression is a literal column of it, or FINAL opens every partition; nothing derived from the time of
-- receipt is in it, or a resent span would be a second call; item tells apart the answers of a batch or realtime span.
-- version = revision * 2^48 + (2^48 - 1 - receipt in ms): the first receipt wins within a revision, a correction beats
-- every resend. counted_at decides hour, price, budget and retention; started is identity and partition only.
-- The persisted block number says what is new since a build: its order is the order of visibility, a clock's is not.
CREATE TABLE IF NOT EXISTS costel.llm_calls ON CLUSTER `main` (
    `tenant` LowCardinality(String) CODEC(ZSTD(1)),
    `started` DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    `trace_id` String CODEC(ZSTD(1)),
    `span_id` String CODEC(ZSTD(1)),
    `item` UInt16 CODEC(ZSTD(1)),
    `version` UInt64 CODEC(ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    `counted_at` DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    `clock_status` LowCardinality(String) CODEC(ZSTD(1)),
    `id_status` LowCardinality(String) CODEC(ZSTD(1)),
    `service` LowCardinality(String) CODEC(ZSTD(1)),
    `environment` LowCardinality(String) CODEC(ZSTD(1)),
    `provider` LowCardinality(String) CODEC(ZSTD(1)),
    `operation` LowCardinality(String) CODEC(ZSTD(1)),
    `request_model` LowCardinality(String) CODEC(ZSTD(1)),
    `response_model` LowCardinality(String) CODEC(ZSTD(1)),
    `model` LowCardinality(String) CODEC(ZSTD(1)),
    `service_tier` LowCardinality(String) CODEC(ZSTD(1)),
    `region` LowCardinality(String) CODEC(ZSTD(1)),
    `feature` LowCardinality(String) CODEC(ZSTD(1)),
    `user` String CODEC(ZSTD(1)),
    `customer` String CODEC(ZSTD(1)),
    `team` LowCardinality(String) CODEC(ZSTD(1)),
    `project` LowCardinality(String) CODEC(ZSTD(1)),
    `agent` LowCardinality(String) CODEC(ZSTD(1)),
    `conversation` String CODEC(ZSTD(1)),
    `tags` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    `response_id` String CODEC(ZSTD(1)),
    `parent_span_id` String CODEC(ZSTD(1)),
    `emitter` LowCardinality(String) CODEC(ZSTD(1)),
    `cost_kind` LowCardinality(String) CODEC(ZSTD(1)),
    `status` LowCardinality(String) CODEC(ZSTD(1)),
    `error_type` LowCardinality(String) CODEC(ZSTD(1)),
    `duration_ns` UInt64 CODEC(T64, ZSTD(1)),
    `time_to_first_chunk_ns` Nullable(UInt64) CODEC(ZSTD(1)),
    `usage_quality` LowCardinality(String) CODEC(ZSTD(1)),
    `usage_input` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_write_5m` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_write_1h` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_video` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output` UInt64 CODEC(T64, ZSTD(1)),
    `usage_reasoning` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_web_search` UInt64 CODEC(T64, ZSTD(1)),
    `usage_file_search` UInt64 CODEC(T64, ZSTD(1)),
    `usage_request` UInt64 CODEC(T64, ZSTD(1)),
    `own_usage` Array(UInt64) CODEC(ZSTD(1)),
    `cost_usd` Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    `cost_status` LowCardinality(String) CODEC(ZSTD(1)),
    `cost_reason` LowCardinality(String) CODEC(ZSTD(1)),
    `price_source` LowCardinality(String) CODEC(ZSTD(1)),
    `rate_id` LowCardinality(String) CODEC(ZSTD(1)),
    `reported_cost_usd` Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    `app_cost_usd` Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    `counted` UInt8 CODEC(ZSTD(1)),
    `verdict` LowCardinality(String) CODEC(ZSTD(1)),
    `input_tokens` UInt64 ALIAS usage_input + usage_cache_read + usage_cache_write_5m + usage_cache_write_1h + usage_input_audio + usage_cache_read_audio + usage_input_image + usage_cache_read_image + usage_input_video,
    `output_tokens` UInt64 ALIAS usage_output + usage_reasoning + usage_output_audio + usage_output_image,
    INDEX idx_counted_at counted_at TYPE minmax GRANULARITY 1,
    INDEX idx_trace_id trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_response_id response_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_cost_status cost_status TYPE set(8) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toDate(started)
ORDER BY (tenant, toDate(started), toStartOfHour(started), trace_id, span_id, item)
TTL toDateTime(greatest(received_at, counted_at)) + toIntervalMonth(25)
SETTINGS index_granularity = 8192, enable_block_number_column = 1, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

-- llm_calls of all shards as one table.
CREATE TABLE IF NOT EXISTS costel_all.llm_calls ON CLUSTER `main` AS costel.llm_calls
ENGINE = Distributed('main', 'costel', 'llm_calls', cityHash64(trace_id));

-- Who called whom, of all spans (also those that cost nothing: a tool between an agent and its model), for a week: what the
-- rule of nested calls walks. Duplicates are harmless.
CREATE TABLE IF NOT EXISTS costel.span_edges ON CLUSTER `main` (
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplicatedMergeTree()
PARTITION BY toDate(received_at)
ORDER BY (trace_id, span_id)
TTL toDateTime(received_at) + toIntervalDay(7)
SETTINGS index_granularity = 8192, enable_block_number_column = 1, ttl_only_drop_parts = 1;

-- span_edges of all shards as one table.
CREATE TABLE IF NOT EXISTS costel_all.span_edges ON CLUSTER `main` AS costel.span_edges
ENGINE = Distributed('main', 'costel', 'span_edges', cityHash64(trace_id));

-- Fills span_edges; total, as every view behind the raw tables.
CREATE MATERIALIZED VIEW IF NOT EXISTS costel.span_edges_mv ON CLUSTER `main`
TO costel_all.span_edges
AS SELECT
    TraceId AS trace_id,
    SpanId AS span_id,
    ParentSpanId AS parent_span_id,
    ReceivedAt AS received_at
FROM costel.otel_traces
WHERE TraceId != '' AND SpanId != '' AND ParentSpanId != '';

-- What a call used of the buckets that came after the sixteen with a column of their own, in the order of USAGE_BUCKETS from
-- the seventeenth on: a new bucket needs no new column. Empty where it used none of them.
ALTER TABLE costel.llm_calls ON CLUSTER `main` ADD COLUMN IF NOT EXISTS usage_more Array(UInt64) CODEC(ZSTD(1)) AFTER usage_request;

ALTER TABLE costel_all.llm_calls ON CLUSTER `main` ADD COLUMN IF NOT EXISTS usage_more Array(UInt64) AFTER usage_request;

-- Costs by UTC day and the dimensions of few values, kept for ever. A row counts only while (day, build) is the newest in
-- `published`.
CREATE TABLE IF NOT EXISTS costel.llm_cost_1d ON CLUSTER `main` (
    `build` UInt64 CODEC(ZSTD(1)),
    `tenant` LowCardinality(String) CODEC(ZSTD(1)),
    `day` Date CODEC(ZSTD(1)),
    `provider` LowCardinality(String) CODEC(ZSTD(1)),
    `model` LowCardinality(String) CODEC(ZSTD(1)),
    `operation` LowCardinality(String) CODEC(ZSTD(1)),
    `service` LowCardinality(String) CODEC(ZSTD(1)),
    `environment` LowCardinality(String) CODEC(ZSTD(1)),
    `feature` LowCardinality(String) CODEC(ZSTD(1)),
    `team` LowCardinality(String) CODEC(ZSTD(1)),
    `project` LowCardinality(String) CODEC(ZSTD(1)),
    `agent` LowCardinality(String) CODEC(ZSTD(1)),
    `calls` UInt64 CODEC(T64, ZSTD(1)),
    `unpriced_calls` UInt64 CODEC(T64, ZSTD(1)),
    `estimated_calls` UInt64 CODEC(T64, ZSTD(1)),
    `error_calls` UInt64 CODEC(T64, ZSTD(1)),
    `input_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `output_tokens` UInt64 CODEC(T64, ZSTD(1)),
    `cost_usd` Decimal(38, 12) CODEC(ZSTD(1)),
    `usage_input` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_write_5m` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_write_1h` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_cache_read_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_input_video` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output` UInt64 CODEC(T64, ZSTD(1)),
    `usage_reasoning` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output_audio` UInt64 CODEC(T64, ZSTD(1)),
    `usage_output_image` UInt64 CODEC(T64, ZSTD(1)),
    `usage_web_search` UInt64 CODEC(T64, ZSTD(1)),
    `usage_file_search` UInt64 CODEC(T64, ZSTD(1)),
    `usage_request` UInt64 CODEC(T64, ZSTD(1)),
    `latency` Map(UInt8, UInt64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree()
PARTITION BY toYYYYMM(day)
ORDER BY (tenant, day, provider, model, operation, service, environment, feature, team, project, agent, build)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- Which builds of the rollups are visible. All rows of a build come in one block, so all rebuilt hours of all rollups change
-- together for every reader. Never partitioned: a block must stay one part.
--   grain          quarter, day, month: rollup rows of `start` count with this build, unless a later one holds
--                  partition: the build has read the ledger's partition up to this persisted block number
--                  seal: instants before sealed_until are answered by rollups, later ones by the ledger
--                  frozen: rows that come for instants before sealed_until are added by the next build, not read at once
--   sealed_until   of seal, frozen and month; 1970 elsewhere
CREATE TABLE IF NOT EXISTS costel.published ON CLUSTER `main` (
    build UInt64,
    grain LowCardinality(String),
    start DateTime('UTC'),
    partition_id String,
    block UInt64,
    sealed_until DateTime64(3, 'UTC'),
    published_at DateTime64(3, 'UTC')
)
ENGINE = ReplicatedMergeTree()
ORDER BY (grain, start, partition_id, build)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The ledger as it counts: one row a billable item, the winner of its versions. For dashboards and for people; bound it by
-- `counted_at`, and by `started` where only some days matter.
CREATE VIEW IF NOT EXISTS costel.llm_calls_final ON CLUSTER `main`
AS SELECT *, input_tokens, output_tokens
FROM costel.llm_calls FINAL
WHERE counted
SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1;

-- llm_calls_final of all shards as one table, to be read.
CREATE TABLE IF NOT EXISTS costel_all.llm_calls_final ON CLUSTER `main` AS costel.llm_calls_final
ENGINE = Distributed('main', 'costel', 'llm_calls_final');

-- The ledger as it counts: one row a billable item, the winner of its versions. For dashboards and for people; bound it by
-- `counted_at`, and by `started` where only some days matter. Hours whose calls are being priced again (grain hold of
-- published) are read from the copy of when that began: their new versions are seen all at once, when the hold ends.
CREATE OR REPLACE VIEW costel.llm_calls_final ON CLUSTER `main`
AS WITH
    (SELECT argMax(p.sealed_until, p.build) FROM costel.published AS p WHERE p.grain = 'hold') AS held_until,
    (SELECT fromUnixTimestamp64Milli(JSONExtractInt(argMax(p.partition_id, p.build), 'fromMs'), 'UTC') FROM costel.published AS p WHERE p.grain = 'hold') AS held_from
SELECT
    `tenant`, `started`, `trace_id`, `span_id`, `item`, `version`, `received_at`, `counted_at`, `clock_status`,
    `id_status`, `service`, `environment`, `provider`, `operation`, `request_model`, `response_model`, `model`,
    `service_tier`, `region`, `feature`, `user`, `customer`, `team`, `project`, `agent`, `conversation`, `tags`,
    `response_id`, `parent_span_id`, `emitter`, `cost_kind`, `status`, `error_type`, `duration_ns`,
    `time_to_first_chunk_ns`, `usage_quality`, `usage_input`, `usage_cache_read`, `usage_cache_write_5m`,
    `usage_cache_write_1h`, `usage_input_audio`, `usage_cache_read_audio`, `usage_input_image`,
    `usage_cache_read_image`, `usage_input_video`, `usage_output`, `usage_reasoning`, `usage_output_audio`,
    `usage_output_image`, `usage_web_search`, `usage_file_search`, `usage_request`, `usage_more`, `own_usage`,
    `cost_usd`, `cost_status`, `cost_reason`, `price_source`, `rate_id`, `reported_cost_usd`, `app_cost_usd`,
    `counted`, `verdict`, input_tokens, output_tokens
FROM costel.llm_calls_held FINAL
WHERE counted AND counted_at >= held_from AND counted_at < held_until
UNION ALL
SELECT
    `tenant`, `started`, `trace_id`, `span_id`, `item`, `version`, `received_at`, `counted_at`, `clock_status`,
    `id_status`, `service`, `environment`, `provider`, `operation`, `request_model`, `response_model`, `model`,
    `service_tier`, `region`, `feature`, `user`, `customer`, `team`, `project`, `agent`, `conversation`, `tags`,
    `response_id`, `parent_span_id`, `emitter`, `cost_kind`, `status`, `error_type`, `duration_ns`,
    `time_to_first_chunk_ns`, `usage_quality`, `usage_input`, `usage_cache_read`, `usage_cache_write_5m`,
    `usage_cache_write_1h`, `usage_input_audio`, `usage_cache_read_audio`, `usage_input_image`,
    `usage_cache_read_image`, `usage_input_video`, `usage_output`, `usage_reasoning`, `usage_output_audio`,
    `usage_output_image`, `usage_web_search`, `usage_file_search`, `usage_request`, `usage_more`, `own_usage`,
    `cost_usd`, `cost_status`, `cost_reason`, `price_source`, `rate_id`, `reported_cost_usd`, `app_cost_usd`,
    `counted`, `verdict`, input_tokens, output_tokens
FROM costel.llm_calls FINAL
WHERE counted AND NOT (counted_at >= held_from AND counted_at < held_until)
SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1;

-- llm_calls_final of all shards as one table, to be read.
CREATE OR REPLACE TABLE costel_all.llm_calls_final ON CLUSTER `main` AS costel.llm_calls_final
ENGINE = Distributed('main', 'costel', 'llm_calls_final');

-- The ledger as it counts: one row a billable item, the winner of its versions. For dashboards and for people; bound it by
-- `counted_at`, and by `started` where only some days matter. Hours whose calls are being priced again (grain hold of
-- published) are read from the copy of when that began: their new versions are seen all at once, when the hold ends. Where it
-- begins and ends is asked once.
CREATE OR REPLACE VIEW costel.llm_calls_final ON CLUSTER `main`
AS WITH
    (
        SELECT (argMax(p.sealed_until, p.build), argMax(p.partition_id, p.build))
        FROM costel.published AS p
        WHERE p.grain = 'hold'
    ) AS now_published,
    now_published.1 AS held_until,
    fromUnixTimestamp64Milli(JSONExtractInt(now_published.2, 'fromMs'), 'UTC') AS held_from
SELECT
    `tenant`, `started`, `trace_id`, `span_id`, `item`, `version`, `received_at`, `counted_at`, `clock_status`,
    `id_status`, `service`, `environment`, `provider`, `operation`, `request_model`, `response_model`, `model`,
    `service_tier`, `region`, `feature`, `user`, `customer`, `team`, `project`, `agent`, `conversation`, `tags`,
    `response_id`, `parent_span_id`, `emitter`, `cost_kind`, `status`, `error_type`, `duration_ns`,
    `time_to_first_chunk_ns`, `usage_quality`, `usage_input`, `usage_cache_read`, `usage_cache_write_5m`,
    `usage_cache_write_1h`, `usage_input_audio`, `usage_cache_read_audio`, `usage_input_image`,
    `usage_cache_read_image`, `usage_input_video`, `usage_output`, `usage_reasoning`, `usage_output_audio`,
    `usage_output_image`, `usage_web_search`, `usage_file_search`, `usage_request`, `usage_more`, `own_usage`,
    `cost_usd`, `cost_status`, `cost_reason`, `price_source`, `rate_id`, `reported_cost_usd`, `app_cost_usd`,
    `counted`, `verdict`, input_tokens, output_tokens
FROM costel.llm_calls_held FINAL
WHERE counted AND counted_at >= held_from AND counted_at < held_until
UNION ALL
SELECT
    `tenant`, `started`, `trace_id`, `span_id`, `item`, `version`, `received_at`, `counted_at`, `clock_status`,
    `id_status`, `service`, `environment`, `provider`, `operation`, `request_model`, `response_model`, `model`,
    `service_tier`, `region`, `feature`, `user`, `customer`, `team`, `project`, `agent`, `conversation`, `tags`,
    `response_id`, `parent_span_id`, `emitter`, `cost_kind`, `status`, `error_type`, `duration_ns`,
    `time_to_first_chunk_ns`, `usage_quality`, `usage_input`, `usage_cache_read`, `usage_cache_write_5m`,
    `usage_cache_write_1h`, `usage_input_audio`, `usage_cache_read_audio`, `usage_input_image`,
    `usage_cache_read_image`, `usage_input_video`, `usage_output`, `usage_reasoning`, `usage_output_audio`,
    `usage_output_image`, `usage_web_search`, `usage_file_search`, `usage_request`, `usage_more`, `own_usage`,
    `cost_usd`, `cost_status`, `cost_reason`, `price_source`, `rate_id`, `reported_cost_usd`, `app_cost_usd`,
    `counted`, `verdict`, input_tokens, output_tokens
FROM costel.llm_calls FINAL
WHERE counted AND NOT (counted_at >= held_from AND counted_at < held_until)
SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1;

-- llm_calls_final of all shards as one table, to be read.
CREATE OR REPLACE TABLE costel_all.llm_calls_final ON CLUSTER `main` AS costel.llm_calls_final
ENGINE = Distributed('main', 'costel', 'llm_calls_final');

-- Who may send: ClickHouse has no compare-and-set, so a claim is appended and read back, and of the claims of one
-- (alert, state, channel, epoch) the lowest _block_number wins. A send that was not answered within its lease is claimed
-- again under the next epoch.
--   holder         process that claimed; for people who read the log
--   claim_id       distinct for each attempt to claim
--   lease_until    nobody else claims before; three times the channel's send timeout after claimed_at
CREATE TABLE IF NOT EXISTS costel.alert_claims ON CLUSTER `main` (
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')
PARTITION BY toYYYYMM(claimed_at)
ORDER BY (tenant, alert_key, state, channel, epoch)
TTL toDateTime(claimed_at) + INTERVAL 4 MONTH
SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1, fsync_after_insert = 1, fsync_part_directory = 1;
