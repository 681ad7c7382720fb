-- One list of the dearest users: of a month, or of the open day up to where it is summed.
-- Parameters: tenant String; grain String, month or so_far; start Date; build UInt64, which wrote it.
-- Result: d0 the user; is_total 1 for the row of all users; cost_usd dollars, exact; calls, input_tokens, output_tokens,
-- unpriced_calls, estimated_calls, error_calls counts. Descending by cost, the total first.
SELECT
    r.user AS d0,
    r.is_total AS is_total,
    r.calls AS calls,
    r.unpriced_calls AS unpriced_calls,
    r.estimated_calls AS estimated_calls,
    r.error_calls AS error_calls,
    r.input_tokens AS input_tokens,
    r.output_tokens AS output_tokens,
    r.cost_usd AS cost_usd
FROM llm_cost_top_users AS r
WHERE r.grain = {grain:String}
    AND r.start = {start:Date}
    AND r.build = {build:UInt64}
    AND r.tenant = {tenant:String}
ORDER BY is_total DESC, cost_usd DESC
