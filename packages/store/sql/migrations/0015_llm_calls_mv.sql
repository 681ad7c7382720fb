-- Spans into ledger rows (62 columns). Generated from src/ledger/attribute-table.ts; see src/ledger/ledger-select.ts.
-- Total: no string in a span makes it throw. Changed by ALTER TABLE … MODIFY QUERY only.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.llm_calls_mv {{on_cluster}}
TO {{database}}.llm_calls
AS SELECT
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [ResourceAttributes['costel.tenant'], 'default']), 256)) AS `tenant`,
    fromUnixTimestamp64Milli(least(greatest(start_ms, toInt64(0)), toInt64(4102444799999)), 'UTC') AS `started`,
    if(is_id_missing[1], lower(hex(sipHash128(start_ms, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes)))), TraceId) AS `trace_id`,
    if(is_id_missing[2], lower(hex(sipHash128(start_ms, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes)))), SpanId) AS `span_id`,
    toUInt16(0) AS `item`,
    toUInt64(281474976710655 - received_ms) AS `version`,
    fromUnixTimestamp64Milli(received_ms, 'UTC') AS `received_at`,
    `counted_at`,
    multiIf(NOT is_start_plausible, 'received', is_offset, 'corrected', 'ok') AS `clock_status`,
    if(has(is_id_missing, 1), 'content_hash', 'ok') AS `id_status`,
    toValidUTF8(leftUTF8(ServiceName, 256)) AS `service`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['deployment.environment.name'], SpanAttributes['deployment.environment'], ResourceAttributes['deployment.environment.name'], ResourceAttributes['deployment.environment']]), 256)) AS `environment`,
    `provider`,
    toValidUTF8(leftUTF8(operation_text, 256)) AS `operation`,
    `request_model`,
    `response_model`,
    first_model AS `model`,
    `service_tier`,
    `region`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['costel.feature'], ResourceAttributes['costel.feature']]), 256)) AS `feature`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['user.id'], SpanAttributes['enduser.id'], ResourceAttributes['user.id'], ResourceAttributes['enduser.id']]), 256)) AS `user`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['costel.customer'], ResourceAttributes['costel.customer']]), 256)) AS `customer`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['costel.team'], ResourceAttributes['costel.team']]), 256)) AS `team`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['costel.project'], ResourceAttributes['costel.project']]), 256)) AS `project`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['gen_ai.agent.name'], SpanAttributes['gen_ai.agent.id']]), 256)) AS `agent`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['gen_ai.conversation.id'], SpanAttributes['session.id']]), 256)) AS `conversation`,
    mapApply(
        (name, value) -> (toValidUTF8(leftUTF8(substring(name, 12), 256)), toValidUTF8(leftUTF8(value, 256))),
        mapFilter((name, value) -> startsWith(name, 'costel.tag.') AND value != '', mapUpdate(ResourceAttributes, SpanAttributes))
    ) AS `tags`,
    toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['gen_ai.response.id'], SpanAttributes['ai.response.id']]), 256)) AS `response_id`,
    ParentSpanId AS `parent_span_id`,
    toValidUTF8(leftUTF8(ScopeName, 256)) AS `emitter`,
    `cost_kind`,
    lower(StatusCode) AS `status`,
    toValidUTF8(leftUTF8(multiIf(SpanAttributes['error.type'] != '', SpanAttributes['error.type'], StatusCode = 'Error', '_OTHER', ''), 256)) AS `error_type`,
    if(Duration > 34560000000000000, toUInt64(0), Duration) AS `duration_ns`,
    if(accurateCastOrNull(round(toFloat64OrNull(SpanAttributes['gen_ai.response.time_to_first_chunk']) * 1000000000), 'UInt64') < 86400000000000, accurateCastOrNull(round(toFloat64OrNull(SpanAttributes['gen_ai.response.time_to_first_chunk']) * 1000000000), 'UInt64'), NULL) AS `time_to_first_chunk_ns`,
    `usage_quality`,
    priced_usage[1] AS `usage_input`,
    priced_usage[2] AS `usage_cache_read`,
    priced_usage[3] AS `usage_cache_write_5m`,
    priced_usage[4] AS `usage_cache_write_1h`,
    priced_usage[5] AS `usage_input_audio`,
    priced_usage[6] AS `usage_cache_read_audio`,
    priced_usage[7] AS `usage_input_image`,
    priced_usage[8] AS `usage_cache_read_image`,
    priced_usage[9] AS `usage_input_video`,
    priced_usage[10] AS `usage_output`,
    priced_usage[11] AS `usage_reasoning`,
    priced_usage[12] AS `usage_output_audio`,
    priced_usage[13] AS `usage_output_image`,
    priced_usage[14] AS `usage_web_search`,
    priced_usage[15] AS `usage_file_search`,
    priced_usage[16] AS `usage_request`,
    priced_usage AS `own_usage`,
    if(decision.1 = 'priced', ifNull(given_cost_usd, toDecimal128(pico_usd, 0) * toDecimal128('0.000000000001', 12)), NULL) AS `cost_usd`,
    decision.1 AS `cost_status`,
    decision.2 AS `cost_reason`,
    multiIf(decision.1 != 'priced', '', given_cost_usd IS NOT NULL, given_source, rate.3) AS `price_source`,
    if(decision.1 = 'priced' AND given_cost_usd IS NULL, rate.4, '') AS `rate_id`,
    `reported_cost_usd`,
    stated_cost_usd AS `app_cost_usd`,
    toUInt8(1) AS `counted`,
    'counted' AS `verdict`
FROM (
    SELECT
        *,
        arraySum((quantity, price) -> toInt128(quantity) * greatest(price, toInt64(0)), priced_usage, unit_prices) AS pico_usd,
        multiIf(
            cost_kind != '', if(given_cost_usd IS NULL, ('unpriced', 'no_price_at_time'), ('priced', '')),
            given_cost_usd IS NOT NULL, ('priced', ''),
            usage_quality = 'missing', ('no_usage', if(failed, 'error', 'usage_missing')),
            arraySum(priced_usage) = 0,
                if(usage_quality = 'inconsistent', ('unpriced', 'usage_inconsistent'), ('not_billable', '')),
            first_model = '', ('unpriced', 'unknown_model'),
            provider = '', ('unpriced', 'unknown_provider'),
            rate.1 = '', ('pending', ''),
            rate.1 != 'priced', ('unpriced', rate.2),
            tier = 0, ('unpriced', 'no_price_at_time'),
            arrayExists((quantity, price) -> quantity > 0 AND price < 0, priced_usage, unit_prices),
                ('unpriced', 'no_price_for_bucket'),
            ('priced', '')
        ) AS decision
    FROM (
        SELECT
            *,
            arrayLastIndex(
                (above, from_second, to_second) ->
                    (above <= 0 OR input_count > above) AND second_of_day >= from_second AND second_of_day < to_second,
                rate.5, arrayResize(rate.6, length(rate.5), 0), arrayResize(rate.7, length(rate.5), 0)
            ) AS tier,
            arrayResize(arraySlice(rate.8, (toInt64(tier) - 1) * 16 + 1, 16), 16, toInt64(-1)) AS unit_prices
        FROM (
            SELECT
                *,
                if(
                    first_rate.1 = 'unpriced' AND first_rate.2 = 'unknown_model' AND request_model NOT IN ('', response_model),
                    dictGet('{{database}}.llm_rates_dict', ('status', 'reason', 'source', 'rate_id', 'above_input_tokens', 'from_second_of_day', 'to_second_of_day', 'prices'), (provider, request_model, service_tier, region), counted_at),
                    first_rate
                ) AS rate,
                arraySum(arraySlice(priced_usage, 1, 9)) AS input_count,
                intDiv(toUnixTimestamp64Milli(counted_at), 1000) % 86400 AS second_of_day
            FROM (
                SELECT
                    *,
                    if(response_model != '', response_model, request_model) AS first_model,
                    dictGet('{{database}}.llm_rates_dict', ('status', 'reason', 'source', 'rate_id', 'above_input_tokens', 'from_second_of_day', 'to_second_of_day', 'prices'), (provider, first_model, service_tier, region), counted_at) AS first_rate
                FROM (
                    SELECT
                        *,
                        toValidUTF8(leftUTF8(transform(provider_text, ['az.ai.openai', 'azure-openai.chat', 'azure-openai.responses', 'azure_openai', 'az.ai.inference', 'openai.chat', 'openai.responses', 'openai.completion', 'openai.embedding', 'anthropic.messages', 'amazon-bedrock', 'bedrock', 'google.generative-ai', 'gemini', 'google', 'google.vertex.chat', 'vertex_ai', 'mistral.chat', 'mistral', 'mistralai', 'xai.chat', 'xai'], ['azure.ai.openai', 'azure.ai.openai', 'azure.ai.openai', 'azure.ai.openai', 'azure.ai.inference', 'openai', 'openai', 'openai', 'openai', 'anthropic', 'aws.bedrock', 'aws.bedrock', 'gcp.gemini', 'gcp.gemini', 'gcp.gemini', 'gcp.vertex_ai', 'gcp.vertex_ai', 'mistral_ai', 'mistral_ai', 'mistral_ai', 'x_ai', 'x_ai'], provider_text), 256)) AS provider,
                        toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['gen_ai.request.model'], SpanAttributes['llm.model_name'], SpanAttributes['ai.model.id'], SpanAttributes['embedding.model_name']]), 256)) AS request_model,
                        toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['gen_ai.response.model'], SpanAttributes['ai.response.model']]), 256)) AS response_model,
                        lowerUTF8(arrayFirst(text -> text != '', [SpanAttributes['openai.response.service_tier'], SpanAttributes['gen_ai.openai.response.service_tier'], SpanAttributes['anthropic.response.service_tier']])) AS foreign_tier,
                        toValidUTF8(leftUTF8(arrayFirst(text -> text != '', [SpanAttributes['costel.service_tier'], if(foreign_tier IN ('default', 'standard', 'auto', 'standard_only', 'on_demand'), '', foreign_tier)]), 256)) AS service_tier,
                        toValidUTF8(leftUTF8(SpanAttributes['costel.region'], 256)) AS region,
                        fromUnixTimestamp64Milli(least(greatest(if(is_start_plausible, own_start_ms, received_ms), toInt64(0)), toInt64(4102444799999)), 'UTC') AS counted_at,
                        StatusCode = 'Error' OR SpanAttributes['error.type'] != '' AS failed,
                        multiIf(
                            has_bad_count OR contradicts, 'inconsistent',
                            stated_quality = 'missing' AND span_cost_status = 'not_billable', 'reported',
                            stated_quality IN ('reported', 'estimated', 'missing', 'inconsistent'), stated_quality,
                            has_own_usage OR has_dialect_usage OR span_cost_status = 'not_billable', 'reported',
                            'missing'
                        ) AS usage_quality,
                        CAST(multiIf(
                            has_bad_count, [toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0)],
                            has_own_usage, arrayResize(said, 16, toInt64(0)),
                            arrayConcat(
                                [input_total - arraySum(fitted_input)], arraySlice(fitted_input, 1, 4), [toInt64(0), fitted_input[5], toInt64(0), fitted_input[6]],
                                [output_total - arraySum(fitted_output)], fitted_output, [toInt64(0), toInt64(0), toInt64(0), toInt64(0)]
                            )
                        ), 'Array(UInt64)') AS priced_usage,
                        if(SpanAttributes['gen_ai.usage.cost.source'] = 'provider' AND upper(SpanAttributes['gen_ai.usage.cost.currency']) IN ('', 'USD'), ifNull(stated_cost_usd, stated_amount_usd), NULL) AS reported_cost_usd,
                        if(cost_kind != '', ifNull(stated_cost_usd, stated_amount_usd), reported_cost_usd) AS given_cost_usd,
                        if(cost_kind != '', 'recorded', 'provider') AS given_source
                    FROM (
                        SELECT
                            *,
                            arrayMap((part, before) -> greatest(least(part, input_total - (before - part)), toInt64(0)), input_parts, arrayCumSum(input_parts)) AS fitted_input,
                            arrayMap((part, before) -> greatest(least(part, output_total - (before - part)), toInt64(0)), output_parts, arrayCumSum(output_parts)) AS fitted_output,
                            NOT has_own_usage AND (arraySum(input_parts) > input_total OR arraySum(output_parts) > output_total) AS contradicts,
                            SpanAttributes['costel.usage.quality'] AS stated_quality,
                            if(round(toDecimal256OrNull(SpanAttributes['costel.cost.usd'], 30), 12) >= 0 AND round(toDecimal256OrNull(SpanAttributes['costel.cost.usd'], 30), 12) <= 1000000000, toDecimal128OrNull(toString(round(toDecimal256OrNull(SpanAttributes['costel.cost.usd'], 30), 12)), 12), NULL) AS stated_cost_usd,
                            if(round(toDecimal256OrNull(SpanAttributes['gen_ai.usage.cost.amount'], 30), 12) >= 0 AND round(toDecimal256OrNull(SpanAttributes['gen_ai.usage.cost.amount'], 30), 12) <= 1000000000, toDecimal128OrNull(toString(round(toDecimal256OrNull(SpanAttributes['gen_ai.usage.cost.amount'], 30), 12)), 12), NULL) AS stated_amount_usd
                        FROM (
                            SELECT
                                *,
                                arrayMap(quantity -> greatest(quantity, toInt64(0)), parsed) AS said,
                                arrayExists(quantity -> quantity < 0 OR quantity > 1000000000, parsed)
                                    OR arrayExists(name -> startsWith(name, 'costel.usage.') AND NOT has(['costel.usage.input', 'costel.usage.cache_read', 'costel.usage.cache_write_5m', 'costel.usage.cache_write_1h', 'costel.usage.input_audio', 'costel.usage.cache_read_audio', 'costel.usage.input_image', 'costel.usage.cache_read_image', 'costel.usage.input_video', 'costel.usage.output', 'costel.usage.reasoning', 'costel.usage.output_audio', 'costel.usage.output_image', 'costel.usage.web_search', 'costel.usage.file_search', 'costel.usage.request', 'costel.usage.quality'], name), mapKeys(SpanAttributes)) AS has_bad_count,
                                greatest(said[4], said[5] + said[6]) - said[6] AS written_5m,
                                [said[3], written_5m, said[6], said[8], said[9], said[10]] AS input_parts,
                                [said[7], said[11]] AS output_parts,
                                multiIf(
                                    dialect_counts[1] = '', arraySum(input_parts),
                                    (startsWith(ScopeName, '@traceloop/instrumentation-anthropic') AND provider_text = 'anthropic') OR (startsWith(ScopeName, 'openlit') AND provider_text = 'anthropic') OR (startsWith(ScopeName, '@openlit/') AND provider_text = 'anthropic'), said[1] + said[3] + written_5m + said[6],
                                    said[1]
                                ) AS input_total,
                                if(dialect_counts[2] = '', arraySum(output_parts), said[2]) AS output_total,
                                abs(clock_offset_ms) > 300000 AND abs(clock_offset_ms) <= 4102444799999 AS is_offset,
                                if(is_offset, start_ms - clock_offset_ms, start_ms) AS own_start_ms,
                                own_start_ms >= received_ms - 34560000000 AND own_start_ms <= received_ms + 300000 AS is_start_plausible
                            FROM (
                                SELECT
                                    *,
                                    arrayExists(text -> text != '', own_counts) AS has_own_usage,
                                    arrayExists(text -> text != '', dialect_counts) AS has_dialect_usage,
                                    arrayMap(
                                        text -> if(text = '', toInt64(0), ifNull(accurateCastOrNull(toFloat64OrNull(text), 'Int64'), toInt64(-1))),
                                        if(has_own_usage, own_counts, dialect_counts)
                                    ) AS parsed,
                                    lowerUTF8(arrayFirst(text -> text != '', [SpanAttributes['gen_ai.provider.name'], SpanAttributes['gen_ai.system'], SpanAttributes['llm.provider'], SpanAttributes['llm.system'], SpanAttributes['ai.model.provider']])) AS provider_text,
                                    intDiv(toUnixTimestamp64Nano(Timestamp), 1000000) AS start_ms,
                                    least(greatest(toUnixTimestamp64Milli(ReceivedAt), toInt64(0)), toInt64(4102444799999)) AS received_ms,
                                    ifNull(accurateCastOrNull(toFloat64OrNull(SpanAttributes['costel.clock.offset_ms']), 'Int64'), 0) AS clock_offset_ms,
                                    [trim(BOTH '0' FROM TraceId) = '', trim(BOTH '0' FROM SpanId) = ''] AS is_id_missing
                                FROM (
                                    SELECT
                                        Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, ScopeName, Duration, StatusCode, SpanAttributes, ResourceAttributes, ReceivedAt,
                                        [SpanAttributes['costel.usage.input'], SpanAttributes['costel.usage.cache_read'], SpanAttributes['costel.usage.cache_write_5m'], SpanAttributes['costel.usage.cache_write_1h'], SpanAttributes['costel.usage.input_audio'], SpanAttributes['costel.usage.cache_read_audio'], SpanAttributes['costel.usage.input_image'], SpanAttributes['costel.usage.cache_read_image'], SpanAttributes['costel.usage.input_video'], SpanAttributes['costel.usage.output'], SpanAttributes['costel.usage.reasoning'], SpanAttributes['costel.usage.output_audio'], SpanAttributes['costel.usage.output_image'], SpanAttributes['costel.usage.web_search'], SpanAttributes['costel.usage.file_search'], SpanAttributes['costel.usage.request']] AS own_counts,
                                        [arrayFirst(text -> text != '', [SpanAttributes['gen_ai.usage.input_tokens'], SpanAttributes['gen_ai.usage.prompt_tokens'], SpanAttributes['llm.usage.prompt_tokens'], SpanAttributes['llm.token_count.prompt'], SpanAttributes['ai.usage.inputTokens'], SpanAttributes['ai.usage.promptTokens'], SpanAttributes['ai.usage.tokens']]), arrayFirst(text -> text != '', [SpanAttributes['gen_ai.usage.output_tokens'], SpanAttributes['gen_ai.usage.completion_tokens'], SpanAttributes['llm.usage.completion_tokens'], SpanAttributes['llm.token_count.completion'], SpanAttributes['ai.usage.outputTokens'], SpanAttributes['ai.usage.completionTokens']]), arrayFirst(text -> text != '', [SpanAttributes['gen_ai.usage.cache_read.input_tokens'], SpanAttributes['gen_ai.usage.cache_read_input_tokens'], SpanAttributes['gen_ai.usage.input_tokens.cached'], SpanAttributes['llm.token_count.prompt_details.cache_read'], SpanAttributes['ai.usage.cachedInputTokens']]), arrayFirst(text -> text != '', [SpanAttributes['gen_ai.usage.cache_write.input_tokens'], SpanAttributes['gen_ai.usage.cache_creation.input_tokens'], SpanAttributes['gen_ai.usage.cache_creation_input_tokens'], SpanAttributes['gen_ai.usage.input_tokens.cache_write'], SpanAttributes['llm.token_count.prompt_details.cache_write']]), SpanAttributes['anthropic.usage.cache_creation.ephemeral_5m_input_tokens'], SpanAttributes['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'], arrayFirst(text -> text != '', [SpanAttributes['gen_ai.usage.reasoning.output_tokens'], SpanAttributes['gen_ai.usage.reasoning_tokens'], SpanAttributes['gen_ai.usage.output_tokens.reasoning'], SpanAttributes['llm.token_count.completion_details.reasoning'], SpanAttributes['ai.usage.reasoningTokens']]), arrayFirst(text -> text != '', [SpanAttributes['gen_ai.usage.audio.input_tokens'], SpanAttributes['llm.token_count.prompt_details.audio']]), SpanAttributes['gen_ai.usage.image.input_tokens'], SpanAttributes['gen_ai.usage.video.input_tokens'], arrayFirst(text -> text != '', [SpanAttributes['gen_ai.usage.audio.output_tokens'], SpanAttributes['llm.token_count.completion_details.audio']])] AS dialect_counts,
                                        arrayFirst(text -> text != '', [SpanAttributes['gen_ai.operation.name'], SpanAttributes['llm.request.type'], transform(SpanAttributes['openinference.span.kind'], ['LLM', 'EMBEDDING', 'AGENT', 'CHAIN', 'TOOL', 'RETRIEVER'], ['chat', 'embeddings', 'invoke_agent', 'invoke_workflow', 'execute_tool', 'retrieval'], ''), SpanAttributes['costel.cost.kind']]) AS operation_text,
                                        leftUTF8(toValidUTF8(SpanAttributes['costel.cost.kind']), 64) AS cost_kind,
                                        SpanAttributes['costel.cost.status'] AS span_cost_status
                                    FROM {{database}}.otel_traces
                                    WHERE 1
                                )
                                WHERE has_own_usage
                                    OR has_dialect_usage
                                    OR cost_kind != ''
                                    OR span_cost_status != ''
                                    OR SpanAttributes['gen_ai.usage.cost.amount'] != ''
                                    OR (operation_text != '' AND operation_text NOT IN ('create_agent', 'execute_tool', 'invoke_agent', 'invoke_workflow', 'plan', 'retrieval') AND position(operation_text, 'memory') = 0)
                            )
                        )
                    )
                )
            )
        )
    )
)
SETTINGS optimize_and_compare_chain = 0, query_plan_merge_expressions = 0
