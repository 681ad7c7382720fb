-- Spans of other emitters on their way to the ledger. Keeps nothing: the view behind it is planned only for inserts that
-- have such spans. Generated; see src/ledger/ledger-view.ts.
CREATE TABLE IF NOT EXISTS {{database}}.llm_foreign_spans {{on_cluster}} (
    Timestamp DateTime64(9),
    TraceId String,
    SpanId String,
    ParentSpanId String,
    SpanName LowCardinality(String),
    ServiceName LowCardinality(String),
    ScopeName String,
    Duration UInt64,
    StatusCode LowCardinality(String),
    SpanAttributes Map(LowCardinality(String), String),
    ResourceAttributes Map(LowCardinality(String), String),
    ReceivedAt DateTime64(3)
)
ENGINE = Null
