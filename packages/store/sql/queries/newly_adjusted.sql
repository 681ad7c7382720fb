({{ranges}})
        AND {{hours}}
        AND _partition_id IN {partitions:Array(String)}
        AND _block_number > transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
        AND c.version < {originals_below:UInt64}
        AND c.cost_status != 'pending'
        AND (c.tenant, c.trace_id, c.span_id, c.item) NOT IN (
            SELECT c.tenant, c.trace_id, c.span_id, c.item
            FROM llm_calls AS c
            WHERE ({{ranges}})
                AND _partition_id IN {partitions:Array(String)}
                AND _block_number <= transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
                AND c.cost_status != 'pending'
        )
        AND (c.tenant, c.trace_id, c.span_id, c.item) NOT IN (
            SELECT tenant, trace_id, span_id, item
            FROM llm_adjusted_calls
            WHERE build IN (SELECT build FROM published WHERE grain = 'seal')
        )
