package main

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// What Grafana's ClickHouse data source sends through this driver: the checks of a new data source, the schema for its
// query builder, and queries whose macros are filled in already. Its settings come with every query.
var dashboardQueries = []struct{ name, statement string }{
	{"the version of the server", "SELECT version()"},
	{"its time zone", "SELECT timezone()"},
	{"the databases", "SHOW DATABASES"},
	{"the tables of a database", "SHOW TABLES FROM `costel`"},
	{"the columns of a table", "DESC TABLE `costel`.`llm_calls`"},
	{"the tables with their columns", "SELECT name, database, table FROM system.columns WHERE database = 'costel'"},
	{"the functions, for completion", "SELECT name FROM system.functions LIMIT 10"},
	{"a series over time", "SELECT toStartOfInterval(toDateTime(counted_at), INTERVAL 60 second) AS time, model, sum(cost_usd) AS cost FROM costel.llm_calls_final WHERE counted_at >= toDateTime64(1767225600, 3) AND counted_at <= toDateTime64(1798761600, 3) GROUP BY time, model ORDER BY time ASC LIMIT 10000"},
	{"a table with a variable of several values", "SELECT service, count() AS calls, quantile(0.95)(duration_ns) / 1e6 AS `p95 (ms)` FROM costel.llm_calls_final WHERE service IN ('go-client', 'shop') GROUP BY service ORDER BY calls DESC LIMIT 1000"},
	{"the values of a variable", "SELECT DISTINCT model FROM costel.llm_cost_hourly WHERE hour >= toDateTime(1767225600) ORDER BY model"},
	{"logs", "SELECT Timestamp AS timestamp, Body AS body, SeverityText AS level, LogAttributes AS labels FROM costel.otel_logs WHERE timestamp >= toDateTime(1767225600) ORDER BY timestamp DESC LIMIT 1000"},
	{"a trace", "WITH 'x' AS trace_id, (SELECT min(Start) FROM costel.otel_traces_trace_id_ts WHERE TraceId = trace_id) AS trace_start SELECT TraceId AS traceID, SpanId AS spanID, ParentSpanId AS parentSpanID, ServiceName AS serviceName, SpanName AS operationName, multiply(toUnixTimestamp64Nano(Timestamp), 0.000001) AS startTime, multiply(Duration, 0.000001) AS duration, arrayMap(key -> map('key', key, 'value', SpanAttributes[key]), mapKeys(SpanAttributes)) AS tags FROM costel.otel_traces WHERE traceID = trace_id AND startTime >= toUnixTimestamp(trace_start) LIMIT 1000"},
	{"a query of the query builder with a comment", "/* grafana dashboard=x panel=1 */ SELECT count() AS n FROM `costel`.`otel_traces` WHERE ( `Timestamp` >= toDateTime64(1767225600, 9) AND `ServiceName` ILIKE '%client%' )"},
	{"an explanation", "EXPLAIN AST SELECT 1"},
}

func runDashboards() {
	settings := clickhouse.Settings{"max_execution_time": 60, "log_comment": "grafana", "add_http_cors_header": 1}
	for _, each := range dashboardQueries {
		test("Grafana: "+each.name, func(ctx context.Context) error {
			conn, err := connect(clickhouse.CompressionLZ4, "", settings)
			if err != nil {
				return err
			}
			defer conn.Close()
			rows, err := conn.Query(ctx, each.statement)
			if err != nil {
				return err
			}
			defer rows.Close()
			return drain(rows)
		})
	}
}

// drain scans every row into values of the types that the driver names, as the data source does.
func drain(rows interface {
	Next() bool
	Err() error
	Columns() []string
}) error {
	count := 0
	for rows.Next() {
		count++
	}
	// Native has no block, and so no names, where there are no rows.
	if count > 0 && len(rows.Columns()) == 0 {
		return fmt.Errorf("%d rows without columns", count)
	}
	return rows.Err()
}
