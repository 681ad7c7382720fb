-- The candidate prices as arrays of equal order, read once a statement that prices very many calls (src/ledger/price-stages.ts).
--   numbers      the number of each price, as its dictionary says it
--   is_unknown   1 where no list knows the model; its first element, and that of rates, is of calls that were never looked up
--   rates        what the dictionary says beside the number
CREATE OR REPLACE VIEW {{database}}.llm_rates_candidate_arrays {{on_cluster}}
AS SELECT
    groupArray(number) AS numbers,
    arrayPushFront(groupArray(toUInt8(status = 'unpriced' AND reason = 'unknown_model')), toUInt8(0)) AS is_unknown,
    arrayPushFront(
        groupArray((status, reason, source, rate_id, above_input_tokens, from_second_of_day, to_second_of_day, tier_feature, prices)),
        ('', '', '', '', emptyArrayInt64(), emptyArrayUInt32(), emptyArrayUInt32(), emptyArrayString(), emptyArrayInt64())
    ) AS rates
FROM (
    SELECT
        cityHash64(provider, model, service_tier, region, valid_from, generation) AS number,
        toString(status) AS status,
        toString(reason) AS reason,
        toString(source) AS source,
        rate_id,
        above_input_tokens,
        from_second_of_day,
        to_second_of_day,
        tier_feature,
        prices
    FROM {{database}}.llm_rates_candidate
)
