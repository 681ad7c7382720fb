-- Calls of a build by quarter hour and every dimension but tags; see 0171.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.llm_cost_15m_wide_mv {{on_cluster}}
TO {{database}}.llm_cost_15m_wide
AS SELECT
    b.`build` AS `build`,
    b.`tenant` AS `tenant`,
    b.`quarter` AS `quarter`,
    b.`provider` AS `provider`,
    b.`model` AS `model`,
    b.`operation` AS `operation`,
    b.`service` AS `service`,
    b.`environment` AS `environment`,
    b.`feature` AS `feature`,
    b.`team` AS `team`,
    b.`project` AS `project`,
    b.`agent` AS `agent`,
    b.`user` AS `user`,
    b.`customer` AS `customer`,
    b.`conversation` AS `conversation`,
    sum(b.`calls`) AS `calls`,
    sum(b.`unpriced_calls`) AS `unpriced_calls`,
    sum(b.`estimated_calls`) AS `estimated_calls`,
    sum(b.`error_calls`) AS `error_calls`,
    sum(b.`input_tokens`) AS `input_tokens`,
    sum(b.`output_tokens`) AS `output_tokens`,
    sum(b.`cost_usd`) AS `cost_usd`
FROM {{database}}.llm_cost_build AS b
GROUP BY build, tenant, quarter, provider, model, operation, service, environment, feature, team, project, agent, user, customer, conversation
