-- Tiers that hold for the calls of one feature only (a negotiated discount), one element a tier; '' holds for all. An array
-- that is shorter than the tiers, as rows of earlier versions have it, means ''.
ALTER TABLE {{database}}.llm_rates {{on_cluster}} ADD COLUMN IF NOT EXISTS tier_feature Array(String) AFTER to_second_of_day
