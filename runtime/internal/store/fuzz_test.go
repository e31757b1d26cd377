package store

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/zeebo/xxh3"
)

// FuzzManifest: whatever the bytes are, there is a record or an error, and no
// more memory than bytes. A record that is found is found again when it is the
// only one.
func FuzzManifest(f *testing.F) {
	f.Add(opening(nil, manifestMagic))
	b := appendRecord(opening(nil, manifestMagic), &record{seq: 1, nextID: 3, segs: []segName{{1, 99, 7, 0}, {2, 1 << 40, 8, 5}}})
	f.Add(b)
	f.Add(appendRecord(bytes.Clone(b), &record{seq: 2, nextID: 3}))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, end, err := decodeManifest(b)
		if err != nil {
			return
		}
		alone := appendRecord(opening(nil, manifestMagic), &rec)
		again, n, err := decodeManifest(alone)
		if err != nil || n != len(alone) || end > len(b) || !bytes.Equal(appendRecord(nil, &again), alone[manifestHead:]) {
			t.Fatalf("%+v becomes %+v, %v", rec, again, err)
		}
	})
}

// FuzzDirectory: a directory that is accepted means what it says when it is
// encoded again, and an image of it can be read without a panic.
func FuzzDirectory(f *testing.F) {
	fsys, _ := smallCache(f)
	for name, node := range fsys.names {
		if _, ok := segmentID(filepath.Base(name)); ok {
			foot, err := decodeFooter(node.data[len(node.data)-footerSize:], int64(len(node.data)))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(node.data[foot.at:][:foot.size])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const size = 1 << 16
		d, err := decodeDirectory(b, size)
		if err != nil {
			return
		}
		again, err := decodeDirectory(d.encode(), size)
		if err != nil || !bytes.Equal(again.encode(), d.encode()) {
			t.Fatalf("%+v becomes %+v, %v", d, again, err)
		}
		seg := &segment{id: 1, size: size, f: &memFile{m: newMemFS(), n: &memNode{data: make([]byte, size)}}}
		img, err := newImage(1, []part{{seg, 0}}, []*directory{d})
		if err != nil {
			return
		}
		lookAround(&Store{}, img)
	})
}

// FuzzSegment lets a whole segment be anything, with the checksums put right, as
// somebody would who wants to do harm.
func FuzzSegment(f *testing.F) {
	fsys, _ := smallCache(f)
	for name, node := range fsys.names {
		if _, ok := segmentID(filepath.Base(name)); ok {
			f.Add(node.data)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < headerSize+footerSize {
			return
		}
		b = bytes.Clone(b)
		copy(b, header(1))
		foot := b[len(b)-footerSize:]
		copy(foot, footerMagic[:])
		at, size := le.Uint64(foot[8:]), le.Uint64(foot[16:])
		if n := uint64(len(b)); at < n && size < n-at {
			mend(b, at, size)
			le.PutUint64(foot[24:], xxh3.Hash(b[at:][:size]))
		}
		le.PutUint64(foot[32:], xxh3.Hash(foot[:32]))
		fsys := newMemFS()
		add := func(name string, data []byte) { fsys.names[filepath.Join(testDir, name)] = &memNode{data: data} }
		add(segmentName(1), b)
		add(manifestName, appendRecord(opening(nil, manifestMagic), &record{
			seq: 1, nextID: 2, segs: []segName{{1, int64(len(b)), le.Uint64(foot[32:]), 0}},
		}))
		s, _ := mustOpen(t, fsys, Options{})
		defer s.Close()
		lookAround(s, s.img.Load())
		w := mustBegin(t, s)
		w.Put(3, []byte("a key that lies in the segment"), []byte("value"))
		if w.Commit(context.Background(), nil) != nil {
			w = mustBegin(t, s)
			w.Reset()
			mustCommit(t, w, nil)
		}
	})
}

// mend puts right the checksums in the directory of a segment.
func mend(b []byte, at, size uint64) {
	d, err := decodeDirectory(b[at:][:size], int64(at))
	if err != nil {
		return
	}
	pages := make(map[uint16]uint32)
	for _, t := range d.tables {
		pages[t.table] = t.size
	}
	for _, r := range d.runs {
		for i := range r.sums {
			n := int64(pages[r.table])
			r.sums[i] = sumOf(b[r.at+int64(i)*n:][:n])
		}
	}
	d.meta.sum = xxh3.Hash(b[d.meta.at:][:d.meta.size])
	copy(b[at:], d.encode())
}

// lookAround reads all kinds of things of an image.
func lookAround(s *Store, img *image) {
	if s.img.Load() == nil {
		s.rows.init(8)
		s.slots.init(8)
		s.img.Store(img)
		s.log = newLogger(&recorder{})
	}
	s.Find([]byte("seven"))
	s.Find([]byte("a key that lies in the segment 1"))
	for n := range min(s.Entries(), 10) {
		s.Key(n)
		s.Value(n)
		s.Print(n)
	}
	for c := range uint8(3) {
		column(s, c)
	}
}
