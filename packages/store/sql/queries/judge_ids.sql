-- What is known of the calls of an hour by hashes: see judge_news.sql. Superseded rows are read too (no FINAL).
-- Parameters: hour DateTime('UTC'); slices, slice UInt64: a part of them, by trace.
-- Result: one row: numbers, as those of judge_news.sql.
SELECT {{numbers}}
FROM (
    SELECT
        {{hashes}}
    FROM llm_calls
    WHERE toDate(started) = toDate({hour:DateTime('UTC')}) AND toStartOfHour(started) = {hour:DateTime('UTC')}
        AND trace % {slices:UInt64} = {slice:UInt64}
)
SETTINGS {{settings}}
