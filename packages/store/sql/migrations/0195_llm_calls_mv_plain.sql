-- Plain spans of our own instrumentation into ledger rows (63 columns). Generated; see src/ledger/ledger-select.ts.
-- Total: no string in a span makes it throw. Changed by ALTER TABLE … MODIFY QUERY only.
ALTER TABLE {{database}}.llm_calls_mv {{on_cluster}} MODIFY QUERY
SELECT
    if(texts[55] = '', 'default', texts[55]) AS `tenant`,
    fromUnixTimestamp64Milli(least(greatest(start_ms, toInt64(0)), toInt64(4102444799999)), 'UTC') AS `started`,
    TraceId AS `trace_id`,
    SpanId AS `span_id`,
    toUInt16(0) AS `item`,
    toUInt64(281474976710655 - received_ms) AS `version`,
    fromUnixTimestamp64Milli(received_ms, 'UTC') AS `received_at`,
    `counted_at`,
    multiIf(NOT is_start_plausible, 'received', 'ok') AS `clock_status`,
    'ok' AS `id_status`,
    toValidUTF8(leftUTF8(ServiceName, 256)) AS `service`,
    texts[49] AS `environment`,
    `provider`,
    operation_text AS `operation`,
    `request_model`,
    `response_model`,
    first_model AS `model`,
    `service_tier`,
    `region`,
    `feature`,
    texts[51] AS `user`,
    texts[52] AS `customer`,
    texts[53] AS `team`,
    texts[54] AS `project`,
    texts[47] AS `agent`,
    texts[48] AS `conversation`,
    mapApply(
        (name, value) -> (toValidUTF8(leftUTF8(substring(name, 12), 256)), toValidUTF8(leftUTF8(value, 256))),
        mapFilter((name, value) -> value != '', all_tags)
    ) AS `tags`,
    texts[46] AS `response_id`,
    ParentSpanId AS `parent_span_id`,
    toValidUTF8(leftUTF8(ScopeName, 256)) AS `emitter`,
    `cost_kind`,
    lower(StatusCode) AS `status`,
    multiIf(texts[65] != '', texts[65], StatusCode = 'Error', '_OTHER', '') AS `error_type`,
    if(Duration > 34560000000000000, toUInt64(0), Duration) AS `duration_ns`,
    if(chunk_ns < 86400000000000, chunk_ns, NULL) AS `time_to_first_chunk_ns`,
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
    if(arraySum(arraySlice(priced_usage, 17)) = 0, [], arraySlice(priced_usage, 17)) AS `usage_more`,
    priced_usage AS `own_usage`,
    if(decision.1 = 'priced', ifNull(given_cost_usd, toDecimal128(pico_usd, 0) * toDecimal128('0.000000000001', 12)), NULL) AS `cost_usd`,
    decision.1 AS `cost_status`,
    decision.2 AS `cost_reason`,
    multiIf(decision.1 != 'priced', '', given_cost_usd IS NOT NULL, given_source, rate.3) AS `price_source`,
    if(decision.1 = 'priced' AND given_cost_usd IS NULL, rate.4, '') AS `rate_id`,
    `reported_cost_usd`,
    stated_cost_usd AS `app_cost_usd`,
    toUInt8(NOT (operation_text = 'costel_doctor' AND span_cost_status = 'not_billable')) AS `counted`,
    if(operation_text = 'costel_doctor' AND span_cost_status = 'not_billable', 'probe', 'counted') AS `verdict`
FROM (
    SELECT
        `TraceId`,
        `SpanId`,
        `ParentSpanId`,
        `ServiceName`,
        `ScopeName`,
        `Duration`,
        `StatusCode`,
        `start_ms`,
        `received_ms`,
        `all_tags`,
        `texts`,
        `operation_text`,
        `cost_kind`,
        `span_cost_status`,
        `chunk_ns`,
        `is_start_plausible`,
        `stated_cost_usd`,
        `provider`,
        `request_model`,
        `response_model`,
        `service_tier`,
        `region`,
        `feature`,
        `counted_at`,
        `usage_quality`,
        `priced_usage`,
        `reported_cost_usd`,
        `given_cost_usd`,
        `given_source`,
        `first_model`,
        `rate`,
        arrayResize(arraySlice(rate.9, (toInt64(tier) - 1) * toInt64(intDiv(length(rate.9), greatest(length(rate.5), 1))) + 1, toInt64(intDiv(length(rate.9), greatest(length(rate.5), 1)))), 25, toInt64(-1)) AS unit_prices,
        arraySum((quantity, price) -> toInt128(quantity) * greatest(price, toInt64(0)), priced_usage, arrayResize(arraySlice(rate.9, (toInt64(tier) - 1) * toInt64(intDiv(length(rate.9), greatest(length(rate.5), 1))) + 1, toInt64(intDiv(length(rate.9), greatest(length(rate.5), 1)))), 25, toInt64(-1))) AS pico_usd,
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
            arrayExists((quantity, price) -> quantity > 0 AND price < 0, priced_usage, arrayResize(arraySlice(rate.9, (toInt64(tier) - 1) * toInt64(intDiv(length(rate.9), greatest(length(rate.5), 1))) + 1, toInt64(intDiv(length(rate.9), greatest(length(rate.5), 1)))), 25, toInt64(-1))),
                ('unpriced', 'no_price_for_bucket'),
            ('priced', '')
        ) AS decision
    FROM (
        SELECT
            `TraceId`,
            `SpanId`,
            `ParentSpanId`,
            `ServiceName`,
            `ScopeName`,
            `Duration`,
            `StatusCode`,
            `start_ms`,
            `received_ms`,
            `all_tags`,
            `texts`,
            `operation_text`,
            `cost_kind`,
            `span_cost_status`,
            `chunk_ns`,
            `is_start_plausible`,
            `stated_cost_usd`,
            `provider`,
            `request_model`,
            `response_model`,
            `service_tier`,
            `region`,
            `feature`,
            `counted_at`,
            `failed`,
            `usage_quality`,
            `priced_usage`,
            `reported_cost_usd`,
            `given_cost_usd`,
            `given_source`,
            `first_model`,
            if(
                first_rate.1 = 'unpriced' AND first_rate.2 = 'unknown_model' AND request_model NOT IN ('', response_model),
                dictGet('{{database}}.llm_rates_dict', ('status', 'reason', 'source', 'rate_id', 'above_input_tokens', 'from_second_of_day', 'to_second_of_day', 'tier_feature', 'prices'), (provider, request_model, service_tier, region), counted_at),
                first_rate
            ) AS rate,
            arrayLastIndex(
                (above, from_second, to_second, only_feature) ->
                    (above <= 0 OR input_count > above) AND second_of_day >= from_second AND second_of_day < to_second
                    AND (only_feature = '' OR only_feature = feature),
                rate.5, arrayResize(rate.6, length(rate.5), 0), arrayResize(rate.7, length(rate.5), 0),
                arrayResize(rate.8, length(rate.5), '')
            ) AS tier
        FROM (
            SELECT
                `TraceId`,
                `SpanId`,
                `ParentSpanId`,
                `ServiceName`,
                `ScopeName`,
                `Duration`,
                `StatusCode`,
                `start_ms`,
                `received_ms`,
                `all_tags`,
                `texts`,
                `operation_text`,
                `cost_kind`,
                `span_cost_status`,
                `chunk_ns`,
                `is_start_plausible`,
                arrayMap((part, before) -> greatest(least(part, input_total - (before - part)), toInt64(0)), input_parts, arrayCumSum(input_parts)) AS fitted_input,
                arrayMap((part, before) -> greatest(least(part, output_total - (before - part)), toInt64(0)), output_parts, arrayCumSum(output_parts)) AS fitted_output,
                NOT has_own_usage AND (arraySum(input_parts) > input_total OR arraySum(output_parts) > output_total) AS contradicts,
                texts[59] AS stated_quality,
                if(stated_cost >= 0 AND stated_cost <= 1000000000, toDecimal128OrNull(toString(stated_cost), 12), NULL) AS stated_cost_usd,
                if(stated_amount >= 0 AND stated_amount <= 1000000000, toDecimal128OrNull(toString(stated_amount), 12), NULL) AS stated_amount_usd,
                toValidUTF8(leftUTF8(transform(provider_text, ['az.ai.openai', 'azure-openai.chat', 'azure-openai.responses', 'azure_openai', 'az.ai.inference', 'openai.chat', 'openai.responses', 'openai.completion', 'openai.embedding', 'anthropic.messages', 'amazon-bedrock', 'bedrock', 'aws', 'google.generative-ai', 'gemini', 'google', 'google.vertex.chat', 'vertex_ai', 'mistral.chat', 'mistral', 'mistralai', 'xai.chat', 'xai'], ['azure.ai.openai', 'azure.ai.openai', 'azure.ai.openai', 'azure.ai.openai', 'azure.ai.inference', 'openai', 'openai', 'openai', 'openai', 'anthropic', 'aws.bedrock', 'aws.bedrock', 'aws.bedrock', 'gcp.gemini', 'gcp.gemini', 'gcp.gemini', 'gcp.vertex_ai', 'gcp.vertex_ai', 'mistral_ai', 'mistral_ai', 'mistral_ai', 'x_ai', 'x_ai'], provider_text), 256)) AS provider,
                texts[44] AS request_model,
                texts[45] AS response_model,
                lowerUTF8(texts[57]) AS foreign_tier,
                multiIf(texts[56] != '', texts[56], foreign_tier IN ('default', 'standard', 'auto', 'standard_only', 'on_demand'), '', foreign_tier) AS service_tier,
                texts[58] AS region,
                texts[50] AS feature,
                fromUnixTimestamp64Milli(least(greatest(if(is_start_plausible, start_ms, received_ms), toInt64(0)), toInt64(4102444799999)), 'UTC') AS counted_at,
                StatusCode = 'Error' OR texts[65] != '' AS failed,
                multiIf(
                    has_bad_count OR contradicts, 'inconsistent',
                    stated_quality = 'missing' AND span_cost_status = 'not_billable', 'reported',
                    stated_quality IN ('reported', 'estimated', 'missing', 'inconsistent'), stated_quality,
                    has_own_usage OR has_dialect_usage OR span_cost_status = 'not_billable', 'reported',
                    'missing'
                ) AS usage_quality,
                CAST(multiIf(
                    has_bad_count, arrayResize(emptyArrayInt64(), 25, toInt64(0)),
                    has_own_usage, arraySlice(counts, 2, 25),
                    arrayResize(arrayConcat(
                        [input_total - arraySum(fitted_input)], arraySlice(fitted_input, 1, 4), [toInt64(0), fitted_input[5], toInt64(0), fitted_input[6]],
                        [output_total - arraySum(fitted_output)], fitted_output
                    ), 25, toInt64(0))
                ), 'Array(UInt64)') AS priced_usage,
                if(texts[62] = 'provider' AND upper(texts[63]) IN ('', 'USD'), ifNull(stated_cost_usd, stated_amount_usd), NULL) AS reported_cost_usd,
                if(cost_kind != '', ifNull(stated_cost_usd, stated_amount_usd), reported_cost_usd) AS given_cost_usd,
                if(cost_kind != '', 'recorded', 'provider') AS given_source,
                arraySum(arraySlice(priced_usage, 1, 9)) AS input_count,
                intDiv(toUnixTimestamp64Milli(counted_at), 1000) % 86400 AS second_of_day,
                if(response_model != '', response_model, request_model) AS first_model,
                dictGet('{{database}}.llm_rates_dict', ('status', 'reason', 'source', 'rate_id', 'above_input_tokens', 'from_second_of_day', 'to_second_of_day', 'tier_feature', 'prices'), (provider, first_model, service_tier, region), counted_at) AS first_rate
            FROM (
                SELECT
                    `TraceId`,
                    `SpanId`,
                    `ParentSpanId`,
                    `ServiceName`,
                    `ScopeName`,
                    `Duration`,
                    `StatusCode`,
                    `start_ms`,
                    `received_ms`,
                    `all_tags`,
                    `texts`,
                    `counts`,
                    `has_own_usage`,
                    `has_dialect_usage`,
                    `operation_text`,
                    `cost_kind`,
                    `span_cost_status`,
                    `has_bad_count`,
                    `provider_text`,
                    `stated_cost`,
                    `stated_amount`,
                    `chunk_ns`,
                    greatest(counts[30], counts[31] + counts[32]) - counts[32] AS written_5m,
                    [counts[29], written_5m, counts[32], counts[34], counts[35], counts[36]] AS input_parts,
                    [counts[33], counts[37]] AS output_parts,
                    multiIf(
                        NOT has(count_slots, 26), arraySum(input_parts),
                        counts[27]
                    ) AS input_total,
                    multiIf(
                        NOT has(count_slots, 27), arraySum(output_parts),
                        counts[28]
                    ) AS output_total,
                    start_ms >= received_ms - 34560000000 AND start_ms <= received_ms + 300000 AS is_start_plausible
                FROM (
                    SELECT
                        `TraceId`,
                        `SpanId`,
                        `ParentSpanId`,
                        `ServiceName`,
                        `ScopeName`,
                        `Duration`,
                        `StatusCode`,
                        `start_ms`,
                        `received_ms`,
                        `all_tags`,
                        `texts`,
                        `count_slots`,
                        mapPopulateSeries(arrayConcat([toUInt8(0)], count_slots), arrayConcat([toInt64(0)], count_values), toUInt8(36)).2 AS counts,
                        count_slots[1] BETWEEN 1 AND 25 AS has_own_usage,
                        count_slots[-1] > 25 AS has_dialect_usage,
                        arrayFirst(text -> text != '', [transform(texts[40], ['embedding', 'completion'], ['embeddings', 'text_completion'], texts[40]), texts[37]]) AS operation_text,
                        leftUTF8(texts[37], 64) AS cost_kind,
                        texts[38] AS span_cost_status,
                        has_unknown_bucket OR arrayExists(
                            quantity -> quantity < 0 OR quantity > 1000000000,
                            if(has_own_usage, arraySlice(counts, 2, 25), arraySlice(counts, 27))
                        ) AS has_bad_count,
                        lowerUTF8(texts[43]) AS provider_text,
                        round(toDecimal256OrNull(texts[60], 30), 12) AS stated_cost,
                        round(toDecimal256OrNull(texts[39], 30), 12) AS stated_amount,
                        accurateCastOrNull(round(toFloat64OrNull(texts[66]) * 1000000000), 'UInt64') AS chunk_ns
                    FROM (
                        SELECT
                            `TraceId`,
                            `SpanId`,
                            `ParentSpanId`,
                            `ServiceName`,
                            `ScopeName`,
                            `Duration`,
                            `StatusCode`,
                            `start_ms`,
                            `received_ms`,
                            `has_unknown_bucket`,
                            `all_tags`,
                            arraySort(arrayFilter(rank -> rank > 0, ranks)) AS read_ranks,
                            arrayMap(
                                text -> toValidUTF8(leftUTF8(text, 256)),
                                arraySort((text, rank) -> rank, arrayFilter((text, rank) -> rank > 0, attribute_texts, ranks), arrayFilter(rank -> rank > 0, ranks))
                            ) AS read_texts,
                            mapFromArrays(arrayMap(rank -> toUInt8(bitShiftRight(rank, 38)), read_ranks), read_texts) AS texts,
                            arrayCompact(arrayMap(rank -> toUInt8(bitShiftRight(rank, 38)), arrayFilter(rank -> rank < 10170482556928, read_ranks))) AS count_slots,
                            arrayMap(
                                text -> ifNull(accurateCastOrNull(toFloat64OrNull(text), 'Int64'), toInt64(-1)),
                                arrayFilter(
                                    (text, rank, before) -> rank < 10170482556928 AND toUInt8(bitShiftRight(rank, 38)) != toUInt8(bitShiftRight(before, 38)),
                                    read_texts, read_ranks, arrayShiftRight(read_ranks, 1)
                                )
                            ) AS count_values
                        FROM (
                            SELECT
                                `TraceId`,
                                `SpanId`,
                                `ParentSpanId`,
                                `ServiceName`,
                                `ScopeName`,
                                `Duration`,
                                `StatusCode`,
                                intDiv(toUnixTimestamp64Nano(Timestamp), 1000000) AS start_ms,
                                least(greatest(toUnixTimestamp64Milli(ReceivedAt), toInt64(0)), toInt64(4102444799999)) AS received_ms,
                                arrayConcat(mapValues(SpanAttributes), mapValues(ResourceAttributes)) AS attribute_texts,
                                arrayMap(
                                    (rank, text, position) -> if(rank = 0 OR text = '', toUInt64(0), rank + position),
                                    arrayConcat(span_ranks, arrayMap(name -> transform(name, ['deployment.environment.name', 'deployment.environment', 'langfuse.environment', 'costel.feature', 'user.id', 'enduser.id', 'costel.customer', 'costel.team', 'costel.project', 'costel.tenant'], [13481902342144, 13486197309440, 13490492276736, 13748190314496, 14027363188736, 14031658156032, 14297946128384, 14572824035328, 14847701942272, 15118284881920], toUInt64(0)), mapKeys(ResourceAttributes))), attribute_texts, arrayEnumerate(attribute_texts)
                                ) AS ranks,
                                arrayExists(name -> startsWith(name, 'costel.usage.') AND NOT has(['costel.usage.input', 'costel.usage.cache_read', 'costel.usage.cache_write_5m', 'costel.usage.cache_write_1h', 'costel.usage.input_audio', 'costel.usage.cache_read_audio', 'costel.usage.input_image', 'costel.usage.cache_read_image', 'costel.usage.input_video', 'costel.usage.output', 'costel.usage.reasoning', 'costel.usage.output_audio', 'costel.usage.output_image', 'costel.usage.web_search', 'costel.usage.file_search', 'costel.usage.request', 'costel.usage.rerank_search', 'costel.usage.audio_second', 'costel.usage.character', 'costel.usage.image', 'costel.usage.video_second', 'costel.usage.page', 'costel.usage.code_execution', 'costel.usage.maps_search', 'costel.usage.cache_storage', 'costel.usage.quality'], name), mapKeys(SpanAttributes)) AS has_unknown_bucket,
                                if(
                                    arrayExists(name -> startsWith(name, 'costel.tag.'), mapKeys(SpanAttributes)) OR arrayExists(name -> startsWith(name, 'costel.tag.'), mapKeys(ResourceAttributes)),
                                    mapUpdate(mapFilter((name, value) -> startsWith(name, 'costel.tag.'), ResourceAttributes), mapFilter((name, value) -> startsWith(name, 'costel.tag.'), SpanAttributes)), CAST(map(), 'Map(LowCardinality(String), String)')
                                ) AS all_tags
                            FROM (
                                SELECT
                                    `Timestamp`,
                                    `TraceId`,
                                    `SpanId`,
                                    `ParentSpanId`,
                                    `ServiceName`,
                                    `ScopeName`,
                                    `Duration`,
                                    `StatusCode`,
                                    `SpanAttributes`,
                                    `ResourceAttributes`,
                                    `ReceivedAt`,
                                    arrayMap(name -> transform(name, ['costel.usage.input', 'costel.usage.cache_read', 'costel.usage.cache_write_5m', 'costel.usage.cache_write_1h', 'costel.usage.input_audio', 'costel.usage.cache_read_audio', 'costel.usage.input_image', 'costel.usage.cache_read_image', 'costel.usage.input_video', 'costel.usage.output', 'costel.usage.reasoning', 'costel.usage.output_audio', 'costel.usage.output_image', 'costel.usage.web_search', 'costel.usage.file_search', 'costel.usage.request', 'costel.usage.rerank_search', 'costel.usage.audio_second', 'costel.usage.character', 'costel.usage.image', 'costel.usage.video_second', 'costel.usage.page', 'costel.usage.code_execution', 'costel.usage.maps_search', 'costel.usage.cache_storage', 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens', 'llm.token_count.prompt', 'ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens', 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens', 'llm.token_count.completion', 'ai.usage.outputTokens', 'ai.usage.completionTokens', 'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens', 'gen_ai.usage.input_tokens.cached', 'llm.token_count.prompt_details.cache_read', 'ai.usage.cachedInputTokens', 'gen_ai.usage.details.cache_read_tokens', 'gen_ai.usage.details.cache_read_input_tokens', 'gen_ai.usage.prompt_tokens_details.cached_tokens', 'gen_ai.usage.cache_read_tokens', 'gen_ai.usage.cached_input_tokens', 'ai.usage.inputTokenDetails.cacheReadTokens', 'llm.token_count.prompt_details.cache_input', 'gen_ai.usage.cache_write.input_tokens', 'gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cache_creation_input_tokens', 'gen_ai.usage.input_tokens.cache_write', 'llm.token_count.prompt_details.cache_write', 'gen_ai.usage.details.cache_write_tokens', 'gen_ai.usage.details.cache_creation_input_tokens', 'gen_ai.usage.prompt_tokens_details.cache_creation_tokens', 'gen_ai.usage.cache_write_tokens', 'ai.usage.inputTokenDetails.cacheWriteTokens', 'anthropic.usage.cache_creation.ephemeral_5m_input_tokens', 'anthropic.usage.cache_creation.ephemeral_1h_input_tokens', 'gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens', 'gen_ai.usage.output_tokens.reasoning', 'llm.token_count.completion_details.reasoning', 'ai.usage.reasoningTokens', 'gen_ai.usage.completion_tokens_details.reasoning_tokens', 'gen_ai.usage.details.reasoning_tokens', 'gen_ai.usage.reasoning_output_tokens', 'llm.usage.reasoning_tokens', 'ai.usage.outputTokenDetails.reasoningTokens', 'gen_ai.usage.audio.input_tokens', 'gen_ai.usage.details.input_audio_tokens', 'llm.token_count.prompt_details.audio', 'gen_ai.usage.image.input_tokens', 'gen_ai.usage.video.input_tokens', 'gen_ai.usage.audio.output_tokens', 'gen_ai.usage.completion_tokens_details.audio_tokens', 'gen_ai.usage.details.output_audio_tokens', 'llm.token_count.completion_details.audio', 'costel.cost.kind', 'costel.cost.status', 'gen_ai.usage.cost.amount', 'gen_ai.operation.name', 'llm.request.type', 'openinference.span.kind', 'ai.operationId', 'langfuse.observation.type', 'langfuse.observation.usage_details', 'gen_ai.usage.raw', 'gen_ai.provider.name', 'gen_ai.system', 'llm.provider', 'llm.system', 'ai.model.provider', 'gen_ai.request.model', 'llm.model_name', 'ai.model.id', 'embedding.model_name', 'langfuse.observation.model.name', 'gen_ai.response.model', 'ai.response.model', 'gen_ai.response.id', 'ai.response.id', 'gen_ai.agent.name', 'gen_ai.agent.id', 'gen_ai.conversation.id', 'session.id', 'deployment.environment.name', 'deployment.environment', 'langfuse.environment', 'costel.feature', 'user.id', 'enduser.id', 'costel.customer', 'costel.team', 'costel.project', 'costel.service_tier', 'openai.response.service_tier', 'gen_ai.openai.response.service_tier', 'anthropic.response.service_tier', 'costel.region', 'costel.usage.quality', 'costel.cost.usd', 'operation.cost', 'gen_ai.usage.cost', 'llm.cost.total', 'gen_ai.usage.cost.source', 'gen_ai.usage.cost.currency', 'costel.clock.offset_ms', 'error.type', 'gen_ai.response.time_to_first_chunk'], [274877906944, 549755813888, 824633720832, 1099511627776, 1374389534720, 1649267441664, 1924145348608, 2199023255552, 2473901162496, 2748779069440, 3023656976384, 3298534883328, 3573412790272, 3848290697216, 4123168604160, 4398046511104, 4672924418048, 4947802324992, 5222680231936, 5497558138880, 5772436045824, 6047313952768, 6322191859712, 6597069766656, 6871947673600, 7146825580544, 7151120547840, 7155415515136, 7159710482432, 7164005449728, 7168300417024, 7172595384320, 7421703487488, 7425998454784, 7430293422080, 7434588389376, 7438883356672, 7443178323968, 7696581394432, 7700876361728, 7705171329024, 7709466296320, 7713761263616, 7718056230912, 7722351198208, 7726646165504, 7730941132800, 7735236100096, 7739531067392, 7743826034688, 7971459301376, 7975754268672, 7980049235968, 7984344203264, 7988639170560, 7992934137856, 7997229105152, 8001524072448, 8005819039744, 8010114007040, 8246337208320, 8521215115264, 8796093022208, 8800387989504, 8804682956800, 8808977924096, 8813272891392, 8817567858688, 8821862825984, 8826157793280, 8830452760576, 8834747727872, 9070970929152, 9075265896448, 9079560863744, 9345848836096, 9620726743040, 9895604649984, 9899899617280, 9904194584576, 9908489551872, 10170482556928, 10445360463872, 10720238370816, 10995116277760, 10999411245056, 11269994184704, 11274289152000, 11278584119296, 11544872091648, 11549167058944, 11819749998592, 11824044965888, 11828339933184, 11832634900480, 11836929867776, 12094627905536, 12098922872832, 12103217840128, 12107512807424, 12111807774720, 12369505812480, 12373800779776, 12644383719424, 12648678686720, 12919261626368, 12923556593664, 13194139533312, 13198434500608, 13469017440256, 13473312407552, 13477607374848, 13743895347200, 14018773254144, 14023068221440, 14293651161088, 14568529068032, 14843406974976, 15393162788864, 15668040695808, 15672335663104, 15676630630400, 15942918602752, 16217796509696, 16492674416640, 16767552323584, 16771847290880, 16776142258176, 17042430230528, 17317308137472, 17592186044416, 17867063951360, 18141941858304], toUInt64(0)), mapKeys(SpanAttributes)) AS span_ranks
                                FROM {{database}}.otel_traces
                                WHERE 1 AND SpanAttributes['costel.cost.status'] != ''
                                    AND startsWith(ScopeName, '@costel/')
                                    AND NOT hasAny(mapKeys(SpanAttributes), ['langfuse.observation.usage_details', 'gen_ai.usage.raw', 'ai.response.providerMetadata', 'openinference.span.kind', 'ai.operationId', 'langfuse.observation.type', 'operation.cost', 'gen_ai.usage.cost', 'llm.cost.total', 'costel.clock.offset_ms'])
                                    AND trim(BOTH '0' FROM TraceId) != ''
                                    AND trim(BOTH '0' FROM SpanId) != ''
                            )
                        )
                    )
                )
            )
        )
    )
)
SETTINGS optimize_and_compare_chain = 0, query_plan_merge_expressions = 0
