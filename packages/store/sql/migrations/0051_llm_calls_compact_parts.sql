-- The ledger's part of an insert likewise is one file of data; see 0050.
ALTER TABLE {{database}}.llm_calls {{on_cluster}} MODIFY SETTING min_bytes_for_wide_part = 67108864
