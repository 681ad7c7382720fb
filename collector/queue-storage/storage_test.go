package queuestorage

import (
	"context"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

const storeBytes = 1 << 20

// openStore makes a store of 1 MiB of the factory, as the collector does.
func openStore(t *testing.T, factory extension.Factory) storage.Client {
	t.Helper()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = t.TempDir()
	config.MaxSize = storeBytes
	settings := extension.Settings{ID: component.NewID(factory.Type())}
	settings.Logger = zap.NewNop()
	made, err := factory.Create(context.Background(), settings, config)
	if err != nil {
		t.Fatal(err)
	}
	id := component.NewID(component.MustNewType("clickhouse"))
	store, err := made.(storage.Extension).GetClient(context.Background(), component.KindExporter, id, "traces")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.Background()) })
	return store
}

// dispatch does what the queue does to hand on a request: a note that has no room in the store, and a read.
func dispatch(store storage.Client) (string, error) {
	read := storage.GetOperation("request")
	err := store.Batch(context.Background(), storage.SetOperation("note", make([]byte, 2*storeBytes)), read)
	return string(read.Value), err
}

func TestARequestIsReadWhereThereIsNoRoomToNoteThatItWas(t *testing.T) {
	for _, subject := range []struct {
		name    string
		factory extension.Factory
		fails   bool
	}{{"file_storage alone", filestorage.NewFactory(), true}, {"queue storage", NewFactory(), false}} {
		t.Run(subject.name, func(t *testing.T) {
			store := openStore(t, subject.factory)
			if err := store.Set(context.Background(), "request", []byte("a call")); err != nil {
				t.Fatal(err)
			}
			value, err := dispatch(store)
			if (err != nil) != subject.fails || (!subject.fails && value != "a call") {
				t.Fatalf("read %q with error %v", value, err)
			}
			if note, err := store.Get(context.Background(), "note"); note != nil || err != nil {
				t.Fatalf("a note of %d bytes with error %v: there was no room for it", len(note), err)
			}
		})
	}
}

func TestARequestThatHasNoRoomIsRefused(t *testing.T) {
	store := openStore(t, NewFactory())
	if store.Set(context.Background(), "request", make([]byte, 2*storeBytes)) == nil {
		t.Fatal("the sender was told that it is stored")
	}
}
