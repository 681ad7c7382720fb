package queuestorage

import (
	"bytes"
	"context"
	"encoding/binary"
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
	return openStoreIn(t, factory, t.TempDir(), storeBytes)
}

func openStoreIn(t *testing.T, factory extension.Factory, directory string, maxBytes int64) storage.Client {
	t.Helper()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = directory
	config.MaxSize = maxBytes
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
	err := store.Batch(context.Background(), storage.SetOperation(metadataKey, make([]byte, 2*storeBytes)), read)
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
		})
	}
}

func TestARequestThatHasNoRoomIsRefused(t *testing.T) {
	store := openStore(t, NewFactory())
	if store.Set(context.Background(), "request", make([]byte, 2*storeBytes)) == nil {
		t.Fatal("the sender was told that it is stored")
	}
}

// recordOf writes the queue's record of itself: two sizes, the index to read next, the one to write next, and the numbers of
// the requests that are on their way, packed.
func recordOf(readIndex, writeIndex uint64, dispatched ...uint64) []byte {
	number := binary.LittleEndian.AppendUint64
	record := number(append(number([]byte{1<<3 | 1}, 30), 2<<3|1), 400)
	record = number(append(record, 3<<3|1), readIndex)
	record = number(append(record, 4<<3|1), writeIndex)
	if len(dispatched) == 0 {
		return record
	}
	record = binary.AppendUvarint(append(record, 5<<3|2), uint64(8*len(dispatched)))
	for _, index := range dispatched {
		record = number(record, index)
	}
	return record
}

func TestRequestsThatWereOnTheirWayAreToBeReadAgainAfterAKill(t *testing.T) {
	store := openStore(t, NewFactory())
	ctx := context.Background()
	if err := store.Set(ctx, "qmv0", recordOf(9, 12, 7, 4, 8)); err != nil {
		t.Fatal(err)
	}
	record, err := store.Get(ctx, "qmv0")
	if err != nil {
		t.Fatal(err)
	}
	number := binary.LittleEndian.AppendUint64
	want := number(append(number([]byte{1<<3 | 1}, 30), 2<<3|1), 400)
	want = number(append(number(append(want, 4<<3|1), 12), 3<<3|1), 4)
	if !bytes.Equal(record, want) {
		t.Fatalf("the queue is told %x, not that request 4 is next: %x", record, want)
	}
}

func TestARecordWithoutSuchRequestsOrOfAnotherFormStaysAsItIs(t *testing.T) {
	whole := recordOf(9, 12, 7)
	for _, record := range [][]byte{nil, recordOf(9, 12), whole[:len(whole)-3], {0x08, 0x01}, {0x2a, 0xff}, []byte("no record")} {
		if got := putBack(record); !bytes.Equal(got, record) {
			t.Fatalf("%x became %x", record, got)
		}
	}
}

func TestANumberWithoutARequestIsPassedOver(t *testing.T) {
	store := openStore(t, NewFactory())
	note, read := storage.SetOperation("qmv0", recordOf(5, 12, 4)), storage.GetOperation("4")
	if err := store.Batch(context.Background(), note, read); err != errNoRequest {
		t.Fatalf("a request of nothing was handed on (%v)", err)
	}
}
