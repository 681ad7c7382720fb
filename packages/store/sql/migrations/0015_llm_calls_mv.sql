-- Spans into ledger rows (62 columns). Generated from src/ledger/attribute-table.ts; see src/ledger/ledger-select.ts.
-- Total: no string in a span makes it throw. Changed by ALTER TABLE … MODIFY QUERY only.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.llm_calls_mv {{on_cluster}}
TO {{database}}.llm_calls
AS SELECT
    `tenant`,
    `started`,
    `trace_id`,
    `span_id`,
    toUInt16(0) AS `item`,
    toUInt64(281474976710655 - received_ms) AS `version`,
    `received_at`,
    `counted_at`,
    `clock_status`,
    `id_status`,
    `service`,
    `environment`,
    `provider`,
    `operation`,
    `request_model`,
    `response_model`,
    if(response_model != '', response_model, request_model) AS `model`,
    `service_tier`,
    `region`,
    `feature`,
    `user`,
    `customer`,
    `team`,
    `project`,
    `agent`,
    `conversation`,
    `tags`,
    `response_id`,
    ParentSpanId AS `parent_span_id`,
    toValidUTF8(leftUTF8(ScopeName, 256)) AS `emitter`,
    `cost_kind`,
    lower(StatusCode) AS `status`,
    `error_type`,
    `duration_ns`,
    `time_to_first_chunk_ns`,
    `usage_quality`,
    own_usage[1] AS `usage_input`,
    own_usage[2] AS `usage_cache_read`,
    own_usage[3] AS `usage_cache_write_5m`,
    own_usage[4] AS `usage_cache_write_1h`,
    own_usage[5] AS `usage_input_audio`,
    own_usage[6] AS `usage_cache_read_audio`,
    own_usage[7] AS `usage_input_image`,
    own_usage[8] AS `usage_cache_read_image`,
    own_usage[9] AS `usage_input_video`,
    own_usage[10] AS `usage_output`,
    own_usage[11] AS `usage_reasoning`,
    own_usage[12] AS `usage_output_audio`,
    own_usage[13] AS `usage_output_image`,
    own_usage[14] AS `usage_web_search`,
    own_usage[15] AS `usage_file_search`,
    own_usage[16] AS `usage_request`,
    `own_usage`,
    `cost_usd`,
    `cost_status`,
    `cost_reason`,
    `price_source`,
    `rate_id`,
    `reported_cost_usd`,
    `app_cost_usd`,
    toUInt8(1) AS `counted`,
    'counted' AS `verdict`
FROM (
    SELECT
        *,
        decision.1 AS cost_status,
        decision.2 AS cost_reason,
        if(decision.1 = 'priced', ifNull(given_cost_usd, toDecimal128(pico_usd, 0) * toDecimal128('0.000000000001', 12)), NULL) AS cost_usd,
        multiIf(decision.1 != 'priced', '', given_cost_usd IS NOT NULL, given_source, rate.3) AS price_source,
        if(decision.1 = 'priced' AND given_cost_usd IS NULL, rate.4, '') AS rate_id
    FROM (
        SELECT
            *,
            arraySum((quantity, price) -> toInt128(quantity) * greatest(price, toInt64(0)), priced_usage, unit_prices) AS pico_usd,
            multiIf(
                cost_kind != '', if(given_cost_usd IS NULL, ('unpriced', 'no_price_at_time'), ('priced', '')),
                given_cost_usd IS NOT NULL, ('priced', ''),
                usage_quality = 'missing', ('no_usage', if(failed, 'error', 'usage_missing')),
                NOT arrayExists(quantity -> quantity > 0, priced_usage),
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
                    ) AS rate
                FROM (
                    SELECT
                        *,
                        if(response_model != '', response_model, request_model) AS first_model,
                        dictGet('{{database}}.llm_rates_dict', ('status', 'reason', 'source', 'rate_id', 'above_input_tokens', 'from_second_of_day', 'to_second_of_day', 'prices'), (provider, if(response_model != '', response_model, request_model), service_tier, region), counted_at) AS first_rate,
                        arraySum(arraySlice(priced_usage, 1, 9)) AS input_count,
                        intDiv(toUnixTimestamp64Milli(counted_at), 1000) % 86400 AS second_of_day
                    FROM (
                        SELECT
                            *,
                            if(ResourceAttributes['costel.tenant'] = '', 'default', toValidUTF8(leftUTF8(ResourceAttributes['costel.tenant'], 256))) AS tenant,
                            fromUnixTimestamp64Milli(least(greatest(start_ms, toInt64(0)), toInt64(4102444799999)), 'UTC') AS started,
                            fromUnixTimestamp64Milli(received_ms, 'UTC') AS received_at,
                            fromUnixTimestamp64Milli(least(greatest(multiIf((abs(clock_offset_ms) > 300000 AND abs(clock_offset_ms) <= 4102444799999), if((start_ms - clock_offset_ms) >= received_ms - 34560000000 AND (start_ms - clock_offset_ms) <= received_ms + 300000, (start_ms - clock_offset_ms), received_ms), start_ms >= received_ms - 34560000000 AND start_ms <= received_ms + 300000, start_ms, received_ms), toInt64(0)), toInt64(4102444799999)), 'UTC') AS counted_at,
                            multiIf((abs(clock_offset_ms) > 300000 AND abs(clock_offset_ms) <= 4102444799999) AND (start_ms - clock_offset_ms) >= received_ms - 34560000000 AND (start_ms - clock_offset_ms) <= received_ms + 300000, 'corrected', NOT (abs(clock_offset_ms) > 300000 AND abs(clock_offset_ms) <= 4102444799999) AND start_ms >= received_ms - 34560000000 AND start_ms <= received_ms + 300000, 'ok', 'received') AS clock_status,
                            if(trim(BOTH '0' FROM TraceId) = '', lower(hex(sipHash128(toUnixTimestamp64Nano(Timestamp), TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes)))), TraceId) AS trace_id,
                            if(trim(BOTH '0' FROM SpanId) = '', lower(hex(sipHash128(toUnixTimestamp64Nano(Timestamp), TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes)))), SpanId) AS span_id,
                            if(trim(BOTH '0' FROM TraceId) = '' OR trim(BOTH '0' FROM SpanId) = '', 'content_hash', 'ok') AS id_status,
                            toValidUTF8(leftUTF8(ServiceName, 256)) AS service,
                            if(
                                SpanAttributes['costel.service_tier'] != '', toValidUTF8(leftUTF8(SpanAttributes['costel.service_tier'], 256)),
                                if(lowerUTF8(tier_text) IN ('default', 'standard', 'auto', 'standard_only', 'on_demand'), '', toValidUTF8(leftUTF8(lowerUTF8(tier_text), 256)))
                            ) AS service_tier,
                            toValidUTF8(leftUTF8(SpanAttributes['costel.region'], 256)) AS region,
                            mapFilter((name, value) -> startsWith(name, 'costel.tag.') AND value != '', mapUpdate(ResourceAttributes, SpanAttributes)) AS tag_map,
                            mapFromArrays(
                                arrayMap(name -> toValidUTF8(leftUTF8(substring(name, 12), 256)), arraySlice(mapKeys(tag_map), 1, 32)),
                                arrayMap(value -> toValidUTF8(leftUTF8(value, 256)), arraySlice(mapValues(tag_map), 1, 32))
                            ) AS tags,
                            StatusCode = 'Error' OR SpanAttributes['error.type'] != '' AS failed,
                            multiIf(SpanAttributes['error.type'] != '', toValidUTF8(leftUTF8(SpanAttributes['error.type'], 256)), StatusCode = 'Error', '_OTHER', '') AS error_type,
                            if(Duration > 34560000000000000, toUInt64(0), Duration) AS duration_ns,
                            if(toFloat64OrNull(SpanAttributes['gen_ai.response.time_to_first_chunk']) >= 0 AND toFloat64OrNull(SpanAttributes['gen_ai.response.time_to_first_chunk']) < 86400, accurateCastOrNull(round(toFloat64OrNull(SpanAttributes['gen_ai.response.time_to_first_chunk']) * 1000000000), 'UInt64'), NULL) AS time_to_first_chunk_ns,
                            multiIf(
                                has_bad_count OR contradicts, 'inconsistent',
                                stated_quality IN ('reported', 'estimated', 'missing', 'inconsistent') AND NOT (stated_quality = 'missing' AND span_cost_status = 'not_billable'), stated_quality,
                                has_usage OR span_cost_status = 'not_billable', 'reported',
                                'missing'
                            ) AS usage_quality,
                            CAST(stated_usage, 'Array(UInt64)') AS own_usage,
                            own_usage AS priced_usage,
                            stated_cost_usd AS app_cost_usd,
                            if(cost_from_provider, ifNull(stated_cost_usd, stated_amount_usd), NULL) AS reported_cost_usd,
                            if(cost_kind != '', ifNull(stated_cost_usd, stated_amount_usd), reported_cost_usd) AS given_cost_usd,
                            if(cost_kind != '', 'recorded', 'provider') AS given_source
                        FROM (
                            SELECT
                                *,
                                arrayMap((part, before) -> greatest(least(part, input_total - (before - part)), toInt64(0)), input_parts, arrayCumSum(input_parts)) AS fitted_input,
                                arrayMap((part, before) -> greatest(least(part, output_total - (before - part)), toInt64(0)), output_parts, arrayCumSum(output_parts)) AS fitted_output,
                                NOT has_own_usage AND (arraySum(input_parts) > input_total OR arraySum(output_parts) > output_total) AS contradicts,
                                multiIf(
                                    has_bad_count, arrayResize(emptyArrayInt64(), 16, toInt64(0)),
                                    has_own_usage, arrayResize(said, 16, toInt64(0)),
                                    [
                                        input_total - arraySum(fitted_input), fitted_input[1], fitted_input[2], fitted_input[3], fitted_input[4],
                                        toInt64(0), fitted_input[5], toInt64(0), fitted_input[6],
                                        output_total - arraySum(fitted_output), fitted_output[1], fitted_output[2],
                                        toInt64(0), toInt64(0), toInt64(0), toInt64(0)
                                    ]
                                ) AS stated_usage
                            FROM (
                                SELECT
                                    *,
                                    greatest(greatest(said[4], toInt64(0)), greatest(said[5], toInt64(0)) + greatest(said[6], toInt64(0))) AS written,
                                    least(greatest(said[6], toInt64(0)), written) AS written_1h,
                                    [greatest(said[3], toInt64(0)), written - written_1h, written_1h, greatest(said[8], toInt64(0)), greatest(said[9], toInt64(0)), greatest(said[10], toInt64(0))] AS input_parts,
                                    multiIf(
                                        dialect_counts[1] = '', arraySum(input_parts),
                                        (startsWith(ScopeName, '@traceloop/instrumentation-anthropic') AND provider = 'anthropic') OR (startsWith(ScopeName, 'openlit') AND provider = 'anthropic') OR (startsWith(ScopeName, '@openlit/') AND provider = 'anthropic'), greatest(said[1], toInt64(0)) + greatest(said[3], toInt64(0)) + written,
                                        greatest(said[1], toInt64(0))
                                    ) AS input_total,
                                    [greatest(said[7], toInt64(0)), greatest(said[11], toInt64(0))] AS output_parts,
                                    if(dialect_counts[2] = '', arraySum(output_parts), greatest(said[2], toInt64(0))) AS output_total
                                FROM (
                                    SELECT
                                        *,
                                        arrayExists(text -> text != '', own_counts) AS has_own_usage,
                                        arrayExists(text -> text != '', own_counts) OR arrayExists(text -> text != '', dialect_counts) AS has_usage,
                                        arrayMap(text -> if(text = '', toInt64(0), ifNull(accurateCastOrNull(toFloat64OrNull(text), 'Int64'), toInt64(-1))), if(has_own_usage, own_counts, dialect_counts)) AS said,
                                        arrayExists(quantity -> quantity < 0 OR quantity > 1000000000, said)
                                            OR arrayExists(
                                                name -> startsWith(name, 'costel.usage.') AND NOT has(['costel.usage.input', 'costel.usage.cache_read', 'costel.usage.cache_write_5m', 'costel.usage.cache_write_1h', 'costel.usage.input_audio', 'costel.usage.cache_read_audio', 'costel.usage.input_image', 'costel.usage.cache_read_image', 'costel.usage.input_video', 'costel.usage.output', 'costel.usage.reasoning', 'costel.usage.output_audio', 'costel.usage.output_image', 'costel.usage.web_search', 'costel.usage.file_search', 'costel.usage.request', 'costel.usage.quality'], name),
                                                mapKeys(SpanAttributes)
                                            ) AS has_bad_count
                                    FROM (
                                        SELECT
                                            Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, ScopeName, Duration, StatusCode,
                                            SpanAttributes, ResourceAttributes, own_counts, dialect_counts, cost_kind, span_cost_status,
                                            toValidUTF8(leftUTF8(operation_text, 256)) AS operation,
                                            toValidUTF8(leftUTF8(transform(lowerUTF8(multiIf(SpanAttributes['gen_ai.provider.name'] != '', SpanAttributes['gen_ai.provider.name'], SpanAttributes['gen_ai.system'] != '', SpanAttributes['gen_ai.system'], SpanAttributes['llm.provider'] != '', SpanAttributes['llm.provider'], SpanAttributes['llm.system'] != '', SpanAttributes['llm.system'], SpanAttributes['ai.model.provider'] != '', SpanAttributes['ai.model.provider'], '')), ['az.ai.openai', 'azure-openai.chat', 'azure-openai.responses', 'azure_openai', 'az.ai.inference', 'openai.chat', 'openai.responses', 'openai.completion', 'openai.embedding', 'anthropic.messages', 'amazon-bedrock', 'bedrock', 'google.generative-ai', 'gemini', 'google', 'google.vertex.chat', 'vertex_ai', 'mistral.chat', 'mistral', 'mistralai', 'xai.chat', 'xai'], ['azure.ai.openai', 'azure.ai.openai', 'azure.ai.openai', 'azure.ai.openai', 'azure.ai.inference', 'openai', 'openai', 'openai', 'openai', 'anthropic', 'aws.bedrock', 'aws.bedrock', 'gcp.gemini', 'gcp.gemini', 'gcp.gemini', 'gcp.vertex_ai', 'gcp.vertex_ai', 'mistral_ai', 'mistral_ai', 'mistral_ai', 'x_ai', 'x_ai'], lowerUTF8(multiIf(SpanAttributes['gen_ai.provider.name'] != '', SpanAttributes['gen_ai.provider.name'], SpanAttributes['gen_ai.system'] != '', SpanAttributes['gen_ai.system'], SpanAttributes['llm.provider'] != '', SpanAttributes['llm.provider'], SpanAttributes['llm.system'] != '', SpanAttributes['llm.system'], SpanAttributes['ai.model.provider'] != '', SpanAttributes['ai.model.provider'], ''))), 256)) AS provider,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['gen_ai.request.model'] != '', SpanAttributes['gen_ai.request.model'], SpanAttributes['llm.model_name'] != '', SpanAttributes['llm.model_name'], SpanAttributes['ai.model.id'] != '', SpanAttributes['ai.model.id'], SpanAttributes['embedding.model_name'] != '', SpanAttributes['embedding.model_name'], ''), 256)) AS request_model,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['gen_ai.response.model'] != '', SpanAttributes['gen_ai.response.model'], SpanAttributes['ai.response.model'] != '', SpanAttributes['ai.response.model'], ''), 256)) AS response_model,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['gen_ai.response.id'] != '', SpanAttributes['gen_ai.response.id'], SpanAttributes['ai.response.id'] != '', SpanAttributes['ai.response.id'], ''), 256)) AS response_id,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['gen_ai.agent.name'] != '', SpanAttributes['gen_ai.agent.name'], SpanAttributes['gen_ai.agent.id'] != '', SpanAttributes['gen_ai.agent.id'], ''), 256)) AS agent,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['gen_ai.conversation.id'] != '', SpanAttributes['gen_ai.conversation.id'], SpanAttributes['session.id'] != '', SpanAttributes['session.id'], ''), 256)) AS conversation,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['deployment.environment.name'] != '', SpanAttributes['deployment.environment.name'], SpanAttributes['deployment.environment'] != '', SpanAttributes['deployment.environment'], ResourceAttributes['deployment.environment.name'] != '', ResourceAttributes['deployment.environment.name'], ResourceAttributes['deployment.environment'] != '', ResourceAttributes['deployment.environment'], ''), 256)) AS environment,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['costel.feature'] != '', SpanAttributes['costel.feature'], ResourceAttributes['costel.feature'] != '', ResourceAttributes['costel.feature'], ''), 256)) AS feature,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['user.id'] != '', SpanAttributes['user.id'], SpanAttributes['enduser.id'] != '', SpanAttributes['enduser.id'], ResourceAttributes['user.id'] != '', ResourceAttributes['user.id'], ResourceAttributes['enduser.id'] != '', ResourceAttributes['enduser.id'], ''), 256)) AS user,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['costel.customer'] != '', SpanAttributes['costel.customer'], ResourceAttributes['costel.customer'] != '', ResourceAttributes['costel.customer'], ''), 256)) AS customer,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['costel.team'] != '', SpanAttributes['costel.team'], ResourceAttributes['costel.team'] != '', ResourceAttributes['costel.team'], ''), 256)) AS team,
                                            toValidUTF8(leftUTF8(multiIf(SpanAttributes['costel.project'] != '', SpanAttributes['costel.project'], ResourceAttributes['costel.project'] != '', ResourceAttributes['costel.project'], ''), 256)) AS project,
                                            intDiv(toUnixTimestamp64Nano(Timestamp), 1000000) AS start_ms,
                                            least(greatest(toUnixTimestamp64Milli(ReceivedAt), toInt64(0)), toInt64(4102444799999)) AS received_ms,
                                            ifNull(accurateCastOrNull(toFloat64OrNull(SpanAttributes['costel.clock.offset_ms']), 'Int64'), 0) AS clock_offset_ms,
                                            if(round(toDecimal256OrNull(SpanAttributes['costel.cost.usd'], 30), 12) >= 0 AND round(toDecimal256OrNull(SpanAttributes['costel.cost.usd'], 30), 12) <= 1000000000, toDecimal128OrNull(toString(round(toDecimal256OrNull(SpanAttributes['costel.cost.usd'], 30), 12)), 12), NULL) AS stated_cost_usd,
                                            if(round(toDecimal256OrNull(SpanAttributes['gen_ai.usage.cost.amount'], 30), 12) >= 0 AND round(toDecimal256OrNull(SpanAttributes['gen_ai.usage.cost.amount'], 30), 12) <= 1000000000, toDecimal128OrNull(toString(round(toDecimal256OrNull(SpanAttributes['gen_ai.usage.cost.amount'], 30), 12)), 12), NULL) AS stated_amount_usd,
                                            SpanAttributes['gen_ai.usage.cost.source'] = 'provider' AND upper(SpanAttributes['gen_ai.usage.cost.currency']) IN ('', 'USD') AS cost_from_provider,
                                            multiIf(SpanAttributes['openai.response.service_tier'] != '', SpanAttributes['openai.response.service_tier'], SpanAttributes['gen_ai.openai.response.service_tier'] != '', SpanAttributes['gen_ai.openai.response.service_tier'], SpanAttributes['anthropic.response.service_tier'] != '', SpanAttributes['anthropic.response.service_tier'], '') AS tier_text,
                                            SpanAttributes['costel.usage.quality'] AS stated_quality
                                        FROM (
                                            SELECT
                                                Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, ScopeName, Duration, StatusCode, ReceivedAt,
                                                SpanAttributes, ResourceAttributes,
                                                [SpanAttributes['costel.usage.input'], SpanAttributes['costel.usage.cache_read'], SpanAttributes['costel.usage.cache_write_5m'], SpanAttributes['costel.usage.cache_write_1h'], SpanAttributes['costel.usage.input_audio'], SpanAttributes['costel.usage.cache_read_audio'], SpanAttributes['costel.usage.input_image'], SpanAttributes['costel.usage.cache_read_image'], SpanAttributes['costel.usage.input_video'], SpanAttributes['costel.usage.output'], SpanAttributes['costel.usage.reasoning'], SpanAttributes['costel.usage.output_audio'], SpanAttributes['costel.usage.output_image'], SpanAttributes['costel.usage.web_search'], SpanAttributes['costel.usage.file_search'], SpanAttributes['costel.usage.request']] AS own_counts,
                                                [multiIf(SpanAttributes['gen_ai.usage.input_tokens'] != '', SpanAttributes['gen_ai.usage.input_tokens'], SpanAttributes['gen_ai.usage.prompt_tokens'] != '', SpanAttributes['gen_ai.usage.prompt_tokens'], SpanAttributes['llm.usage.prompt_tokens'] != '', SpanAttributes['llm.usage.prompt_tokens'], SpanAttributes['llm.token_count.prompt'] != '', SpanAttributes['llm.token_count.prompt'], SpanAttributes['ai.usage.inputTokens'] != '', SpanAttributes['ai.usage.inputTokens'], SpanAttributes['ai.usage.promptTokens'] != '', SpanAttributes['ai.usage.promptTokens'], SpanAttributes['ai.usage.tokens'] != '', SpanAttributes['ai.usage.tokens'], ''), multiIf(SpanAttributes['gen_ai.usage.output_tokens'] != '', SpanAttributes['gen_ai.usage.output_tokens'], SpanAttributes['gen_ai.usage.completion_tokens'] != '', SpanAttributes['gen_ai.usage.completion_tokens'], SpanAttributes['llm.usage.completion_tokens'] != '', SpanAttributes['llm.usage.completion_tokens'], SpanAttributes['llm.token_count.completion'] != '', SpanAttributes['llm.token_count.completion'], SpanAttributes['ai.usage.outputTokens'] != '', SpanAttributes['ai.usage.outputTokens'], SpanAttributes['ai.usage.completionTokens'] != '', SpanAttributes['ai.usage.completionTokens'], ''), multiIf(SpanAttributes['gen_ai.usage.cache_read.input_tokens'] != '', SpanAttributes['gen_ai.usage.cache_read.input_tokens'], SpanAttributes['gen_ai.usage.cache_read_input_tokens'] != '', SpanAttributes['gen_ai.usage.cache_read_input_tokens'], SpanAttributes['gen_ai.usage.input_tokens.cached'] != '', SpanAttributes['gen_ai.usage.input_tokens.cached'], SpanAttributes['llm.token_count.prompt_details.cache_read'] != '', SpanAttributes['llm.token_count.prompt_details.cache_read'], SpanAttributes['ai.usage.cachedInputTokens'] != '', SpanAttributes['ai.usage.cachedInputTokens'], ''), multiIf(SpanAttributes['gen_ai.usage.cache_write.input_tokens'] != '', SpanAttributes['gen_ai.usage.cache_write.input_tokens'], SpanAttributes['gen_ai.usage.cache_creation.input_tokens'] != '', SpanAttributes['gen_ai.usage.cache_creation.input_tokens'], SpanAttributes['gen_ai.usage.cache_creation_input_tokens'] != '', SpanAttributes['gen_ai.usage.cache_creation_input_tokens'], SpanAttributes['gen_ai.usage.input_tokens.cache_write'] != '', SpanAttributes['gen_ai.usage.input_tokens.cache_write'], SpanAttributes['llm.token_count.prompt_details.cache_write'] != '', SpanAttributes['llm.token_count.prompt_details.cache_write'], ''), SpanAttributes['anthropic.usage.cache_creation.ephemeral_5m_input_tokens'], SpanAttributes['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'], multiIf(SpanAttributes['gen_ai.usage.reasoning.output_tokens'] != '', SpanAttributes['gen_ai.usage.reasoning.output_tokens'], SpanAttributes['gen_ai.usage.reasoning_tokens'] != '', SpanAttributes['gen_ai.usage.reasoning_tokens'], SpanAttributes['gen_ai.usage.output_tokens.reasoning'] != '', SpanAttributes['gen_ai.usage.output_tokens.reasoning'], SpanAttributes['llm.token_count.completion_details.reasoning'] != '', SpanAttributes['llm.token_count.completion_details.reasoning'], SpanAttributes['ai.usage.reasoningTokens'] != '', SpanAttributes['ai.usage.reasoningTokens'], ''), multiIf(SpanAttributes['gen_ai.usage.audio.input_tokens'] != '', SpanAttributes['gen_ai.usage.audio.input_tokens'], SpanAttributes['llm.token_count.prompt_details.audio'] != '', SpanAttributes['llm.token_count.prompt_details.audio'], ''), SpanAttributes['gen_ai.usage.image.input_tokens'], SpanAttributes['gen_ai.usage.video.input_tokens'], multiIf(SpanAttributes['gen_ai.usage.audio.output_tokens'] != '', SpanAttributes['gen_ai.usage.audio.output_tokens'], SpanAttributes['llm.token_count.completion_details.audio'] != '', SpanAttributes['llm.token_count.completion_details.audio'], '')] AS dialect_counts,
                                                multiIf(SpanAttributes['gen_ai.operation.name'] != '', SpanAttributes['gen_ai.operation.name'], SpanAttributes['llm.request.type'] != '', SpanAttributes['llm.request.type'], transform(SpanAttributes['openinference.span.kind'], ['LLM', 'EMBEDDING', 'AGENT', 'CHAIN', 'TOOL', 'RETRIEVER'], ['chat', 'embeddings', 'invoke_agent', 'invoke_workflow', 'execute_tool', 'retrieval'], '') != '', transform(SpanAttributes['openinference.span.kind'], ['LLM', 'EMBEDDING', 'AGENT', 'CHAIN', 'TOOL', 'RETRIEVER'], ['chat', 'embeddings', 'invoke_agent', 'invoke_workflow', 'execute_tool', 'retrieval'], ''), SpanAttributes['costel.cost.kind'] != '', SpanAttributes['costel.cost.kind'], '') AS operation_text,
                                                leftUTF8(toValidUTF8(SpanAttributes['costel.cost.kind']), 64) AS cost_kind,
                                                SpanAttributes['costel.cost.status'] AS span_cost_status
                                            FROM {{database}}.otel_traces
                                            WHERE 1
                                        )
                                        WHERE arrayExists(text -> text != '', own_counts) OR arrayExists(text -> text != '', dialect_counts)
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
    )
)
SETTINGS optimize_and_compare_chain = 0, query_plan_merge_expressions = 0
