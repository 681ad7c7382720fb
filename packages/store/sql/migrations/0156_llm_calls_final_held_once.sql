-- The ledger as it counts: one row a billable item, the winner of its versions. For dashboards and for people; bound it by
-- `counted_at`, and by `started` where only some days matter. Hours whose calls are being priced again (grain hold of
-- published) are read from the copy of when that began: their new versions are seen all at once, when the hold ends. Where it
-- begins and ends is asked once.
CREATE OR REPLACE VIEW {{database}}.llm_calls_final {{on_cluster}}
AS WITH
    (
        SELECT (argMax(p.sealed_until, p.build), argMax(p.partition_id, p.build))
        FROM {{database}}.published AS p
        WHERE p.grain = 'hold'
    ) AS now_published,
    now_published.1 AS held_until,
    fromUnixTimestamp64Milli(JSONExtractInt(now_published.2, 'fromMs'), 'UTC') AS held_from
SELECT
    `tenant`, `started`, `trace_id`, `span_id`, `item`, `version`, `received_at`, `counted_at`, `clock_status`,
    `id_status`, `service`, `environment`, `provider`, `operation`, `request_model`, `response_model`, `model`,
    `service_tier`, `region`, `feature`, `user`, `customer`, `team`, `project`, `agent`, `conversation`, `tags`,
    `response_id`, `parent_span_id`, `emitter`, `cost_kind`, `status`, `error_type`, `duration_ns`,
    `time_to_first_chunk_ns`, `usage_quality`, `usage_input`, `usage_cache_read`, `usage_cache_write_5m`,
    `usage_cache_write_1h`, `usage_input_audio`, `usage_cache_read_audio`, `usage_input_image`,
    `usage_cache_read_image`, `usage_input_video`, `usage_output`, `usage_reasoning`, `usage_output_audio`,
    `usage_output_image`, `usage_web_search`, `usage_file_search`, `usage_request`, `usage_more`, `own_usage`,
    `cost_usd`, `cost_status`, `cost_reason`, `price_source`, `rate_id`, `reported_cost_usd`, `app_cost_usd`,
    `counted`, `verdict`, input_tokens, output_tokens
FROM {{database}}.llm_calls_held FINAL
WHERE counted AND counted_at >= held_from AND counted_at < held_until
UNION ALL
SELECT
    `tenant`, `started`, `trace_id`, `span_id`, `item`, `version`, `received_at`, `counted_at`, `clock_status`,
    `id_status`, `service`, `environment`, `provider`, `operation`, `request_model`, `response_model`, `model`,
    `service_tier`, `region`, `feature`, `user`, `customer`, `team`, `project`, `agent`, `conversation`, `tags`,
    `response_id`, `parent_span_id`, `emitter`, `cost_kind`, `status`, `error_type`, `duration_ns`,
    `time_to_first_chunk_ns`, `usage_quality`, `usage_input`, `usage_cache_read`, `usage_cache_write_5m`,
    `usage_cache_write_1h`, `usage_input_audio`, `usage_cache_read_audio`, `usage_input_image`,
    `usage_cache_read_image`, `usage_input_video`, `usage_output`, `usage_reasoning`, `usage_output_audio`,
    `usage_output_image`, `usage_web_search`, `usage_file_search`, `usage_request`, `usage_more`, `own_usage`,
    `cost_usd`, `cost_status`, `cost_reason`, `price_source`, `rate_id`, `reported_cost_usd`, `app_cost_usd`,
    `counted`, `verdict`, input_tokens, output_tokens
FROM {{database}}.llm_calls FINAL
WHERE counted AND NOT (counted_at >= held_from AND counted_at < held_until)
SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1
