package store

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"
)

// TestBounds saves for long: garbage and the number of segments stay bounded, and
// little is written for a little change.
func TestBounds(t *testing.T) {
	fsys := newMemFS()
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	rng := rand.New(rand.NewPCG(*seedFlag, 3))
	for i := range 400 {
		w := mustBegin(t, s)
		if i == 0 {
			for p := range 100 {
				w.Page(0, p, randomBytes(rng, 1<<14))
			}
			for n := range uint32(1000) {
				w.Put(n, fmt.Append(nil, n), randomBytes(rng, 2000))
			}
		}
		before := s.Stats()
		w.Page(0, rng.IntN(100), randomBytes(rng, 1<<14))
		w.Put(uint32(rng.IntN(1000)), fmt.Append(nil, "new ", i), randomBytes(rng, 2000))
		mustCommit(t, w, nil)
		st := s.Stats()
		if st.Segments > mostSegments || st.Garbage > leastGarbage && st.Garbage > st.Live/4 {
			t.Fatalf("save %d: %+v", i, st)
		}
		if more := st.Live + st.Garbage - before.Live - before.Garbage; i > 0 && more > 1<<16 {
			t.Fatalf("save %d takes %d bytes", i, more)
		}
		if have := int64(fsys.size()); have > (st.Live+leastGarbage)*3/2 {
			t.Fatalf("save %d: %d bytes in files, %+v", i, have, st)
		}
	}
}

// TestBudget: values go, those first that were of no use for longest.
func TestBudget(t *testing.T) {
	fsys := newMemFS()
	const budget = 200_000
	value := func(n uint32) []byte { return []byte(strings.Repeat(fmt.Sprint("value ", n, " "), 100)) }
	s, _ := mustOpen(t, fsys, Options{})
	for n := range uint32(100) {
		w := mustBegin(t, s)
		w.Put(n, fmt.Append(nil, "key ", n), value(n))
		mustCommit(t, w, nil)
	}
	s.Close()
	s, _ = mustOpen(t, fsys, Options{Budget: budget})
	if _, ok := s.Value(3); !ok {
		t.Fatal("value 3 went before there was a budget")
	}
	for n := uint32(100); n < 300; n++ {
		w := mustBegin(t, s)
		w.Put(n, fmt.Append(nil, "key ", n), value(n))
		mustCommit(t, w, nil)
		if live := s.Stats().Live; live > budget {
			t.Fatalf("%d bytes are alive after save %d", live, n)
		}
	}
	checkBooks(t, s)
	s.Close()
	s, _ = mustOpen(t, fsys, Options{Budget: budget})
	defer s.Close()
	var kept []uint32
	for n := range uint32(300) {
		if at, ok := s.Find(fmt.Append(nil, "key ", n)); !ok || at != n {
			t.Fatalf("entry %d is gone", n)
		}
		if p, ok := s.Print(n); !ok || p != xxh3.Hash128(value(n)) {
			t.Fatalf("the fingerprint of %d is gone", n)
		}
		if v, ok := s.Value(n); ok {
			if string(v) != string(value(n)) {
				t.Fatalf("value %d is %q", n, v)
			}
			kept = append(kept, n)
		}
	}
	// Value 3 was read, the others were saved one after another.
	if n := len(kept); n < 80 || kept[0] != 3 || kept[n-1] != 299 || kept[1] != 300-uint32(n-1) {
		t.Errorf("kept are %d values: %v", len(kept), kept)
	}
}

// TestUse: a value that was read stays, though it is old.
func TestUse(t *testing.T) {
	fsys := newMemFS()
	value := func(n uint32) []byte { return []byte(strings.Repeat(fmt.Sprint("value ", n, " "), 100)) }
	s, _ := mustOpen(t, fsys, Options{})
	w := mustBegin(t, s)
	for n := range uint32(400) {
		w.Put(n, fmt.Append(nil, "key ", n), value(n))
	}
	mustCommit(t, w, nil)
	s.Close()
	s, _ = mustOpen(t, fsys, Options{Budget: 100_000})
	for n := uint32(7); n < 400; n += 40 {
		s.Value(n)
	}
	w = mustBegin(t, s)
	w.PutKey(1, []byte("key 1"))
	mustCommit(t, w, nil)
	s.Close()
	s, _ = mustOpen(t, fsys, Options{})
	defer s.Close()
	for n := uint32(7); n < 400; n += 40 {
		if v, ok := s.Value(n); !ok || string(v) != string(value(n)) {
			t.Errorf("value %d was read, and has gone", n)
		}
	}
	if st := s.Stats(); st.Live > 100_000 {
		t.Errorf("%+v", st)
	}
}

// TestCompactionAbroad compacts in the background while the writer goes on.
func TestCompactionAbroad(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(*seedFlag, 4))
	want := map[uint32][]byte{}
	for i := range 40 {
		w := mustBegin(t, s)
		for range 150 {
			n := uint32(rng.IntN(1000))
			if rng.IntN(4) > 0 {
				want[n] = randomBytes(rng, rng.IntN(20_000))
			}
			w.Put(n, fmt.Append(nil, "a key that is far away ", n), want[n])
		}
		if i%10 == 5 {
			s.Close() // what is in the background loses nothing
			if s, err = Open(dir, Options{}); err != nil {
				t.Fatal(err)
			}
			w = mustBegin(t, s)
			for n, v := range want {
				w.Put(n, fmt.Append(nil, "a key that is far away ", n), v)
			}
		}
		mustCommit(t, w, nil)
		for n, v := range want {
			if got, ok := s.Value(n); !ok || string(got) != string(v) {
				t.Fatalf("save %d: value %d has %d bytes, %t, want %d", i, n, len(got), ok, len(v))
			}
		}
	}
	s.work.Wait()
	checkBooks(t, s)
	if st := s.Stats(); st.Garbage > st.Live/3 {
		t.Errorf("%+v", st)
	}
	s.Close()
}

func TestCancel(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 5))
	fsys, m := prepared(t, rng, 2)
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	w := mustBegin(t, s)
	m.clone().change(rng, w, 50)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Commit(ctx, nil); err == nil {
		t.Error("committed")
	}
	if err := m.differs(s, false); err != nil {
		t.Error(err)
	}
	if names := leftovers(fsys, s); len(names) > 0 {
		t.Errorf("%q are left", names)
	}
}

// TestNothingChanged: then nothing is written.
func TestNothingChanged(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 6))
	fsys, m := prepared(t, rng, 3)
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	mustBegin(t, s).Abort() // becomes the writer
	before := fsys.ops
	w := mustBegin(t, s)
	for n, e := range m.entries {
		switch {
		case e.has:
			w.Put(n, []byte(e.key), e.value)
		case e.known:
			w.PutPrint(n, []byte(e.key), e.print)
		default:
			w.PutKey(n, []byte(e.key))
		}
	}
	for c, pages := range m.columns {
		for i, p := range pages {
			w.Page(uint8(c), i, p)
		}
	}
	mustCommit(t, w, m.meta)
	if fsys.ops != before {
		t.Errorf("%d operations", fsys.ops-before)
	}
}

// TestBudgetOfNothing: where no value is left that could go, a save does not
// write everything again and again.
func TestBudgetOfNothing(t *testing.T) {
	fsys := newMemFS()
	s, _ := mustOpen(t, fsys, Options{Budget: 10_000})
	defer s.Close()
	rng := rand.New(rand.NewPCG(*seedFlag, 8))
	for i := range 20 {
		w := mustBegin(t, s)
		for p := range 8 {
			if i == 0 || p == i%8 {
				w.Page(0, p, randomBytes(rng, 1<<13))
			}
		}
		w.Put(uint32(i), fmt.Append(nil, "a key that lies in the segment ", i), randomBytes(rng, 10))
		before := s.nextID.Load()
		mustCommit(t, w, nil)
		if n := s.nextID.Load() - before; i > 2 && n > 1 {
			t.Fatalf("save %d made %d segments", i, n)
		}
	}
}

// TestCompactionBesideAWriter: it leaves alone what the writer has written so far,
// and what the writer has left as it was is still there.
func TestCompactionBesideAWriter(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 10))
	fsys, m := prepared(t, rng, 4)
	s, _ := mustOpen(t, fsys, Options{})
	w := mustBegin(t, s)
	m.change(rng, w, 100)
	s.compact(context.Background(), s.img.Load(), 0, 0)
	m.change(rng, w, 100)
	s.compact(context.Background(), s.img.Load(), 0, 0)
	mustCommit(t, w, m.meta)
	for range 2 {
		if err := m.differs(s, false); err != nil {
			t.Fatal(err)
		}
		checkBooks(t, s)
		if names := leftovers(fsys, s); len(names) > 0 {
			t.Errorf("%q are left", names)
		}
		s.Close()
		s, _ = mustOpen(t, fsys, Options{})
	}
	s.Close()
}

// betweenFS does something once, before a segment is opened.
type betweenFS struct {
	FS
	do func()
}

func (b *betweenFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if do := b.do; do != nil && strings.Contains(name, "seg-") {
		b.do = nil
		do()
	}
	return b.FS.OpenFile(name, flag, perm)
}

// TestOpenWhileCompacted: the segments go that the manifest named a moment ago.
func TestOpenWhileCompacted(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 11))
	fsys, m := prepared(t, rng, 4)
	writer, _ := mustOpen(t, fsys, Options{})
	defer writer.Close()
	w := mustBegin(t, writer)
	m.change(rng, w, 10)
	mustCommit(t, w, m.meta)
	s, rec := mustOpen(t, &betweenFS{FS: fsys, do: func() {
		writer.compact(context.Background(), writer.img.Load(), 0, 0)
	}}, Options{})
	defer s.Close()
	if err := m.differs(s, false); err != nil || len(rec.all()) > 0 {
		t.Error(err, rec.all())
	}
}
