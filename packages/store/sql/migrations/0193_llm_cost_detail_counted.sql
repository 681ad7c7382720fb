-- Costs by quarter hour and every dimension but tags: what dashboards read about users, customers, conversations and pairs of
-- dimensions. Published builds of the last five weeks, the ledger with FINAL for the tail and for what is older; bound it by
-- `quarter`. Several rows may have one key: sum them. Hours that are being priced again as in llm_cost_quarters (0154). Groups in
-- which nothing counts (the doctor's span) are left out.
CREATE OR REPLACE VIEW {{database}}.llm_cost_detail {{on_cluster}}
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
        SELECT if(
            count() = 0,
            toDateTime64('2100-01-01 00:00:00', 3, 'UTC'),
            greatest(
                max(p.sealed_until),
                toDateTime64(toStartOfDay(seal) - toIntervalDay(35), 3, 'UTC')
            )
        )
        FROM {{database}}.published AS p
        WHERE p.grain = 'detail'
    ) AS detail,
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
    r.user AS user,
    r.customer AS customer,
    r.conversation AS conversation,
    toInt64(r.calls) AS calls,
    toInt64(r.unpriced_calls) AS unpriced_calls,
    toInt64(r.estimated_calls) AS estimated_calls,
    toInt64(r.error_calls) AS error_calls,
    toInt64(r.input_tokens) AS input_tokens,
    toInt64(r.output_tokens) AS output_tokens,
    r.cost_usd AS cost_usd
FROM {{database}}.llm_cost_15m_wide AS r
WHERE (r.calls != 0 OR r.cost_usd != 0)
    AND r.quarter >= detail
    AND r.quarter < seal
    AND r.quarter NOT IN (SELECT arrayJoin(dirty))
    AND NOT has(held_dirty, r.quarter)
    AND (r.quarter, r.build) IN (
        SELECT p.start, max(p.build) FROM {{database}}.published AS p WHERE p.grain = 'quarter' AND p.build <= snapshot AND p.start >= detail GROUP BY p.start
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
    c.user AS user,
    c.customer AS customer,
    c.conversation AS conversation,
    sum(toInt64(c.counted)) AS calls,
    toInt64(countIf(c.counted AND c.cost_usd IS NULL AND (c.cost_status IN ('unpriced', 'pending') OR c.cost_reason = 'usage_missing'))) AS unpriced_calls,
    toInt64(countIf(c.counted AND c.usage_quality = 'estimated')) AS estimated_calls,
    toInt64(countIf(c.counted AND c.error_type != '')) AS error_calls,
    toInt64(sum(c.input_tokens)) AS input_tokens,
    toInt64(sum(c.output_tokens)) AS output_tokens,
    ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd
FROM {{database}}.llm_calls AS c FINAL
WHERE c.counted_at >= least(detail, seal)
    AND (c.counted_at >= seal OR toStartOfFifteenMinutes(c.counted_at) IN (SELECT arrayJoin(dirty)))
    AND NOT (c.counted_at >= held_from AND c.counted_at < held_until)
    AND (toDate(c.started), toStartOfHour(c.started)) IN (
        SELECT DISTINCT toDate(started), toStartOfHour(started)
        FROM {{database}}.llm_calls
        WHERE counted_at >= seal
            OR toStartOfFifteenMinutes(counted_at) IN (SELECT arrayJoin(dirty))
    )
GROUP BY tenant, quarter, provider, model, operation, service, environment, feature, team, project, agent, user, customer, conversation
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
    c.user AS user,
    c.customer AS customer,
    c.conversation AS conversation,
    sum(toInt64(c.counted)) AS calls,
    toInt64(countIf(c.counted AND c.cost_usd IS NULL AND (c.cost_status IN ('unpriced', 'pending') OR c.cost_reason = 'usage_missing'))) AS unpriced_calls,
    toInt64(countIf(c.counted AND c.usage_quality = 'estimated')) AS estimated_calls,
    toInt64(countIf(c.counted AND c.error_type != '')) AS error_calls,
    toInt64(sum(c.input_tokens)) AS input_tokens,
    toInt64(sum(c.output_tokens)) AS output_tokens,
    ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd
FROM {{database}}.llm_calls AS c FINAL
WHERE c.counted_at < least(detail, seal)
    AND NOT (c.counted_at >= held_from AND c.counted_at < held_until)
GROUP BY tenant, quarter, provider, model, operation, service, environment, feature, team, project, agent, user, customer, conversation
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
    c.user AS user,
    c.customer AS customer,
    c.conversation AS conversation,
    sum(toInt64(c.counted)) AS calls,
    toInt64(countIf(c.counted AND c.cost_usd IS NULL AND (c.cost_status IN ('unpriced', 'pending') OR c.cost_reason = 'usage_missing'))) AS unpriced_calls,
    toInt64(countIf(c.counted AND c.usage_quality = 'estimated')) AS estimated_calls,
    toInt64(countIf(c.counted AND c.error_type != '')) AS error_calls,
    toInt64(sum(c.input_tokens)) AS input_tokens,
    toInt64(sum(c.output_tokens)) AS output_tokens,
    ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd
FROM {{database}}.llm_calls_held AS c FINAL
WHERE (c.counted_at >= held_from AND c.counted_at < held_until)
    AND (c.counted_at >= seal OR c.counted_at < detail OR has(held_dirty, toStartOfFifteenMinutes(c.counted_at)))
    AND (toDate(c.started), toStartOfHour(c.started)) IN (
        SELECT DISTINCT toDate(started), toStartOfHour(started)
        FROM {{database}}.llm_calls_held
        WHERE counted_at >= held_from AND counted_at < held_until
            AND (counted_at >= seal OR counted_at < detail OR has(held_dirty, toStartOfFifteenMinutes(counted_at)))
    )
GROUP BY tenant, quarter, provider, model, operation, service, environment, feature, team, project, agent, user, customer, conversation
HAVING calls != 0 OR cost_usd != 0
SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1
