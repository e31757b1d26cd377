package store

import (
	"bytes"
	"errors"
	"io/fs"
	"sync/atomic"

	"github.com/zeebo/xxh3"
)

// Find returns the number of the entry with this key.
func (s *Store) Find(key []byte) (n uint32, ok bool) {
	s.lookUp(func(img *image) (err error) {
		n, ok, err = s.find(img, key)
		return err
	})
	return n, ok
}

// Key returns the key of entry n. It may not be written to.
func (s *Store) Key(n uint32) (key []byte, ok bool) {
	s.lookUp(func(img *image) error {
		r, err := s.row(img, n)
		if err != nil || !r.there() {
			return err
		}
		key, err = img.rowKey(&r)
		ok = err == nil
		return err
	})
	return key, ok
}

// Value returns the value of entry n, if it has one and not only a fingerprint.
// It may not be written to.
func (s *Store) Value(n uint32) (data []byte, ok bool) {
	s.lookUp(func(img *image) error {
		r, err := s.row(img, n)
		if err != nil {
			return err
		}
		if data, ok = r.inlineValue(); ok || !r.farValue() {
			return nil
		}
		if data, _, err = img.rowValue(&r); err != nil {
			return err
		}
		ok = true
		s.usage.mark(n)
		return nil
	})
	return data, ok
}

// Print returns the fingerprint of the value of entry n.
func (s *Store) Print(n uint32) (print xxh3.Uint128, ok bool) {
	s.lookUp(func(img *image) error {
		r, err := s.row(img, n)
		if err != nil || r[1] == valueNone {
			return err
		}
		print, err = img.rowPrint(&r)
		ok = err == nil
		return err
	})
	return print, ok
}

// lookUp does f, which reads something for which there is a substitute: what is
// damaged is not there.
func (s *Store) lookUp(f func(*image) error) {
	err := s.read(f)
	if err != nil && !errors.Is(err, ErrClosed) && !s.closed.Load() {
		s.warn(err, "the cache is damaged, and used as far as it goes")
	}
}

// row returns row n, or the row of no entry.
func (s *Store) row(img *image, n uint32) (r row, err error) {
	if n >= img.entries {
		return r, nil
	}
	page, err := s.rows.page(img, rowTable, n/rowsPerPage)
	if err != nil {
		return r, err
	}
	r = *rowAt(page, n)
	if !r.valid() {
		return row{}, damaged("row %d makes no sense", n)
	}
	return r, nil
}

// find looks a key up in the index.
func (s *Store) find(img *image, key []byte) (uint32, bool, error) {
	slots := img.slots()
	tag := tagOf(key)
	at := firstSlot(tag, slots)
	for range slots {
		page, err := s.slots.page(img, indexTable, uint32(at/slotsPerPage))
		if err != nil {
			return 0, false, err
		}
		slot := slotAt(page, at)
		if slot == slotEmpty {
			return 0, false, nil
		}
		if n, ok := slot.entry(tag); ok {
			same, err := s.hasKey(img, n, key)
			if same || err != nil {
				return n, same, err
			}
		}
		if at++; at == slots {
			at = 0
		}
	}
	return 0, false, nil
}

// hasKey tells whether entry n has this key.
func (s *Store) hasKey(img *image, n uint32, key []byte) (bool, error) {
	r, err := s.row(img, n)
	if err != nil || !r.there() {
		return false, err
	}
	if r.farKey() && r.keyPlace().size != uint32(len(key)) {
		return false, nil
	}
	have, err := img.rowKey(&r)
	return err == nil && bytes.Equal(have, key), err
}

// How many pages are kept in memory, if so many are looked at: 4 MB of rows, which
// are mostly asked for in order, and 16 MB of the index, which never is.
const (
	rowCache  = 1 << 10
	slotCache = 1 << 14
)

// pageCache keeps pages that were read last, each in the one place that its
// number gives it. A page does not change; the place tells which it is.
type pageCache struct {
	slots []atomic.Pointer[cachedPage]
}

type cachedPage struct {
	ref  pageRef
	data []byte
}

func (c *pageCache) init(size int) { c.slots = make([]atomic.Pointer[cachedPage], size) }

// page returns a page, checked. It may not be written to.
func (c *pageCache) page(img *image, number uint16, page uint32) ([]byte, error) {
	t := img.tables[number]
	ref := t.pages[page]
	slot := &c.slots[page%uint32(len(c.slots))]
	if p := slot.Load(); p != nil && p.ref == ref {
		return p.data, nil
	}
	data := make([]byte, t.size)
	if err := img.readPages(t, int(page), 1, data); err != nil {
		return nil, err
	}
	slot.Store(&cachedPage{ref, data})
	return data, nil
}

// usage knows which values were read since Open. It has a bit for each entry that
// was there: what is saved later is recent anyway.
type usage struct {
	bits []atomic.Uint32
}

func (u *usage) init(entries uint32) { u.bits = make([]atomic.Uint32, (int(entries)+31)/32) }

func (u *usage) mark(n uint32) {
	if i := n / 32; int(i) < len(u.bits) {
		if bit := uint32(1) << (n % 32); u.bits[i].Load()&bit == 0 {
			u.bits[i].Or(bit)
		}
	}
}

func (u *usage) marked(n uint32) bool {
	i := n / 32
	return int(i) < len(u.bits) && u.bits[i].Load()&(1<<(n%32)) != 0
}

// isClosed tells whether an error comes from a file that was closed.
func isClosed(err error) bool { return errors.Is(err, fs.ErrClosed) }
