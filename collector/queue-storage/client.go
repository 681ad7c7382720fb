package queuestorage

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	// flushAfter is how long the disk may not know that a request is on its way or was delivered.
	flushAfter = time.Second
	// flushAt is how many such steps the disk may not know of.
	flushAt = 4096
	// notAnOperation ends a batch of reads: file_storage writes an empty step to the disk after reads, and waits for it, unless
	// one of them fails.
	notAnOperation storage.OpType = -1
)

// client writes a request that is taken in at once, for its sender is told that it is stored; what the queue notes about
// requests that it has is written with the next of them, all in one step.
type client struct {
	inner storage.Client

	mu sync.Mutex
	// The newest record of the queue and what is to be deleted, by key.
	pending  map[string]*storage.Operation
	timer    *time.Timer
	isClosed bool
}

func newClient(inner storage.Client) *client {
	return &client{inner: inner, pending: map[string]*storage.Operation{}}
}

// Get tells requests that were on their way as not yet read.
func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	read := storage.GetOperation(key)
	if err := c.read(ctx, read); err != nil {
		return nil, err
	}
	if key != metadataKey {
		return read.Value, nil
	}
	return putBack(read.Value), nil
}

func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch keeps the queue's record and deletions for later, unless a request comes with them: then all is written at once. It
// reads whether or not there is room to write.
func (c *client) Batch(ctx context.Context, operations ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var reads, requests []*storage.Operation
	hasNotes := false
	for _, operation := range operations {
		switch {
		case operation.Type == storage.Get:
			reads = append(reads, operation)
		case operation.Type == storage.Set && operation.Key != metadataKey:
			delete(c.pending, operation.Key)
			requests = append(requests, operation)
		default:
			c.pending[operation.Key] = operation
			hasNotes = true
		}
	}
	if len(requests) > 0 {
		if err := c.flush(ctx, requests...); err != nil {
			// What is to be deleted may be what there is no room for.
			return errors.Join(err, c.flush(ctx))
		}
	}
	if err := c.read(ctx, reads...); err != nil {
		return err
	}
	for _, read := range reads {
		// A request that had no room, or was delivered while others were on their way, has left its number behind.
		if read.Value == nil && hasNotes {
			return errNoRequest
		}
	}
	if len(c.pending) >= flushAt {
		_ = c.flush(ctx) // What finds no room is tried again with the next step.
	}
	c.flushSoon()
	return nil
}

// read fetches values, without a step of the disk.
func (c *client) read(ctx context.Context, reads ...*storage.Operation) error {
	var stored []*storage.Operation
	for _, read := range reads {
		if pending, ok := c.pending[read.Key]; ok {
			read.Value = pending.Value
			continue
		}
		stored = append(stored, read)
	}
	if len(stored) == 0 {
		return nil
	}
	failed := c.inner.Batch(ctx, append(slices.Clone(stored), &storage.Operation{Type: notAnOperation})...)
	if failed == nil || !slices.ContainsFunc(stored, func(read *storage.Operation) bool { return read.Value == nil }) {
		return nil
	}
	// There is no such value, or it cannot be read: this tells which.
	return c.inner.Batch(ctx, stored...)
}

// flush writes requests and all that is pending, in one step that happens as a whole or not at all.
func (c *client) flush(ctx context.Context, requests ...*storage.Operation) error {
	if len(requests) == 0 && len(c.pending) == 0 {
		return nil
	}
	if err := c.inner.Batch(ctx, slices.AppendSeq(slices.Clone(requests), maps.Values(c.pending))...); err != nil {
		return err
	}
	clear(c.pending)
	return nil
}

// flushSoon writes what is pending after a while, where no request comes before that.
func (c *client) flushSoon() {
	if c.timer != nil || len(c.pending) == 0 || c.isClosed {
		return
	}
	c.timer = time.AfterFunc(flushAfter, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.timer = nil
		if c.isClosed {
			return
		}
		_ = c.flush(context.Background())
		c.flushSoon()
	})
}

// Close writes what is pending.
func (c *client) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.isClosed = true
	return errors.Join(c.flush(ctx), c.inner.Close(ctx))
}
