package scenarios

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	query "querygen.dev/runtime"
)

// TestLateUse: promise 4.
func TestLateUse(t *testing.T) {
	s := newScene(t, query.Options{})
	var kept *query.Context
	s.Body("keeps", func(cx *query.Context) (int, error) {
		kept = cx
		return 1, nil
	})
	fine(t, 1)(Body(s.cx, s.w, "keeps"))
	uses := map[string]func(){
		"a call":               func() { A(kept) },
		"a call without error": func() { In(kept, 0) },
		"Map": func() {
			query.Map(kept, []int{1}, func(cx *query.Context, i int) (int, error) { return In(cx, i), nil })
		},
	}
	for name, use := range uses {
		msg := fmt.Sprint(thrown(use))
		if !strings.Contains(msg, `scenarios.body("`) || !strings.Contains(msg, "TestLateUse") {
			t.Errorf("%s: got %s", name, msg)
		}
	}
	// So it is with the Context of a request.
	s.db.Run(t.Context(), func(cx *query.Context) error {
		kept = cx
		return nil
	})
	if thrown(func() { A(kept) }) == nil {
		t.Error("the Context of a request can be used after its end")
	}
}

type valueKey struct{}

func TestContextValues(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Body("looks", func(cx *query.Context) (int, error) {
		if v := cx.Value(valueKey{}); v != nil {
			t.Errorf("a query sees %v", v)
		}
		if _, ok := cx.Deadline(); ok {
			t.Error("a query sees a deadline")
		}
		ctx := context.WithValue(cx, valueKey{}, "own")
		own, ok := query.From(ctx)
		if !ok || own.Value(valueKey{}) != "own" {
			t.Error("a query does not see its own value")
		}
		return In(own, 0), nil
	})
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), valueKey{}, "request's"), time.Hour)
	defer cancel()
	fine(t, 0)(Body(s.db.Context(ctx), s.w, "looks"))
	s.set(0, 3)
	fine(t, 3)(Body(s.db.Context(ctx), s.w, "looks")) // the read was recorded
	if _, ok := query.From(ctx); ok {
		t.Error("there is a Context where none was put")
	}
}

// TestErrgroup: a query starts goroutines, also with Parallelism 1.
func TestErrgroup(t *testing.T) {
	for _, parallelism := range []int{1, 4} {
		s := newScene(t, query.Options{Parallelism: parallelism})
		s.Body("sum", func(cx *query.Context) (int, error) {
			group, ctx := errgroup.WithContext(cx)
			var parts [20]int
			for i := range parts {
				group.Go(func() error {
					own, _ := query.From(ctx)
					parts[i] = Fin(own, i)
					return nil
				})
			}
			err := group.Wait()
			sum := 0
			for _, p := range parts {
				sum += p
			}
			return sum, err
		})
		soon(t, func() { fine(t, 0)(Body(s.cx, s.w, "sum")) })
		s.took()
		s.set(13, 8)
		soon(t, func() { fine(t, 8)(Body(s.cx, s.w, "sum")) })
		s.ran("mid(13)", "fin(13)", `body("sum")`)
	}
}

// TestGoroutineWithoutError: promises 6, 8 and 9 for functions without an error
// result, called in goroutines that the runtime did not start.
func TestGoroutineWithoutError(t *testing.T) {
	s := newScene(t, query.Options{})
	started := s.stuck("stuck")
	s.Body("cycle", func(cx *query.Context) (int, error) { return Plain(cx, s.w, "cycle"), nil })
	s.Body("panic", func(cx *query.Context) (int, error) { panic("no") })
	for _, name := range []string{"stuck", "cycle", "panic"} {
		s.Body("around "+name, func(cx *query.Context) (int, error) {
			var all sync.WaitGroup
			returned := false
			all.Go(func() {
				Plain(cx, s.w, name)
				returned = true
			})
			all.Wait()
			equal(t, returned, false)
			return 1, nil
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-started
		cancel(errWhy)
	}()
	soon(t, func() {
		_, err := Body(s.db.Context(ctx), s.w, "around stuck")
		equal(t, err, errWhy)
		_, err = Body(s.cx, s.w, "around cycle")
		equal(t, cycleOf(t, s, err), `plain("cycle")`)
		if _, ok := thrown(func() { Body(s.cx, s.w, "around panic") }).(*query.PanicError); !ok {
			t.Error("the panic does not come out at the root")
		}
	})
}

// TestMap: values in key order, errors joined in key order, all keys run.
func TestMap(t *testing.T) {
	for _, parallelism := range []int{1, 4} {
		s := newScene(t, query.Options{Parallelism: parallelism})
		for i := range 5 {
			s.update(func(tx *query.Tx) { SetIn(tx, i, 10*i) })
		}
		keys := []int{4, 0, 3, 1, 2}
		s.Body("good", func(cx *query.Context) (int, error) {
			values, err := query.Map(cx, keys, func(cx *query.Context, i int) (int, error) {
				time.Sleep(time.Duration(5-i) * time.Millisecond)
				return Mid(cx, i), nil
			})
			equal(t, fmt.Sprint(values), "[20 0 15 5 10]")
			return values[0], err
		})
		s.Body("bad", func(cx *query.Context) (int, error) {
			_, err := query.Map(cx, keys, func(cx *query.Context, i int) (int, error) {
				if Mid(cx, i) >= 10 {
					return 0, fmt.Errorf("no %d", i)
				}
				return i, nil
			})
			return 0, err
		})
		fine(t, 20)(Body(s.cx, s.w, "good"))
		if _, err := Body(s.cx, s.w, "bad"); err == nil || err.Error() != "no 4\nno 3\nno 2" {
			t.Errorf("got %v", err)
		}
		s.ranSet(`body("good")`, `body("bad")`, "mid(0)", "mid(1)", "mid(2)", "mid(3)", "mid(4)")
		var reads []string
		for _, n := range query.Inspect(s.db, BodyTask(s.w, "good")).Reads {
			reads = append(reads, s.call(n))
		}
		equal(t, fmt.Sprint(reads), "[mid(4) mid(0) mid(3) mid(1) mid(2)]")
		values, err := query.Map(s.cx, nil, Fin2)
		equal(t, len(values), 0)
		equal(t, err, nil)
	}
}

// Fin2 is Fin in the form that Map takes.
func Fin2(cx *query.Context, i int) (int, error) { return Fin(cx, i), nil }

// TestMapPanics: a panic in one key comes out of Map; the others have run.
func TestMapPanics(t *testing.T) {
	s := newScene(t, query.Options{})
	var ran sync.Map
	err := s.db.Run(t.Context(), func(cx *query.Context) error {
		_, err := query.Map(cx, []int{0, 1, 2}, func(cx *query.Context, i int) (int, error) {
			ran.Store(i, true)
			if i == 1 {
				panic("no")
			}
			return i, nil
		})
		return err
	})
	if p, ok := errors.AsType[*query.PanicError](err); !ok || p.Value != "no" {
		t.Errorf("got %v", err)
	}
	for i := range 3 {
		if _, ok := ran.Load(i); !ok {
			t.Errorf("key %d did not run", i)
		}
	}
}

// TestGoexit: promise 8. A body that ends its goroutine does not wedge anybody.
func TestGoexit(t *testing.T) {
	s := newScene(t, query.Options{Parallelism: 1})
	once := make(chan bool, 1)
	s.Body("exits", func(cx *query.Context) (int, error) {
		select {
		case once <- true:
			time.Sleep(20 * time.Millisecond)
			goruntime.Goexit()
		default:
		}
		return In(cx, 0) + 1, nil
	})
	soon(t, func() {
		var all sync.WaitGroup
		var mu sync.Mutex
		returned := 0
		for range 10 {
			all.Go(func() {
				fine(t, 1)(Body(s.cx, s.w, "exits"))
				mu.Lock()
				returned++
				mu.Unlock()
			})
		}
		all.Wait()
		equal(t, returned, 9)
	})
	s.set(0, 1)
	soon(t, func() { fine(t, 2)(Body(s.cx, s.w, "exits")) })
}
