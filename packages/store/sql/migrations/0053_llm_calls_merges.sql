-- The ledger's rows lie in order of random trace ids, so a merge costs 8 µs a row; see 0052.
ALTER TABLE {{database}}.llm_calls {{on_cluster}} MODIFY SETTING merge_selector_base = 12, min_parts_to_merge_at_once = 6
