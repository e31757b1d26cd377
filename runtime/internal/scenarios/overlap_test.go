package scenarios

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// TestRecoveredPanic: what a body makes of a recovered panic is for that request
// only.
func TestRecoveredPanic(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(0, 0)
	s.Body("recovers", func(cx *query.Context) (v int, err error) {
		defer func() {
			if recover() != nil {
				v = -1
			}
		}()
		return Boom(cx), nil
	})
	s.Body("above", func(cx *query.Context) (int, error) { return Body(cx, s.w, "recovers") })
	for _, v := range []int{0, 0, 4, 0, 4, 5} {
		s.set(0, v)
		want := v
		if v == 0 {
			want = -1
		}
		fine(t, want)(Body(s.cx, s.w, "above"))
	}
}

// TestOverlappingAlways: requests that reach the same always-queries in opposite
// orders all end, and each sees one value of each.
func TestOverlappingAlways(t *testing.T) {
	const requests = 20
	s := newScene(t, query.Options{})
	var counter atomic.Int64
	values := make([]int, 100_000)
	for i := range values {
		values[i] = i
	}
	s.Sequence("p", values...)
	s.Sequence("q", values...)
	soon(t, func() {
		var all sync.WaitGroup
		for i := range requests {
			names := [2]string{"p", "q"}
			if i%2 == 1 {
				names = [2]string{"q", "p"}
			}
			all.Go(func() {
				_, err := query.Do(t.Context(), s.db, func(cx *query.Context) (int, error) {
					first := Always(cx, s.w, names[0])
					time.Sleep(time.Millisecond)
					Always(cx, s.w, names[1])
					if Always(cx, s.w, names[0]) != first {
						t.Error("two values in one request")
					}
					counter.Add(1)
					return 0, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	if counter.Load() < requests {
		t.Errorf("only %d requests ended", counter.Load())
	}
	// Who gives way waits for the one that it gave way to; it does not spin.
	if runs := s.db.Stats().Runs; runs > 2*requests*requests {
		t.Errorf("%d requests took %d runs", requests, runs)
	}
}

// TestCyclesInMap: cycles through goroutines of one request.
func TestCyclesInMap(t *testing.T) {
	for _, parallelism := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(parallelism), func(t *testing.T) {
			s := newScene(t, query.Options{Parallelism: parallelism})
			names := []string{"a", "b", "c", "d"}
			for i, name := range names {
				s.Body(name, func(cx *query.Context) (int, error) {
					time.Sleep(time.Millisecond)
					if In(cx, 0) == 0 && i == 3 {
						return 1, nil
					}
					values, err := query.Map(cx, []string{names[(i+1)%4], "leaf"}, func(cx *query.Context, name string) (int, error) {
						return Body(cx, s.w, name)
					})
					if err != nil {
						return 0, err
					}
					return values[0] + values[1], nil
				})
			}
			s.Body("leaf", func(cx *query.Context) (int, error) { return 1, nil })
			demand := func() ([]int, error) {
				return query.Map(s.cx, names, func(cx *query.Context, name string) (int, error) { return Body(cx, s.w, name) })
			}
			for round := range 6 {
				s.set(0, round%2)
				soon(t, func() {
					values, err := demand()
					if round%2 == 0 {
						equal(t, fmt.Sprint(values, err), "[4 3 2 1] <nil>")
						return
					}
					errs, ok := err.(interface{ Unwrap() []error })
					if !ok || len(errs.Unwrap()) != 4 {
						t.Fatalf("got %v, %v", values, err)
					}
					for _, err := range errs.Unwrap() {
						equal(t, cycleOf(t, s, err), `body("a") -> body("b") -> body("c") -> body("d")`)
					}
				})
			}
		})
	}
}

// TestManyDemandsAndUpdates: no request sees two revisions, and none is lost.
func TestManyDemandsAndUpdates(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Body("difference", func(cx *query.Context) (int, error) {
		if Fin(cx, 0) != Fin(cx, 1) {
			return 0, errors.New("two revisions in one request")
		}
		return 0, nil
	})
	stop := make(chan bool)
	var all sync.WaitGroup
	all.Go(func() {
		for v := 0; ; v++ {
			select {
			case <-stop:
				return
			default:
			}
			s.update(func(tx *query.Tx) {
				SetIn(tx, 0, v)
				SetIn(tx, 1, v)
			})
			time.Sleep(100 * time.Microsecond)
		}
	})
	soon(t, func() {
		var demands sync.WaitGroup
		for range 4 {
			demands.Go(func() {
				for range 200 {
					fine(t, 0)(Body(s.cx, s.w, "difference"))
				}
			})
		}
		demands.Wait()
	})
	close(stop)
	all.Wait()
}
