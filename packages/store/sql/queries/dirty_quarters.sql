-- Quarter hours of rows that are newer than what the published builds have read. Without FINAL: a row that a newer one
-- replaced makes its quarter hour dirty as well, and so it should.
-- Parameters: partitions Array(String), the partitions with newer rows; blocks Array(UInt64), up to which block each was
-- read; from, before DateTime64(3, 'UTC'), what is frozen ends and the seal; neighbour_seconds UInt32; skipped_from,
-- skipped_until DateTime64(3, 'UTC'), rows that nobody asks about: the millions that a re-pricing is writing stay unread.
-- Result: quarter. A row whose clock was replaced by its receipt also makes its neighbours dirty: of two copies received
-- at once either may win, and the other one may be merged away already. The name of a part says its newest block, which
-- keeps parts without new rows closed.
SELECT DISTINCT arrayJoin(
    if(clock_status = 'ok', [quarter_of], [quarter_of - {neighbour_seconds:UInt32}, quarter_of, quarter_of + {neighbour_seconds:UInt32}])
) AS quarter
FROM (
    SELECT toStartOfFifteenMinutes(counted_at) AS quarter_of, clock_status
    FROM llm_calls
    WHERE _partition_id IN {partitions:Array(String)}
        AND toUInt64OrZero(splitByChar('_', _part)[3]) > transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
        AND _block_number > transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))
        AND counted_at >= {from:DateTime64(3, 'UTC')}
        AND counted_at < {before:DateTime64(3, 'UTC')}
        AND (counted_at < {skipped_from:DateTime64(3, 'UTC')} OR counted_at >= {skipped_until:DateTime64(3, 'UTC')})
)
WHERE quarter < {before:DateTime64(3, 'UTC')}
ORDER BY quarter
