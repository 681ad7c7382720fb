-- Which of some spans are in the ledger with all that they will add to its sums: priced, not counted, or without a cost.
-- A row that waits for its price is not among them.
-- Parameters: tenant String; traces, spans Array(String); hours Array(DateTime('UTC')), where the spans began, and days
-- Array(Date) of these. The fragment "is_answered": which of their rows answers are of, where a build stands for the
-- ledger; it has partitions Array(String) and blocks Array(UInt64), up to which block of each the build has read. While
-- hours are held, it has held_from and held_to DateTime64(3, 'UTC'). The fragment "ledger": the table, or its held copy.
-- Result: trace_id, span_id.
SELECT DISTINCT trace_id, span_id
FROM {{ledger}} FINAL
WHERE tenant = {tenant:String}
    AND toStartOfHour(started) IN {hours:Array(DateTime('UTC'))} AND trace_id IN {traces:Array(String)}
    AND toDate(started) IN {days:Array(Date)}
    AND span_id IN {spans:Array(String)}
    AND {{is_answered}}
    AND (cost_usd IS NOT NULL OR NOT counted OR cost_status NOT IN ('unpriced', 'pending'))
{{settings}}
