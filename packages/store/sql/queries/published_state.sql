-- What is published: the newest seal and build, how far each partition of the ledger has been read, and how far each month
-- of the month rollups is summed, which hold stands; beside it the newest persisted block of each partition of the ledger.
-- Parameters: none.
-- Result: kind (seal, frozen, hold, partition, month, ledger), id (partition id, the month's start, or what is held), block,
-- sealed_until, build.
SELECT
    toString(p.grain) AS kind,
    '' AS id,
    toUInt64(0) AS block,
    argMax(p.sealed_until, p.build) AS sealed_until,
    max(p.build) AS build
FROM published AS p
WHERE p.grain IN ('seal', 'frozen')
GROUP BY p.grain
UNION ALL
SELECT 'hold', argMax(p.partition_id, p.build), toUInt64(0), argMax(p.sealed_until, p.build), max(p.build)
FROM published AS p
WHERE p.grain = 'hold'
GROUP BY p.grain
UNION ALL
SELECT 'partition', p.partition_id, argMax(p.block, p.build), toDateTime64(0, 3, 'UTC'), max(p.build)
FROM published AS p
WHERE p.grain = 'partition'
GROUP BY p.partition_id
UNION ALL
SELECT 'month', toString(p.start), toUInt64(0), argMax(p.sealed_until, p.build), max(p.build)
FROM published AS p
WHERE p.grain = 'month'
GROUP BY p.start
UNION ALL
SELECT 'ledger', partition_id, toUInt64(max(max_block_number)), toDateTime64(0, 3, 'UTC'), toUInt64(0)
FROM system.parts
WHERE database = currentDatabase() AND table = 'llm_calls' AND active
GROUP BY partition_id
