-- Fills span_edges; total, as every view behind the raw tables.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.span_edges_mv {{on_cluster}}
TO {{database}}.span_edges
AS SELECT
    TraceId AS trace_id,
    SpanId AS span_id,
    ParentSpanId AS parent_span_id,
    ReceivedAt AS received_at
FROM {{database}}.otel_traces
WHERE TraceId != '' AND SpanId != '' AND ParentSpanId != ''
