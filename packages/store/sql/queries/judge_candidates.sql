-- Traces that a new span may judge otherwise: those with a new call or a new edge that hold more than one call, and those
-- that share the response id of a new call. Other calls of them are looked for in the hours around the new ones and around
-- now: trace ids come in no order, so a look reads every id of an hour.
-- Parameters: call_partitions, edge_partitions Array(String), partitions with newer rows; call_blocks, edge_blocks
-- Array(UInt64), up to which block each was read; unjudged_below UInt64, versions that nobody may have judged (a row that got
-- its price may have replaced one that was never looked at); new_from, new_to DateTime64(3, 'UTC'), starts of new calls,
-- half-open; now DateTime64(3, 'UTC'); around Int32, hours before and after.
-- Result: trace_id; hours, where its calls are. The name of a part says its newest block, which keeps parts without new rows
-- closed; a list of names taken beforehand would miss the part that a merge makes meanwhile. One thread: it runs every second,
-- and queries keep a core.
WITH
    new_calls AS (
        SELECT DISTINCT tenant, trace_id, provider, response_id, toStartOfHour(started) AS hour
        FROM llm_calls
        WHERE _partition_id IN {call_partitions:Array(String)}
            AND toUInt64OrZero(splitByChar('_', _part)[3]) > transform(toString(_partition_id), {call_partitions:Array(String)}, {call_blocks:Array(UInt64)}, toUInt64(0))
            AND _block_number > transform(toString(_partition_id), {call_partitions:Array(String)}, {call_blocks:Array(UInt64)}, toUInt64(0))
            AND version < {unjudged_below:UInt64}
            AND started >= {new_from:DateTime64(3, 'UTC')}
            AND started < {new_to:DateTime64(3, 'UTC')}
    ),
    new_edges AS (
        SELECT DISTINCT trace_id
        FROM span_edges
        WHERE _partition_id IN {edge_partitions:Array(String)}
            AND _block_number > transform(toString(_partition_id), {edge_partitions:Array(String)}, {edge_blocks:Array(UInt64)}, toUInt64(0))
    ),
    hours_around AS (
        SELECT DISTINCT arrayJoin(arrayMap(step -> hour + 3600 * step, range(-{around:Int32}, {around:Int32} + 1)))
        FROM (
            SELECT DISTINCT hour FROM new_calls
            UNION ALL
            SELECT toStartOfHour({now:DateTime64(3, 'UTC')}) AS hour
        )
    ),
    shared_answers AS (
        SELECT tenant, provider, response_id
        FROM llm_calls
        WHERE toStartOfHour(started) IN (SELECT * FROM hours_around)
            AND response_id != ''
            AND response_id IN (SELECT response_id FROM new_calls)
        GROUP BY tenant, provider, response_id
        HAVING uniqExact(trace_id) > 1
    )
SELECT trace_id, groupUniqArray(hour) AS hours
FROM (
    SELECT trace_id, toStartOfHour(started) AS hour, tenant, span_id, toUInt8(0) AS is_shared
    FROM llm_calls
    WHERE toStartOfHour(started) IN (SELECT * FROM hours_around)
        AND trace_id IN (SELECT trace_id FROM new_calls UNION ALL SELECT trace_id FROM new_edges)
    UNION ALL
    SELECT trace_id, toStartOfHour(started) AS hour, tenant, span_id, toUInt8(1) AS is_shared
    FROM llm_calls
    WHERE toStartOfHour(started) IN (SELECT * FROM hours_around)
        AND (tenant, provider, response_id) IN (SELECT tenant, provider, response_id FROM shared_answers)
)
GROUP BY trace_id
HAVING uniqExact(tenant, span_id) > 1 OR max(is_shared) = 1
ORDER BY trace_id
SETTINGS max_threads = 1
