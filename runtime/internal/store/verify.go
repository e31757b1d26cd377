package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Verified counts what Verify has looked at.
type Verified struct {
	Segments, Pages, Entries int
	Bytes                    int64 // of segments
}

// Verify reads all that the image of a directory consists of, and calls found for
// each place that is not what was written. It takes no lock: a save beside it is no
// damage. The error says why nothing could be looked at, [fs.ErrNotExist] that there is no image.
func Verify(ctx context.Context, fsys FS, dir string, found func(error)) (Verified, error) {
	if fsys == nil {
		fsys = osFS{}
	}
	v := verifier{ctx: ctx, fs: fsys, dir: dir, found: found}
	img, err := v.open()
	if img == nil {
		return v.count, err
	}
	defer func() {
		for _, p := range img.segs {
			p.f.Close() // it was only read
		}
	}()
	for number := uint16(0); number < tables && err == nil; number++ {
		err = v.table(img, number)
	}
	if err == nil {
		err = v.index(img)
	}
	return v.count, err
}

type verifier struct {
	ctx   context.Context
	fs    FS
	dir   string
	found func(error)
	count Verified
	lost  bool // some row can't be read
}

// open opens the image of which the manifest speaks. It is nil if there is too much
// damage for one.
func (v *verifier) open() (*image, error) {
	var before uint64
	for {
		rec, _, err := readManifest(v.fs, v.dir)
		if errors.Is(err, errDamaged) {
			v.found(err)
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		img, bad := v.openAll(rec)
		gone := len(bad) > 0 && errors.Is(bad[0], fs.ErrNotExist)
		if gone && rec.seq != before {
			before = rec.seq // a compaction may have taken it away, and named another one
			continue
		}
		for _, err := range bad {
			v.found(err)
		}
		return img, v.tail()
	}
}

// tailWait is how long a record may take to be written.
const tailWait = 50 * time.Millisecond

// tail looks for what is behind the last record of the manifest that is whole.
func (v *verifier) tail() error {
	for try := 0; ; try++ {
		_, end, err := readManifest(v.fs, v.dir)
		if err != nil {
			return err
		}
		f, err := v.fs.OpenFile(filepath.Join(v.dir, manifestName), os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		f.Close() // it was only read
		switch {
		case err != nil:
			return err
		case info.Size() <= int64(end):
			return nil
		case try > 0:
			v.found(fmt.Errorf("%s: %d bytes at %d are no record: a save was cut off there, or damaged", manifestName, info.Size()-int64(end), end))
			return nil
		}
		time.Sleep(tailWait) // somebody may be writing it
	}
}

// openAll opens the segments of a record; bad says what is wrong with them, first what
// is not there at all.
func (v *verifier) openAll(rec record) (img *image, bad []error) {
	var segs []part
	var dirs []*directory
	v.count = Verified{}
	for _, name := range rec.segs {
		seg, d, err := openSegment(v.fs, v.dir, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			bad = append([]error{fmt.Errorf("%s is missing: %w", segmentName(name.id), err)}, bad...)
		case err != nil:
			bad = append(bad, err)
		default:
			segs, dirs = append(segs, part{seg, name.blobs}), append(dirs, d)
			v.count.Segments++
			v.count.Bytes += seg.size
		}
	}
	if len(bad) == 0 {
		var err error
		if img, err = newImage(rec.seq, segs, dirs); err != nil {
			bad = append(bad, err)
		} else if n := len(segs); n > 0 {
			if img.meta, err = readSpan(segs[n-1].f, img.metaAt, segs[n-1].size); err != nil {
				bad = append(bad, fmt.Errorf("%s: what is known of queries: %w", segmentName(segs[n-1].id), err))
			}
		}
	}
	if len(bad) > 0 {
		for _, p := range segs {
			p.f.Close() // it was only read
		}
		return nil, bad
	}
	return img, nil
}

// table reads all pages of a table, and what its rows point to.
func (v *verifier) table(img *image, number uint16) error {
	t := img.tables[number]
	if t == nil {
		return nil
	}
	page := make([]byte, t.size)
	for i := range t.pages {
		if v.ctx.Err() != nil {
			return context.Cause(v.ctx)
		}
		v.count.Pages++
		if err := img.readPages(t, i, 1, page); err != nil {
			v.lost = v.lost || number == rowTable
			v.found(fmt.Errorf("%s: page %d: %w", tableName(number), i, err))
			continue
		}
		if number == rowTable {
			for n := range uint32(rowsPerPage) {
				v.row(img, uint32(i)*rowsPerPage+n, rowAt(page, n))
			}
		}
	}
	return nil
}

func tableName(number uint16) string {
	switch number {
	case rowTable:
		return "entries"
	case indexTable:
		return "index of keys"
	}
	return fmt.Sprintf("column %d", number)
}

func (v *verifier) row(img *image, n uint32, r *row) {
	if !r.valid() {
		v.found(fmt.Errorf("entry %d makes no sense", n))
		return
	}
	if !r.there() {
		return
	}
	v.count.Entries++
	if _, err := img.rowKey(r); err != nil {
		v.found(fmt.Errorf("entry %d: its key: %w", n, err))
	}
	if !r.farValue() {
		return
	}
	if _, _, err := img.rowValue(r); err != nil {
		v.found(fmt.Errorf("entry %d: its value: %w", n, err))
	}
}

// index asks the index for each key. If pages are damaged, that is known already.
func (v *verifier) index(img *image) error {
	if uint32(v.count.Entries) != img.live && !v.lost {
		v.found(fmt.Errorf("there are %d entries, and should be %d", v.count.Entries, img.live))
	}
	s := &Store{}
	s.rows.init(rowCache)
	s.slots.init(slotCache)
	for n := range img.entries {
		if n%1024 == 0 && v.ctx.Err() != nil {
			return context.Cause(v.ctx)
		}
		r, err := s.row(img, n)
		if err != nil || !r.there() {
			continue
		}
		key, err := img.rowKey(&r)
		if err != nil {
			continue
		}
		if at, ok, err := s.find(img, key); err == nil && (!ok || at != n) {
			v.found(fmt.Errorf("entry %d is not found by its key", n))
		}
	}
	return nil
}
