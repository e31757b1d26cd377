package runtime_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/querytest"
)

// The bodies of these queries are functions of the tests, too.
var (
	listQ  = query.Define[string, []int](query.Definition{Name: "t/verify.list", Kind: query.KindPure, Params: 1, Fails: true})
	neverQ = query.Define[string, []int](query.Definition{Name: "t/verify.never", Kind: query.KindPure, Params: 1, EqNever: true})
	sameQ  = query.Define[string, *int](query.Definition{Name: "t/verify.identity", Kind: query.KindPure, Params: 1, Identity: true})
	funcQ  = query.Define[string, callback](query.Definition{Name: "t/verify.func", Kind: query.KindPure, Params: 1})
	lockQ  = query.Define[string, *locked](query.Definition{Name: "t/verify.locked", Kind: query.KindPure, Params: 1})
	onceQ  = query.Define[string, int](query.Definition{Name: "t/verify.limited", Kind: query.KindPure, Params: 1, Limit: 1})
	genQ   = query.Define[string, int](query.Definition{Name: "t/verify.generation", Kind: query.KindGeneration, Params: 1})
	hookIO = query.Define[string, int](query.Definition{Name: "t/verify.input", Kind: query.KindInput, Params: 1})

	lists sync.Map // key -> func(*query.Context) ([]int, error)
	calls atomic.Int64
)

type callback struct {
	Name string
	Call func() int
}

// A locked looks after itself.
type locked struct {
	mu    sync.Mutex
	asked []int
}

func init() {
	listQ.Bind(nil, func(cx *query.Context, key string) ([]int, error) {
		f, _ := lists.Load(key)
		return f.(func(*query.Context) ([]int, error))(cx)
	})
	number := func(*query.Context, string) (int, error) { return int(calls.Add(1)), nil }
	neverQ.Bind(nil, func(*query.Context, string) ([]int, error) { return []int{int(calls.Add(1))}, nil })
	sameQ.Bind(nil, func(*query.Context, string) (*int, error) { return new(int), nil })
	funcQ.Bind(nil, func(*query.Context, string) (callback, error) {
		n := int(calls.Add(1))
		return callback{"f", func() int { return n }}, nil
	})
	lockQ.Bind(nil, func(*query.Context, string) (*locked, error) { return &locked{}, nil })
	onceQ.Bind(nil, number)
	genQ.Bind(nil, number)
	hookIO.Bind(nil, number)
}

func listHook(t *testing.T, name string, f func(cx *query.Context) ([]int, error)) string {
	key := t.Name() + "/" + name
	lists.Store(key, f)
	t.Cleanup(func() { lists.Delete(key) })
	return key
}

// violations returns a database that verifies, and what it reports.
func violations(t *testing.T, mode query.VerifyMode) (*query.DB, func() []*query.VerifyError) {
	var mu sync.Mutex
	var list []*query.VerifyError
	db := query.New(query.Options{Verify: mode, OnEvent: func(e query.Event) {
		if e.Kind == query.Violation {
			mu.Lock()
			defer mu.Unlock()
			list = append(list, e.Err.(*query.VerifyError))
		}
	}})
	t.Cleanup(func() { db.Close() })
	return db, func() []*query.VerifyError {
		mu.Lock()
		defer mu.Unlock()
		found := list
		list = nil
		return found
	}
}

// one fails the test unless there is one violation, whose text has these parts.
func one(t *testing.T, found []*query.VerifyError, parts ...string) *query.VerifyError {
	t.Helper()
	if len(found) != 1 {
		t.Fatalf("%d violations, want one: %v", len(found), found)
	}
	for _, p := range parts {
		if !strings.Contains(found[0].Error(), p) {
			t.Errorf("the report has no %q: %v", p, found[0])
		}
	}
	return found[0]
}

func none(t *testing.T, found []*query.VerifyError) {
	t.Helper()
	if len(found) > 0 {
		t.Errorf("unexpected: %v", found)
	}
}

func TestVerifyImpure(t *testing.T) {
	db, found := violations(t, query.VerifyAll)
	setHook(t, db, "a", 1)
	outside := 7
	key := hook(t, "impure", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "a")*0 + outside, nil })
	top := hook(t, "top", func(cx *query.Context) (int, error) { return hookQ.Get(cx, key) })
	cx := db.Context(t.Context())
	ask := func() int {
		v, err := hookQ.Get(cx, top)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	ask()
	ask() // green, and the same
	none(t, found())
	outside = 8
	setHook(t, db, "a", 2)
	setHook(t, db, "b", 2)
	if v := ask(); v != 8 { // it has run, for a good reason
		t.Errorf("got %d", v)
	}
	none(t, found())
	outside = 9
	setHook(t, db, "b", 3)
	if v, _ := hookQ.Get(cx, key); v != 8 {
		t.Errorf("got %d, want the value that is stored", v)
	}
	e := one(t, found(), `hook.pure(`, "impure", "returned 8", "reads it returns 9", `reads: hook.in("a")`)
	if e.Written || e.Stored != "8" || e.Again != "9" || len(e.Reads) != 1 || e.Reads[0].Key != "a" || e.Node.Key != key {
		t.Errorf("got %+v", e)
	}
	setHook(t, db, "b", 4)
	ask()
	none(t, found()) // once is enough
}

// What a verification finds green deep below is looked at as well, each node for
// itself.
func TestVerifyBelow(t *testing.T) {
	db, found := violations(t, query.VerifyAll)
	outside, runs := 1, 0
	setHook(t, db, "c", 0)
	low := hook(t, "low", func(cx *query.Context) (int, error) { runs++; return hookIn.Value(cx, "c")/10 + outside, nil })
	parity := hook(t, "parity", func(cx *query.Context) (int, error) {
		v, err := hookQ.Get(cx, low)
		return v % 2, err
	})
	keys := []string{parity}
	for i := range 20 {
		below := keys[i]
		keys = append(keys, hook(t, fmt.Sprint(i), func(cx *query.Context) (int, error) {
			runs++
			a, _ := hookQ.Get(cx, below)
			b, err := hookQ.Get(cx, below)
			return a + b, err
		}))
	}
	top := keys[20]
	if _, err := hookQ.Get(db.Context(t.Context()), top); err != nil {
		t.Fatal(err)
	}
	before := runs
	setHook(t, db, "c", 1) // low runs, and is cut off
	outside = 2
	setHook(t, db, "c", 0) // set back: nothing has changed
	if _, err := hookQ.Get(db.Context(t.Context()), top); err != nil {
		t.Fatal(err)
	}
	if runs-before > 30 {
		t.Errorf("%d runs for 22 nodes", runs-before)
	}
	_, _ = hookQ.Get(db.Context(t.Context()), low)
	one(t, found(), low)
}

func TestVerifyStrangeRead(t *testing.T) {
	db, found := violations(t, query.VerifyAll)
	which := "a"
	key := hook(t, "body", func(cx *query.Context) (int, error) { return hookIn.Value(cx, which), nil })
	for range 2 {
		_, _ = hookQ.Get(db.Context(t.Context()), key)
	}
	none(t, found())
	which = "z"
	setHook(t, db, "q", 1)
	nodes := db.Stats().Runs
	_, _ = hookQ.Get(db.Context(t.Context()), key)
	e := one(t, found(), "it calls", `hook.in("z")`)
	if e.Strange.Key != "z" || db.Stats().Runs != nodes {
		t.Errorf("got %+v, %d runs", e, db.Stats().Runs-nodes)
	}
}

func TestVerifyWritten(t *testing.T) {
	db, found := violations(t, query.VerifyAll)
	setHook(t, db, "a", 5)
	key := listHook(t, "list", func(cx *query.Context) ([]int, error) { return []int{3, hookIn.Value(cx, "a"), 1}, nil })
	cx := db.Context(t.Context())
	list, _ := listQ.Get(cx, key)
	slices.Sort(list)
	_, _ = listQ.Get(cx, key)
	e := one(t, found(), "verify.list", "written to", "[1, 3, 5]", "[3, 5, 1]", `hook.in("a")`)
	if !e.Written {
		t.Errorf("got %+v", e)
	}
	_, _ = listQ.Get(cx, key)
	none(t, found())

	setHook(t, db, "a", 6) // a new value, written to as well, and never handed out again
	list, _ = listQ.Get(cx, key)
	none(t, found())
	other := listHook(t, "other", func(cx *query.Context) ([]int, error) { return []int{1}, nil })
	list, _ = listQ.Get(cx, other)
	list[0] = 2
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	one(t, found(), "other", "[2]")
}

// A value that is written to before it is verified, by whoever has it, is no
// reason to call the query impure.
func TestVerifyWrittenBelow(t *testing.T) {
	db, found := violations(t, query.VerifyAll)
	setHook(t, db, "a", 5)
	key := listHook(t, "list", func(cx *query.Context) ([]int, error) { return []int{hookIn.Value(cx, "a") / 100}, nil })
	var kept []int
	top := listHook(t, "top", func(cx *query.Context) ([]int, error) {
		list, err := listQ.Get(cx, key)
		kept = list
		return []int{len(list)}, err
	})
	_, _ = listQ.Get(db.Context(t.Context()), top)
	kept[0] = 9
	setHook(t, db, "b", 1)
	_, _ = listQ.Get(db.Context(t.Context()), key)
	if e := one(t, found(), "written to"); !e.Written {
		t.Errorf("got %+v", e)
	}
}

func TestVerifyEmissions(t *testing.T) {
	db, found := violations(t, query.VerifyAll)
	emits := 1
	key := hook(t, "body", func(cx *query.Context) (int, error) {
		for i := range emits {
			query.Emit(cx, note{Node: i})
		}
		return 1, nil
	})
	cx := db.Context(t.Context())
	list, _ := query.Collect[note](cx, hookQ.Task(key))
	none(t, found())
	list[0].Node = 17
	_, _ = query.Collect[note](cx, hookQ.Task(key))
	one(t, found(), "written to", key)

	other := hook(t, "other", func(cx *query.Context) (int, error) {
		for i := range emits {
			query.Emit(cx, note{Node: i})
		}
		return 1, nil
	})
	_, _ = hookQ.Get(cx, other)
	emits = 2
	_, _ = hookQ.Get(cx, other)
	one(t, found(), "emits something else", other)
}

// What is not judged: everything that may differ between two runs by right.
func TestVerifyJudgesNot(t *testing.T) {
	db, found := violations(t, query.VerifyAll)
	cx := db.Context(t.Context())
	err := db.Update(func(tx *query.Tx) error { hookIO.Set(tx, "set", 1); return nil })
	if err != nil {
		t.Fatal(err)
	}
	now := hook(t, "always", func(cx *query.Context) (int, error) { return int(calls.Add(1)), nil })
	above := hook(t, "above", func(cx *query.Context) (int, error) { return hookNow.Get(cx, now) })
	transient := hook(t, "transient", func(cx *query.Context) (int, error) { return 0, query.Transient(fmt.Errorf("%d", calls.Add(1))) })
	panics := hook(t, "panics", func(cx *query.Context) (int, error) {
		if query.Aside(cx) {
			panic("only once")
		}
		return 1, nil
	})
	var a, b string
	a = hook(t, "a", func(cx *query.Context) (int, error) { _, err := hookQ.Get(cx, b); return int(calls.Add(1)), err })
	b = hook(t, "b", func(cx *query.Context) (int, error) { _, err := hookQ.Get(cx, a); return int(calls.Add(1)), err })
	offCycle := hook(t, "off", func(cx *query.Context) (int, error) {
		_, err := hookQ.Get(cx, a)
		if c, ok := errors.AsType[*query.CycleError](err); ok {
			return len(c.Nodes), nil
		}
		return 0, err
	})
	mapped := hook(t, "map", func(cx *query.Context) (int, error) {
		vs, err := query.Map(cx, []string{above, offCycle, above}, hookQ.Get)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = hookQ.Get(cx, offCycle) })
		wg.Wait()
		if cx.Err() != nil {
			return 0, cx.Err()
		}
		return vs[1], err
	})
	for range 3 {
		for range 2 {
			err := db.Run(t.Context(), func(cx *query.Context) error {
				for _, key := range []string{above, transient, panics, a, b, offCycle, mapped, above, mapped} {
					_, _ = hookQ.Get(cx, key)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			neverQ.Value(cx, "k")
			sameQ.Value(cx, "k")
			funcQ.Value(cx, "k")
			l := lockQ.Value(cx, "k")
			l.mu.Lock()
			l.asked = append(l.asked, 1)
			l.mu.Unlock()
			onceQ.Value(cx, "k")
			genQ.Value(cx, "k")
			hookIO.Value(cx, "set")
			hookIO.Value(cx, "unset")
			_ = hookIO.Keys(cx)
		}
		db.NextGeneration()
	}
	none(t, found())
}

// A run aside leaves no trace.
func TestVerifyLeavesNoTrace(t *testing.T) {
	events := func(mode query.VerifyMode) (string, query.Stats, string) {
		var log strings.Builder
		var mu sync.Mutex
		db := query.New(query.Options{Verify: mode, OnEvent: func(e query.Event) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(&log, e.Kind, e.Key, e.Revision)
		}})
		defer db.Close()
		setHook(t, db, "a", 1)
		low := hook(t, "low", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "a") / 2, nil })
		top := hook(t, "top", func(cx *query.Context) (int, error) {
			query.Emit(cx, note{Node: 1})
			v, _ := hookQ.Get(cx, low)
			w, err := hookQ.Get(cx, low)
			return v + w, err
		})
		for i := range 4 {
			for range 2 {
				_, _ = hookQ.Get(db.Context(t.Context()), top)
			}
			setHook(t, db, "a", i)
		}
		return log.String(), db.Stats(), fmt.Sprint(query.Inspect(db, hookQ.Task(top)))
	}
	wantLog, wantStats, wantInfo := events(query.VerifyOff)
	gotLog, gotStats, gotInfo := events(query.VerifyAll)
	if gotLog != wantLog || gotStats != wantStats || gotInfo != wantInfo {
		t.Errorf("with verification:\n%s%+v\n%s\nwithout:\n%s%+v\n%s", gotLog, gotStats, gotInfo, wantLog, wantStats, wantInfo)
	}
}

// A body that waits for something that comes once holds nobody up for long.
func TestVerifyWaitsNotForEver(t *testing.T) {
	defer query.SetAsideFor(20 * time.Millisecond)()
	db, found := violations(t, query.VerifyAll)
	started, release := make(chan bool, 1), make(chan bool)
	defer close(release)
	key := hook(t, "body", func(cx *query.Context) (int, error) {
		select {
		case started <- true:
		case <-release:
		}
		return 1, nil
	})
	for range 2 {
		if v, err := hookQ.Get(db.Context(t.Context()), key); v != 1 || err != nil {
			t.Errorf("got %v, %v", v, err)
		}
	}
	none(t, found())
}

func TestVerifySample(t *testing.T) {
	db, found := violations(t, query.VerifySample)
	const count = 1000
	setHook(t, db, "a", 1)
	low := hook(t, "low", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "a") / 100, nil })
	var keys []string
	for i := range count {
		keys = append(keys, hook(t, fmt.Sprint(i), func(cx *query.Context) (int, error) {
			_, err := hookQ.Get(cx, low)
			return int(calls.Add(1)), err
		}))
	}
	ask := func() {
		for _, k := range keys {
			_, _ = hookQ.Get(db.Context(t.Context()), k)
		}
	}
	ask()
	ask() // a hit without a lock is not looked at
	none(t, found())
	setHook(t, db, "a", 2)
	query.Inspect(db, hookQ.Task(keys[0])) // or low is run, and nothing above it is looked at at all
	ask()
	if n := len(found()); n == 0 || n > count/4 {
		t.Errorf("%d of %d nodes were looked at", n, count)
	}
}

// Without OnEvent a violation is logged.
func TestVerifyLogs(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	db := query.New(query.Options{Verify: query.VerifyAll})
	defer db.Close()
	key := hook(t, "body", func(cx *query.Context) (int, error) { return int(calls.Add(1)), nil })
	for range 3 {
		_, _ = hookQ.Get(db.Context(t.Context()), key)
	}
	if n := strings.Count(log.String(), "is impure"); n != 1 {
		t.Errorf("%d lines in the log:\n%s", n, log.String())
	}
}

// querytest fails the test, unless it was told not to look.
func TestVerifyByDefault(t *testing.T) {
	for mode, want := range map[query.VerifyMode]int{query.VerifyOff: 1, query.VerifyAll: 1, query.VerifyNone: 0} {
		r := &testRecorder{TB: t}
		db, log := querytest.New(r, query.Options{Verify: mode})
		key := hook(t, "body", func(cx *query.Context) (int, error) { return int(calls.Add(1)), nil })
		for range 2 {
			_, _ = hookQ.Get(db.Context(t.Context()), key)
		}
		log.Ran(fmt.Sprintf("hook.pure(%q)", key))
		if len(r.errors) != want {
			t.Errorf("mode %d: %d errors, want %d: %v", mode, len(r.errors), want, r.errors)
		}
	}
}

// A testRecorder keeps its errors.
type testRecorder struct {
	testing.TB
	errors []string
}

func (r *testRecorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
