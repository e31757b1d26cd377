package runtime_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/codec"
)

// The queries of these tests: texts of a kilobyte, made of an input, and what is
// made of the texts.
type pages struct {
	in     *query.Query[int, int]
	page   *query.Query[int, string]  // a kilobyte, the same for 2n and 2n+1
	object *query.Query[int, *object] // by identity
	name   *query.Query[int, string]  // of the object
	all    *query.Query[int, int]     // the length of that many pages

	mu  sync.Mutex
	ran map[string]int
	odd string // a part of each page: the world outside
}

type object struct {
	text [1024]byte
	n    int
}

var (
	pageSets = &pages{
		in:     query.Define[int, int](query.Definition{Name: "m/in", Kind: query.KindInput, Params: 1}),
		page:   query.Define[int, string](query.Definition{Name: "m/page", Kind: query.KindPure, Params: 1}),
		object: query.Define[int, *object](query.Definition{Name: "m/object", Kind: query.KindPure, Params: 1, Identity: true, NoPersist: true}),
		name:   query.Define[int, string](query.Definition{Name: "m/name", Kind: query.KindPure, Params: 1}),
		all:    query.Define[int, int](query.Definition{Name: "m/all", Kind: query.KindPure, Params: 1}),
		ran:    map[string]int{},
	}
)

func init() {
	p := pageSets
	texts := codec.Type[string]{Encode: codec.EncodeString[string], Decode: codec.DecodeString[string], Equal: codec.EqualPlain[string]}
	p.page.PersistValue(texts)
	p.name.PersistValue(texts)
	p.in.Bind(nil, func(*query.Context, int) (int, error) { return 0, nil })
	p.page.Bind(nil, func(cx *query.Context, n int) (string, error) {
		p.count("page", n)
		return strings.Repeat(fmt.Sprint(n, p.in.Value(cx, n)/2), 1024)[:1024] + p.odd, nil
	})
	p.object.Bind(nil, func(cx *query.Context, n int) (*object, error) {
		p.count("object", n)
		return &object{n: p.in.Value(cx, n)}, nil
	})
	p.name.Bind(nil, func(cx *query.Context, n int) (string, error) {
		p.count("name", n)
		return strings.Repeat(fmt.Sprint(p.object.Value(cx, n).n), 512), nil
	})
	p.all.Bind(nil, func(cx *query.Context, n int) (int, error) {
		p.count("all", n)
		sum := 0
		for i := range n {
			sum += len(p.page.Value(cx, i))
		}
		return sum, nil
	})
}

func (p *pages) count(query string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ran[fmt.Sprint(query, n)]++
}

// took returns how often a body has run since the last time, and forgets the rest.
func (p *pages) took(calls ...string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var counts []int
	for _, c := range calls {
		counts = append(counts, p.ran[c])
	}
	clear(p.ran)
	return fmt.Sprint(counts)
}

func (p *pages) set(t *testing.T, db *query.DB, n, v int) {
	t.Helper()
	err := db.Update(func(tx *query.Tx) error {
		p.in.Set(tx, n, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func newPages(t *testing.T, opts query.Options) (*query.DB, *query.Context) {
	t.Helper()
	pageSets.took()
	pageSets.odd = ""
	db := query.New(opts)
	t.Cleanup(func() {
		if err := query.CheckInvariants(db); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	return db, db.Context(context.Background())
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Inner values go first, and the budget holds.
func TestBudget(t *testing.T) {
	const budget = 100 << 10
	db, cx := newPages(t, query.Options{MemoryBudget: budget})
	expect(t, "all", pageSets.all.Value(cx, 1000), 1000<<10)
	s := db.Stats()
	if s.Bytes > budget || s.Dropped < 850 {
		t.Errorf("%d bytes, %d dropped", s.Bytes, s.Dropped)
	}
	pageSets.took()
	expect(t, "all", pageSets.all.Value(cx, 1000), 1000<<10)
	expect(t, "runs", pageSets.took("all1000"), "[0]")
	for n := range 1000 {
		expect(t, "page", len(pageSets.page.Value(cx, n)), 1024)
		if s := db.Stats(); s.Bytes > budget+10<<10 {
			t.Fatalf("%d bytes", s.Bytes)
		}
	}
}

// A value that was dropped still cuts off, and readers of a node don't care
// whether it is there.
func TestDroppedCutsOff(t *testing.T) {
	events := map[query.EventKind]int{}
	db, cx := newPages(t, query.Options{MemoryBudget: 20 << 10, OnEvent: func(e query.Event) { events[e.Kind]++ }})
	pageSets.all.Value(cx, 100)
	pageSets.took()
	for n := range 100 {
		pageSets.set(t, db, n, 1) // the pages are as before
	}
	clear(events)
	expect(t, "all", pageSets.all.Value(cx, 100), 100<<10)
	expect(t, "runs", pageSets.took("page0", "page50", "page99", "all100"), "[1 1 1 0]")
	expect(t, "remade", events[query.Again], 0)
	pageSets.set(t, db, 50, 2)
	expect(t, "all", pageSets.all.Value(cx, 100), 100<<10)
	expect(t, "runs", pageSets.took("all100"), "[1]")
	if events[query.Again] < 50 {
		t.Errorf("%d pages were made again", events[query.Again])
	}
	expect(t, "changed", query.Inspect(db, pageSets.page.Task(0)).ChangedAt, 1)
}

// A query that ends in something else when it is run again is impure: that is a
// change, and it is told.
func TestImpureMadeAgain(t *testing.T) {
	var blamed []error
	_, cx := newPages(t, query.Options{MemoryBudget: 20 << 10, OnEvent: func(e query.Event) {
		if e.Kind == query.Violation {
			blamed = append(blamed, e.Err)
		}
	}})
	expect(t, "all", pageSets.all.Value(cx, 100), 100<<10)
	pageSets.odd = "!"
	for n := range 100 {
		pageSets.page.Value(cx, n)
	}
	// What nobody asks for any more goes as a whole, and is not blamed.
	if len(blamed) < 10 || !strings.Contains(blamed[0].Error(), "impure") {
		t.Errorf("%d are blamed: %.200v", len(blamed), blamed)
	}
	before, now := len(blamed), 0
	for n := range 100 {
		now += len(pageSets.page.Value(cx, n))
	}
	expect(t, "all", pageSets.all.Value(cx, 100), now)
	expect(t, "blamed again", len(blamed)-before <= 100-before, true)
}

// A value that is equal to itself alone stays as long as something that was made of
// it is there.
func TestIdentityGoesWithItsReaders(t *testing.T) {
	db, cx := newPages(t, query.Options{MemoryBudget: 30 << 10})
	for n := range 40 {
		pageSets.page.Value(cx, n)
	}
	pageSets.name.Value(cx, 1)
	object := pageSets.object.Value(cx, 1)
	pageSets.took()
	for n := range 200 { // the name is wanted all the time
		pageSets.page.Value(cx, n)
		pageSets.name.Value(cx, 1)
	}
	if expect(t, "runs", pageSets.took("name1"), "[0]"); pageSets.object.Value(cx, 1) != object {
		t.Error("the object was dropped, though a value that was made of it is there")
	}
	for n := range 1000 {
		pageSets.page.Value(cx, n)
	}
	pageSets.took()
	pageSets.name.Value(cx, 1)
	if pageSets.took("name1", "object1") != "[1 1]" || pageSets.object.Value(cx, 1) == object {
		t.Error("the object stays for ever")
	}
	// It was no change.
	pageSets.name.Value(cx, 1)
	expect(t, "changed", query.Inspect(db, pageSets.object.Task(1)).ChangedAt, 1)
	expect(t, "changed", query.Inspect(db, pageSets.name.Task(1)).ChangedAt, 1)
}

// A request that needs more than the budget makes a value again once.
func TestAgainOnceInARequest(t *testing.T) {
	_, cx := newPages(t, query.Options{MemoryBudget: 10 << 10})
	_, err := query.Do(context.Background(), query.DBOf(cx), func(cx *query.Context) (int, error) {
		for range 5 {
			for n := range 100 {
				pageSets.page.Value(cx, n)
			}
		}
		return 0, nil
	})
	if err != nil {
		t.Error(err)
	}
	for n := range 100 {
		if c := pageSets.ran[fmt.Sprint("page", n)]; c > 2 {
			t.Errorf("page %d was made %d times", n, c)
		}
	}
	query.Do(context.Background(), query.DBOf(cx), func(cx *query.Context) (int, error) { return 0, nil })
	if s := query.DBOf(cx).Stats(); s.Bytes > 10<<10 {
		t.Errorf("%d bytes are left", s.Bytes)
	}
}

// Unset and set to what the body had said, whose value is gone: no change.
func TestSetToWhatWasDropped(t *testing.T) {
	db, cx := newPages(t, query.Options{MemoryBudget: 10})
	in := pageSets.in
	user := pageSets.page
	first := user.Value(cx, 3)
	for n := range 10 {
		in.Value(cx, n)
		user.Value(cx, 3) // or nothing would know of it any more
	}
	rev := query.Inspect(db, in.Task(3)).ChangedAt
	pageSets.set(t, db, 3, 0)
	expect(t, "changed", query.Inspect(db, in.Task(3)).ChangedAt, rev)
	expect(t, "value", in.Value(cx, 3), 0)
	expect(t, "page", user.Value(cx, 3), first)
	pageSets.set(t, db, 3, 5)
	expect(t, "value", in.Value(cx, 3), 5)
}

// heap is what is in use after a collection of garbage.
func heap() uint64 {
	goruntime.GC()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Demands and updates from many goroutines leave the heap as large as the budget
// says, however long they go on.
func TestHeapIsFlat(t *testing.T) {
	const budget = 1 << 20
	db, cx := newPages(t, query.Options{MemoryBudget: budget})
	load := func() {
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(g), 7))
				for range 1500 {
					n := r.IntN(8000)
					switch r.IntN(20) {
					case 0:
						pageSets.set(t, db, n, r.IntN(10))
					case 1:
						pageSets.all.Value(cx, 10+r.IntN(20))
					case 2:
						pageSets.name.Value(cx, n)
					default:
						pageSets.page.Value(cx, n)
					}
				}
			})
		}
		all.Wait()
		pageSets.took()
	}
	for n := range 8000 { // all nodes exist
		pageSets.page.Value(cx, n)
		pageSets.name.Value(cx, n)
	}
	load()
	before := heap()
	for range 4 {
		load()
	}
	after, s := heap(), db.Stats()
	t.Logf("heap %d KB, later %d KB; values cost %d KB; %d dropped", before>>10, after>>10, s.Bytes>>10, s.Dropped)
	if after > before+budget || s.Bytes > budget+budget/8 {
		t.Errorf("the heap grows: %d bytes, later %d; values cost %d", before, after, s.Bytes)
	}
}
