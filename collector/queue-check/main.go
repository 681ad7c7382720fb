// Command queue-check looks at the collector's queue files before the collector opens them. A file that a bad disk has
// damaged makes the collector panic at every start, and what is behind it is never delivered. This sets such a file aside,
// keeps of it what can be read, says what was lost, and then becomes the collector:
//
//	queue-check -dir /var/lib/otelcol -- /otelcol-costel --config /etc/otelcol/config.yaml
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The bucket of the exporter's queue and the key of what it knows of itself; each item has its number as its key.
var (
	bucket      = []byte("default")
	metadataKey = []byte("qmv0")
)

// Fields of the exporter's PersistentMetadata, all of eight bytes.
const (
	fieldBytesSize  = 2
	fieldReadIndex  = 3
	fieldWriteIndex = 4
	fieldDispatched = 5
)

// What of a queue file could be read.
type salvage struct {
	items map[uint64][]byte
	// How many items the file says it holds; -1 where it does not say.
	expected int
}

func main() {
	directory := flag.String("dir", os.Getenv("COLLECTOR_QUEUE_DIRECTORY"), "directory of the queue files")
	file := flag.String("check", "", "only check this file; for the command's own use")
	flag.Parse()
	if *directory == "" {
		*directory = "./queue"
	}
	if *file != "" {
		if err := checkHere(*file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// A file that is shorter than it says ends a read in a fault: make it a panic that can be recovered from.
	debug.SetPanicOnFault(true)
	if err := checkAll(*directory); err != nil {
		fmt.Fprintln(os.Stderr, "queue-check:", err)
	}
	if command := flag.Args(); len(command) > 0 {
		fmt.Fprintln(os.Stderr, "queue-check:", syscall.Exec(command[0], command, os.Environ()))
		os.Exit(1)
	}
}

func checkAll(directory string) error {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var failures []error
	for _, entry := range entries {
		isQueue := !entry.IsDir() && !strings.Contains(entry.Name(), ".") && !strings.HasPrefix(entry.Name(), "tempdb")
		if !isQueue {
			continue
		}
		path := filepath.Join(directory, entry.Name())
		if damage := check(path); damage != nil {
			failures = append(failures, replace(path, damage))
		}
	}
	return errors.Join(failures...)
}

// Nil where a whole file can be read. The check runs in a process of its own: the library reads pages in goroutines, and
// what panics there ends the process.
func check(path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	output, err := exec.Command(self, "-check", path).CombinedOutput()
	if err == nil {
		return nil
	}
	reason, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return errors.New(strings.TrimPrefix(reason, "panic: "))
}

// Reads a whole file, its free pages too.
func checkHere(path string) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		// All problems are read, or the goroutine that finds them would never end.
		var first error
		for problem := range tx.Check() {
			if first == nil {
				first = problem
			}
		}
		if items := tx.Bucket(bucket); first == nil && items != nil {
			first = items.ForEach(func(key, value []byte) error { return nil })
		}
		return first
	})
}

func open(path string) (*bolt.DB, error) {
	return bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
}

func recovered(damage *error) {
	if cause := recover(); cause != nil {
		*damage = fmt.Errorf("%v", cause)
	}
}

// Sets the file aside and puts one with the readable items in its place.
func replace(path string, damage error) error {
	kept := read(path)
	draft := path + ".salvaged"
	if err := write(draft, kept); err != nil {
		return fmt.Errorf("%s is damaged (%w) and no new file can be written beside it: %w", path, damage, err)
	}
	aside := path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000Z")
	if err := errors.Join(os.Rename(path, aside), os.Rename(draft, path)); err != nil {
		return err
	}
	lost := "how many were lost the file does not say"
	if kept.expected >= 0 {
		lost = fmt.Sprintf("%d of %d were lost", max(0, kept.expected-len(kept.items)), kept.expected)
	}
	fmt.Fprintf(os.Stderr, "queue-check: %s is damaged (%v): %d queued requests were kept, %s; the file is kept as %s\n",
		path, damage, len(kept.items), lost, aside)
	return nil
}

// Reads what can be read: first by way of the tree, then page by page, for a branch that is gone takes all below it along.
// Pages that were given up may still hold requests that have been delivered: those are sent twice and counted once.
func read(path string) salvage {
	kept := salvage{items: map[uint64][]byte{}, expected: -1}
	numbers, isKnown := readTree(path, &kept)
	if isKnown {
		kept.expected = len(numbers)
	}
	if kept.expected == len(kept.items) {
		return kept
	}
	wanted := map[uint64]bool{}
	for _, number := range numbers {
		wanted[number] = true
	}
	scanPages(path, func(number uint64, value []byte) {
		if _, hasIt := kept.items[number]; !hasIt && (!isKnown || wanted[number]) {
			kept.items[number] = value
		}
	})
	return kept
}

// Gives the numbers of the items that the file says it holds, and keeps those that can be found.
func readTree(path string, kept *salvage) (numbers []uint64, isKnown bool) {
	var damage error
	defer recovered(&damage)
	db, err := open(path)
	if err != nil {
		return nil, false
	}
	defer db.Close()
	_ = db.View(func(tx *bolt.Tx) error {
		numbers, isKnown = itemNumbers(get(tx, metadataKey))
		for _, number := range numbers {
			if value := get(tx, []byte(strconv.FormatUint(number, 10))); value != nil {
				kept.items[number] = value
			}
		}
		return nil
	})
	return numbers, isKnown
}

// The layout of a page: id (8 bytes), flags (2), count (2), pages that follow it (4), then 16 bytes an element: flags (4),
// where from the element on its key begins (4), length of the key (4) and of the value behind it (4).
const (
	pageBytes    = 4096
	headerBytes  = 16
	elementBytes = 16
	leafFlag     = 2
)

// Finds the leaf pages of a file without its tree, and hands over each item on them.
func scanPages(path string, take func(number uint64, value []byte)) {
	file, err := os.ReadFile(path)
	if err != nil {
		return
	}
	for at := 0; at+pageBytes <= len(file); at += pageBytes {
		page := file[at:]
		isLeaf := binary.LittleEndian.Uint64(page) == uint64(at/pageBytes) && binary.LittleEndian.Uint16(page[8:]) == leafFlag
		if !isLeaf {
			continue
		}
		count := int(binary.LittleEndian.Uint16(page[10:]))
		for element := range count {
			start := headerBytes + element*elementBytes
			if start+elementBytes > len(page) {
				break
			}
			fields := page[start : start+elementBytes]
			key := start + int(binary.LittleEndian.Uint32(fields[4:]))
			value := key + int(binary.LittleEndian.Uint32(fields[8:]))
			end := value + int(binary.LittleEndian.Uint32(fields[12:]))
			if binary.LittleEndian.Uint32(fields) != 0 || key > value || value >= end || end > len(page) {
				continue
			}
			if number, err := strconv.ParseUint(string(page[key:value]), 10, 64); err == nil {
				take(number, page[value:end])
			}
		}
	}
}

// The value of a key, in memory of its own; nil where it is not there or cannot be read.
func get(tx *bolt.Tx, key []byte) (value []byte) {
	var damage error
	defer recovered(&damage)
	if items := tx.Bucket(bucket); items != nil {
		if found := items.Get(key); found != nil {
			value = append([]byte{}, found...)
		}
	}
	return value
}

// The numbers of the items that wait or were being sent when the file was last written.
func itemNumbers(metadata []byte) (numbers []uint64, isKnown bool) {
	var first, end uint64
	for at := 0; at < len(metadata); {
		tag := metadata[at]
		at++
		size := 8
		if tag&7 == 2 && at < len(metadata) {
			length, read := binary.Uvarint(metadata[at:])
			at += max(1, read)
			size = int(length)
		} else if tag&7 != 1 {
			return nil, false
		}
		if size < 0 || at+size > len(metadata) {
			return nil, false
		}
		for from := at; from+8 <= at+size; from += 8 {
			value := binary.LittleEndian.Uint64(metadata[from:])
			switch tag >> 3 {
			case fieldReadIndex:
				first = value
			case fieldWriteIndex:
				end = value
			case fieldDispatched:
				numbers = append(numbers, value)
			}
		}
		at += size
	}
	if metadata == nil || end < first || end-first > 1<<32 {
		return nil, false
	}
	for number := first; number < end; number++ {
		numbers = append(numbers, number)
	}
	return numbers, true
}

// Writes a queue file of the items, in their order and numbered anew.
func write(path string, kept salvage) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	writeError := db.Update(func(tx *bolt.Tx) error {
		items, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		var written, bytes uint64
		for _, number := range slices.Sorted(maps.Keys(kept.items)) {
			value := kept.items[number]
			if err := items.Put([]byte(strconv.FormatUint(written, 10)), value); err != nil {
				return err
			}
			written++
			bytes += uint64(len(value))
		}
		return items.Put(metadataKey, slices.Concat(field(fieldBytesSize, bytes), field(fieldWriteIndex, written)))
	})
	return errors.Join(writeError, db.Close())
}

// A field of eight bytes.
func field(number byte, value uint64) []byte {
	return binary.LittleEndian.AppendUint64([]byte{number<<3 | 1}, value)
}
