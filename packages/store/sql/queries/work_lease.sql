-- Who holds a task now.
-- Parameters: task String; holder String, who asks.
-- Result: epoch; winner, empty before the first claim; is_valid 1 while its lease runs; renew 1 when less than half of
-- lease_ms of it is left; is_awaited 1 when others wait. lease_ms UInt32.
WITH
    rows AS (
        SELECT epoch, holder, lease_until, _block_number AS block
        FROM work_leases
        WHERE task = {task:String}
            AND epoch = (SELECT max(epoch) FROM work_leases WHERE task = {task:String})
    ),
    (SELECT argMin(holder, block) FROM rows) AS first
SELECT
    toUInt64(max(epoch)) AS epoch,
    first AS winner,
    argMaxIf(lease_until, block, holder = first) > now64(3) AS is_valid,
    argMaxIf(lease_until, block, holder = first) < now64(3) + toIntervalMillisecond(intDiv({lease_ms:UInt32}, 2)) AS renew,
    countIf(holder != first) > 0 AS is_awaited
FROM rows
