package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func page(fill byte) []byte { return bytes.Repeat([]byte{fill}, 64) }

// pages are the first bytes of the pages of a column.
func pages(t *testing.T, s *Store, c uint8) string {
	t.Helper()
	all, err := column(s, c)
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, p := range all {
		if !bytes.Equal(p, bytes.Repeat(p[:1], len(p))) {
			t.Fatalf("a page is mixed: %q", p)
		}
		b = append(b, p[0])
	}
	return string(b)
}

func TestPages(t *testing.T) {
	for name, c := range map[string]struct {
		save func(w *Writer)
		want string // the column, or the error
	}{
		"nothing":        {func(w *Writer) {}, "abcd"},
		"one":            {func(w *Writer) { w.Page(0, 1, page('x')) }, "axcd"},
		"one more":       {func(w *Writer) { w.Page(0, 4, page('x')) }, "abcdx"},
		"there and back": {func(w *Writer) { w.Page(0, 1, page('x')); w.Page(0, 1, page('b')) }, "abcd"},
		"twice":          {func(w *Writer) { w.Page(0, 1, page('x')); w.Page(0, 1, page('y')) }, "aycd"},
		"shorter":        {func(w *Writer) { w.Truncate(0, 2) }, "ab"},
		"of none":        {func(w *Writer) { w.Truncate(0, 0) }, ""},
		"regrown":        {func(w *Writer) { w.Truncate(0, 1); w.Page(0, 1, page('b')); w.Page(0, 2, page('x')) }, "abx"},
		"written, cut":   {func(w *Writer) { w.Page(0, 3, page('x')); w.Truncate(0, 2); w.Page(0, 2, page('y')) }, "aby"},
		"backwards":      {func(w *Writer) { w.Page(0, 5, page('f')); w.Page(0, 4, page('e')) }, "abcdef"},
		"another size":   {func(w *Writer) { w.Truncate(0, 0); w.Page(0, 0, make([]byte, 128)) }, "\x00"},
		"reset":          {func(w *Writer) { w.Reset(); w.Page(0, 0, page('x')) }, "x"},
		"a hole":         {func(w *Writer) { w.Page(0, 5, page('x')) }, "column 0 has no page 4"},
		"a hole, cut":    {func(w *Writer) { w.Truncate(0, 2); w.Page(0, 3, page('x')) }, "column 0 has no page 2"},
		"a hole, reset":  {func(w *Writer) { w.Reset(); w.Page(0, 1, page('b')) }, "column 0 has no page 0"},
		"wrong size":     {func(w *Writer) { w.Page(0, 1, make([]byte, 128)) }, "page 1 of column 0 has 128 bytes, those before 64"},
		"odd size":       {func(w *Writer) { w.Page(1, 0, make([]byte, 7)) }, "page 0 of column 1 has 7 bytes"},
		"empty":          {func(w *Writer) { w.Page(1, 0, nil) }, "page 0 of column 1 has 0 bytes"},
		"huge":           {func(w *Writer) { w.Page(1, 0, make([]byte, maxPageSize+8)) }, "page 0 of column 1"},
		"negative":       {func(w *Writer) { w.Page(1, -1, page('x')) }, "page -1 of column 1"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := newMemFS()
			s, _ := mustOpen(t, fsys, Options{})
			w := mustBegin(t, s)
			for i := range 4 {
				w.Page(0, i, page('a'+byte(i)))
			}
			mustCommit(t, w, nil)
			w = mustBegin(t, s)
			c.save(w)
			if err := w.Commit(context.Background(), nil); err != nil {
				if len(c.want) < 8 || !strings.Contains(err.Error(), c.want) {
					t.Fatal(err)
				}
				c.want = "abcd"
			}
			for range 2 {
				if got := pages(t, s, 0); got != c.want {
					t.Errorf("the column is %q, want %q", got, c.want)
				}
				s.Close()
				s, _ = mustOpen(t, fsys, Options{})
			}
			s.Close()
		})
	}
}

// TestDamagedMeanwhile: what a save builds on turns out to be damaged while it is
// under way.
func TestDamagedMeanwhile(t *testing.T) {
	fsys, _ := smallCache(t)
	s, rec := mustOpen(t, fsys, Options{})
	defer s.Close()
	w := mustBegin(t, s)
	w.Put(0, []byte("key"), []byte("value"))
	ref := s.img.Load().tables[0].pages[0]
	fsys.names[testDir+"/"+segmentName(ref.seg)].data[ref.offset()] ^= 1
	if _, err := column(s, 0); !errors.Is(err, errDamaged) {
		t.Fatal(err)
	}
	if n, _ := s.Pages(0); n != 0 || s.Meta() != nil || s.Entries() != 0 || !s.Damaged() || len(rec.all()) != 1 {
		t.Errorf("%d pages, meta %q, %d entries, %q", n, s.Meta(), s.Entries(), rec.all())
	}
	if err := w.Commit(context.Background(), nil); !errors.Is(err, errDamaged) {
		t.Errorf("committed a part: %v", err)
	}
	w = mustBegin(t, s)
	w.Reset()
	w.Put(0, []byte("key"), []byte("value"))
	mustCommit(t, w, nil)
	if v, ok := s.Value(0); !ok || string(v) != "value" || s.Damaged() {
		t.Error(v, ok, s.Damaged())
	}
}

// TestAbsurdPlace: nothing is allocated for a length that the file has no room
// for.
func TestAbsurdPlace(t *testing.T) {
	fsys, _ := smallCache(t)
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	img := s.img.Load()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, p := range []place{{1, 64, 1<<32 - 1}, {1, maxSegment, 8}, {99, 64, 8}, {1, img.byID[1].size - 8, 8}} {
		if b, err := img.far(p, keyHead, nil); !errors.Is(err, errDamaged) || b != nil {
			t.Errorf("%+v: %d bytes, %v", p, len(b), err)
		}
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("%d bytes were allocated", after.TotalAlloc-before.TotalAlloc)
	}
}

// TestWriters: there is one at a time, and it is of no use afterwards.
func TestWriters(t *testing.T) {
	fsys := newMemFS()
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	w := mustBegin(t, s)
	if _, err := s.Begin(context.Background()); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	w.Put(0, []byte("key"), []byte(strings.Repeat("value", 10)))
	w.Abort()
	w.Abort()
	other := mustBegin(t, s)
	w.Put(1, []byte("late"), nil)
	w.Page(0, 0, page('x'))
	w.Truncate(0, 0)
	w.Delete(1)
	w.Reset()
	if w.Commit(context.Background(), nil) == nil {
		t.Error("committed after Abort")
	}
	other.Put(2, []byte("key"), nil)
	mustCommit(t, other, []byte("meta"))
	if n, ok := s.Find([]byte("key")); !ok || n != 2 || s.Stats().Entries != 1 {
		t.Error(n, ok, s.Stats())
	}
	if names := leftovers(fsys, s); len(names) > 0 {
		t.Errorf("%q are left", names)
	}
}

// TestKeysMove: what entries were, and are no more, is not found.
func TestKeysMove(t *testing.T) {
	fsys := newMemFS()
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	const entries = 1000
	key := func(n, round int) []byte { return fmt.Append(nil, strings.Repeat("k", n%30), " ", (n+7*round)%entries) }
	for round := range 30 {
		w := mustBegin(t, s)
		for n := range entries {
			w.Put(uint32(n), key(n, round), nil)
		}
		mustCommit(t, w, nil)
		for n := range entries {
			if at, ok := s.Find(key(n, round)); !ok || at != uint32(n) {
				t.Fatalf("round %d: entry %d is found at %d, %t", round, n, at, ok)
			}
		}
		if img := s.img.Load(); img.slots() > 3*entries {
			t.Fatalf("round %d: %d slots for %d entries", round, img.slots(), entries)
		}
	}
}
