-- How far the figures of a range can be trusted, and where the application's own figure differs from the ledger's.
-- Parameters: tenant String; from, to DateTime64(3, 'UTC'), half-open.
-- Result: calls; inconsistent_counts, calls whose counts were no whole numbers in range or named an unknown bucket (their
-- usage is void); inconsistent_parts, calls whose parts exceeded their total (they were cut to it); app_compared_calls,
-- calls for which the application computed a cost too; app_differing_calls of them; app_difference_usd, the sum of what
-- they differ by, each without its sign, dollars.
SELECT
    countIf(c.cost_kind = '') AS calls,
    countIf(c.usage_quality = 'inconsistent' AND c.cost_reason = 'usage_inconsistent') AS inconsistent_counts,
    countIf(c.usage_quality = 'inconsistent' AND c.cost_reason != 'usage_inconsistent') AS inconsistent_parts,
    countIf({{compared}}) AS app_compared_calls,
    countIf({{compared}} AND c.app_cost_usd != c.cost_usd) AS app_differing_calls,
    sumIf(abs(ifNull(c.app_cost_usd, 0) - ifNull(c.cost_usd, 0)), {{compared}}) AS app_difference_usd
FROM llm_calls AS c FINAL
WHERE tenant = {tenant:String}
    AND c.counted
    AND c.counted_at >= {from:DateTime64(3, 'UTC')}
    AND c.counted_at < {to:DateTime64(3, 'UTC')}
    AND {{hours}}
{{settings}}
