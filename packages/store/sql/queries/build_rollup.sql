-- Rows of one build of a rollup, summed from the ledger as it is now. Invisible until the build is published.
-- Parameters: build UInt64; those of the ranges.
INSERT INTO {{table}} ({{columns}})
SELECT
    {build:UInt64} AS build,
    c.tenant AS tenant,
    {{period}} AS period,
    {{keys}}
        {{measures}}{{details}}
FROM llm_calls AS c FINAL
{{array_join}}
WHERE ({{ranges}}) AND {{hours}}
GROUP BY tenant, period, {{group_keys}}
{{settings}}
