package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"github.com/vmihailenco/msgpack/v5"

	"querygen.dev/runtime/internal/store"
)

var (
	// ErrNoCache says that a directory is not one in which a database keeps its results, or
	// that nothing was saved in it yet.
	ErrNoCache = errors.New("there is no cache")

	// ErrDamaged says that what is in a directory is not what was written. A program
	// that opens it makes anew what it can't read.
	ErrDamaged = errors.New("the cache is damaged")

	// ErrLocked says that another process is the writer of a directory. The text has
	// its number.
	ErrLocked = store.ErrLocked
)

// A Cache is an open directory. Its methods may be called by several goroutines.
type Cache struct {
	store *store.Store
	head  head
}

// A head is what is written beside the graph; the runtime has more of it.
type head struct {
	Revision    uint64
	Generation  uint64
	Environment string
	Queries     []Query // by their numbers
}

// A Query is one whose results are in the cache. What they depend on, besides what the
// query reads, are texts to be compared.
type Query struct {
	Name    string // import/path.Func or import/path.Type.Method
	Key     string // hash of the type of its keys
	Value   string // hash of the type of its results
	Code    string // fingerprint of its code, or the build that has written it
	Version string // what the option version= says
	Options string
}

// Open opens a directory to look at it. The error is ErrNoCache, ErrDamaged or that of
// the file system.
func Open(dir string) (*Cache, error) {
	if err := look(dir); err != nil {
		return nil, err
	}
	log, said := witness()
	s, err := store.Open(dir, store.Options{ReadOnly: true, Logger: log})
	if err != nil {
		return nil, err
	}
	c := &Cache{store: s}
	if err = said(); err == nil {
		err = c.readHead()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), s.Close())
	}
	return c, nil
}

// look says why there is no cache in dir.
func look(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s does not exist", ErrNoCache, dir)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%w: %s is a file, and a cache is a directory", ErrNoCache, dir)
	}
	err = store.Look(nil, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: nothing was saved in %s", ErrNoCache, dir)
	case errors.Is(err, store.ErrForeign), errors.Is(err, store.ErrVersion):
		return fmt.Errorf("%w: %s: %w", ErrNoCache, dir, err)
	}
	return err
}

func (c *Cache) readHead() error {
	data := c.store.Meta()
	if data == nil {
		return fmt.Errorf("%w: nothing was saved", ErrNoCache)
	}
	if err := wellFormed(data); err != nil {
		return fmt.Errorf("%w: what is known of queries: %w", ErrDamaged, err)
	}
	if err := msgpack.Unmarshal(data, &c.head); err != nil {
		return fmt.Errorf("%w: what is known of queries: %w", ErrDamaged, err)
	}
	return nil
}

// Close closes the directory.
func (c *Cache) Close() error { return c.store.Close() }

// Queries returns the queries, those among them of which no result is left.
func (c *Cache) Queries() []Query { return c.head.Queries }

// Environment says what all results depend on: the version of Go, the system, the
// modules, a line each.
func (c *Cache) Environment() string { return c.head.Environment }

// An Entry is a node. Its slices may not be written to.
type Entry struct {
	Number uint32 // of the node
	Query  string

	// Key is msgpack: what the only parameter is, an array if there are several, nothing
	// if there are none.
	Key []byte

	// Value is msgpack: an array of the result and the error, nil for none; several results are
	// an array. It is nil if there is no value, because the query says persist=no, for one, or
	// because it has not run since.
	Value []byte

	// Fingerprint is that of the value, 32 hexadecimal digits, also if only that is
	// there; "" if there is none.
	Fingerprint string
}

// Result returns the two parts of the value, each of them msgpack: what the query has
// returned, and its error. Both are nil if there is no value.
func (e *Entry) Result() (result, failure []byte, err error) {
	if e.Value == nil {
		return nil, nil, nil
	}
	if err := e.wellFormed(); err != nil {
		return nil, nil, err
	}
	pair := e.Value[1:]
	j := writer{in: pair}
	j.skip(1)
	return pair[:len(pair)-len(j.in)], j.in, nil
}

// Entries returns all entries. The first error, also that of something damaged, is the
// last pair.
func (c *Cache) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stop := errors.New("stopped")
		err := c.store.Scan(func(it store.Item) error {
			e, err := c.entry(it)
			if err == nil && !yield(e, nil) {
				return stop
			}
			return err
		})
		if err != nil && err != stop {
			yield(Entry{}, fmt.Errorf("%w: %w", ErrDamaged, err))
		}
	}
}

func (c *Cache) entry(it store.Item) (Entry, error) {
	query, key, err := c.split(it.Key)
	if err != nil {
		return Entry{}, fmt.Errorf("entry %d: %w", it.Number, err)
	}
	e := Entry{Number: it.Number, Query: query, Key: key}
	if it.Size >= 0 {
		var ok bool
		if e.Value, ok = c.store.Value(it.Number); !ok {
			return Entry{}, fmt.Errorf("entry %d: its value can't be read", it.Number)
		}
	}
	if p, ok := c.store.Print(it.Number); ok {
		e.Fingerprint = fmt.Sprintf("%016x%016x", p.Hi, p.Lo)
	}
	return e, nil
}

// split takes the number of the query from a key.
func (c *Cache) split(key []byte) (query string, rest []byte, err error) {
	n, size := binary.Uvarint(key)
	if size <= 0 || n >= uint64(len(c.head.Queries)) {
		return "", nil, errors.New("its key names no query")
	}
	return c.head.Queries[n].Name, key[size:], nil
}

// Compact writes all that can be read from dir anew, and removes the rest. If
// another process is the writer of the directory the error is ErrLocked. What it did not come
// to, because ctx was done, is as before.
func Compact(ctx context.Context, dir string) (before, after Size, err error) {
	if err := look(dir); err != nil {
		return before, after, err
	}
	log, said := witness()
	s, err := store.Open(dir, store.Options{Logger: log})
	if err != nil {
		return before, after, err
	}
	before = sizeOf(s)
	if err = said(); err == nil {
		err = s.Compact(ctx)
	}
	if err == nil {
		err = said()
	}
	after = sizeOf(s)
	return before, after, errors.Join(err, s.Close())
}
