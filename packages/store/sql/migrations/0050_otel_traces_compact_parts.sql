-- A fresh part of raw spans is one file of data, not one (and one sync) for each of its 60 column streams: an insert of
-- 40,000 spans with all its views cost 27 µs of CPU a span with wide parts, and 20 µs with compact ones. Merges make wide
-- parts of larger ones.
ALTER TABLE {{database}}.otel_traces {{on_cluster}} MODIFY SETTING min_bytes_for_wide_part = 134217728
