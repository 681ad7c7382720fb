-- What some users cost in a summed period: one row a user.
-- Parameters: tenant String; start Date, where the period begins; build UInt64, which summed it; users Array(String).
-- Result: d0 the user; cost_usd dollars, exact; calls, input_tokens, output_tokens, unpriced_calls, estimated_calls,
-- error_calls counts.
SELECT
    r.user AS d0,
    r.calls AS calls,
    r.unpriced_calls AS unpriced_calls,
    r.estimated_calls AS estimated_calls,
    r.error_calls AS error_calls,
    r.input_tokens AS input_tokens,
    r.output_tokens AS output_tokens,
    r.cost_usd AS cost_usd
FROM {{table}} AS r
WHERE r.tenant = {tenant:String}
    AND r.{{time}} = {start:Date}
    AND r.user IN {users:Array(String)}
    AND r.build = {build:UInt64}
