-- What is known of new calls and new edges by hashes: by which traces and answers they are to be compared with others.
-- Parameters: call_partitions, edge_partitions Array(String), partitions with newer rows; call_blocks, edge_blocks
-- Array(UInt64), up to which block each was read; call_newest, edge_newest Array(UInt64), its newest now;
-- new_from, new_to DateTime64(3, 'UTC'), starts of new calls, half-open. Fragments: "unjudged", rows that nobody may have
-- judged; "hashes" of a call, and "numbers", how rows of them are written as one text.
-- Result: one row: numbers, base64 of 20 bytes, little-endian, for each call (hashes of its trace and of its answer, 0 without
-- one, of 8 bytes each; the hour of its start in seconds since 1970) and for each trace of an edge (its hash, 0, 2^32 - 1).
SELECT {{numbers}}
FROM (
    SELECT
        {{hashes}}
    FROM llm_calls
    WHERE _partition_id IN {call_partitions:Array(String)}
        AND toUInt64OrZero(splitByChar('_', _part)[3]) > transform(toString(_partition_id), {call_partitions:Array(String)}, {call_blocks:Array(UInt64)}, toUInt64(0))
        AND _block_number > transform(toString(_partition_id), {call_partitions:Array(String)}, {call_blocks:Array(UInt64)}, toUInt64(0))
        AND _block_number <= transform(toString(_partition_id), {call_partitions:Array(String)}, {call_newest:Array(UInt64)}, toUInt64(0))
        AND {{unjudged}}
        AND started >= {new_from:DateTime64(3, 'UTC')}
        AND started < {new_to:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT DISTINCT cityHash64(trace_id) AS trace, toUInt64(0) AS answer, toUInt32(4294967295) AS hour
    FROM span_edges
    WHERE _partition_id IN {edge_partitions:Array(String)}
        AND toUInt64OrZero(splitByChar('_', _part)[3]) > transform(toString(_partition_id), {edge_partitions:Array(String)}, {edge_blocks:Array(UInt64)}, toUInt64(0))
        AND _block_number > transform(toString(_partition_id), {edge_partitions:Array(String)}, {edge_blocks:Array(UInt64)}, toUInt64(0))
        AND _block_number <= transform(toString(_partition_id), {edge_partitions:Array(String)}, {edge_newest:Array(UInt64)}, toUInt64(0))
)
SETTINGS {{settings}}
