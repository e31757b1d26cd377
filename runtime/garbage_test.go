package runtime_test

import (
	"context"
	"fmt"
	"testing"

	query "querygen.dev/runtime"
)

// The queries of these tests: a file that is set, and what is made of it.
type project struct {
	file  *query.Query[string, string]
	kind  *query.Query[string, string] // of the name alone
	words *query.Query[string, int]
	all   *query.Query[struct{}, int]
	loop  *query.Query[string, int] // on a cycle with itself
}

var projects = &project{
	file:  query.Define[string, string](query.Definition{Name: "g/file", Kind: query.KindInput, Params: 1}),
	kind:  query.Define[string, string](query.Definition{Name: "g/kind", Kind: query.KindPure, Params: 1}),
	words: query.Define[string, int](query.Definition{Name: "g/words", Kind: query.KindPure, Params: 1}),
	all:   query.Define[struct{}, int](query.Definition{Name: "g/all", Kind: query.KindPure}),
	loop:  query.Define[string, int](query.Definition{Name: "g/loop", Kind: query.KindPure, Params: 1}),
}

func init() {
	p := projects
	p.file.Bind(nil, func(*query.Context, string) (string, error) { return "nothing", nil })
	p.kind.Bind(nil, func(_ *query.Context, name string) (string, error) { return name[len(name)-1:], nil })
	p.words.Bind(nil, func(cx *query.Context, name string) (int, error) {
		query.Emit(cx, name)
		return len(p.file.Value(cx, name)) + len(p.kind.Value(cx, name)), nil
	})
	p.all.Bind(nil, func(cx *query.Context, _ struct{}) (int, error) {
		sum := 0
		for _, name := range p.file.Keys(cx) {
			sum += p.words.Value(cx, name)
		}
		return sum, nil
	})
	p.loop.Fixpoint(func(*query.Context, string) (int, error) { return 0, nil })
	p.loop.Bind(nil, func(cx *query.Context, name string) (int, error) {
		return min(p.loop.Value(cx, name)+1, len(p.file.Value(cx, name))), nil
	})
}

func (p *project) set(t *testing.T, db *query.DB, name, text string) {
	t.Helper()
	err := db.Update(func(tx *query.Tx) error {
		if text == "" {
			p.file.Unset(tx, name)
		} else {
			p.file.Set(tx, name, text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pass lets revisions go by.
func (p *project) pass(t *testing.T, db *query.DB, revisions int) {
	t.Helper()
	for i := range revisions {
		p.set(t, db, "clock", fmt.Sprint("tick", i, db.Revision()))
		p.words.Value(db.Context(context.Background()), "clock")
	}
}

func newProject(t *testing.T, opts query.Options) (*query.DB, *query.Context) {
	t.Helper()
	db := query.New(opts)
	t.Cleanup(func() {
		if err := query.CheckInvariants(db); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	return db, db.Context(context.Background())
}

// What depends on files that came and went goes with them, whoever has asked for
// it in which way.
func TestVanishedInputs(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	p.pass(t, db, 1)
	p.all.Value(cx, struct{}{})
	start := db.Stats().Nodes
	most := 0
	for i := range 2000 {
		name := fmt.Sprint("file", i)
		p.set(t, db, name, "some text")
		want := len("some text") + 1
		expect(t, "words", p.words.Value(cx, name), want)
		if list, err := query.Collect[string](cx, p.words.Task(name)); err != nil || len(list) != 1 || list[0] != name {
			t.Fatalf("collected %v, %v", list, err)
		}
		expect(t, "loop", p.loop.Value(cx, name), len("some text"))
		p.all.Value(cx, struct{}{})
		p.set(t, db, name, "")
		if i%2 == 0 { // somebody wants to know that it is gone
			expect(t, "words", p.words.Value(cx, name), len("nothing")+1)
		}
		most = max(most, db.Stats().Nodes)
	}
	if most > start+50*5 {
		t.Errorf("there were up to %d nodes, %d at the start", most, start)
	}
	p.all.Value(cx, struct{}{})
	p.pass(t, db, 200)
	if left := db.Stats(); left.Nodes > start || left.Collected < 2000*4 {
		t.Errorf("%d nodes are left of %d, %d were collected", left.Nodes, start, left.Collected)
	}
}

// A file that comes back finds its place, and everything is as it was.
func TestVanishedInputComesBack(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	for round := range 5 {
		for _, name := range []string{"a", "b", "c"} {
			p.set(t, db, name, "text of "+name)
			expect(t, "words", p.words.Value(cx, name), 10)
		}
		p.set(t, db, "b", "")
		p.pass(t, db, 100)
		expect(t, "b exists", query.Exists(db, p.words.Task("b")), false)
		expect(t, "c exists", query.Exists(db, p.words.Task("c")), true)
		expect(t, "state", query.Inspect(db, p.words.Task("b")).State, query.StateNever)
		expect(t, "words", p.words.Value(cx, "b"), len("nothing")+1)
		p.set(t, db, "b", "text of b")
		expect(t, "words", p.words.Value(cx, "b"), 10)
		want := "[clock a c b]"
		if round == 0 {
			want = "[a c clock b]"
		}
		expect(t, "keys", fmt.Sprint(p.file.Keys(cx)), want)
		for _, name := range []string{"a", "b", "c", "clock"} {
			p.set(t, db, name, "")
		}
		p.pass(t, db, 100)
		p.set(t, db, "clock", "")
	}
}

// What is still read, or watched, stays.
func TestVanishedInputInUse(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	p.set(t, db, "overlay", "edited")
	expect(t, "words", p.words.Value(cx, "overlay"), len("edited")+1)
	p.set(t, db, "overlay", "")
	p.set(t, db, "watched", "edited")
	ctx, cancel := context.WithCancel(context.Background())
	watching, over := make(chan bool), make(chan bool)
	go func() {
		defer close(over)
		for range query.Watch(ctx, db, func(cx *query.Context) (int, error) { return p.words.Value(cx, "watched"), nil }) {
			watching <- true
		}
	}()
	<-watching
	p.set(t, db, "watched", "")
	<-watching
	for range 100 {
		p.pass(t, db, 1)
		p.words.Value(cx, "overlay")
	}
	expect(t, "in use", query.Exists(db, p.words.Task("overlay")), true)
	expect(t, "watched", query.Exists(db, p.words.Task("watched")), true)
	p.set(t, db, "watched", "again")
	<-watching
	go func() {
		for range watching {
		}
	}()
	cancel()
	<-over
	close(watching)
	p.set(t, db, "watched", "")
	p.pass(t, db, 200)
	expect(t, "watched no more", query.Exists(db, p.words.Task("watched")), false)
}

// With a budget nodes go that nobody asks for any more.
func TestNodesGoForBudget(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{MemoryBudget: 20 << 10})
	most := 0
	for i := range 20000 {
		name := fmt.Sprint("name", i)
		expect(t, "words", p.words.Value(cx, name), len("nothing")+1)
		if i%100 == 0 {
			most = max(most, db.Stats().Nodes)
		}
	}
	if most > 3000 {
		t.Errorf("there were up to %d nodes", most)
	}
}
