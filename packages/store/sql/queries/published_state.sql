-- What is published, as of one build: the newest seal, how far each partition of the ledger has been read, how far each month
-- of the month rollups is summed, which days and months hold a finer period that was built again since. Nothing of a later
-- build is read, so the answer never changes: it is asked for once a build. A sealed day that no build holds had no calls when
-- it was sealed: its build counts as 0, so the first quarter hour in it makes it stale.
-- Parameters: snapshot UInt64, the build.
-- Result: kind (seal, frozen, detail, open, partition, month, so_far, so_far_quarter, stale_day, stale_month), id (partition
-- id, or where the period begins), block (of open, when its build began, in milliseconds by the engine's clock, 0 where it did not say; of a
-- stale day, how many quarter hours changed; of a month, 1 where its dearest
-- users are listed; of so_far, 1 where the rows that it was summed from are kept), sealed_until, build (of what is stale, the
-- first that changed it). so_far is the newest day that was summed by user while it was open, up to sealed_until;
-- so_far_quarter are the quarter hours of it that were built again since.
SELECT
    toString(p.grain) AS kind,
    '' AS id,
    argMax(p.block, p.build) AS block,
    argMax(p.sealed_until, p.build) AS sealed_until,
    max(p.build) AS build
FROM published AS p
WHERE p.grain IN ('seal', 'frozen', 'detail', 'open') AND p.build <= {snapshot:UInt64}
GROUP BY p.grain
UNION ALL
SELECT 'partition', p.partition_id, argMax(p.block, p.build), toDateTime64(0, 3, 'UTC'), max(p.build)
FROM published AS p
WHERE p.grain = 'partition' AND p.build <= {snapshot:UInt64}
GROUP BY p.partition_id
UNION ALL
SELECT 'month', toString(p.start), argMax(p.block, p.build), argMax(p.sealed_until, p.build), max(p.build)
FROM published AS p
WHERE p.grain = 'month' AND p.build <= {snapshot:UInt64}
GROUP BY p.start
UNION ALL
SELECT 'stale_day', toString(toStartOfDay(q.start)), count(), toDateTime64(0, 3, 'UTC'), min(q.build)
FROM (
    SELECT p.start AS start, max(p.build) AS build
    FROM published AS p
    WHERE p.grain = 'quarter' AND p.build <= {snapshot:UInt64}
        AND p.start >= (SELECT max(sealed_until) FROM published WHERE grain = 'detail')
        AND p.start < (SELECT toStartOfDay(max(sealed_until)) FROM published WHERE grain = 'seal' AND build <= {snapshot:UInt64})
    GROUP BY p.start
) AS q
LEFT JOIN (
    SELECT p.start AS day, max(p.build) AS build
    FROM published AS p
    WHERE p.grain = 'day' AND p.build <= {snapshot:UInt64}
    GROUP BY p.start
) AS d ON toStartOfDay(q.start) = d.day
WHERE q.build > d.build
GROUP BY toStartOfDay(q.start)
UNION ALL
SELECT 'stale_month', toString(m.month), count(), toDateTime64(0, 3, 'UTC'), min(d.build)
FROM (
    SELECT p.start AS day, max(p.build) AS build
    FROM published AS p
    WHERE p.grain = 'day' AND p.build <= {snapshot:UInt64}
    GROUP BY p.start
) AS d
INNER JOIN (
    SELECT p.start AS month, max(p.build) AS build
    FROM published AS p
    WHERE p.grain = 'month' AND p.build <= {snapshot:UInt64}
    GROUP BY p.start
) AS m ON toDateTime(toStartOfMonth(d.day), 'UTC') = m.month
WHERE d.build > m.build
GROUP BY m.month
UNION ALL
SELECT
    'so_far',
    toString(f.start),
    f.block,
    f.until,
    f.build
FROM (
    SELECT argMax(p.start, p.build) AS start, argMax(p.block, p.build) AS block, argMax(p.sealed_until, p.build) AS until, max(p.build) AS build
    FROM published AS p
    WHERE p.grain = 'so_far' AND p.build <= {snapshot:UInt64}
) AS f
WHERE f.build > 0
UNION ALL
SELECT 'so_far_quarter', toString(p.start), toUInt64(0), toDateTime64(0, 3, 'UTC'), max(p.build)
FROM published AS p
WHERE p.grain = 'quarter' AND p.build <= {snapshot:UInt64}
    AND p.build > (SELECT max(build) FROM published WHERE grain = 'so_far' AND build <= {snapshot:UInt64})
    AND p.start >= (SELECT argMax(start, build) FROM published WHERE grain = 'so_far' AND build <= {snapshot:UInt64})
    AND p.start < (SELECT argMax(sealed_until, build) FROM published WHERE grain = 'so_far' AND build <= {snapshot:UInt64})
GROUP BY p.start
