package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

func emit(cx *query.Context, text string) { query.Emit(cx, Note{Text: text, At: []int{len(text)}}) }

// collect fails the test unless these texts are collected below name.
func (s *scene) collect(name, want string) {
	s.t.Helper()
	list, err := query.Collect[Note](s.cx, EmitsTask(s.w, name))
	if got := texts(list); got != want || err != nil {
		s.t.Errorf("collected %q, %v, want %q", got, err, want)
	}
}

func texts(list []Note) string {
	var b []string
	for _, n := range list {
		b = append(b, n.Text)
	}
	return strings.Join(b, " ")
}

// tree makes a emit around its calls of b and c, which both call d.
func (s *scene) tree() {
	s.Body("a", func(cx *query.Context) (int, error) {
		emit(cx, "a1")
		b, err := Emits(cx, s.w, "b")
		emit(cx, "a2")
		c, err2 := Emits(cx, s.w, "c")
		emit(cx, "a3")
		return b + c, errors.Join(err, err2)
	})
	below := func(name string) {
		s.Body(name, func(cx *query.Context) (int, error) {
			emit(cx, name)
			return Emits(cx, s.w, "d")
		})
	}
	below("b")
	below("c")
	s.Body("d", func(cx *query.Context) (int, error) {
		for i := range In(cx, 1) {
			emit(cx, fmt.Sprint("d", i))
		}
		return In(cx, 2), nil
	})
}

// In execution order, each node once, and nothing runs again for it.
func TestCollectOrder(t *testing.T) {
	s := newScene(t, query.Options{})
	s.tree()
	s.set(1, 2)
	s.collect("a", "a1 b d0 d1 a2 c a3")
	s.ran(`emits("a")`, `emits("b")`, `emits("d")`, "in(2)", `emits("c")`)
	s.collect("a", "a1 b d0 d1 a2 c a3")
	s.collect("c", "c d0 d1")
	fine(t, 0)(Emits(s.cx, s.w, "a"))
	s.ran()
	if marks, err := query.Collect[string](s.cx, EmitsTask(s.w, "a")); marks != nil || err != nil {
		t.Errorf("a type that nobody emits: %v, %v", marks, err)
	}
}

// An outcome that is equal keeps readers green, emissions that differ do not
// keep those who collect.
func TestCollectCutoff(t *testing.T) {
	s := newScene(t, query.Options{})
	s.tree()
	s.set(1, 1)
	s.set(2, 5)
	equal(t, Noted(s.cx, s.w, "a"), 6)
	s.took()
	s.set(1, 2) // d emits more and returns the same
	equal(t, Noted(s.cx, s.w, "a"), 7)
	s.ran(`emits("d")`, `notes("a")`, `noted("a")`)
	s.set(2, 6) // all return another value, and emit the same
	equal(t, Noted(s.cx, s.w, "a"), 7)
	s.ran(`emits("d")`, `emits("b")`, `emits("a")`, `emits("c")`)
	s.set(3, 1) // nobody reads it
	equal(t, Noted(s.cx, s.w, "a"), 7)
	s.ran()
	s.set(1, 3)
	s.set(1, 2) // away and back
	equal(t, Noted(s.cx, s.w, "a"), 7)
	s.ran()
}

// The set of nodes below and their order count as well, though each of them is
// as it was and returns what it did.
func TestCollectOtherReads(t *testing.T) {
	s := newScene(t, query.Options{})
	names := [][]string{{"x", "y"}, {"y", "x"}, {"y"}, {}, {"x", "y"}}
	s.Body("top", func(cx *query.Context) (int, error) {
		for _, name := range names[In(cx, 1)] {
			Emits(cx, s.w, name)
		}
		return 0, nil
	})
	for _, name := range []string{"x", "y"} {
		s.Body(name, func(cx *query.Context) (int, error) { emit(cx, name); return 0, nil })
	}
	for i, want := range names {
		s.set(1, i)
		got, err := Notes(s.cx, s.w, "top")
		if !slices.Equal(got, want) || err != nil {
			t.Errorf("%d: %v, %v, want %v", i, got, err, want)
		}
	}
	s.ranTimes(`emits("x")`, 1)
	s.ranTimes(`emits("y")`, 1)
	s.ranTimes(`notes("top")`, len(names))
}

// The error comes with what was emitted on the way to it.
func TestCollectErrors(t *testing.T) {
	s := newScene(t, query.Options{})
	failed := errors.New("failed")
	s.Body("top", func(cx *query.Context) (int, error) {
		emit(cx, "top")
		return Emits(cx, s.w, "below")
	})
	s.Body("below", func(cx *query.Context) (int, error) {
		emit(cx, "below")
		if In(cx, 1) > 0 {
			return 0, query.Transient(failed)
		}
		return 0, failed
	})
	for i := range 2 {
		s.set(1, i)
		for range 2 {
			list, err := query.Collect[Note](s.cx, EmitsTask(s.w, "top"))
			if got := texts(list); got != "top below" || !errors.Is(err, failed) {
				t.Errorf("%q, %v", got, err)
			}
		}
	}
	s.ranTimes(`emits("below")`, 3) // the second error is for its request only
	if _, err := query.Collect[Note](s.cx, query.Task[int]{}); err == nil {
		t.Error("the zero Task was collected")
	}
}

// What a body emits before it panics goes with it; who lives with the panic has
// its own.
func TestCollectPanics(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Body("boom", func(cx *query.Context) (int, error) {
		emit(cx, "boom")
		if In(cx, 1) == 0 {
			panic("boom")
		}
		return 1, nil
	})
	s.Body("brave", func(cx *query.Context) (v int, err error) {
		defer func() {
			recover()
			emit(cx, "recovered")
			err = nil
		}()
		emit(cx, "brave")
		return Emits(cx, s.w, "boom")
	})
	for range 2 {
		p, ok := thrown(func() { query.Collect[Note](s.cx, EmitsTask(s.w, "boom")) }).(*query.PanicError)
		if !ok || len(p.Queries) != 1 {
			t.Errorf("collecting below a panic: %v", p)
		}
		s.collect("brave", "brave recovered")
	}
	s.set(1, 1)
	s.collect("brave", "brave boom recovered")
	s.set(1, 0)
	s.collect("brave", "brave recovered")
}

// Members of a cycle have emitted nothing, whoever was asked first, and a cycle
// through a Collect is one of the users' queries.
func TestCollectCycles(t *testing.T) {
	for _, first := range []string{"a", "b"} {
		s := newScene(t, query.Options{})
		s.Body("top", func(cx *query.Context) (int, error) {
			emit(cx, "top")
			_, err := Emits(cx, s.w, first)
			emit(cx, "end")
			if _, ok := errors.AsType[*query.CycleError](err); !ok && err != nil {
				t.Errorf("no cycle: %v", err)
			}
			return 0, nil
		})
		s.Body("a", func(cx *query.Context) (int, error) {
			emit(cx, "a")
			Emits(cx, s.w, "c")
			_, err := Notes(cx, s.w, "b")
			return 0, err
		})
		s.Body("b", func(cx *query.Context) (int, error) {
			emit(cx, "b")
			Emits(cx, s.w, "c")
			if In(cx, 1) > 0 {
				return 1, nil
			}
			return Emits(cx, s.w, "a")
		})
		s.Body("c", func(cx *query.Context) (int, error) { emit(cx, "c"); return 0, nil })
		s.collect("top", "top end")
		_, err := query.Collect[Note](s.cx, EmitsTask(s.w, first))
		cycle, ok := errors.AsType[*query.CycleError](err)
		if !ok || len(cycle.Nodes) != 3 || s.call(cycle.Nodes[1]) != `notes("b")` {
			t.Errorf("the cycle is %v", err)
		}
		s.set(1, 1)
		s.collect("top", map[string]string{"a": "top a c b end", "b": "top b c end"}[first])
		s.set(1, 0)
		s.collect("top", "top end")
	}
}

// What looks outside is collected anew when it is looked at anew.
func TestCollectImpure(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("always", 1, 2, 2, 3)
	s.Sequence("each", 7, 8)
	look := func(name string) {
		s.Body(name, func(cx *query.Context) (int, error) {
			emit(cx, fmt.Sprint(name, s.next(name)))
			return 0, nil // readers stay green
		})
	}
	look("always")
	look("each")
	s.Body("top", func(cx *query.Context) (int, error) {
		EmitsAlways(cx, s.w, "always")
		return EmitsEach(cx, s.w, "each")
	})
	s.collect("top", "always1 each7")
	s.collect("top", "always2 each7")
	s.took()
	equal(t, Noted(s.cx, s.w, "top"), 2)
	s.ranSet(`emitsAlways("always")`, `notes("top")`, `noted("top")`)
	s.db.NextGeneration()
	equal(t, Noted(s.cx, s.w, "top"), 2)
	s.ranSet(`emitsAlways("always")`, `emitsEach("each")`, `notes("top")`, `noted("top")`)
}

// While an input is set, its body is not what it is.
func TestCollectInputs(t *testing.T) {
	s := newScene(t, query.Options{})
	collect := func(want string) {
		t.Helper()
		list, err := query.Collect[Note](s.cx, EmitsUnsetTask(s.w))
		if got := texts(list); got != want || err != nil {
			t.Errorf("collected %q, %v, want %q", got, err, want)
		}
	}
	collect("unset")
	s.update(func(tx *query.Tx) { SetEmitsUnset(tx, s.w, 0) }) // the value that it had
	collect("")
	s.update(func(tx *query.Tx) { UnsetEmitsUnset(tx, s.w) })
	collect("unset")
}

// A Map emits in key order, however the calls interleave.
func TestCollectMap(t *testing.T) {
	s := newScene(t, query.Options{Parallelism: 4})
	keys := []string{"k0", "k1", "k2", "k3", "k4"}
	s.Body("top", func(cx *query.Context) (int, error) {
		emit(cx, "<")
		_, err := query.Map(cx, keys, func(cx *query.Context, key string) (int, error) {
			emit(cx, "+")
			defer emit(cx, "-")
			return Emits(cx, s.w, key)
		})
		emit(cx, ">")
		return 0, err
	})
	for i, key := range keys {
		s.Body(key, func(cx *query.Context) (int, error) {
			time.Sleep(time.Duration(5-i) * time.Millisecond)
			emit(cx, key)
			return 0, nil
		})
	}
	s.collect("top", "< + k0 - + k1 - + k2 - + k3 - + k4 - >")
}

// Goroutines that share a Context emit in some order, and nothing is lost.
func TestEmitTogether(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Body("top", func(cx *query.Context) (int, error) {
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() { emit(cx, fmt.Sprint(i)) })
		}
		all.Wait()
		return 0, nil
	})
	list, err := query.Collect[Note](s.cx, EmitsTask(s.w, "top"))
	seen := map[string]bool{}
	for _, n := range list {
		seen[n.Text] = true
	}
	if len(list) != 50 || len(seen) != 50 || err != nil {
		t.Errorf("%d notes, %d texts, %v", len(list), len(seen), err)
	}
}

// Outside of queries, and after one has ended, there is nobody to emit for.
func TestEmitOutside(t *testing.T) {
	s := newScene(t, query.Options{})
	if v := thrown(func() { emit(s.cx, "x") }); !strings.Contains(fmt.Sprint(v), "Emit is called outside any query") {
		t.Errorf("outside: %v", v)
	}
	s.db.Run(t.Context(), func(cx *query.Context) error {
		if v := thrown(func() { emit(cx, "x") }); !strings.Contains(fmt.Sprint(v), "Emit is called outside any query") {
			t.Errorf("in Run: %v", v)
		}
		return nil
	})
	var late *query.Context
	s.Body("top", func(cx *query.Context) (int, error) { late = cx; return 0, nil })
	s.collect("top", "")
	if v := thrown(func() { emit(late, "x") }); !strings.Contains(fmt.Sprint(v), `emits("`) {
		t.Errorf("afterwards: %v", v)
	}
}

// A run that is ended because nobody wants it emits nothing.
func TestEmitAborted(t *testing.T) {
	s := newScene(t, query.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	s.Body("top", func(cx *query.Context) (int, error) {
		emit(cx, "top")
		if ctx.Err() == nil {
			cancel()
			Mid(cx, 1)
			emit(cx, "swallowed")
		}
		return 0, nil
	})
	if _, err := query.Collect[Note](s.db.Context(ctx), EmitsTask(s.w, "top")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	s.collect("top", "top")
}

// Users do not see how collecting is done.
func TestCollectIsInvisible(t *testing.T) {
	s := newScene(t, query.Options{})
	s.tree()
	s.set(1, 1)
	Noted(s.cx, s.w, "a")
	stats := s.db.Stats()
	equal(t, stats.Nodes, 8)
	equal(t, stats.Runs, 7)
	info := query.Inspect(s.db, NotesTask(s.w, "a"))
	if len(info.Reads) != 1 || s.call(info.Reads[0]) != `emits("a")` {
		t.Errorf("the reads are %v", info.Reads)
	}
	equal(t, query.Inspect(s.db, EmitsTask(s.w, "d")).Readers, 2)
}

// A long chain is collected without recursion, and not again when nothing has
// changed.
func TestCollectDeep(t *testing.T) {
	n := 20_000
	s := newScene(t, query.Options{})
	check := func() {
		t.Helper()
		list, err := query.Collect[int](s.cx, StepsTask(n))
		if len(list) != n+1 || err != nil || !slices.IsSorted(list) {
			t.Errorf("%d of %d, %v", len(list), n+1, err)
		}
	}
	check()
	equal(t, len(s.took()), n+2)
	s.set(1, 1)
	check()
	s.ran()
	s.set(0, 1)
	check()
	equal(t, len(s.took()), n+1)
}
