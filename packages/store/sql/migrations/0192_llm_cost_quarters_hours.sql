-- Costs by quarter hour as every reader sees them: published builds, and the ledger with FINAL for the tail (quarter hours
-- that are open, or hold rows newer than their build). The same rule as src/query/read-plan.ts, for readers of SQL; bound it
-- by `quarter`. Several rows may have one key: sum them. Hours whose calls are being priced again (grain hold of published)
-- count as they were when that began: their builds of then, and for the tail of then, the open quarter hour too, the copy.
-- What is newest, and what is dirty, is asked once: seal, hold and builds of two instants would make a total that never was.
-- Of the ledger only the hours of the tail are read. Groups in which nothing counts (the doctor's span) are left out.
CREATE OR REPLACE VIEW {{database}}.llm_cost_quarters {{on_cluster}}
AS WITH
    (
        SELECT (
            maxIf(p.build, p.grain = 'seal'),
            argMaxIf(p.sealed_until, p.build, p.grain = 'seal'),
            argMaxIf(p.sealed_until, p.build, p.grain = 'frozen'),
            argMaxIf(p.sealed_until, p.build, p.grain = 'hold'),
            argMaxIf(p.partition_id, p.build, p.grain = 'hold')
        )
        FROM {{database}}.published AS p
        WHERE p.grain IN ('seal', 'frozen', 'hold')
    ) AS now_published,
    now_published.1 AS snapshot,
    now_published.2 AS seal,
    now_published.3 AS frozen,
    now_published.4 AS held_until,
    fromUnixTimestamp64Milli(JSONExtractInt(assumeNotNull(now_published.5), 'fromMs'), 'UTC') AS held_from,
    arrayMap(ms -> toDateTime(intDiv(ms, 1000), 'UTC'), JSONExtract(assumeNotNull(now_published.5), 'dirtyQuartersMs', 'Array(Int64)')) AS held_dirty,
    (
        SELECT mapFromArrays(groupArray(b.partition_id), groupArray(b.block))
        FROM (
            SELECT p.partition_id AS partition_id, argMax(p.block, p.build) AS block
            FROM {{database}}.published AS p
            WHERE p.grain = 'partition' AND p.build <= snapshot
            GROUP BY p.partition_id
        ) AS b
    ) AS read_blocks,
    (
        SELECT mapFromArrays(groupArray(l.partition_id), groupArray(if(l.newest < read_blocks[l.partition_id], 0, read_blocks[l.partition_id])))
        FROM (
            SELECT partition_id, toUInt64(max(max_block_number)) AS newest
            FROM system.parts
            WHERE database = '{{database}}' AND table = 'llm_calls' AND active
            GROUP BY partition_id
        ) AS l
        WHERE l.newest != read_blocks[l.partition_id]
    ) AS changed_blocks,
    (
        SELECT groupUniqArray(toStartOfFifteenMinutes(counted_at))
        FROM {{database}}.llm_calls
        WHERE mapContains(changed_blocks, toString(_partition_id))
            AND toUInt64OrZero(splitByChar('_', _part)[3]) > changed_blocks[toString(_partition_id)]
            AND _block_number > changed_blocks[toString(_partition_id)]
            AND counted_at >= frozen
            AND counted_at < seal
            AND NOT (counted_at >= held_from AND counted_at < held_until)
    ) AS dirty
SELECT
    r.tenant AS tenant,
    r.quarter AS quarter,
    r.provider AS provider,
    r.model AS model,
    r.operation AS operation,
    r.service AS service,
    r.environment AS environment,
    r.feature AS feature,
    r.team AS team,
    r.project AS project,
    r.agent AS agent,
    toInt64(r.calls) AS calls,
    toInt64(r.unpriced_calls) AS unpriced_calls,
    toInt64(r.estimated_calls) AS estimated_calls,
    toInt64(r.error_calls) AS error_calls,
    toInt64(r.input_tokens) AS input_tokens,
    toInt64(r.output_tokens) AS output_tokens,
    r.cost_usd AS cost_usd,
    toInt64(r.usage_input) AS usage_input,
    toInt64(r.usage_cache_read) AS usage_cache_read,
    toInt64(r.usage_cache_write_5m) AS usage_cache_write_5m,
    toInt64(r.usage_cache_write_1h) AS usage_cache_write_1h,
    toInt64(r.usage_input_audio) AS usage_input_audio,
    toInt64(r.usage_cache_read_audio) AS usage_cache_read_audio,
    toInt64(r.usage_input_image) AS usage_input_image,
    toInt64(r.usage_cache_read_image) AS usage_cache_read_image,
    toInt64(r.usage_input_video) AS usage_input_video,
    toInt64(r.usage_output) AS usage_output,
    toInt64(r.usage_reasoning) AS usage_reasoning,
    toInt64(r.usage_output_audio) AS usage_output_audio,
    toInt64(r.usage_output_image) AS usage_output_image,
    toInt64(r.usage_web_search) AS usage_web_search,
    toInt64(r.usage_file_search) AS usage_file_search,
    toInt64(r.usage_request) AS usage_request,
    r.latency AS latency
FROM {{database}}.llm_cost_15m AS r
WHERE (r.calls != 0 OR r.cost_usd != 0)
    AND r.quarter < seal
    AND r.quarter NOT IN (SELECT arrayJoin(dirty))
    AND NOT has(held_dirty, r.quarter)
    AND (r.quarter, r.build) IN (
        SELECT p.start, max(p.build) FROM {{database}}.published AS p WHERE p.grain = 'quarter' AND p.build <= snapshot GROUP BY p.start
    )
UNION ALL
SELECT
    c.tenant AS tenant,
    toStartOfFifteenMinutes(c.counted_at) AS quarter,
    c.provider AS provider,
    c.model AS model,
    c.operation AS operation,
    c.service AS service,
    c.environment AS environment,
    c.feature AS feature,
    c.team AS team,
    c.project AS project,
    c.agent AS agent,
    sum(toInt64(c.counted)) AS calls,
    toInt64(countIf(c.counted AND c.cost_usd IS NULL AND (c.cost_status IN ('unpriced', 'pending') OR c.cost_reason = 'usage_missing'))) AS unpriced_calls,
    toInt64(countIf(c.counted AND c.usage_quality = 'estimated')) AS estimated_calls,
    toInt64(countIf(c.counted AND c.error_type != '')) AS error_calls,
    toInt64(sum(c.input_tokens)) AS input_tokens,
    toInt64(sum(c.output_tokens)) AS output_tokens,
    ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd,
    toInt64(sum(c.usage_input)) AS usage_input,
    toInt64(sum(c.usage_cache_read)) AS usage_cache_read,
    toInt64(sum(c.usage_cache_write_5m)) AS usage_cache_write_5m,
    toInt64(sum(c.usage_cache_write_1h)) AS usage_cache_write_1h,
    toInt64(sum(c.usage_input_audio)) AS usage_input_audio,
    toInt64(sum(c.usage_cache_read_audio)) AS usage_cache_read_audio,
    toInt64(sum(c.usage_input_image)) AS usage_input_image,
    toInt64(sum(c.usage_cache_read_image)) AS usage_cache_read_image,
    toInt64(sum(c.usage_input_video)) AS usage_input_video,
    toInt64(sum(c.usage_output)) AS usage_output,
    toInt64(sum(c.usage_reasoning)) AS usage_reasoning,
    toInt64(sum(c.usage_output_audio)) AS usage_output_audio,
    toInt64(sum(c.usage_output_image)) AS usage_output_image,
    toInt64(sum(c.usage_web_search)) AS usage_web_search,
    toInt64(sum(c.usage_file_search)) AS usage_file_search,
    toInt64(sum(c.usage_request)) AS usage_request,
    sumMapIf(map(toUInt8(least(greatest(ceil(log(greatest(c.duration_ns, 1) / 1000000) / log(1.1)), 0), 180)), toUInt64(1)), c.counted AND c.error_type = '' AND c.cost_kind = '' AND c.duration_ns > 0) AS latency
FROM {{database}}.llm_calls AS c FINAL
WHERE (c.counted_at >= seal OR toStartOfFifteenMinutes(c.counted_at) IN (SELECT arrayJoin(dirty)))
    AND NOT (c.counted_at >= held_from AND c.counted_at < held_until)
    AND (toDate(c.started), toStartOfHour(c.started)) IN (
        SELECT DISTINCT toDate(started), toStartOfHour(started)
        FROM {{database}}.llm_calls
        WHERE counted_at >= seal OR toStartOfFifteenMinutes(counted_at) IN (SELECT arrayJoin(dirty))
    )
GROUP BY tenant, quarter, provider, model, operation, service, environment, feature, team, project, agent
HAVING calls != 0 OR cost_usd != 0
UNION ALL
SELECT
    c.tenant AS tenant,
    toStartOfFifteenMinutes(c.counted_at) AS quarter,
    c.provider AS provider,
    c.model AS model,
    c.operation AS operation,
    c.service AS service,
    c.environment AS environment,
    c.feature AS feature,
    c.team AS team,
    c.project AS project,
    c.agent AS agent,
    sum(toInt64(c.counted)) AS calls,
    toInt64(countIf(c.counted AND c.cost_usd IS NULL AND (c.cost_status IN ('unpriced', 'pending') OR c.cost_reason = 'usage_missing'))) AS unpriced_calls,
    toInt64(countIf(c.counted AND c.usage_quality = 'estimated')) AS estimated_calls,
    toInt64(countIf(c.counted AND c.error_type != '')) AS error_calls,
    toInt64(sum(c.input_tokens)) AS input_tokens,
    toInt64(sum(c.output_tokens)) AS output_tokens,
    ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd,
    toInt64(sum(c.usage_input)) AS usage_input,
    toInt64(sum(c.usage_cache_read)) AS usage_cache_read,
    toInt64(sum(c.usage_cache_write_5m)) AS usage_cache_write_5m,
    toInt64(sum(c.usage_cache_write_1h)) AS usage_cache_write_1h,
    toInt64(sum(c.usage_input_audio)) AS usage_input_audio,
    toInt64(sum(c.usage_cache_read_audio)) AS usage_cache_read_audio,
    toInt64(sum(c.usage_input_image)) AS usage_input_image,
    toInt64(sum(c.usage_cache_read_image)) AS usage_cache_read_image,
    toInt64(sum(c.usage_input_video)) AS usage_input_video,
    toInt64(sum(c.usage_output)) AS usage_output,
    toInt64(sum(c.usage_reasoning)) AS usage_reasoning,
    toInt64(sum(c.usage_output_audio)) AS usage_output_audio,
    toInt64(sum(c.usage_output_image)) AS usage_output_image,
    toInt64(sum(c.usage_web_search)) AS usage_web_search,
    toInt64(sum(c.usage_file_search)) AS usage_file_search,
    toInt64(sum(c.usage_request)) AS usage_request,
    sumMapIf(map(toUInt8(least(greatest(ceil(log(greatest(c.duration_ns, 1) / 1000000) / log(1.1)), 0), 180)), toUInt64(1)), c.counted AND c.error_type = '' AND c.cost_kind = '' AND c.duration_ns > 0) AS latency
FROM {{database}}.llm_calls_held AS c FINAL
WHERE (c.counted_at >= held_from AND c.counted_at < held_until)
    AND (c.counted_at >= seal OR has(held_dirty, toStartOfFifteenMinutes(c.counted_at)))
    AND toDate(c.started) IN (
        SELECT DISTINCT toDate(started)
        FROM {{database}}.llm_calls_held
        WHERE counted_at >= held_from AND counted_at < held_until
            AND (counted_at >= seal OR has(held_dirty, toStartOfFifteenMinutes(counted_at)))
    )
GROUP BY tenant, quarter, provider, model, operation, service, environment, feature, team, project, agent
HAVING calls != 0 OR cost_usd != 0
SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1
