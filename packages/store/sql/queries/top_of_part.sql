-- The dearest values of one part of a source.
-- Parameters: those of the source; candidates UInt32, how many.
-- Result: d0, cost_usd. Descending by cost.
SELECT d0, sum(cost_usd) AS cost_usd
FROM (
{{source}}
)
GROUP BY d0
ORDER BY cost_usd DESC
LIMIT {candidates:UInt32}
{{settings}}
