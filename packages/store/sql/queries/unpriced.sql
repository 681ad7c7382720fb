-- Calls whose cost is not known, by what would have to be priced.
-- Parameters: tenant String; from, to DateTime64(3, 'UTC'), half-open; limit UInt32.
-- Result: provider, model, service_tier, region, reason (`pending` while a price is looked up), calls, input_tokens,
-- output_tokens, usage (counts by bucket), first_seen, last_seen. Descending by calls.
SELECT
    provider,
    model,
    service_tier,
    region,
    if(cost_status = 'pending', 'pending', toString(cost_reason)) AS reason,
    count() AS calls,
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    sumForEach({{usage}}) AS usage,
    min(counted_at) AS first_seen,
    max(counted_at) AS last_seen
FROM llm_calls AS c FINAL
WHERE tenant = {tenant:String}
    AND counted_at >= {from:DateTime64(3, 'UTC')}
    AND counted_at < {to:DateTime64(3, 'UTC')}
    AND cost_status IN ('unpriced', 'pending', 'no_usage')
    AND (cost_status != 'no_usage' OR cost_reason = 'usage_missing')
    AND counted
    AND {{hours}}
GROUP BY provider, model, service_tier, region, reason
ORDER BY calls DESC, provider, model, service_tier, region, reason
LIMIT {limit:UInt32}
{{settings}}
