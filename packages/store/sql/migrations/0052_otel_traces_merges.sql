-- Fewer, wider merges: of about 12 parts of one size where it was 5, and never of fewer than 6, so a span is rewritten fewer times (5 µs each
-- time). A day keeps a few small parts more.
ALTER TABLE {{database}}.otel_traces {{on_cluster}} MODIFY SETTING merge_selector_base = 12, min_parts_to_merge_at_once = 6
