-- Rows of one build of a rollup, summed from the ledger as it is now. Invisible until the build is published.
-- Parameters: build UInt64; pending_from DateTime64(3, 'UTC'), where calls that wait for their price count too: what is
-- about to be frozen could not take the price in; those of the ranges.
INSERT INTO {{table}} ({{columns}})
SELECT
    {build:UInt64} AS build,
    c.tenant AS tenant,
    {{period}} AS period,
    {{keys}}
        {{measures}}{{details}}
FROM llm_calls AS c FINAL
{{array_join}}
WHERE ({{ranges}}) AND {{hours}} AND (c.cost_status != 'pending' OR c.counted_at >= {pending_from:DateTime64(3, 'UTC')})
GROUP BY tenant, period, {{group_keys}}
{{settings}}
