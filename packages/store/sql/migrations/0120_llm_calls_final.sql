-- The ledger as it counts: one row a billable item, the winner of its versions. For dashboards and for people; bound it by
-- `counted_at`, and by `started` where only some days matter.
CREATE VIEW IF NOT EXISTS {{database}}.llm_calls_final {{on_cluster}}
AS SELECT *, input_tokens, output_tokens
FROM {{database}}.llm_calls FINAL
WHERE counted
SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1
