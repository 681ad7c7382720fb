-- What calls without a price used, by group: what a ceiling price is multiplied with.
-- Parameters: tenant String; those of the ranges, half-open, of counted time.
-- Result: d0, d1, … the dimensions; calls; usage (counts by bucket).
SELECT {{dimensions}}
    sum(calls) AS calls,
    sumForEach(usage) AS usage
FROM (
{{source}}
)
{{group_by}}
{{settings}}
