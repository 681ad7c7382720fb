-- Costs of a range by step of time and group.
-- Parameters: those of the source (tenant, ranges, filters); time_zone String, where a day begins; limit UInt32, most points.
-- Result: start_ms where the step begins (milliseconds since 1970, UTC); d0, d1, … the dimensions; cost_usd dollars, exact;
-- calls, input_tokens, output_tokens, unpriced_calls, estimated_calls, error_calls counts. By time. Steps and groups
-- in which nothing counts have no row.
SELECT
    toInt64(toUnixTimestamp(step)) * 1000 AS start_ms,
    {{dimensions}}
    sum(calls) AS calls,
    sum(unpriced_calls) AS unpriced_calls,
    sum(estimated_calls) AS estimated_calls,
    sum(error_calls) AS error_calls,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd
FROM (
{{source}}
)
GROUP BY {{dimensions}} step
HAVING calls != 0 OR cost_usd != 0
ORDER BY step, cost_usd DESC{{order_by}}
LIMIT {limit:UInt32}
{{settings}}
