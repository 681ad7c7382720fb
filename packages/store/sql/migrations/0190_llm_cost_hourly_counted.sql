-- Costs by hour and the dimensions of few values, from published builds and the tail: what dashboards read. cost_usd is
-- dollars, exact; unpriced_calls are calls whose cost is not known and in no sum; latency is calls by bucket of 10 % width,
-- bucket i up to 1.1^i milliseconds. Groups in which nothing counts (a roll-up beside its calls, the doctor's span) are left
-- out: they would be a line at $0.
CREATE OR REPLACE VIEW {{database}}.llm_cost_hourly {{on_cluster}}
AS SELECT
    t.tenant AS tenant,
    toStartOfHour(t.quarter) AS hour,
    t.provider AS provider,
    t.model AS model,
    t.operation AS operation,
    t.service AS service,
    t.environment AS environment,
    t.feature AS feature,
    t.team AS team,
    t.project AS project,
    t.agent AS agent,
    sum(t.calls) AS calls,
    sum(t.unpriced_calls) AS unpriced_calls,
    sum(t.estimated_calls) AS estimated_calls,
    sum(t.error_calls) AS error_calls,
    sum(t.input_tokens) AS input_tokens,
    sum(t.output_tokens) AS output_tokens,
    sum(t.cost_usd) AS cost_usd,
    sum(t.usage_input) AS usage_input,
    sum(t.usage_cache_read) AS usage_cache_read,
    sum(t.usage_cache_write_5m) AS usage_cache_write_5m,
    sum(t.usage_cache_write_1h) AS usage_cache_write_1h,
    sum(t.usage_input_audio) AS usage_input_audio,
    sum(t.usage_cache_read_audio) AS usage_cache_read_audio,
    sum(t.usage_input_image) AS usage_input_image,
    sum(t.usage_cache_read_image) AS usage_cache_read_image,
    sum(t.usage_input_video) AS usage_input_video,
    sum(t.usage_output) AS usage_output,
    sum(t.usage_reasoning) AS usage_reasoning,
    sum(t.usage_output_audio) AS usage_output_audio,
    sum(t.usage_output_image) AS usage_output_image,
    sum(t.usage_web_search) AS usage_web_search,
    sum(t.usage_file_search) AS usage_file_search,
    sum(t.usage_request) AS usage_request,
    sumMap(t.latency) AS latency
FROM {{database}}.llm_cost_quarters AS t
GROUP BY tenant, hour, provider, model, operation, service, environment, feature, team, project, agent
HAVING calls != 0 OR cost_usd != 0
