package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	goruntime "runtime"
	"sync"
	"testing"
	"unique"
	"weak"

	query "querygen.dev/runtime"
)

// defineTasked defines a query that returns its key as text.
func defineTasked[K comparable](name string) *query.Query[K, string] {
	q := query.Define[K, string](query.Definition{Name: "tasks." + name, Kind: query.KindPure, Params: 1, Results: 1})
	q.Bind(nil, func(_ *query.Context, k K) (string, error) { return fmt.Sprint(k), nil })
	return q
}

type taskKey struct {
	dir string
	n   int
}

var tasked = struct {
	in     *query.Query[uint32, uint64]
	int    *query.Query[int, string]
	small  *query.Query[uint8, string]
	text   *query.Query[string, string]
	pair   *query.Query[taskKey, string]
	none   *query.Query[struct{}, string]
	handle *query.Query[unique.Handle[string], string]
	float  *query.Query[float64, string]
	nested *query.Query[query.Task[string], string]
}{
	query.Define[uint32, uint64](query.Definition{Name: "tasks.in", Kind: query.KindInput, Params: 1, Results: 1}),
	defineTasked[int]("int"), defineTasked[uint8]("small"), defineTasked[string]("text"), defineTasked[taskKey]("pair"),
	defineTasked[struct{}]("none"), defineTasked[unique.Handle[string]]("handle"), defineTasked[float64]("float"),
	query.Define[query.Task[string], string](query.Definition{Name: "tasks.nested", Kind: query.KindPure, Params: 1, Results: 1, Fails: true}),
}

func init() {
	tasked.in.Bind(nil, func(*query.Context, uint32) (uint64, error) { return 1, nil })
	tasked.nested.Bind(nil, func(cx *query.Context, t query.Task[string]) (string, error) { return t.Get(cx) })
}

// testTask makes tasks of equal keys in turn, and uses them until they remember.
func testTask[K comparable](t *testing.T, q *query.Query[K, string], key func(i int) K) {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(t.Context())
	met := map[query.Task[string]]int{}
	for range 3 {
		for i := range 3 {
			task := q.Task(key(i))
			for range 4 {
				if got, err := task.Get(cx); err != nil || got != fmt.Sprint(key(i)) {
					t.Fatalf("%v: %q, %v", task, got, err)
				}
				if task != q.Task(key(i)) {
					t.Fatalf("%v is not equal to another one", task)
				}
				met[task]++
			}
			if got, err := tasked.nested.Get(cx, task); err != nil || got != fmt.Sprint(key(i)) {
				t.Fatalf("nested %v: %q, %v", task, got, err)
			}
		}
	}
	for task, n := range met {
		if n%12 != 0 {
			t.Errorf("%v was met %d times", task, n)
		}
	}
}

func TestTasks(t *testing.T) {
	t.Run("int", func(t *testing.T) { testTask(t, tasked.int, func(i int) int { return i * 1000 }) })
	t.Run("uint8", func(t *testing.T) { testTask(t, tasked.small, func(i int) uint8 { return uint8(i) }) })
	t.Run("string", func(t *testing.T) { testTask(t, tasked.text, func(i int) string { return fmt.Sprint("key", i) }) })
	t.Run("struct", func(t *testing.T) { testTask(t, tasked.pair, func(i int) taskKey { return taskKey{fmt.Sprint(i), i} }) })
	t.Run("none", func(t *testing.T) { testTask(t, tasked.none, func(i int) struct{} { return struct{}{} }) })
	t.Run("pointer", func(t *testing.T) {
		testTask(t, tasked.handle, func(i int) unique.Handle[string] { return unique.Make(fmt.Sprint("handle", i)) })
	})
	if tasked.int.Task(1) == tasked.int.Task(2) || tasked.text.Task("x") == tasked.handle.Task(unique.Make("x")) {
		t.Error("different tasks are equal")
	}
	if s := tasked.pair.Task(taskKey{"a", 1}).String(); s != `tasks.pair({dir: "a", n: 1})` {
		t.Error(s)
	}
}

// TestTaskNaN: a key that is not equal to itself has a node for each demand.
func TestTaskNaN(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	task := tasked.float.Task(math.NaN())
	for range 4 {
		if got, err := task.Get(db.Context(t.Context())); got != "NaN" || err != nil {
			t.Error(got, err)
		}
	}
}

// TestTaskDatabases uses a task with several databases in turn, and with one that
// was closed.
func TestTaskDatabases(t *testing.T) {
	var dbs []*query.DB
	task := tasked.in.Task(3)
	for i := range uint64(3) {
		db := query.New(query.Options{})
		defer db.Close()
		if err := db.Update(func(tx *query.Tx) error { tasked.in.Set(tx, 3, 100+i); return nil }); err != nil {
			t.Fatal(err)
		}
		dbs = append(dbs, db)
	}
	for i := range 20 {
		which := i % 3
		if i > 9 {
			which = i / 4 % 3 // so often that it is remembered
		}
		if got, err := task.Get(dbs[which].Context(t.Context())); err != nil || got != 100+uint64(which) {
			t.Fatalf("database %d: %d, %v", which, got, err)
		}
	}
	dbs[1].Close()
	for range 3 {
		if _, err := task.Get(dbs[1].Context(t.Context())); !errors.Is(err, query.ErrClosed) {
			t.Fatalf("closed: %v", err)
		}
	}
}

// TestTaskTogether uses equal tasks, and one and the same, in several goroutines,
// while its value changes.
func TestTaskTogether(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	shared := tasked.in.Task(5)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			last := uint64(0)
			for i := range 2000 {
				task := shared
				if i%2 == 0 {
					task = tasked.in.Task(5)
				}
				v, err := task.Get(db.Context(context.Background()))
				if err != nil || v < last || task != shared {
					t.Errorf("%d after %d, %v", v, last, err)
					return
				}
				last = v
			}
		})
	}
	for i := range uint64(50) {
		if err := db.Update(func(tx *query.Tx) error { tasked.in.Set(tx, 5, 10+i); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}

// TestTaskOutlivesNode uses a task whose node goes, comes back, and goes again.
func TestTaskOutlivesNode(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	task := p.words.Task("gone")
	for range 3 {
		p.set(t, db, "gone", "some text")
		for range 4 {
			if got, err := task.Get(cx); err != nil || got != len("some text")+1 {
				t.Fatal(got, err)
			}
		}
		expect(t, "remembered", query.Remembers(db, p.words, task), true)
		p.set(t, db, "gone", "")
		for n := 0; query.Exists(db, task); n++ {
			p.pass(t, db, 1)
			if n > 1000 {
				t.Fatal("it stays")
			}
		}
		for i := range 10 { // others get its number
			p.set(t, db, fmt.Sprint("other", i), "of others")
			p.words.Value(cx, fmt.Sprint("other", i))
		}
		if got, err := task.Get(cx); err != nil || got != len("nothing")+1 {
			t.Fatal(got, err)
		}
	}
}

// TestTaskKeepsNoDatabase lets go of a database that a task remembers.
func TestTaskKeepsNoDatabase(t *testing.T) {
	task := tasked.text.Task("kept")
	for _, closed := range []bool{false, true} {
		db := func() weak.Pointer[query.DB] {
			db := query.New(query.Options{})
			for range 3 {
				if _, err := task.Get(db.Context(context.Background())); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, "remembered", query.Remembers(db, tasked.text, task), true)
			if closed {
				db.Close()
			}
			return weak.Make(db)
		}()
		for n := 0; db.Value() != nil; n++ {
			if n == 20 {
				t.Fatal("the database is still there")
			}
			goruntime.GC()
		}
	}
	goruntime.KeepAlive(task)
}

// TestHitAllocs: hits do not allocate.
func TestHitAllocs(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(context.Background())
	task, wide := tasked.in.Task(5), tasked.pair.Task(taskKey{"directory", 7})
	hits := map[string]func(cx *query.Context){
		"task":        func(cx *query.Context) { _, _ = task.Get(cx) },
		"struct task": func(cx *query.Context) { _, _ = wide.Get(cx) },
		"key":         func(cx *query.Context) { tasked.in.Value(cx, 5) },
		"struct key":  func(cx *query.Context) { tasked.pair.Value(cx, taskKey{"directory", 7}) },
	}
	for name, hit := range hits {
		for range 3 {
			hit(cx)
		}
		if n := testing.AllocsPerRun(100, func() { hit(cx) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if err := db.Run(context.Background(), func(cx *query.Context) error {
			if n := testing.AllocsPerRun(100, func() { hit(cx) }); n != 0 {
				t.Errorf("%s inside: %v allocations", name, n)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// TestHitsCounted: the count of hits is exact when nothing is running.
func TestHitsCounted(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(context.Background())
	task := tasked.in.Task(5)
	tasked.in.Value(cx, 5)
	before, want := db.Stats().Hits, uint64(0)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				_, _ = task.Get(cx)
				tasked.in.Value(cx, 5)
			}
		})
		want += 2000
	}
	for range 2 {
		wg.Go(func() {
			_ = db.Run(context.Background(), func(cx *query.Context) error {
				var inner sync.WaitGroup
				for range 2 {
					inner.Go(func() {
						for range 500 {
							tasked.in.Value(cx, 5)
						}
					})
				}
				inner.Wait()
				return nil
			})
		})
		want += 1000
	}
	wg.Wait()
	if got := db.Stats().Hits - before; got != want {
		t.Errorf("%d hits, want %d", got, want)
	}
}
