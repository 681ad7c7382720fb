package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
)

var methods = []struct {
	name   string
	method clickhouse.CompressionMethod
}{
	{"none", clickhouse.CompressionNone},
	{"lz4", clickhouse.CompressionLZ4},
	{"zstd", clickhouse.CompressionZSTD},
	{"gzip", clickhouse.CompressionGZIP},
	{"deflate", clickhouse.CompressionDeflate},
	{"br", clickhouse.CompressionBrotli},
}

func runCorePaths() {
	for _, each := range methods {
		test("inserts a batch and reads it back, "+each.name, func(ctx context.Context) error {
			return roundTrip(ctx, each.name, each.method)
		})
	}
	test("inserts one block of 20 MB in lz4", insertLargeBlock)
	test("inserts spans as the collector's exporter does", insertSpans)
	test("reads errors, in the middle of an answer too", readErrors)
	test("binds parameters", bindParameters)
	test("sends external tables, as a reader", sendExternalTables)
	test("keeps a setting and a temporary table through a session", keepSession)
	test("works through database/sql", useStandardLibrary)
	test("is refused with a wrong password, and for writing without one or with readonly", beRefused)
	test("gives up a query", giveUp)
}

func roundTrip(ctx context.Context, name string, method clickhouse.CompressionMethod) error {
	conn, err := connect(method, token, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Ping(ctx); err != nil {
		return err
	}
	table := "go_rows_" + name
	create := `CREATE TABLE ` + table + ` (a UInt64, s String, m Map(LowCardinality(String), String), n Nullable(Float64), l Array(String), t DateTime64(9)) ENGINE = MergeTree ORDER BY a`
	if err := conn.Exec(ctx, create); err != nil {
		return err
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+table)
	if err != nil {
		return err
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 678912345, time.UTC)
	for i := range 5000 {
		text := fmt.Sprintf("row %d\n\nDROP TABLE %s\n", i, table)
		if err := batch.Append(uint64(i), text, map[string]string{"k": text}, nil, []string{"a\n\nb"}, at); err != nil {
			return err
		}
	}
	if err := batch.Send(); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, "SELECT a, s, m, n, l, t FROM "+table+" ORDER BY a")
	if err != nil {
		return err
	}
	defer rows.Close()
	count := uint64(0)
	for rows.Next() {
		var a uint64
		var s string
		var m map[string]string
		var n *float64
		var l []string
		var t time.Time
		if err := rows.Scan(&a, &s, &m, &n, &l, &t); err != nil {
			return err
		}
		wanted := fmt.Sprintf("row %d\n\nDROP TABLE %s\n", count, table)
		if a != count || s != wanted || m["k"] != wanted || n != nil || l[0] != "a\n\nb" || !t.Equal(at) {
			return fmt.Errorf("row %d came back as %v %q %v %v %v %v", count, a, s, m, n, l, t)
		}
		count++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return expect(count, 5000)
}

func insertLargeBlock(ctx context.Context) error {
	conn, err := connect(clickhouse.CompressionLZ4, token, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "CREATE TABLE go_large (a UInt64, s String) ENGINE = MergeTree ORDER BY a"); err != nil {
		return err
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO go_large")
	if err != nil {
		return err
	}
	noise := make([]byte, 100)
	for i := range 100_000 {
		if _, err := rand.Read(noise); err != nil {
			return err
		}
		if err := batch.Append(uint64(i), hex.EncodeToString(noise)); err != nil {
			return err
		}
	}
	if err := batch.Send(); err != nil {
		return err
	}
	var count, bytes uint64
	if err := conn.QueryRow(ctx, "SELECT count(), sum(length(s)) FROM go_large").Scan(&count, &bytes); err != nil {
		return err
	}
	return errors.Join(expect(count, 100_000), expect(bytes, 20_000_000))
}

func insertSpans(ctx context.Context) error {
	conn, err := connect(clickhouse.CompressionLZ4, token, clickhouse.Settings{"async_insert": 0})
	if err != nil {
		return err
	}
	defer conn.Close()
	insert := `INSERT INTO "costel"."otel_traces" (Timestamp, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes, ScopeName, ScopeVersion, SpanAttributes, Duration, StatusCode, StatusMessage, ` +
		"`Events.Timestamp`, `Events.Name`, `Events.Attributes`, `Links.TraceId`, `Links.SpanId`, `Links.TraceState`, `Links.Attributes`)"
	batch, err := conn.PrepareBatch(ctx, insert)
	if err != nil {
		return err
	}
	now := time.Now()
	for i := range 1000 {
		attributes := map[string]string{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
			"gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.usage.input_tokens": "1000", "gen_ai.usage.output_tokens": "100",
		}
		empty := []string{}
		err := batch.Append(now, fmt.Sprintf("%032x", i+1), fmt.Sprintf("%016x", i+1), "", "", "chat gpt-4o-mini", "Client", "go-client",
			map[string]string{"service.name": "go-client"}, "scope", "1", attributes, uint64(time.Second), "Ok", "",
			[]time.Time{now}, []string{"event"}, []map[string]string{{"k": "v"}}, empty, empty, empty, []map[string]string{})
		if err != nil {
			return err
		}
	}
	if err := batch.Send(); err != nil {
		return err
	}
	var raw, calls uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM otel_traces WHERE ServiceName = 'go-client'").Scan(&raw); err != nil {
		return err
	}
	if err := conn.QueryRow(ctx, "SELECT count() FROM llm_calls FINAL WHERE service = 'go-client'").Scan(&calls); err != nil {
		return err
	}
	return errors.Join(expect(raw, 1000), expect(calls, 1000))
}

func readErrors(ctx context.Context) error {
	for _, each := range methods {
		conn, err := connect(each.method, token, nil)
		if err != nil {
			return err
		}
		for statement, code := range map[string]int{
			"SELECT * FROM nowhere": 60,
			"SELEC 1":               62,
			"SELECT throwIf(number = 900000, 'stop') FROM numbers(1000000)": 395,
			"SELECT sleep(1)": 497,
			"INSERT INTO go_rows_none (nothing) SELECT 1":                   16,
			"SELECT toString(number) FROM numbers(10) SETTINGS unknown_x=1": 497,
		} {
			rows, err := conn.Query(ctx, statement)
			if err == nil {
				for rows.Next() {
				}
				err = rows.Err()
			}
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("Code: %d.", code)) {
				return fmt.Errorf("%s with %s: %w", statement, each.name, errors.Join(errors.New("another error than wanted"), err))
			}
		}
		conn.Close()
	}
	return nil
}

func bindParameters(ctx context.Context) error {
	conn, err := connect(clickhouse.CompressionLZ4, "", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	value := "it's\n\n\\ ключ"
	var bound string
	// The driver sends parameters unescaped, so a server reads a backslash or a line end in them as an escape.
	plain := "it's ключ"
	bind := clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"v": plain, "n": "5"}))
	if err := conn.QueryRow(bind, "SELECT concat({v:String}, toString({n:UInt8}))").Scan(&bound); err != nil {
		return err
	}
	if err := expect(bound, plain+"5"); err != nil {
		return err
	}
	if err := conn.QueryRow(ctx, "SELECT concat($1, toString($2))", value, 5).Scan(&bound); err != nil {
		return err
	}
	if err := expect(bound, value+"5"); err != nil {
		return err
	}
	var threads uint64
	set := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_threads": 1}))
	if err := conn.QueryRow(set, "SELECT toUInt64(getSetting('max_threads'))").Scan(&threads); err != nil {
		return err
	}
	return expect(threads, 1)
}

func sendExternalTables(ctx context.Context) error {
	table, err := ext.NewTable("go_external", ext.Column("a", "UInt8"), ext.Column("s", "String"))
	if err != nil {
		return err
	}
	for i := range 10 {
		if err := table.Append(uint8(i), fmt.Sprintf("value %d\n\nDROP TABLE x", i)); err != nil {
			return err
		}
	}
	for _, method := range []clickhouse.CompressionMethod{clickhouse.CompressionNone, clickhouse.CompressionLZ4} {
		conn, err := connect(method, "", nil)
		if err != nil {
			return err
		}
		defer conn.Close()
		var count uint64
		var last string
		outside := clickhouse.Context(ctx, clickhouse.WithExternalTable(table))
		query := "SELECT count(), argMax(s, a) FROM go_external WHERE a IN (SELECT a FROM go_external)"
		if err := conn.QueryRow(outside, query).Scan(&count, &last); err != nil {
			return err
		}
		if err := errors.Join(expect(count, 10), expect(last, "value 9\n\nDROP TABLE x")); err != nil {
			return err
		}
	}
	return nil
}

func keepSession(ctx context.Context) error {
	conn, err := connect(clickhouse.CompressionLZ4, token, clickhouse.Settings{"session_id": "go-session"})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "SET max_block_size = 4321"); err != nil {
		return err
	}
	var size uint64
	if err := conn.QueryRow(ctx, "SELECT toUInt64(getSetting('max_block_size'))").Scan(&size); err != nil {
		return err
	}
	if err := expect(size, 4321); err != nil {
		return err
	}
	if err := conn.Exec(ctx, "CREATE TEMPORARY TABLE go_temporary (a UInt64, s String)"); err != nil {
		return err
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO go_temporary")
	if err != nil {
		return err
	}
	if err := batch.Append(uint64(1), "one\n\n"); err != nil {
		return err
	}
	if err := batch.Send(); err != nil {
		return err
	}
	var text string
	if err := conn.QueryRow(ctx, "SELECT s FROM go_temporary").Scan(&text); err != nil {
		return err
	}
	return expect(text, "one\n\n")
}

func useStandardLibrary(ctx context.Context) error {
	db := clickhouse.OpenDB(optionsOf(clickhouse.CompressionGZIP, token, nil))
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE go_sql (a UInt64, s String) ENGINE = MergeTree ORDER BY a"); err != nil {
		return err
	}
	if err := insertWithTransaction(ctx, db); err != nil {
		return err
	}
	var sum uint64
	if err := db.QueryRowContext(ctx, "SELECT sum(a) FROM go_sql WHERE s = ?", "x").Scan(&sum); err != nil {
		return err
	}
	return expect(sum, 45)
}

// insertWithTransaction is how database/sql sends a batch with this driver.
func insertWithTransaction(ctx context.Context, db *sql.DB) error {
	transaction, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	statement, err := transaction.PrepareContext(ctx, "INSERT INTO go_sql")
	if err != nil {
		return err
	}
	for i := range 10 {
		if _, err := statement.ExecContext(ctx, uint64(i), "x"); err != nil {
			return err
		}
	}
	return transaction.Commit()
}

func beRefused(ctx context.Context) error {
	for _, each := range methods {
		if err := refusals(ctx, each.method); err != nil {
			return fmt.Errorf("%s: %w", each.name, err)
		}
	}
	return nil
}

func refusals(ctx context.Context, method clickhouse.CompressionMethod) error {
	const create = "CREATE TABLE go_no (a UInt8) ENGINE = Memory"
	for _, each := range []struct {
		password string
		settings clickhouse.Settings
		code     string
	}{
		{"not the token at all", nil, "516"},
		{"", nil, "497"},
		{token, clickhouse.Settings{"readonly": 1}, "164"},
	} {
		conn, err := connect(method, each.password, each.settings)
		if err != nil {
			return err
		}
		err = conn.Exec(ctx, create)
		conn.Close()
		if err == nil || !strings.Contains(err.Error(), "Code: "+each.code+".") {
			return fmt.Errorf("wanted the error %s: %w", each.code, errors.Join(errors.New("not given"), err))
		}
	}
	return nil
}

func giveUp(ctx context.Context) error {
	conn, err := connect(clickhouse.CompressionLZ4, "", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	var sum uint64
	err = conn.QueryRow(short, "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)").Scan(&sum)
	if !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the query was not given up: %w", err)
	}
	return conn.Ping(ctx)
}
