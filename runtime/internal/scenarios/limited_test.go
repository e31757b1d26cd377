package scenarios

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// At most three bodies of a query with limit=3 run at once, reads included,
// whatever else may.
func TestLimitBoundsBodies(t *testing.T) {
	s := newScene(t, query.Options{Parallelism: 16})
	var now, most atomic.Int64
	names := make([]string, 30)
	for i := range names {
		names[i] = fmt.Sprint(i)
		s.Body(names[i], func(cx *query.Context) (int, error) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			v := Mid(cx, i)
			time.Sleep(2 * time.Millisecond)
			now.Add(-1)
			return v + i, nil
		})
	}
	sums, err := query.Map(s.cx, names, func(cx *query.Context, name string) (int, error) { return Limited(cx, s.w, name) })
	if err != nil {
		t.Fatal(err)
	}
	for i, sum := range sums {
		equal(t, sum, i)
	}
	equal(t, most.Load(), 3)
}

// Places do not deadlock with tokens, nor with themselves.
func TestLimitRecursion(t *testing.T) {
	s := newScene(t, query.Options{Parallelism: 1})
	equal(t, Factorial(s.cx, 10), 3628800)
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() { Factorial(s.cx, 5*n) })
	}
	all.Wait()
	s.ranTimes("factorial(95)", 1)
	s.ranTimes("factorial(0)", 1)
}

// A request that waits for its turn ends when its context does, and the others
// go on.
func TestLimitCancelled(t *testing.T) {
	s := newScene(t, query.Options{})
	release := make(chan bool)
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "c"} {
		s.Body(name, func(*query.Context) (int, error) { <-release; return 1, nil })
		all.Go(func() { fine(t, 1)(Limited(s.cx, s.w, name)) })
	}
	for start := time.Now(); s.db.Stats().Runs < 3 && time.Since(start) < 5*time.Second; {
		time.Sleep(time.Millisecond)
	}
	s.Body("d", func(*query.Context) (int, error) { return 4, nil })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := Limited(s.db.Context(ctx), s.w, "d"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the fourth body did not wait: %v", err)
	}
	s.ranTimes(`limited("d")`, 0)
	close(release)
	all.Wait()
	fine(t, 4)(Limited(s.cx, s.w, "d"))
}
