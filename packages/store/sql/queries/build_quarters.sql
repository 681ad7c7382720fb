-- Calls of quarter hours as the ledger has them now, for the rollups of one build: the views behind llm_cost_build add them
-- up. Invisible until the build is published.
-- Parameters: build UInt64; pending_from DateTime64(3, 'UTC'), where calls that wait for their price count too: what is
-- about to be frozen could not take the price in; those of the ranges.
INSERT INTO llm_cost_build (`build`, {{columns}})
SELECT
    {build:UInt64} AS r_build,
    {{values}}
FROM llm_calls AS c FINAL
WHERE ({{ranges}}) AND {{hours}} AND (c.cost_status != 'pending' OR c.counted_at >= {pending_from:DateTime64(3, 'UTC')})
{{settings}}
