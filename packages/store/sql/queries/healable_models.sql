-- Models of calls without a price whose key has a price at some time now: a superset of what new prices can heal. Superseded
-- rows are read too (no FINAL).
-- Parameters: none.
-- Result: rate_model.
SELECT DISTINCT rate_model
FROM (
    SELECT
        provider,
        arrayJoin(arrayFilter(name -> name != '', arrayDistinct([response_model, request_model]))) AS rate_model,
        service_tier,
        region
    FROM (
        SELECT DISTINCT
            c.provider AS provider,
            c.response_model AS response_model,
            c.request_model AS request_model,
            c.service_tier AS service_tier,
            c.region AS region
        FROM llm_calls AS c
        WHERE {{waits}}
    )
)
WHERE (provider, rate_model, service_tier, region) IN (
    SELECT provider, model, service_tier, region FROM llm_rates WHERE status = 'priced'
)
SETTINGS {{settings}}
