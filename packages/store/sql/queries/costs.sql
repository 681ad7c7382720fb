-- Costs of a range, by group and in total.
-- Parameters: those of the source (tenant, ranges, filters); limit UInt32, the most groups returned.
-- Result: d0, d1, … the dimensions; is_total 1 for the row of all groups; cost_usd dollars, exact; calls, input_tokens,
-- output_tokens, unpriced_calls, estimated_calls, error_calls counts. Descending by cost, the total first. Groups in
-- which nothing counts (the doctor's span, a roll-up beside its calls) have no row.
SELECT {{dimensions}}
    toUInt8({{is_total}}) AS is_total,
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
{{group_by}}
HAVING is_total OR calls != 0 OR cost_usd != 0
ORDER BY is_total DESC, cost_usd DESC, calls DESC{{order_by}}
LIMIT {limit:UInt32}
{{settings}}
