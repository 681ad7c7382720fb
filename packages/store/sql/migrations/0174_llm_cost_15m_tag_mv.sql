-- Calls of a build by quarter hour and tag, of which a hostile span may say one twice, or thousands; see 0171.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.llm_cost_15m_tag_mv {{on_cluster}}
TO {{database}}.llm_cost_15m_tag
AS SELECT
    b.`build` AS `build`,
    b.`tenant` AS `tenant`,
    b.`quarter` AS `quarter`,
    tag AS tag_name,
    b.tags[tag] AS tag_value,
    sum(b.`calls`) AS `calls`,
    sum(b.`unpriced_calls`) AS `unpriced_calls`,
    sum(b.`estimated_calls`) AS `estimated_calls`,
    sum(b.`error_calls`) AS `error_calls`,
    sum(b.`input_tokens`) AS `input_tokens`,
    sum(b.`output_tokens`) AS `output_tokens`,
    sum(b.`cost_usd`) AS `cost_usd`
FROM {{database}}.llm_cost_build AS b
ARRAY JOIN arraySlice(arrayDistinct(mapKeys(b.tags)), 1, 32) AS tag
GROUP BY build, tenant, quarter, tag_name, tag_value
