-- The lists of one build: the dearest users of each period that it summed, and one row of all users.
-- Parameters: build UInt64; grain String, month or so_far; starts Array(Date), where the periods begin; size UInt32, users of
-- a list.
INSERT INTO llm_cost_top_users
    (build, tenant, grain, start, is_total, user, calls, unpriced_calls, estimated_calls, error_calls, input_tokens, output_tokens, cost_usd)
SELECT
    {build:UInt64} AS build,
    tenant,
    {grain:String} AS grain,
    start,
    is_total,
    user,
    calls,
    unpriced_calls,
    estimated_calls,
    error_calls,
    input_tokens,
    output_tokens,
    cost_usd
FROM (
    SELECT
        r.tenant AS tenant,
        r.{{time}} AS start,
        toUInt8(0) AS is_total,
        r.user AS user,
        r.calls AS calls,
        r.unpriced_calls AS unpriced_calls,
        r.estimated_calls AS estimated_calls,
        r.error_calls AS error_calls,
        r.input_tokens AS input_tokens,
        r.output_tokens AS output_tokens,
        r.cost_usd AS cost_usd
    FROM {{table}} AS r
    WHERE r.build = {build:UInt64} AND r.{{time}} IN {starts:Array(Date)}
    ORDER BY cost_usd DESC
    LIMIT {size:UInt32} BY tenant, start
    UNION ALL
    SELECT
        r.tenant AS tenant,
        r.{{time}} AS start,
        toUInt8(1) AS is_total,
        '' AS user,
        sum(r.calls) AS calls,
        sum(r.unpriced_calls) AS unpriced_calls,
        sum(r.estimated_calls) AS estimated_calls,
        sum(r.error_calls) AS error_calls,
        sum(r.input_tokens) AS input_tokens,
        sum(r.output_tokens) AS output_tokens,
        sum(r.cost_usd) AS cost_usd
    FROM {{table}} AS r
    WHERE r.build = {build:UInt64} AND r.{{time}} IN {starts:Array(Date)}
    GROUP BY tenant, start
)
