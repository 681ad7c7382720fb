-- What users cost in one part of a range: those that are named, and the dearest of all others.
-- Parameters: those of the source; named Array(String); limit UInt32, how many rows.
-- Result: d0 the user; is_total 1 for the row of all users; cost_usd dollars, exact; calls, input_tokens, output_tokens,
-- unpriced_calls, estimated_calls, error_calls counts. The total first, then those named, each descending by cost.
SELECT
    d0,
    toUInt8(grouping(d0)) AS is_total,
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
GROUP BY GROUPING SETS ((d0), ())
ORDER BY is_total DESC, d0 IN {named:Array(String)} DESC, cost_usd DESC
LIMIT {limit:UInt32}
{{settings}}
