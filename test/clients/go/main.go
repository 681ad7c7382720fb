// Command clients runs the core paths of clickhouse-go against the interface at COSTEL_URL. It prints a line a case:
// `ok NAME` or `not ok NAME: reason`.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

var (
	address  = hostOf(os.Getenv("COSTEL_URL"))
	token    = os.Getenv("COSTEL_WRITE_TOKEN")
	failures = 0
)

func hostOf(raw string) string {
	parsed, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return parsed.Host
}

// connect opens a connection pool as a user of the driver does.
func connect(method clickhouse.CompressionMethod, password string, settings clickhouse.Settings) (clickhouse.Conn, error) {
	return clickhouse.Open(optionsOf(method, password, settings))
}

func optionsOf(method clickhouse.CompressionMethod, password string, settings clickhouse.Settings) *clickhouse.Options {
	return &clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{address},
		Auth:        clickhouse.Auth{Database: "costel", Username: "someone", Password: password},
		Compression: &clickhouse.Compression{Method: method},
		Settings:    settings,
		DialTimeout: 10 * time.Second,
		ReadTimeout: 60 * time.Second,
	}
}

func test(name string, work func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := guarded(ctx, work); err != nil {
		failures++
		fmt.Printf("not ok %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " | "))
		return
	}
	fmt.Printf("ok %s\n", name)
}

func guarded(ctx context.Context, work func(ctx context.Context) error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	return work(ctx)
}

func expect(actual, wanted any) error {
	if fmt.Sprint(actual) != fmt.Sprint(wanted) {
		return fmt.Errorf("%v is not %v", actual, wanted)
	}
	return nil
}

func main() {
	runCorePaths()
	runDashboards()
	if failures > 0 {
		os.Exit(1)
	}
}
