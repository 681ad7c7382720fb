-- The newest visible build and what is held, then the newest persisted block of each partition of the ledger, and the
-- engine's clock. The first is a subquery, which the engine answers before it looks at the ledger: blocks are never older
-- than the build that they are compared with.
-- Parameters: none.
-- Result: one row: snapshot; hold_id, hold_until, hold_build of the newest row about what is held (build 0: none);
-- partitions, blocks arrays of equal length; clock.
WITH
    (
        SELECT (
            maxIf(build, grain = 'seal'),
            argMaxIf(partition_id, build, grain = 'hold'),
            argMaxIf(sealed_until, build, grain = 'hold'),
            maxIf(build, grain = 'hold')
        )
        FROM published
        WHERE grain IN ('seal', 'hold')
    ) AS newest
SELECT
    newest.1 AS snapshot,
    newest.2 AS hold_id,
    newest.3 AS hold_until,
    newest.4 AS hold_build,
    groupArray(partition_id) AS partitions,
    groupArray(block) AS blocks,
    now64(3, 'UTC') AS clock
FROM (
    SELECT partition_id, toUInt64(max(max_block_number)) AS block
    FROM system.parts
    WHERE database = currentDatabase() AND table = 'llm_calls' AND active
    GROUP BY partition_id
)
