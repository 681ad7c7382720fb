-- Traces that a new span may judge otherwise: those with a new call or a new edge that hold more than one call, and those
-- that share the response id of a new call. Other calls of them are looked for in the hours around the new ones and around
-- now: trace ids come in no order, so a look reads every id of an hour.
-- Parameters: call_partitions, edge_partitions Array(String), partitions with newer rows; call_blocks, edge_blocks
-- Array(UInt64), up to which block each was read; new_from, new_to DateTime64(3, 'UTC'), starts of new calls, half-open; now
-- DateTime64(3, 'UTC'); around Int32, hours before and after. The fragment "unjudged": rows that nobody may have judged (one
-- that got another price may have replaced one that was never looked at); "suspected": traces that are looked at.
-- Result: trace_id; hours, where its calls are. The name of a part says its newest block, which keeps parts without new rows
-- closed; a list of names taken beforehand would miss the part that a merge makes meanwhile. The hours are read once for
-- both: each call is known by its trace and by its answer, and what is known by one of them must not be one call (one trace)
-- alone. One thread, behind those of queries: it runs every second.
WITH
    new_calls AS (
        SELECT DISTINCT trace_id, response_id, toStartOfHour(started) AS hour
        FROM llm_calls
        WHERE _partition_id IN {call_partitions:Array(String)}
            AND toUInt64OrZero(splitByChar('_', _part)[3]) > transform(toString(_partition_id), {call_partitions:Array(String)}, {call_blocks:Array(UInt64)}, toUInt64(0))
            AND _block_number > transform(toString(_partition_id), {call_partitions:Array(String)}, {call_blocks:Array(UInt64)}, toUInt64(0))
            AND {{unjudged}}
            AND started >= {new_from:DateTime64(3, 'UTC')}
            AND started < {new_to:DateTime64(3, 'UTC')}
            AND {{suspected}}
    ),
    new_edges AS (
        SELECT DISTINCT trace_id
        FROM span_edges
        WHERE _partition_id IN {edge_partitions:Array(String)}
            AND _block_number > transform(toString(_partition_id), {edge_partitions:Array(String)}, {edge_blocks:Array(UInt64)}, toUInt64(0))
            AND {{suspected}}
    ),
    (SELECT groupUniqArray(hour) FROM new_calls) AS new_hours,
    arrayDistinct(arrayFlatten(arrayMap(
        hour -> arrayMap(step -> hour + 3600 * step, range(-{around:Int32}, {around:Int32} + 1)),
        arrayPushBack(new_hours, toStartOfHour({now:DateTime64(3, 'UTC')}))
    ))) AS hours_around
SELECT trace_id, groupUniqArray(hour) AS hours
FROM (
    SELECT found.1 AS trace_id, found.2 AS hour
    FROM (
        SELECT arrayJoin(all_found) AS found
        FROM (
            SELECT groupUniqArray((trace_id, hour)) AS all_found
            FROM (
                SELECT
                    trace_id,
                    toStartOfHour(started) AS hour,
                    cityHash64(tenant, span_id) AS call,
                    cityHash64(trace_id) AS trace,
                    arrayJoin(if(
                        response_id = '',
                        [(toUInt8(0), '', '', trace_id)],
                        [(toUInt8(0), '', '', trace_id), (toUInt8(1), toString(tenant), toString(provider), response_id)]
                    )) AS known_by
                FROM llm_calls
                WHERE has(hours_around, toStartOfHour(started))
                    AND (
                        trace_id IN (SELECT trace_id FROM new_calls UNION ALL SELECT trace_id FROM new_edges)
                        OR response_id IN (SELECT response_id FROM new_calls WHERE response_id != '')
                    )
            )
            GROUP BY known_by
            HAVING if(known_by.1 = 0, min(call) != max(call), min(trace) != max(trace))
        )
    )
)
GROUP BY trace_id
ORDER BY trace_id
SETTINGS {{settings}}
