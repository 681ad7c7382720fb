-- Calls of quarter hours as the ledger has them now, for the rollups of one build: the views behind llm_cost_build add them
-- up. Invisible until the build is published.
-- Parameters: build UInt64; those of the ranges.
INSERT INTO llm_cost_build (`build`, {{columns}})
SELECT
    {build:UInt64} AS r_build,
    {{values}}
FROM llm_calls AS c FINAL
WHERE ({{ranges}}) AND {{hours}}
{{settings}}
