-- Histogram of the latencies of a range, by group: calls that counted and did not fail, by bucket of 10 % width.
-- Parameters: those of the source (tenant, ranges, filters).
-- Result: d0, d1, … the dimensions; bucket UInt8; calls in it.
SELECT {{dimensions}}
    entry.1 AS bucket,
    sum(entry.2) AS calls
FROM (
{{source}}
)
ARRAY JOIN latency AS entry
GROUP BY {{dimensions}} bucket
{{settings}}
