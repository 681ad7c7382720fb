    SELECT {{dimensions}}
        {{sign}}sum(toInt64(r.calls)) AS calls,
        {{sign}}sum(toInt64(r.unpriced_calls)) AS unpriced_calls,
        {{sign}}sum(toInt64(r.estimated_calls)) AS estimated_calls,
        {{sign}}sum(toInt64(r.error_calls)) AS error_calls,
        {{sign}}sum(toInt64(r.input_tokens)) AS input_tokens,
        {{sign}}sum(toInt64(r.output_tokens)) AS output_tokens,
        {{sign}}sum(r.cost_usd) AS cost_usd{{latency}}
    FROM {{table}} AS r
    WHERE tenant = {tenant:String} AND ({{ranges}}){{filters}}
        AND ({{time}}, build) IN (
            SELECT {{start}}, max(build)
            FROM published
            WHERE grain = '{{grain}}' AND build <= {{snapshot}}{{published_from}}
            GROUP BY start
        )
    {{group_by}}
