-- The calls of traces as they stand, as far as counting once goes; the span by which `costel doctor` tries the pipeline
-- never counts, and nothing is to be judged about it.
-- Parameters: traces Array(String); hours Array(DateTime('UTC')), where their calls are, and days Array(Date) of these.
-- Result: identity, what the span said (own_usage), what counts now (usage, counted, verdict).
SELECT
    tenant,
    started,
    trace_id,
    span_id,
    item,
    parent_span_id,
    provider,
    operation,
    response_id,
    toUnixTimestamp64Milli(started) AS start_ms,
    toUnixTimestamp64Milli(started) + intDiv(duration_ns, 1000000) AS end_ms,
    arrayResize(own_usage, {{buckets}}, toUInt64(0)) AS own_usage,
    {{usage}} AS usage,
    usage_quality,
    reported_cost_usd IS NOT NULL AS has_reported_cost,
    startsWith(emitter, '@costel/') AS is_ours,
    cost_kind != '' AS is_recorded_cost,
    counted,
    verdict
FROM llm_calls FINAL
WHERE toStartOfHour(started) IN {hours:Array(DateTime('UTC'))} AND trace_id IN {traces:Array(String)}
    AND toDate(started) IN {days:Array(Date)}
    AND operation != 'costel_doctor'
{{settings}}
