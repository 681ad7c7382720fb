-- Rows of one build of a rollup for periods whose calls may have left the ledger: what is published, and the rows that came
-- since. Revisions are left out (their originals are in the published sums), and so are copies of what was counted before.
-- A call that waits for its price is added when it has it: what is added never changes.
-- Parameters: build UInt64; partitions Array(String), blocks Array(UInt64), up to which block each partition was read;
-- originals_below UInt64, versions of calls as they came, or with the price they waited for; those of the ranges.
INSERT INTO {{table}} ({{columns}})
SELECT {build:UInt64} AS build, tenant, period, {{group_keys}}, {{sums}}
FROM (
    SELECT tenant, r.{{time}} AS period, {{rollup_keys}} {{rollup_measures}}
    FROM {{table}} AS r
    WHERE ({{rollup_ranges}}) AND (r.{{time}}, r.build) IN (
        SELECT {{start}}, max(build) FROM published WHERE grain = '{{grain}}' GROUP BY start
    )
    UNION ALL
    SELECT
        c.tenant AS tenant,
        {{period}} AS period,
        {{keys}}
        {{measures}}{{details}}
    FROM llm_calls AS c FINAL
    {{array_join}}
    WHERE {{newly_adjusted}}
    GROUP BY tenant, period, {{group_keys}}
)
GROUP BY tenant, period, {{group_keys}}
{{settings}}
