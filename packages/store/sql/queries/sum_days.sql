-- Rows of one build of a day rollup, summed from quarter hours: those of this build and, of all others, the published.
-- Parameters: build UInt64; days Array(Date); quarters Array(DateTime('UTC')), the quarter hours that this build
-- holds; until DateTime('UTC'), where the last day ends, or up to where it is summed so far.
INSERT INTO {{table}} ({{columns}})
SELECT
    {build:UInt64} AS build,
    r.tenant AS tenant,
    toDate(r.quarter) AS period,
    {{keys}}
    {{sums}}
FROM {{source}} AS r
WHERE toDate(r.quarter) IN {days:Array(Date)}
    AND r.quarter < {until:DateTime('UTC')}
    AND (r.quarter, r.build) IN (
        SELECT start, max(build)
        FROM (
            SELECT start, build FROM published WHERE grain = 'quarter' AND toDate(start) IN {days:Array(Date)}
            UNION ALL
            SELECT arrayJoin({quarters:Array(DateTime('UTC'))}), {build:UInt64}
        )
        GROUP BY start
    )
GROUP BY tenant, period, {{group_keys}}
