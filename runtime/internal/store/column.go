package store

import (
	"errors"
	"fmt"

	"github.com/zeebo/xxh3"
)

// Pages returns how many pages a column has, and how many bytes each of them.
func (s *Store) Pages(column uint8) (count, size int) {
	if t := s.img.Load().tables[column]; t != nil {
		return len(t.pages), int(t.size)
	}
	return 0, 0
}

// ReadColumn calls visit for the pages of a column, with their bytes, which are good
// until it returns. It is called by two goroutines, and again for the same page if the
// image was moved to another file meanwhile.
//
// An error of the store's own means that the column is damaged. The store is empty then.
func (s *Store) ReadColumn(column uint8, visit func(page int, data []byte) error) error {
	err := s.read(func(img *image) error {
		t := img.tables[column]
		if t == nil {
			return nil
		}
		err := img.readColumn(t, visit)
		if err != nil && !isClosed(err) {
			s.drop(img, err)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the cache: %w", err)
	}
	return nil
}

// shareBytes is from how many bytes on a column is read by two goroutines.
const shareBytes = 1 << 20

func (img *image) readColumn(t *table, visit func(int, []byte) error) error {
	n := len(t.pages)
	if n*int(t.size) < shareBytes {
		return img.readRange(t, 0, n, visit)
	}
	half := make(chan error, 1)
	go func() { half <- img.readRange(t, n/2, n, visit) }()
	return errors.Join(img.readRange(t, 0, n/2, visit), <-half)
}

// readAtOnce bounds a read, so that what was read is still near when it is
// checked, and visited.
const readAtOnce = 1 << 17

func (img *image) readRange(t *table, first, end int, visit func(int, []byte) error) error {
	size := int(t.size)
	most := max(1, readAtOnce/size)
	buf := make([]byte, min(most, end-first)*size)
	for first < end {
		n := t.together(first, min(end-first, most))
		if err := img.readPages(t, first, n, buf[:n*size]); err != nil {
			return err
		}
		for i := range n {
			if err := visit(first+i, buf[i*size:(i+1)*size]); err != nil {
				return err
			}
		}
		first += n
	}
	return nil
}

// EachPage calls visit for the pages of a column that satisfy want, in order.
func (s *Store) EachPage(column uint8, want func(page int) bool, visit func(page int, data []byte)) error {
	return s.read(func(img *image) error {
		t := img.tables[column]
		if t == nil {
			return nil
		}
		buf := make([]byte, t.size)
		for i := range t.pages {
			if !want(i) {
				continue
			}
			if err := img.readPages(t, i, 1, buf); err != nil {
				return err
			}
			visit(i, buf)
		}
		return nil
	})
}

// sumOf is the checksum of a page.
func sumOf(page []byte) uint64 { return xxh3.Hash(page) }
