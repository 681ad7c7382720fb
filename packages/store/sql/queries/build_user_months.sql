-- Rows of one build of the month rollup, summed from the day rollup: days of this build and, of all others, the published.
-- Parameters: build UInt64; months Array(Date); until Date, the day after the last one summed.
INSERT INTO llm_cost_monthly_user
    (build, tenant, month, user, calls, unpriced_calls, estimated_calls, error_calls, input_tokens, output_tokens, cost_usd)
SELECT
    {build:UInt64} AS build,
    r.tenant AS tenant,
    toStartOfMonth(r.day) AS month,
    r.user AS user,
    sum(r.calls) AS calls,
    sum(r.unpriced_calls) AS unpriced_calls,
    sum(r.estimated_calls) AS estimated_calls,
    sum(r.error_calls) AS error_calls,
    sum(r.input_tokens) AS input_tokens,
    sum(r.output_tokens) AS output_tokens,
    sum(r.cost_usd) AS cost_usd
FROM llm_cost_daily_user AS r
WHERE toStartOfMonth(r.day) IN {months:Array(Date)}
    AND r.day < {until:Date}
    AND (r.day, r.build) IN (
        SELECT toDate(start), max(build)
        FROM (
            SELECT start, build FROM published WHERE grain = 'day'
            UNION ALL
            SELECT toDateTime(arrayJoin({days:Array(Date)}), 'UTC'), {build:UInt64}
        )
        GROUP BY start
    )
GROUP BY tenant, month, user
