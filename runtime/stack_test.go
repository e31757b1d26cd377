package runtime_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	query "querygen.dev/runtime"
)

var foldLeaf = query.Define[string, int](query.Definition{Name: "t/fold.leaf", Kind: query.KindGeneration, Params: 1, Fails: true})

func init() {
	foldLeaf.Bind(nil, func(cx *query.Context, key string) (int, error) {
		f, _ := hooks.Load(key)
		return f.(func(*query.Context) (int, error))(cx)
	})
}

// A fold is a chain that is verified down to a leaf, whose body is again in its
// second run. So all above it is folded when that begins.
type fold struct {
	db   *query.DB
	keys []string // from the top on, the leaf last
	runs atomic.Int64
}

func newFold(t *testing.T, opts query.Options, again func(cx *query.Context, f *fold) (int, error)) *fold {
	f := &fold{db: query.New(opts)}
	t.Cleanup(func() { f.db.Close() })
	first := true
	below := hook(t, "leaf", func(cx *query.Context) (int, error) {
		if f.runs.Add(1); first {
			first = false
			return 1, nil
		}
		return again(cx, f)
	})
	f.keys, first = []string{below}, true
	for _, name := range []string{"low", "mid", "top"} {
		read := hookQ.Get
		if name == "low" {
			read = foldLeaf.Get
		}
		child := below
		below = hook(t, name, func(cx *query.Context) (int, error) {
			f.runs.Add(1)
			return read(cx, child)
		})
		f.keys = append([]string{below}, f.keys...)
	}
	if _, err := f.demand(t, 0); err != nil {
		t.Fatal(err)
	}
	f.db.NextGeneration()
	f.runs.Store(0)
	return f
}

func (f *fold) demand(t *testing.T, i int) (int, error) {
	return hookQ.Get(f.db.Context(t.Context()), f.keys[i])
}

// Whoever demands a node that is folded waits for it.
func TestFoldedNodeIsWaitedFor(t *testing.T) {
	begun, waits := make(chan bool), make(chan bool, 1)
	told := func(e query.Event) {
		if e.Kind == query.Wait {
			waits <- true
		}
	}
	f := newFold(t, query.Options{Parallelism: 2, OnEvent: told}, func(*query.Context, *fold) (int, error) {
		begun <- true
		<-waits
		return 1, nil
	})
	ends := make(chan error, 2)
	go func() { _, err := f.demand(t, 0); ends <- err }()
	<-begun
	go func() { _, err := f.demand(t, 1); ends <- err }()
	for range 2 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	if n := f.runs.Load(); n != 1 {
		t.Errorf("%d runs, not that of the leaf alone", n)
	}
}

// A cycle that leads through folded nodes has all of them.
func TestCycleOfFoldedNodes(t *testing.T) {
	f := newFold(t, query.Options{}, func(cx *query.Context, f *fold) (int, error) {
		return hookQ.Get(cx, f.keys[0])
	})
	_, err := f.demand(t, 0)
	if cycle := (*query.CycleError)(nil); !errors.As(err, &cycle) || len(cycle.Nodes) != len(f.keys) {
		t.Errorf("the top ends in %v, not in a cycle of %d", err, len(f.keys))
	}
}

// A panic below folded nodes shows them.
func TestPanicBelowFoldedNodes(t *testing.T) {
	f := newFold(t, query.Options{}, func(*query.Context, *fold) (int, error) { panic("boom") })
	_, err := query.Do(t.Context(), f.db, func(cx *query.Context) (int, error) {
		return hookQ.Get(cx, f.keys[0])
	})
	p := (*query.PanicError)(nil)
	if !errors.As(err, &p) {
		t.Fatalf("%v is no panic", err)
	}
	var keys []string
	for _, n := range p.Queries {
		keys = append(keys, n.Key.(string))
	}
	if got, want := strings.Join(keys, " "), strings.Join(f.keys, " "); got != want {
		t.Errorf("the query stack is %s, not %s", got, want)
	}
}
