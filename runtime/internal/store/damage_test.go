package store

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zeebo/xxh3"
)

// smallCache is a directory with some of everything, after three saves.
func smallCache(t testing.TB) (*memFS, []*model) {
	fsys := newMemFS()
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	var models []*model
	m := newModel()
	for i := range byte(3) {
		w := mustBegin(t, s)
		m = m.clone()
		m.columns[0] = append(slices.Clone(m.columns[0]), bytes.Repeat([]byte{i}, pageSizes[0]))
		w.Page(0, int(i), m.columns[0][i])
		small := func(n uint32, key, value string) {
			v := []byte(value)
			m.entries[n] = entry{key, v, xxh3.Hash128(v), true, true}
			w.Put(n, []byte(key), v)
		}
		small(uint32(i), "short", fmt.Sprint(i))
		small(uint32(i)+3, "a key that lies in the segment "+fmt.Sprint(i), "a value that lies in the segment as well "+fmt.Sprint(i))
		small(6, "six", "a value that is replaced by each save "+fmt.Sprint(i))
		if i > 0 {
			delete(m.entries, uint32(i)-1)
			w.Delete(uint32(i) - 1)
		}
		m.entries[7] = entry{key: "seven", print: xxh3.Uint128{Hi: 7, Lo: uint64(i)}, known: true}
		w.PutPrint(7, []byte("seven"), m.entries[7].print)
		m.meta = []byte{1, 2, 3, i}
		mustCommit(t, w, m.meta)
		models = append(models, m)
	}
	return fsys, models
}

// wrong says what a store says that none of the models does. It may say less than
// any.
func wrong(s *Store, models []*model) error {
	meta := s.Meta()
	if meta == nil {
		return wrongWith(s, newModel())
	}
	for _, m := range models {
		if bytes.Equal(meta, m.meta) {
			return wrongWith(s, m)
		}
	}
	return fmt.Errorf("meta is %q", meta)
}

func wrongWith(s *Store, m *model) error {
	for n := range uint32(20) {
		want := m.entries[n]
		if key, ok := s.Key(n); ok && string(key) != want.key {
			return fmt.Errorf("entry %d has the key %q, want %q", n, key, want.key)
		}
		if at, ok := s.Find([]byte(want.key)); ok && at != n {
			return fmt.Errorf("the key %q is at %d, want %d", want.key, at, n)
		}
		if value, ok := s.Value(n); ok && (!want.has || !bytes.Equal(value, want.value)) {
			return fmt.Errorf("entry %d has the value %q, want %q", n, value, want.value)
		}
		if print, ok := s.Print(n); ok && (!want.known || print != want.print) {
			return fmt.Errorf("entry %d has the fingerprint %v, want %v", n, print, want.print)
		}
	}
	for c := range m.columns {
		pages, err := column(s, uint8(c))
		if err != nil {
			if s.Meta() != nil {
				return fmt.Errorf("column %d is damaged, and there is an image: %w", c, err)
			}
			continue
		}
		if s.Meta() == nil {
			m = newModel() // given up meanwhile
		}
		if !slices.EqualFunc(pages, m.columns[c], bytes.Equal) {
			return fmt.Errorf("column %d is another one", c)
		}
	}
	return nil
}

// damage opens the store after something was done to a file, looks at all of it,
// and saves everything anew.
func damage(t *testing.T, fsys *memFS, models []*model, what string) {
	t.Helper()
	s, rec := mustOpen(t, fsys, Options{})
	if err := wrong(s, models); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if n := len(rec.all()); n > 1 || (n == 1) != s.Damaged() {
		t.Fatalf("%s: damaged %t, and %d warnings: %q", what, s.Damaged(), n, rec.all())
	}
	w := mustBegin(t, s)
	w.Reset()
	w.Put(3, []byte("new"), []byte("a value that is new after all"))
	mustCommit(t, w, []byte("new"))
	if s.Damaged() {
		t.Fatalf("%s: damaged after everything was saved", what)
	}
	s.Close()
	s, rec = mustOpen(t, fsys, Options{})
	defer s.Close()
	if n, ok := s.Find([]byte("new")); !ok || n != 3 || string(s.Meta()) != "new" || s.Stats().Entries != 1 {
		t.Fatalf("%s: what was saved after it is not there: %q", what, rec.all())
	}
}

func eachFile(t *testing.T, f func(fsys func() *memFS, models []*model, name string, size int)) {
	fsys, models := smallCache(t)
	for name, node := range fsys.names {
		f(func() *memFS { return fsys.restart(keepAll, nil) }, models, name, len(node.data))
	}
}

func TestEveryByte(t *testing.T) {
	eachFile(t, func(fsys func() *memFS, models []*model, name string, size int) {
		for at := range size {
			if testing.Short() && at%7 != 0 {
				continue
			}
			m, flip := fsys(), byte(1)<<(at%8)
			m.names[name].data[at] ^= flip
			damage(t, m, models, fmt.Sprintf("%s, byte %d ^ %d", name, at, flip))
		}
	})
}

func TestEveryLength(t *testing.T) {
	eachFile(t, func(fsys func() *memFS, models []*model, name string, size int) {
		for n := range size {
			m := fsys()
			m.names[name].data = m.names[name].data[:n]
			damage(t, m, models, fmt.Sprintf("%s, cut to %d", name, n))
		}
		m := fsys()
		m.names[name].data = append(m.names[name].data, 0)
		damage(t, m, models, name+", longer")
	})
}

// TestWhileInUse cuts and flips what is open.
func TestWhileInUse(t *testing.T) {
	_, models := smallCache(t)
	rng := rand.New(rand.NewPCG(*seedFlag, 5))
	for range 2000 {
		fsys, _ := smallCache(t)
		s, rec := mustOpen(t, fsys, Options{})
		for name, node := range fsys.names {
			if _, ok := segmentID(filepath.Base(name)); !ok || rng.IntN(2) == 0 {
				continue
			}
			at := rng.IntN(len(node.data))
			if rng.IntN(3) == 0 {
				node.data = node.data[:at]
			} else {
				node.data[at] ^= byte(1 + rng.IntN(255))
			}
		}
		if err := wrong(s, models[2:]); err != nil {
			t.Fatal(err)
		}
		if n := len(rec.all()); n > 1 || (n == 1) != s.Damaged() {
			t.Fatalf("damaged %t, and %d warnings: %q", s.Damaged(), n, rec.all())
		}
		// A save on top of damage either fails or is right.
		w := mustBegin(t, s)
		next := models[2].clone()
		if s.Meta() == nil {
			next = newModel()
		}
		next.change(rng, w, 20)
		if w.Commit(context.Background(), next.meta) == nil {
			s.Close()
			s, _ = mustOpen(t, fsys, Options{})
			if err := wrong(s, []*model{next}); err != nil {
				t.Fatal("after a save: ", err)
			}
		}
		s.Close()
	}
}

// TestForeign opens directories with files that are none of ours.
func TestForeign(t *testing.T) {
	_, models := smallCache(t)
	for name, data := range map[string]string{
		"empty":          "",
		"text":           "This is not a manifest, but a text that somebody left here.",
		"magic alone":    string(manifestMagic[:]),
		"of the future":  string(manifestMagic[:]) + "\x02\x00\x00\x00\x04\x03\x02\x01" + "whatever it will be",
		"another order":  string(manifestMagic[:]) + "\x01\x00\x00\x00\x01\x02\x03\x04",
		"without record": string(opening(nil, manifestMagic)),
		"a great length": string(opening(nil, manifestMagic)) + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			fsys, _ := smallCache(t)
			fsys.names[filepath.Join(testDir, manifestName)].data = []byte(data)
			s, rec := mustOpen(t, fsys, Options{})
			if s.Meta() != nil || s.Entries() != 0 || len(rec.all()) != 1 {
				t.Errorf("meta %q, %d entries, warnings %q", s.Meta(), s.Entries(), rec.all())
			}
			s.Close()
			damage(t, fsys, models, name)
		})
	}
}
