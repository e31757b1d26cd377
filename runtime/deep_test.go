package runtime_test

import (
	"errors"
	"flag"
	goruntime "runtime"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

var deepest = flag.Int("deep", 20_000, "length of the chains in the tests of depth")

var (
	deepIn    = query.Define[int, int](query.Definition{Name: "t/deep.in", Kind: query.KindInput, Params: 1})
	deepChain = query.Define[int, int](query.Definition{Name: "t/deep.chain", Kind: query.KindPure, Params: 1})
)

func init() {
	deepIn.Bind(nil, func(cx *query.Context, k int) (int, error) { return 0, nil })
	deepChain.Bind(nil, func(cx *query.Context, k int) (int, error) {
		if k == 0 {
			switch v := deepIn.Value(cx, 0); {
			case v < 0:
				return deepChain.Value(cx, *deepest), nil // the far end calls the near one
			case v > 100:
				panic("deep")
			default:
				return v, nil
			}
		}
		return deepChain.Value(cx, k-1), nil
	})
}

// TestDeep runs, verifies, changes, and closes to a cycle a chain that is deeper
// than a stack of Go can be.
func TestDeep(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(t.Context())
	set := func(key, v int) {
		t.Helper()
		if err := db.Update(func(tx *query.Tx) error { deepIn.Set(tx, key, v); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	demand := func(what string, want int, runs uint64) {
		t.Helper()
		start, before := time.Now(), db.Stats().Runs
		if got := deepChain.Value(cx, *deepest); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
		if ran := db.Stats().Runs - before; ran != runs {
			t.Errorf("%s: %d runs, want %d", what, ran, runs)
		}
		t.Logf("%-22s %8v  %4d ns a node", what, time.Since(start).Round(time.Millisecond), time.Since(start).Nanoseconds()/int64(*deepest))
	}
	all := uint64(*deepest) + 1
	demand("first run", 0, all+1) // and the input's own body
	set(1, 7)
	demand("unrelated change", 0, 0)
	set(0, 5)
	demand("changed at the end", 5, all)
	set(0, -1)
	for _, what := range []string{"closed to a cycle", "and again"} {
		start := time.Now()
		_, err := query.Do(t.Context(), db, func(cx *query.Context) (int, error) { return deepChain.Value(cx, *deepest), nil })
		cycle, ok := errors.AsType[*query.CycleError](err)
		if !ok || len(cycle.Nodes) != *deepest+1 || cycle.Nodes[0].Key != 0 {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%-22s %8v  %4d ns a node", what, time.Since(start).Round(time.Millisecond), time.Since(start).Nanoseconds()/int64(*deepest))
		set(1, 8)
	}
	set(0, 101)
	err := db.Run(t.Context(), func(cx *query.Context) error { deepChain.Value(cx, *deepest); return nil })
	if p, ok := errors.AsType[*query.PanicError](err); !ok || len(p.Queries) != *deepest+1 {
		t.Errorf("panic in the depth: %.200v", err)
	}
	set(0, 5)
	demand("open again", 5, all)
	set(0, 6)
	set(0, 5)
	demand("away and back", 5, 0)
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	t.Logf("%d MB from the system", m.Sys>>20)
}

var deepNotes = query.Define[int, int](query.Definition{Name: "t/deep.notes", Kind: query.KindPure, Params: 1})

func init() {
	deepNotes.Bind(nil, func(cx *query.Context, k int) (int, error) {
		query.Emit(cx, k)
		if k == 0 {
			return deepIn.Value(cx, 0), nil
		}
		return deepNotes.Value(cx, k-1), nil
	})
}

// TestDeepCollect collects along a chain, each node of which emits.
func TestDeepCollect(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(t.Context())
	collect := func(what string, key, v int) {
		t.Helper()
		if err := db.Update(func(tx *query.Tx) error { deepIn.Set(tx, key, v); return nil }); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		list, err := query.Collect[int](cx, deepNotes.Task(*deepest))
		if len(list) != *deepest+1 || err != nil || list[0] != *deepest || list[*deepest] != 0 {
			t.Errorf("%s: %d values, %v", what, len(list), err)
		}
		t.Logf("%-22s %8v  %4d ns a node", what, time.Since(start).Round(time.Millisecond), time.Since(start).Nanoseconds()/int64(*deepest))
	}
	collect("first time", 0, 1)
	collect("unrelated change", 1, 1)
	collect("changed at the end", 0, 2)
}
