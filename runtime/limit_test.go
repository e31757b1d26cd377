package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// A limitedKey names a node of a test of its own; the bodies are the test's.
type limitedKey struct {
	test *limitedTest
	n    int
}

type limitedTest struct {
	one, two, free func(cx *query.Context, n int) (int, error)
	in             atomic.Int64 // bodies between enter and leave
	most           atomic.Int64
}

func defineLimited(name string, limit int, body func(t *limitedTest) func(*query.Context, int) (int, error)) *query.Query[limitedKey, int] {
	q := query.Define[limitedKey, int](query.Definition{Name: "t/limit." + name, Kind: query.KindPure, Params: 1, Fails: true, Limit: limit})
	q.Bind(nil, func(cx *query.Context, k limitedKey) (int, error) { return body(k.test)(cx, k.n) })
	return q
}

var (
	limitedOne = defineLimited("one", 1, func(t *limitedTest) func(*query.Context, int) (int, error) { return t.one })
	limitedTwo = defineLimited("two", 2, func(t *limitedTest) func(*query.Context, int) (int, error) { return t.two })
	unlimited  = defineLimited("free", 0, func(t *limitedTest) func(*query.Context, int) (int, error) { return t.free })
)

// enter counts a body that is at work, leave ends that.
func (x *limitedTest) enter() {
	n := x.in.Add(1)
	for most := x.most.Load(); n > most && !x.most.CompareAndSwap(most, n); most = x.most.Load() {
	}
}

func (x *limitedTest) leave() { x.in.Add(-1) }

func (x *limitedTest) key(n int) limitedKey { return limitedKey{x, n} }

// idle checks that nothing is left over.
func idle(t *testing.T, db *query.DB) {
	t.Helper()
	if err := query.CheckInvariants(db); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// As many bodies run as may, and no more; a body that waits for what it reads
// counts as well.
func TestLimitIsReached(t *testing.T) {
	for _, parallel := range []int{1, 2, 16} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			db := query.New(query.Options{Parallelism: parallel})
			defer idle(t, db)
			x := new(limitedTest)
			x.free = func(cx *query.Context, n int) (int, error) {
				time.Sleep(time.Millisecond)
				return n, nil
			}
			x.two = func(cx *query.Context, n int) (int, error) {
				x.enter()
				defer x.leave()
				v, err := unlimited.Get(cx, x.key(n))
				time.Sleep(time.Millisecond)
				return v + 1, err
			}
			var all sync.WaitGroup
			for n := range 40 {
				all.Go(func() {
					if v, err := limitedTwo.Get(db.Context(t.Context()), x.key(n)); v != n+1 || err != nil {
						t.Errorf("%d: %d, %v", n, v, err)
					}
				})
			}
			all.Wait()
			if most := x.most.Load(); most > 2 || most < 2 && parallel > 1 {
				t.Errorf("%d bodies at once, want 2", most)
			}
		})
	}
}

// A limited query that calls itself: the places of those that wait serve those
// they wait for.
func TestLimitRecursion(t *testing.T) {
	db := query.New(query.Options{Parallelism: 1})
	defer idle(t, db)
	x := new(limitedTest)
	self := func(q *query.Query[limitedKey, int]) func(cx *query.Context, n int) (int, error) {
		return func(cx *query.Context, n int) (int, error) {
			if n == 0 {
				return 0, nil
			}
			v, err := q.Get(cx, x.key(n-1))
			x.enter() // nobody else computes
			defer x.leave()
			return v + 1, err
		}
	}
	x.one, x.two = self(limitedOne), self(limitedTwo)
	for _, q := range []*query.Query[limitedKey, int]{limitedOne, limitedTwo} {
		if v, err := q.Get(db.Context(t.Context()), x.key(*deepest)); v != *deepest || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
	if most := x.most.Load(); most != 1 {
		t.Errorf("%d bodies computed at once, want 1", most)
	}
}

// The only place is held by a body that waits for a node of another request,
// which waits for the place.
func TestLimitAcrossRequests(t *testing.T) {
	db := query.New(query.Options{Parallelism: 4})
	defer idle(t, db)
	x := new(limitedTest)
	holding, claimed := make(chan bool), make(chan bool)
	x.one = func(cx *query.Context, n int) (int, error) {
		if n == 1 {
			close(holding)
			<-claimed
			return unlimited.Get(cx, x.key(0))
		}
		return 7, nil
	}
	x.free = func(cx *query.Context, n int) (int, error) {
		close(claimed)
		time.Sleep(5 * time.Millisecond) // now 1 waits for this
		return limitedOne.Get(cx, x.key(2))
	}
	var all sync.WaitGroup
	all.Go(func() {
		if v, err := limitedOne.Get(db.Context(t.Context()), x.key(1)); v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
	<-holding
	if v, err := unlimited.Get(db.Context(t.Context()), x.key(0)); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	all.Wait()
}

// A request that is cancelled while it waits for a place ends at once.
func TestLimitCancel(t *testing.T) {
	db := query.New(query.Options{})
	defer idle(t, db)
	x := new(limitedTest)
	started, end := make(chan bool), make(chan bool)
	x.one = func(cx *query.Context, n int) (int, error) {
		if n == 0 {
			close(started)
			<-end
		}
		return n, nil
	}
	var all sync.WaitGroup
	all.Go(func() { limitedOne.Get(db.Context(t.Context()), x.key(0)) })
	<-started
	ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Millisecond, errGivenUp)
	defer cancel()
	if _, err := limitedOne.Get(db.Context(ctx), x.key(1)); !errors.Is(err, errGivenUp) {
		t.Errorf("waiting for a place: %v", err)
	}
	close(end)
	all.Wait()
	if v, err := limitedOne.Get(db.Context(t.Context()), x.key(1)); v != 1 || err != nil {
		t.Errorf("afterwards: %d, %v", v, err)
	}
}

// Many goroutines, random calls between limited queries, cycles among them,
// goroutines inside of bodies, and requests that give up: nothing hangs, and no
// place is lost.
func TestLimitStress(t *testing.T) {
	forSeeds(t, nil, func(t *testing.T, seed uint64) int {
		defer watch(t, seed)()
		r := rand.New(rand.NewPCG(seed, 4))
		db := query.New(query.Options{Parallelism: 1 + r.IntN(4)})
		defer idle(t, db)
		x := new(limitedTest)
		queries := []*query.Query[limitedKey, int]{limitedOne, limitedTwo, unlimited}
		calls := make([][]int, 30) // by node, other nodes; node n is of query n%3
		cycles := r.IntN(2) == 0
		for n := range calls {
			for range r.IntN(4) {
				to := r.IntN(n + 1)
				if cycles && r.IntN(8) == 0 {
					to = r.IntN(len(calls))
				}
				if to != n || cycles {
					calls[n] = append(calls[n], to)
				}
			}
		}
		body := func(cx *query.Context, n int) (int, error) {
			var err error
			if n%2 == 0 {
				_, err = query.Map(cx, calls[n], func(cx *query.Context, to int) (int, error) {
					return queries[to%3].Get(cx, x.key(to))
				})
			} else {
				for _, to := range calls[n] {
					_, e := queries[to%3].Get(cx, x.key(to))
					err = errors.Join(err, e)
				}
			}
			return n, err
		}
		x.one, x.two, x.free = body, body, body
		var all sync.WaitGroup
		for range 8 {
			mine := rand.New(rand.NewPCG(r.Uint64(), 0))
			all.Go(func() {
				for range 5 {
					n, ctx := mine.IntN(len(calls)), t.Context()
					if mine.IntN(3) == 0 {
						limited, cancel := context.WithTimeout(ctx, time.Duration(mine.IntN(100))*time.Microsecond)
						defer cancel()
						ctx = limited
					}
					v, err := queries[n%3].Get(db.Context(ctx), x.key(n))
					if _, cycle := errors.AsType[*query.CycleError](err); !cycle && (err != nil && ctx.Err() == nil || err == nil && v != n) {
						t.Errorf("seed %d: %d: %d, %v", seed, n, v, err)
					}
				}
			})
		}
		all.Wait()
		return 40
	})
}
