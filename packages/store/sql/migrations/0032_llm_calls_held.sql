-- The ledger as it stood when a re-pricing began, for the days that it touches: hard links to the parts of llm_calls. While
-- new versions are written, readers of the held hours read this table, so they see the old figures until the new ones are
-- published. Emptied some minutes after.
CREATE TABLE IF NOT EXISTS {{database}}.llm_calls_held {{on_cluster}} AS {{database}}.llm_calls
