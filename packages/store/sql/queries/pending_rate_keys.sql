-- Rate keys of calls that wait for a price and that were never resolved. Both models of a call are asked for: the one
-- that was requested prices it where no list knows the one that answered. Superseded rows are read too (no FINAL): their
-- keys are known already, so they fall out.
-- Parameters: limit UInt32; partitions Array(String) where only some are looked at.
-- Result: provider, rate_model, service_tier, region.
SELECT DISTINCT provider, rate_model, service_tier, region
FROM (
    SELECT
        provider,
        arrayJoin(arrayFilter(name -> name != '', arrayDistinct([response_model, request_model]))) AS rate_model,
        service_tier,
        region
    FROM llm_calls
    WHERE cost_status = 'pending'{{within}}
)
WHERE (provider, rate_model, service_tier, region) NOT IN (SELECT provider, model, service_tier, region FROM llm_rates)
LIMIT {limit:UInt32}
SETTINGS {{settings}}
