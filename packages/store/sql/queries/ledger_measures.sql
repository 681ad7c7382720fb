sum(toInt64(c.counted)) AS calls,
        toInt64(countIf(c.counted AND c.cost_usd IS NULL AND (c.cost_status IN ('unpriced', 'pending') OR c.cost_reason = 'usage_missing'))) AS unpriced_calls,
        toInt64(countIf(c.counted AND c.usage_quality = 'estimated')) AS estimated_calls,
        toInt64(countIf(c.counted AND c.error_type != '')) AS error_calls,
        toInt64(sum(c.input_tokens)) AS input_tokens,
        toInt64(sum(c.output_tokens)) AS output_tokens,
        ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost_usd
