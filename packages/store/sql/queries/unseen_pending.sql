-- Whether rows wait for a price that are newer than what was looked at. Without FINAL: superseded rows are found too.
-- Parameters: partitions Array(String), partitions with newer rows; blocks Array(UInt64), up to which block each was looked
-- at.
-- Result: one row where there is such a row, none otherwise. The name of a part says its newest block, which keeps parts
-- without new rows closed.
SELECT 1 AS pending
FROM llm_calls
WHERE _partition_id IN {partitions:Array(String)}
    AND toUInt64OrZero(splitByChar('_', _part)[3]) > transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
    AND _block_number > transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
    AND cost_status = 'pending'
LIMIT 1
SETTINGS {{settings}}
