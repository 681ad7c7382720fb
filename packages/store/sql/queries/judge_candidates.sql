-- Traces that a new span may judge otherwise: those with a new call or a new edge that hold more than one call, and those
-- that share the response id of a new call.
-- Parameters: call_partitions, edge_partitions Array(String), partitions with newer rows; call_blocks, edge_blocks
-- Array(UInt64), up to which block each was read; revision_step UInt64; started_from DateTime64(3, 'UTC'); limit UInt32.
-- Result: trace_id.
WITH
    new_calls AS (
        SELECT DISTINCT tenant, trace_id, provider, response_id
        FROM llm_calls
        WHERE _partition_id IN {call_partitions:Array(String)}
            AND _block_number > transform(toString(_partition_id), {call_partitions:Array(String)}, {call_blocks:Array(UInt64)}, toUInt64(0))
            AND version < {revision_step:UInt64}
    ),
    new_edges AS (
        SELECT DISTINCT trace_id
        FROM span_edges
        WHERE _partition_id IN {edge_partitions:Array(String)}
            AND _block_number > transform(toString(_partition_id), {edge_partitions:Array(String)}, {edge_blocks:Array(UInt64)}, toUInt64(0))
    ),
    shared_answers AS (
        SELECT tenant, provider, response_id
        FROM llm_calls
        WHERE started >= {started_from:DateTime64(3, 'UTC')}
            AND response_id != ''
            AND response_id IN (SELECT response_id FROM new_calls)
        GROUP BY tenant, provider, response_id
        HAVING uniqExact(trace_id) > 1
    )
SELECT trace_id
FROM llm_calls
WHERE started >= {started_from:DateTime64(3, 'UTC')}
    AND trace_id IN (SELECT trace_id FROM new_calls UNION ALL SELECT trace_id FROM new_edges)
GROUP BY tenant, trace_id
HAVING uniqExact(span_id) > 1
UNION DISTINCT
SELECT trace_id
FROM llm_calls
WHERE started >= {started_from:DateTime64(3, 'UTC')}
    AND (tenant, provider, response_id) IN (SELECT tenant, provider, response_id FROM shared_answers)
ORDER BY trace_id
