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

// ReadColumn reads all pages of a column. into says where the bytes of a page
// go; what it returns may be longer than a page: then the pages that follow go
// behind it, without into being asked again, and are read faster. into is called
// by two goroutines, and again for the same page if the image was moved to
// another file meanwhile.
//
// An error means that the column is damaged. The store is empty then.
func (s *Store) ReadColumn(column uint8, into func(page int) []byte) error {
	err := s.read(func(img *image) error {
		t := img.tables[column]
		if t == nil {
			return nil
		}
		err := img.readColumn(t, into)
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

func (img *image) readColumn(t *table, into func(int) []byte) error {
	n := len(t.pages)
	if n*int(t.size) < shareBytes {
		return img.readRange(t, 0, n, into)
	}
	half := make(chan error, 1)
	go func() { half <- img.readRange(t, n/2, n, into) }()
	return errors.Join(img.readRange(t, 0, n/2, into), <-half)
}

// readAtOnce bounds a read, so that what was read is still near when it is
// checked.
const readAtOnce = 1 << 17

func (img *image) readRange(t *table, first, end int, into func(int) []byte) error {
	size := int(t.size)
	most := max(1, readAtOnce/size)
	for first < end {
		dst := into(first)
		room := min(len(dst)/size, end-first)
		if room == 0 {
			return fmt.Errorf("a page of %d bytes has room for %d", size, len(dst))
		}
		for room > 0 {
			n := t.together(first, min(room, most))
			if err := img.readPages(t, first, n, dst[:n*size]); err != nil {
				return err
			}
			first, room, dst = first+n, room-n, dst[n*size:]
		}
	}
	return nil
}

// sumOf is the checksum of a page.
func sumOf(page []byte) uint64 { return xxh3.Hash(page) }
