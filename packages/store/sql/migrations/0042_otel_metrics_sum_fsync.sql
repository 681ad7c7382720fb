-- What is acknowledged survives a power cut, logs and metric points as well as spans: an insert returns once its part and the
-- part's directory are on the disk.
ALTER TABLE {{database}}.otel_metrics_sum {{on_cluster}} MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1
