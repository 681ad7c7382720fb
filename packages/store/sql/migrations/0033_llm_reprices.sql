-- What was re-priced, when and why: one row a state of one re-pricing, never changed.
--   reprice        number of the re-pricing; its rows hold in the order of written_at
--   state          started, applied, abandoned (its process died: the ledger was put back)
--   cause          command, or new_prices: calls that had no price got one
--   range_from, range_until   counted time that was looked at, half-open; sealed hours only for a command
--   changed_calls  calls that got a new version; before_usd and after_usd are all that counted in the range
--   models, model_calls, model_before_usd, model_after_usd   one element a provider/model whose figures changed
CREATE TABLE IF NOT EXISTS {{database}}.llm_reprices {{on_cluster}} (
    reprice UInt64,
    state LowCardinality(String),
    cause LowCardinality(String),
    range_from DateTime64(3, 'UTC'),
    range_until DateTime64(3, 'UTC'),
    changed_calls UInt64,
    before_usd Decimal(38, 12),
    after_usd Decimal(38, 12),
    models Array(String),
    model_calls Array(UInt64),
    model_before_usd Array(Decimal(38, 12)),
    model_after_usd Array(Decimal(38, 12)),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
ORDER BY (reprice, written_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
