-- What a call used of the buckets that came after the sixteen with a column of their own, in the order of USAGE_BUCKETS from
-- the seventeenth on: a new bucket needs no new column. Empty where it used none of them.
ALTER TABLE {{database}}.llm_calls {{on_cluster}} ADD COLUMN IF NOT EXISTS usage_more Array(UInt64) CODEC(ZSTD(1)) AFTER usage_request
