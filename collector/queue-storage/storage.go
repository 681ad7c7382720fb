// Package queuestorage is the collector's file_storage, with one difference: what can be read is not lost for want of room.
//
// To hand a queued request to the exporter, the collector's queue writes "this one is on its way" and reads the request, in
// one step. Where the disk has no room for that note the step fails, and the queue forgets the request: acknowledged
// to its sender, never sent, said in a line at debug level. Here the request is then read without the note. Without
// it a collector that is killed delivers the request once more, which counts once.
package queuestorage

import (
	"context"
	"fmt"

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
	return &client{inner}, nil
}

type client struct{ storage.Client }

// Batch reads what is to be read even where what is to be written beside it cannot be.
func (c *client) Batch(ctx context.Context, operations ...*storage.Operation) error {
	err := c.Client.Batch(ctx, operations...)
	if err == nil {
		return nil
	}
	var reads []*storage.Operation
	for _, operation := range operations {
		if operation.Type == storage.Get {
			reads = append(reads, operation)
		}
	}
	if len(reads) == 0 || len(reads) == len(operations) {
		return err
	}
	// What was not written stays in the caller's memory, and is written with its next step that finds room.
	if c.Client.Batch(ctx, reads...) != nil {
		return err
	}
	return nil
}
