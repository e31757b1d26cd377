package store

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zeebo/xxh3"
)

var (
	seedFlag  = flag.Uint64("store.seed", 1, "the first seed of the random tests")
	countFlag = flag.Int("store.count", 10, "how many seeds the random tests take")
)

// model is what an image must say.
type model struct {
	meta    []byte
	columns [3][][]byte
	entries map[uint32]entry
}

type entry struct {
	key   string
	value []byte // if has
	print xxh3.Uint128
	has   bool // a value
	known bool // a fingerprint
}

var pageSizes = [3]int{64, 1024, 4096}

func newModel() *model { return &model{entries: map[uint32]entry{}} }

func (m *model) clone() *model {
	c := *m
	c.entries = maps.Clone(m.entries)
	for i := range c.columns {
		c.columns[i] = slices.Clone(m.columns[i])
	}
	return &c
}

// keys returns the keys by number.
func (m *model) byKey() map[string]uint32 {
	all := make(map[string]uint32, len(m.entries))
	for n, e := range m.entries {
		all[e.key] = n
	}
	return all
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// change does to the writer and the model the same random things.
func (m *model) change(rng *rand.Rand, w *Writer, steps int) {
	keys := m.byKey()
	for range steps {
		switch n := uint32(rng.IntN(600)); rng.IntN(12) {
		case 0, 1:
			m.page(rng, w)
		case 2:
			w.Delete(n)
			delete(keys, m.entries[n].key)
			delete(m.entries, n)
		default:
			e := entry{key: m.entries[n].key}
			if e.key == "" || rng.IntN(3) == 0 {
				delete(keys, e.key)
				e.key = randomKey(rng)
			}
			if _, taken := keys[e.key]; taken && m.entries[n].key != e.key {
				continue
			}
			keys[e.key] = n
			m.put(rng, w, n, e)
		}
	}
	m.meta = randomBytes(rng, rng.IntN(200))
}

func randomKey(rng *rand.Rand) string {
	if rng.IntN(2) == 0 {
		return fmt.Sprint(rng.IntN(2000))
	}
	return fmt.Sprintf("key %d %s", rng.IntN(2000), strings.Repeat("x", rng.IntN(40)))
}

func (m *model) put(rng *rand.Rand, w *Writer, n uint32, e entry) {
	switch rng.IntN(8) {
	case 0:
		w.PutKey(n, []byte(e.key))
	case 1:
		e.print, e.known = xxh3.Uint128{Hi: rng.Uint64(), Lo: rng.Uint64()}, true
		w.PutPrint(n, []byte(e.key), e.print)
	default:
		size := rng.IntN(20)
		if rng.IntN(3) == 0 {
			size = rng.IntN(3000)
		}
		e.value = randomBytes(rng, size)
		if old := m.entries[n]; old.has && rng.IntN(3) == 0 {
			e.value = old.value
		}
		e.print, e.known, e.has = xxh3.Hash128(e.value), true, true
		w.Put(n, []byte(e.key), e.value)
	}
	m.entries[n] = e
}

func (m *model) page(rng *rand.Rand, w *Writer) {
	c := rng.IntN(len(m.columns))
	if rng.IntN(10) == 0 {
		n := rng.IntN(len(m.columns[c]) + 1)
		m.columns[c] = m.columns[c][:n]
		w.Truncate(uint8(c), n)
		return
	}
	i := rng.IntN(min(20, len(m.columns[c])+1))
	page := randomBytes(rng, pageSizes[c])
	if i < len(m.columns[c]) && rng.IntN(3) == 0 {
		page = m.columns[c][i]
	}
	m.columns[c] = slices.Clone(m.columns[c])
	if i == len(m.columns[c]) {
		m.columns[c] = append(m.columns[c], nil)
	}
	m.columns[c][i] = page
	w.Page(uint8(c), i, page)
}

// differs says how the store is not what the model says. A value may be missing
// if may says so.
func (m *model) differs(s *Store, may bool) error {
	if !bytes.Equal(s.Meta(), m.meta) {
		return fmt.Errorf("meta is %d bytes %.20q, want %d bytes %.20q", len(s.Meta()), s.Meta(), len(m.meta), m.meta)
	}
	for c, want := range m.columns {
		got, err := column(s, uint8(c))
		if err != nil {
			return err
		}
		if len(got) != len(want) {
			return fmt.Errorf("column %d has %d pages, want %d", c, len(got), len(want))
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				return fmt.Errorf("page %d of column %d is another one", i, c)
			}
		}
	}
	for n := range uint32(700) {
		if err := m.entryDiffers(s, n, may); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
	}
	if got := s.Stats().Entries; got != len(m.entries) {
		return fmt.Errorf("%d entries, want %d", got, len(m.entries))
	}
	keys := m.byKey()
	for i := range 2000 {
		if _, ok := keys[fmt.Sprint(i)]; ok {
			continue
		}
		if n, ok := s.Find(fmt.Append(nil, i)); ok {
			return fmt.Errorf("found the key %d at %d", i, n)
		}
	}
	return nil
}

func (m *model) entryDiffers(s *Store, n uint32, may bool) error {
	want, there := m.entries[n]
	key, ok := s.Key(n)
	if ok != there || string(key) != want.key {
		return fmt.Errorf("key %q, %t, want %q, %t", key, ok, want.key, there)
	}
	if at, ok := s.Find([]byte(want.key)); there && (!ok || at != n) {
		return fmt.Errorf("key %q found at %d, %t", want.key, at, ok)
	}
	value, ok := s.Value(n)
	if ok && (!want.has || !bytes.Equal(value, want.value)) || !ok && want.has && !may {
		return fmt.Errorf("value %.20q, %t, want %.20q, %t", value, ok, want.value, want.has)
	}
	print, ok := s.Print(n)
	if ok != want.known || print != want.print {
		return fmt.Errorf("fingerprint %v, %t, want %v, %t", print, ok, want.print, want.known)
	}
	return nil
}

// column reads a column into memory that lies together here and there.
func column(s *Store, c uint8) ([][]byte, error) {
	n, size := s.Pages(c)
	all := make([]byte, n*size)
	var mu sync.Mutex
	err := s.ReadColumn(c, func(page int, data []byte) error {
		mu.Lock()
		defer mu.Unlock()
		copy(all[page*size:(page+1)*size], data)
		return nil
	})
	var pages [][]byte
	for i := range n {
		pages = append(pages, all[i*size:(i+1)*size])
	}
	return pages, err
}

// recorder keeps the warnings that a store gives.
type recorder struct {
	slog.Handler
	mu    sync.Mutex
	texts []string
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := rec.Message
	rec.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	r.texts = append(r.texts, text)
	return nil
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.texts)
}

const testDir = "dir"

func mustOpen(t testing.TB, fsys FS, o Options) (*Store, *recorder) {
	t.Helper()
	rec := &recorder{}
	o.FS, o.Logger = fsys, newLogger(rec)
	s, err := Open(testDir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, rec
}

func mustBegin(t testing.TB, s *Store) *Writer {
	t.Helper()
	w, err := s.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func mustCommit(t testing.TB, w *Writer, meta []byte) {
	t.Helper()
	if err := w.Commit(context.Background(), meta); err != nil {
		t.Fatal(err)
	}
}

// seeds runs f with some seeds, which are printed when it fails.
func seeds(t *testing.T, f func(t *testing.T, rng *rand.Rand)) {
	n := *countFlag
	if testing.Short() {
		n = min(n, 5)
	}
	for i := range n {
		seed := *seedFlag + uint64(i)
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			f(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

// TestModel saves, reopens and compacts at random, and compares with a map.
func TestModel(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		fsys := newMemFS()
		m := newModel()
		s, rec := mustOpen(t, fsys, Options{})
		for step := range 60 {
			was := m.clone()
			w := mustBegin(t, s)
			switch rng.IntN(10) {
			case 0:
				m.change(rng, w, 20)
				w.Abort()
				m = was
			case 1:
				m.change(rng, w, 20)
				w.Reset()
				m = newModel()
				fallthrough
			default:
				m.change(rng, w, []int{1, 20, 200}[rng.IntN(3)])
				mustCommit(t, w, m.meta)
			}
			s.work.Wait()
			if img := s.img.Load(); rng.IntN(8) == 0 && len(img.segs) > 0 {
				s.compact(context.Background(), img, rng.IntN(len(img.segs)), 0)
			}
			if rng.IntN(4) == 0 {
				s.Close()
				s, rec = mustOpen(t, fsys, Options{})
			}
			if err := m.differs(s, false); err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			checkBooks(t, s)
		}
		if w := rec.all(); len(w) > 0 {
			t.Error("warnings:", w)
		}
		s.Close()
		if n := len(fsys.names); n > 4+mostSegments {
			t.Errorf("%d files are left", n)
		}
	})
}

// checkBooks counts what is alive, and compares with what the image says.
func checkBooks(t *testing.T, s *Store) {
	t.Helper()
	img := s.img.Load()
	blobs := map[uint32]int64{}
	var live uint32
	for n := range img.entries {
		r, err := s.row(img, n)
		if err != nil {
			t.Fatal(err)
		}
		if r.there() {
			live++
		}
		if r.farKey() {
			blobs[r.keyPlace().seg] += keyBytes(r.keyPlace().size)
		}
		if r.farValue() {
			blobs[r.valuePlace().seg] += valueBytes(r.valuePlace().size)
		}
	}
	if live != img.live {
		t.Fatalf("%d entries are counted, %d are there", img.live, live)
	}
	for _, p := range img.segs {
		if p.blobs != blobs[p.id] {
			t.Fatalf("%s has %d bytes of keys and values, %d are counted", segmentName(p.id), blobs[p.id], p.blobs)
		}
	}
}

func newLogger(r *recorder) *slog.Logger { return slog.New(r) }
