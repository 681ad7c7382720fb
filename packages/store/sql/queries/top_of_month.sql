-- The dearest values of one month of the month rollup, which has one row a value: nothing is summed.
-- Parameters: tenant String; month Date; snapshot UInt64; candidates UInt32, how many.
-- Result: d0, cost_usd. Descending by cost.
SELECT r.{{dimension}} AS d0, r.cost_usd AS cost_usd
FROM {{table}} AS r
WHERE tenant = {tenant:String}
    AND r.month = {month:Date}
    AND build = (
        SELECT max(build) FROM published
        WHERE grain = 'month' AND toDate(start) = {month:Date} AND build <= {snapshot:UInt64}
    )
ORDER BY cost_usd DESC
LIMIT {candidates:UInt32}
