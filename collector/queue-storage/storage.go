// Package queuestorage is the collector's file_storage, with three differences: what is in the queue is not lost for want of
// room, neither while it is handed on nor when the collector is started again, and a queue drains without waiting for the
// disk twice a request.
//
// To hand a queued request to the exporter, the collector's queue writes "this one is on its way" and reads the request, in
// one step; when it was delivered the queue deletes it, in another. Each of the two waits for the disk. Where the disk has no
// room for the note the first step fails, and the queue forgets the request: acknowledged to its sender, never sent, said in
// a line at debug level. Here both are kept in memory and written together with the next request that is taken in, or after
// a second (see client). Without them a collector that is killed delivers requests once more, which count once.
//
// A collector that starts finds requests that were on their way when the last one was killed: with batches of 80 MiB and
// ClickHouse away that can be all of the queue. The queue deletes them and writes them anew at its end; where the disk has no
// room for that they are forgotten. Here they are told to the queue as not yet read, and stay where they are.
package queuestorage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// NewFactory makes the extension under file_storage's own name and settings, so that a configuration runs with either.
func NewFactory() extension.Factory {
	files := filestorage.NewFactory()
	create := func(ctx context.Context, settings extension.Settings, config component.Config) (extension.Extension, error) {
		inner, err := files.Create(ctx, settings, config)
		if err != nil {
			return nil, err
		}
		store, ok := inner.(storage.Extension)
		if !ok {
			return nil, fmt.Errorf("file_storage is a %T, which stores nothing", inner)
		}
		return &queueStorage{store}, nil
	}
	return extension.NewFactory(files.Type(), files.CreateDefaultConfig, create, files.Stability())
}

type queueStorage struct{ storage.Extension }

func (q *queueStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	inner, err := q.Extension.GetClient(ctx, kind, id, name)
	if err != nil {
		return nil, err
	}
	// What cannot be read is taken for an empty queue, which begins anew over the old one's requests.
	if _, err := inner.Get(ctx, metadataKey); err != nil {
		return nil, fmt.Errorf("the queue %s of %s cannot be read: %w", name, id, errors.Join(err, inner.Close(ctx)))
	}
	return newClient(inner), nil
}

// The queue's own record of itself: fixed 64-bit numbers of these fields.
const (
	metadataKey     = "qmv0"
	readIndexField  = 3
	dispatchedField = 5
	fixed64Bytes    = 8
)

var errNoRequest = errors.New("there is no request under this number")

// putBack makes a record say of requests that were on their way that the first of them is to be read next. Those after it
// that were delivered have no value any more, and are passed over. A record that is not understood is left as it is.
func putBack(record []byte) []byte {
	var kept []byte
	var readIndex uint64
	var dispatched []uint64
	for rest := record; len(rest) > 0; {
		field, wire, n := rest[0]>>3, rest[0]&7, 1+fixed64Bytes
		size, sizeBytes := uint64(fixed64Bytes), 0
		if wire == 2 {
			if size, sizeBytes = binary.Uvarint(rest[1:]); sizeBytes <= 0 || size > uint64(len(rest)) || size%fixed64Bytes != 0 {
				return record
			}
			n = 1 + sizeBytes + int(size)
		} else if wire != 1 {
			return record
		}
		if len(rest) < n {
			return record
		}
		value := rest[1+sizeBytes : n]
		switch field {
		case readIndexField:
			readIndex = binary.LittleEndian.Uint64(value)
		case dispatchedField:
			for ; len(value) > 0; value = value[fixed64Bytes:] {
				dispatched = append(dispatched, binary.LittleEndian.Uint64(value))
			}
		default:
			kept = append(kept, rest[:n]...)
		}
		rest = rest[n:]
	}
	if len(dispatched) == 0 {
		return record
	}
	first := min(readIndex, slices.Min(dispatched))
	return binary.LittleEndian.AppendUint64(append(kept, readIndexField<<3|1), first)
}
