package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"querygen.dev/runtime/internal/store"
)

// Verified counts what Verify has looked at.
type Verified struct {
	Segments int
	Pages    int // of the graph, of entries, and of the index
	Entries  int
	Bytes    int64
}

// Verify reads all that is in a directory: it compares each checksum, looks each key up,
// and sees whether keys and values are msgpack. It calls found for each place that is not
// as it was written, with the file and the position, or the entry. The error says why
// nothing could be looked at.
func Verify(ctx context.Context, dir string, found func(error)) (Verified, error) {
	if err := look(dir); err != nil {
		return Verified{}, err
	}
	damaged := false
	v, err := store.Verify(ctx, nil, dir, func(err error) {
		damaged = true
		found(err)
	})
	if errors.Is(err, fs.ErrNotExist) {
		found(err) // a manifest; without segments look would have said so
		return Verified{}, nil
	}
	if err == nil && !damaged {
		err = verifyEntries(ctx, dir, found)
	}
	return Verified(v), err
}

// verifyEntries looks into keys and values, all of which can be read.
func verifyEntries(ctx context.Context, dir string, found func(error)) error {
	c, err := Open(dir)
	if errors.Is(err, ErrDamaged) {
		found(err)
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close()
	return c.store.Scan(func(it store.Item) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		e, err := c.entry(it)
		if err == nil {
			err = e.wellFormed()
		}
		if err != nil {
			found(fmt.Errorf("entry %d (%s): %w", it.Number, e.Query, err))
		}
		return nil
	})
}

func (e *Entry) wellFormed() error {
	if len(e.Key) > 0 {
		if err := wellFormed(e.Key); err != nil {
			return fmt.Errorf("its key: %w", err)
		}
	}
	if e.Value == nil {
		return nil
	}
	if err := wellFormed(e.Value); err != nil {
		return fmt.Errorf("its value: %w", err)
	}
	if e.Value[0] != 0x92 {
		return errors.New("its value is no pair of a result and an error")
	}
	return nil
}
