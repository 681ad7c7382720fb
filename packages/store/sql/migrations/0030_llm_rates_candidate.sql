-- Prices that are tried out by a preview of re-pricing, in the form of llm_rates; emptied before each. Nothing else reads them.
CREATE TABLE IF NOT EXISTS {{database}}.llm_rates_candidate {{on_cluster}} AS {{database}}.llm_rates
