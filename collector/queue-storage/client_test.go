package queuestorage

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// queue does with a store what the collector's queue does: a record of itself and one value for each request.
type queue struct {
	store      storage.Client
	readIndex  uint64
	writeIndex uint64
	onTheirWay []uint64
}

func (q *queue) record() *storage.Operation {
	return storage.SetOperation(metadataKey, recordOf(q.readIndex, q.writeIndex, q.onTheirWay...))
}

func (q *queue) takeIn(value string) error {
	q.writeIndex++
	request := storage.SetOperation(fmt.Sprint(q.writeIndex-1), []byte(value))
	return q.store.Batch(context.Background(), q.record(), request)
}

// handOn reads the next request; an error: there is none under this number, and it is passed over.
func (q *queue) handOn() (uint64, string, error) {
	index := q.readIndex
	q.readIndex++
	q.onTheirWay = append(q.onTheirWay, index)
	read := storage.GetOperation(fmt.Sprint(index))
	err := q.store.Batch(context.Background(), q.record(), read)
	if err != nil {
		return index, "", fmt.Errorf("%w; %w", err, q.delivered(index))
	}
	return index, string(read.Value), nil
}

func (q *queue) delivered(index uint64) error {
	q.onTheirWay = slices.DeleteFunc(q.onTheirWay, func(other uint64) bool { return other == index })
	return q.store.Batch(context.Background(), q.record(), storage.DeleteOperation(fmt.Sprint(index)))
}

// openQueue reads what a store says of its queue.
func openQueue(t *testing.T, store storage.Client) *queue {
	t.Helper()
	record, err := store.Get(context.Background(), metadataKey)
	if err != nil {
		t.Fatal(err)
	}
	q := &queue{store: store}
	for ; len(record) >= 9; record = record[9:] {
		switch value := binary.LittleEndian.Uint64(record[1:]); record[0] >> 3 {
		case readIndexField:
			q.readIndex = value
		case 4:
			q.writeIndex = value
		}
	}
	return q
}

// drain hands on and delivers all that a queue holds.
func (q *queue) drain(t *testing.T) map[string]bool {
	t.Helper()
	values := map[string]bool{}
	for q.readIndex < q.writeIndex {
		index, value, err := q.handOn()
		if err != nil {
			continue
		}
		values[value] = true
		if err := q.delivered(index); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

// killed opens a copy of a store's files as a kill leaves them: nothing was closed, nothing was written for it.
func killed(t *testing.T, directory string) *queue {
	t.Helper()
	copied := t.TempDir()
	files, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(directory, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, file.Name()), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return openQueue(t, openStoreIn(t, NewFactory(), copied, 0))
}

func TestAKillAtAnyStepLosesNoRequestThatWasTakenIn(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 7))
		directory := t.TempDir()
		q := &queue{store: openStoreIn(t, NewFactory(), directory, 0)}
		owed := map[string]bool{}
		for step := range 150 {
			switch choice := random.IntN(10); {
			case choice < 4:
				value := fmt.Sprintf("call %d", step)
				if err := q.takeIn(value); err != nil {
					t.Fatal(err)
				}
				owed[value] = true
			case choice < 7 && q.readIndex < q.writeIndex:
				if _, _, err := q.handOn(); err != nil {
					t.Fatal(err)
				}
			case choice < 9 && len(q.onTheirWay) > 0:
				index := q.onTheirWay[random.IntN(len(q.onTheirWay))]
				value, err := q.store.Get(context.Background(), fmt.Sprint(index))
				if err != nil || value == nil {
					t.Fatalf("request %d on its way has no value (%v)", index, err)
				}
				if err := q.delivered(index); err != nil {
					t.Fatal(err)
				}
				delete(owed, string(value))
			case choice == 9 && step%5 == 0:
				found := killed(t, directory).drain(t)
				for value := range owed {
					if !found[value] {
						t.Fatalf("seed %d: %s was lost by a kill at step %d", seed, value, step)
					}
				}
			}
		}
	}
}

// steps counts what reaches the disk.
type steps struct {
	storage.Client
	written int
}

func (s *steps) Batch(ctx context.Context, operations ...*storage.Operation) error {
	if operations[len(operations)-1].Type != notAnOperation {
		s.written++
	}
	return s.Client.Batch(ctx, operations...)
}

func TestAQueueDrainsWithoutAStepOfTheDiskForEachRequest(t *testing.T) {
	files := openStore(t, NewFactory()).(*client)
	counted := &steps{Client: files.inner}
	q := &queue{store: newClient(counted)}
	const requests = 200
	for range requests {
		if err := q.takeIn("a call"); err != nil {
			t.Fatal(err)
		}
	}
	if counted.written != requests {
		t.Fatalf("%d steps for %d requests that senders were told are stored", counted.written, requests)
	}
	counted.written = 0
	if found := q.drain(t); len(found) != 1 || counted.written > requests/10 {
		t.Fatalf("%d steps to hand on and delete %d requests", counted.written, requests)
	}
	if err := q.store.Batch(context.Background(), q.record()); err != nil {
		t.Fatal(err)
	}
}

func TestACleanEndLeavesNothingThatWasDelivered(t *testing.T) {
	directory := t.TempDir()
	q := &queue{store: openStoreIn(t, NewFactory(), directory, 0)}
	for range 3 {
		if err := q.takeIn("a call"); err != nil {
			t.Fatal(err)
		}
	}
	q.drain(t)
	if err := q.store.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := openQueue(t, openStoreIn(t, NewFactory(), directory, 0))
	if left := again.drain(t); len(left) != 0 || again.readIndex != 3 {
		t.Fatalf("%d requests are delivered again, next is %d", len(left), again.readIndex)
	}
}

func TestAReadWaitsForNoStepOfTheDiskWithTheFilesThatAreUnderIt(t *testing.T) {
	directory := t.TempDir()
	store := openStoreIn(t, NewFactory(), directory, 0)
	if err := store.Set(context.Background(), "1", []byte("a call")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, "exporter_clickhouse__traces")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if value, err := store.Get(context.Background(), "1"); string(value) != "a call" || err != nil {
			t.Fatalf("read %q (%v)", value, err)
		}
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// A step, even an empty one, writes a new head with a higher number.
	if !slices.Equal(before, after) {
		t.Fatal("a read has written to the file")
	}
}
