package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// The queries of these tests, beside those of a project: what comes and goes in
// ways of its own.
var (
	ringQuery = query.Define[string, int](query.Definition{Name: "g/ring", Kind: query.KindPure, Params: 1, Fails: true})
	safeQuery = query.Define[string, int](query.Definition{Name: "g/safe", Kind: query.KindPure, Params: 1})
	overlays  = query.Define[string, string](query.Definition{Name: "g/overlay", Kind: query.KindInput, Params: 1})
	reports   = query.Define[int, int](query.Definition{Name: "g/report", Kind: query.KindPure, Params: 1})
	oddQuery  = query.Define[string, int](query.Definition{Name: "g/odd", Kind: query.KindPure, Params: 1})
	booms     = query.Define[string, int](query.Definition{Name: "g/boom", Kind: query.KindPure, Params: 1})
	stamps    = query.Define[string, int](query.Definition{Name: "g/stamp", Kind: query.KindGeneration, Params: 1})

	reported, odds atomic.Int64
)

func init() {
	p := projects
	ringQuery.Bind(nil, func(cx *query.Context, name string) (int, error) {
		if name == "a" {
			p.file.Value(cx, name)
			return ringQuery.Get(cx, "b")
		}
		return ringQuery.Get(cx, "a")
	})
	safeQuery.Bind(nil, func(cx *query.Context, name string) (int, error) {
		if _, err := ringQuery.Get(cx, name); err != nil {
			return 7, nil
		}
		return 0, nil
	})
	overlays.Bind(nil, func(cx *query.Context, name string) (string, error) { return p.file.Value(cx, name), nil })
	reports.Bind(nil, func(cx *query.Context, n int) (int, error) {
		reported.Add(1)
		sum := 0
		for i := range n {
			list, _ := query.Collect[string](cx, p.words.Task(fmt.Sprint("part", i)))
			sum += len(list)
		}
		return sum, nil
	})
	oddQuery.Bind(nil, func(cx *query.Context, name string) (int, error) {
		p.file.Value(cx, name)
		return int(odds.Add(1)), nil
	})
	booms.Bind(nil, func(cx *query.Context, name string) (int, error) { panic("boom " + name) })
	stamps.Bind(nil, func(*query.Context, string) (int, error) { return 1, nil })
}

func overlay(t *testing.T, db *query.DB, name, text string) {
	t.Helper()
	err := db.Update(func(tx *query.Tx) error {
		if text == "" {
			overlays.Unset(tx, name)
		} else {
			overlays.Set(tx, name, text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever gets the number of a node that was on a cycle is not on that.
func TestNumberOfCycleMember(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	p.set(t, db, "a", "text")
	if _, err := ringQuery.Get(cx, "a"); err == nil {
		t.Fatal("there is no cycle")
	}
	p.set(t, db, "a", "")
	for query.Exists(db, ringQuery.Task("a")) {
		p.pass(t, db, 1)
	}
	expect(t, "the other member is there", query.Exists(db, ringQuery.Task("b")), true)
	v, err := safeQuery.Get(cx, "b")
	expect(t, "a reader of the cycle", fmt.Sprint(v, err), "7 <nil>")
	_, err = ringQuery.Get(cx, "a")
	if _, ok := errors.AsType[*query.CycleError](err); !ok {
		t.Errorf("a member ends in %v", err)
	}
}

// A node that has gone with another while it was suspected itself leaves nothing
// behind that would hide the next one of its number.
func TestSuspectGoesWithAnother(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	p.set(t, db, "x", "on disk")
	overlay(t, db, "x", "edited")
	overlay(t, db, "x", "")
	for range 300 { // in use: it is looked at less and less often
		expect(t, "overlay", overlays.Value(cx, "x"), "on disk")
		p.pass(t, db, 1)
	}
	p.set(t, db, "x", "")
	for n := 0; query.Exists(db, overlays.Task("x")); n++ {
		p.pass(t, db, 1)
		if n > 100 {
			t.Fatal("it stays")
		}
	}
	for i := range 3 {
		overlay(t, db, fmt.Sprint("y", i), "edited")
		overlays.Value(cx, fmt.Sprint("y", i))
		overlay(t, db, fmt.Sprint("y", i), "")
	}
	p.pass(t, db, 2000)
	for i := range 3 {
		expect(t, "exists", query.Exists(db, overlays.Task(fmt.Sprint("y", i))), false)
	}
}

// What is demanded again and again stays, though what it has collected with is
// looked at by nobody meanwhile.
func TestCollectedStaysForBudget(t *testing.T) {
	p := projects
	_, cx := newProject(t, query.Options{MemoryBudget: 100 << 10})
	const parts = 1000
	reported.Store(0)
	for i := range 3000 {
		p.words.Value(cx, fmt.Sprint("name", i))
		if i%4 == 0 {
			expect(t, "report", reports.Value(cx, parts), parts)
		}
	}
	if n := reported.Load(); n > 2 {
		t.Errorf("it was made %d times", n)
	}
}

// Each impure node is reported, also if it has the number of one that was.
func TestViolationsOfReusedNumbers(t *testing.T) {
	p := projects
	var violations atomic.Int64
	db, cx := newProject(t, query.Options{Verify: query.VerifyAll, OnEvent: func(e query.Event) {
		if e.Kind == query.Violation {
			violations.Add(1)
		}
	}})
	const files = 10
	for i := range files {
		name := fmt.Sprint("odd", i)
		p.set(t, db, name, "text")
		oddQuery.Value(cx, name)
		oddQuery.Value(cx, name)
		p.set(t, db, name, "")
		p.pass(t, db, 40)
	}
	expect(t, "violations", violations.Load(), files)
}

// What has never come to an outcome does not stay for ever.
func TestNeverFinishedGoes(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	p.pass(t, db, 1)
	start := db.Stats().Nodes
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range 500 {
		name := fmt.Sprint("never", i)
		if _, err := p.words.Get(db.Context(over), name); err == nil {
			t.Fatal("a request that has ended has an answer")
		}
		if _, err := query.Collect[string](db.Context(over), p.words.Task(name)); err == nil {
			t.Fatal("a request that has ended has an answer")
		}
		_ = db.Run(context.Background(), func(cx *query.Context) error {
			_, err := booms.Get(cx, name)
			return err
		})
		_ = db.Update(func(tx *query.Tx) error { stamps.Refresh(tx, name); return nil })
	}
	expect(t, "words", p.words.Value(cx, "never0"), len("nothing")+1)
	p.pass(t, db, 200)
	if n := db.Stats().Nodes; n > start+3 {
		t.Errorf("%d nodes, %d at the start", n, start)
	}
	expect(t, "what was made later stays", query.Exists(db, p.words.Task("never0")), true)
}

// The list of keys costs nothing until somebody asks for it.
func TestKeysOnDemand(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	for i := range 10 {
		p.set(t, db, fmt.Sprint("file", i), "text")
		p.file.Value(cx, fmt.Sprint("file", i))
	}
	expect(t, "nodes", db.Stats().Nodes, 10)
	expect(t, "keys", len(p.file.Keys(cx)), 10)
	p.set(t, db, "file3", "")
	expect(t, "keys", fmt.Sprint(p.file.Keys(cx)), "[file0 file1 file2 file4 file5 file6 file7 file8 file9]")
}

// Nodes go also where somebody always updates.
func TestGarbageDuringUpdates(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	stop := make(chan bool)
	var updaters sync.WaitGroup
	for u := range 4 {
		updaters.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_ = db.Update(func(tx *query.Tx) error {
					time.Sleep(200 * time.Microsecond)
					p.file.Set(tx, fmt.Sprint("updated", u), fmt.Sprint(i))
					return nil
				})
			}
		})
	}
	most := 0
	for i := range 300 {
		name := fmt.Sprint("file", i)
		p.set(t, db, name, "text")
		expect(t, "words", p.words.Value(cx, name), len("text")+1)
		p.set(t, db, name, "")
		most = max(most, db.Stats().Nodes)
	}
	close(stop)
	updaters.Wait()
	if most > 300 {
		t.Errorf("there were up to %d nodes", most)
	}
}

// A key that comes back soon is where it was, whatever has gone meanwhile.
func TestKeysOrderOfDragged(t *testing.T) {
	p := projects
	for pause := range 40 {
		db, cx := newProject(t, query.Options{})
		p.set(t, db, "x", "on disk")
		for _, name := range []string{"x", "y", "z"} {
			overlay(t, db, name, "edited")
		}
		expect(t, "keys", fmt.Sprint(overlays.Keys(cx)), "[x y z]")
		p.set(t, db, "x", "")
		p.pass(t, db, pause)
		overlay(t, db, "x", "")
		overlays.Value(cx, "x") // what it reads goes soon
		p.pass(t, db, 25)
		overlay(t, db, "x", "edited")
		expect(t, fmt.Sprint("keys after ", pause), fmt.Sprint(overlays.Keys(cx)), "[x y z]")
	}
}

// A Context that outlives its query tells whose it was.
func TestLateContextOfGoneNode(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	p.set(t, db, "leak", "text")
	leakQuery.Value(cx, "leak")
	p.set(t, db, "leak", "")
	p.pass(t, db, 100)
	expect(t, "it is there", query.Exists(db, leakQuery.Task("leak")), false)
	p.words.Value(cx, "other")
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, `leak("leak")`) {
			t.Errorf("panic %.200s", text)
		}
	}()
	p.words.Value(leaked, "other")
}

var (
	leakQuery = query.Define[string, int](query.Definition{Name: "g/leak", Kind: query.KindPure, Params: 1})
	leaked    *query.Context
)

func init() {
	leakQuery.Bind(nil, func(cx *query.Context, name string) (int, error) {
		leaked = cx
		return len(projects.file.Value(cx, name)), nil
	})
}
