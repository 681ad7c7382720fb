-- The calls that a build adds to frozen periods, so that no copy of them is added again.
-- Parameters: build UInt64; those of newly_adjusted.sql.
INSERT INTO llm_adjusted_calls (build, tenant, trace_id, span_id, item)
SELECT {build:UInt64} AS build, c.tenant, c.trace_id, c.span_id, c.item
FROM llm_calls AS c FINAL
WHERE {{newly_adjusted}}
{{settings}}
