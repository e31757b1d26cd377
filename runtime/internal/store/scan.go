package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

var (
	// ErrForeign says that a directory is not one of this package.
	ErrForeign = errors.New("there is no cache in it")

	// ErrVersion says that a directory was written by a program with another
	// version of the format, or on another kind of machine.
	ErrVersion = errors.New("the cache can't be read by this program")
)

// Look tells whether there is a cache in a directory, damaged or not. The error is
// [fs.ErrNotExist] if nobody has saved anything there, ErrForeign or ErrVersion.
func Look(fsys FS, dir string) error {
	if fsys == nil {
		fsys = osFS{}
	}
	names, err := fsys.List(dir)
	if err != nil {
		return err
	}
	segments, others := false, false
	for _, name := range names {
		_, segment := segmentID(name)
		segments = segments || segment
		others = others || !segment && name != lockName && name != ownerName && name != manifestTemp
	}
	f, err := fsys.OpenFile(filepath.Join(dir, manifestName), os.O_RDONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist) && others:
		return fmt.Errorf("%w: %s is missing", ErrForeign, manifestName)
	case errors.Is(err, fs.ErrNotExist) && segments:
		return nil // it is damaged
	case err != nil:
		return err
	}
	defer f.Close()
	head := make([]byte, manifestHead)
	n, _ := f.ReadAt(head, 0)
	head = head[:n]
	switch known := n >= 8 && [8]byte(head) == manifestMagic; {
	case !known && !segments:
		return fmt.Errorf("%w: %s is another program's", ErrForeign, manifestName)
	case known && n == manifestHead:
		if err := checkOpening(head, manifestMagic); err != nil {
			return fmt.Errorf("%w: %w", ErrVersion, err)
		}
	}
	return nil
}

// An Item is an entry as Scan finds it.
type Item struct {
	Number uint32
	Key    []byte // good until the visit returns
	Size   int    // bytes of the value; -1 if there is none
	Print  bool   // there is a fingerprint, if there is no value
}

// Scan calls visit for all entries, by number. No value is read. It ends with the first
// error, also that of something damaged.
func (s *Store) Scan(visit func(Item) error) error {
	return s.read(func(img *image) error {
		all := func(pageRef) bool { return true }
		return img.eachPage(rowTable, all, func(page int, data []byte) error {
			for i := range uint32(rowsPerPage) {
				n, r := uint32(page)*rowsPerPage+i, rowAt(data, i)
				if !r.valid() {
					return damaged("entry %d makes no sense", n)
				}
				if !r.there() {
					continue
				}
				key, err := img.rowKey(r)
				if err != nil {
					return fmt.Errorf("entry %d: its key: %w", n, err)
				}
				it := Item{Number: n, Key: key, Size: -1, Print: r.printOnly()}
				if v, ok := r.inlineValue(); ok {
					it.Size = len(v)
				} else if r.farValue() {
					it.Size = int(r.valuePlace().size)
				}
				if err := visit(it); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
