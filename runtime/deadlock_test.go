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

// A ring is a cycle that is planted: each member demands the next one, and does
// so only after it has met the others, or after a while.
type ring struct {
	size   int
	begun  sync.WaitGroup // Done by each member at its first run
	met    []atomic.Bool
	meet   bool            // wait until all have begun
	delays []time.Duration // before the demand
}

// A ringKey names a member; the member -1 has the others below it, side by side.
type ringKey struct{ Ring, Member int }

var (
	rings   sync.Map // id -> *ring
	ringIDs atomic.Int64
	ringQ   = query.Define[ringKey, int](query.Definition{Name: "t/ring.member", Kind: query.KindPure, Params: 1, Fails: true})
	ringMap = query.Define[ringKey, int](query.Definition{Name: "t/ring.map", Kind: query.KindPure, Params: 1, Fails: true})
	ringAll = query.Define[ringKey, int](query.Definition{Name: "t/ring.goroutines", Kind: query.KindPure, Params: 1, Fails: true})
)

func init() {
	ringQ.Bind(nil, func(cx *query.Context, k ringKey) (int, error) {
		v, _ := rings.Load(k.Ring)
		return v.(*ring).run(cx, k)
	})
	ringMap.Bind(nil, func(cx *query.Context, k ringKey) (int, error) {
		_, err := query.Map(cx, ringKeys(k.Ring), ringQ.Get)
		return 0, err
	})
	ringAll.Bind(nil, func(cx *query.Context, k ringKey) (int, error) {
		keys := ringKeys(k.Ring)
		errs := make([]error, len(keys))
		var wg sync.WaitGroup
		for i, k := range keys {
			wg.Go(func() { _, errs[i] = ringQ.Get(cx, k) })
		}
		wg.Wait()
		return 0, errors.Join(errs...)
	})
}

func ringKeys(id int) []ringKey {
	v, _ := rings.Load(id)
	keys := make([]ringKey, v.(*ring).size)
	for i := range keys {
		keys[i] = ringKey{id, i}
	}
	return keys
}

func newRing(r *rand.Rand, size, parallelism int) (id int, forget func()) {
	g := &ring{size: size, met: make([]atomic.Bool, size), delays: make([]time.Duration, size)}
	// A body that waits for others keeps its place, so there must be one for each.
	g.meet = parallelism >= size && r.IntN(2) == 0
	g.begun.Add(size)
	for i := range g.delays {
		if r.IntN(3) > 0 {
			g.delays[i] = time.Duration(r.IntN(300)) * time.Microsecond
		}
	}
	id = int(ringIDs.Add(1))
	rings.Store(id, g)
	return id, func() { rings.Delete(id) }
}

func (g *ring) run(cx *query.Context, k ringKey) (int, error) {
	if g.met[k.Member].CompareAndSwap(false, true) {
		g.begun.Done()
		if g.meet {
			g.begun.Wait()
		}
	}
	time.Sleep(g.delays[k.Member])
	return ringQ.Get(cx, ringKey{k.Ring, (k.Member + 1) % g.size})
}

// TestPlantedDeadlock lets members of a cycle begin in requests and goroutines of
// their own, in any order: it is reported within a second, to all of them alike.
func TestPlantedDeadlock(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	for _, size := range []int{2, 3, 10} {
		for name, ask := range map[string]func(db *query.DB, id, size int) []error{
			"requests": ringRequests, "Map": ringMapped(ringMap), "goroutines": ringMapped(ringAll),
		} {
			t.Run(fmt.Sprint(size, " ", name), func(t *testing.T) {
				seed := uint64(time.Now().UnixNano())
				for round := range rounds {
					plantedDeadlock(t, rand.New(rand.NewPCG(seed, uint64(round))), size, ask)
					if t.Failed() {
						t.Fatalf("in round %d from seed %d", round, seed)
					}
				}
			})
		}
	}
}

func plantedDeadlock(t *testing.T, r *rand.Rand, size int, ask func(db *query.DB, id, size int) []error) {
	db := query.New(query.Options{Parallelism: 1 + r.IntN(size)})
	id, forget := newRing(r, size, db.Parallelism())
	defer forget()
	done := make(chan []error, 1)
	go func() { done <- ask(db, id, size) }()
	var errs []error
	select {
	case errs = <-done:
	case <-time.After(time.Second):
		t.Errorf("no answer within a second")
		dumpStacks(t)
		return
	}
	first := ""
	for i, err := range errs {
		c, ok := errors.AsType[*query.CycleError](err)
		if !ok || len(c.Nodes) != size {
			t.Errorf("answer %d is %v, want a cycle of %d nodes", i, err, size)
			continue
		}
		for k, n := range c.Nodes {
			if n.Key != any(ringKey{id, k}) {
				t.Errorf("node %d of the cycle is %v", k, n)
			}
		}
		if first == "" {
			first = c.Error()
		}
		if c.Error() != first {
			t.Errorf("answer %d is %v, the first one is %s", i, c, first)
		}
	}
	if err := query.CheckInvariants(db); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// ringRequests demands each member by a request of its own.
func ringRequests(db *query.DB, id, size int) []error {
	errs := make([]error, size)
	var wg sync.WaitGroup
	for i := range size {
		wg.Go(func() {
			k := ringKey{id, i}
			switch i % 3 {
			case 0:
				_, errs[i] = ringQ.Get(db.Context(context.Background()), k)
			case 1:
				_, errs[i] = query.Do(context.Background(), db, func(cx *query.Context) (int, error) { return ringQ.Get(cx, k) })
			case 2:
				errs[i] = db.Run(context.Background(), func(cx *query.Context) error {
					_, err := ringQ.Get(cx, k)
					return err
				})
			}
		})
	}
	wg.Wait()
	return errs
}

// ringMapped demands the members from goroutines of one query, and then each of
// them once more.
func ringMapped(q *query.Query[ringKey, int]) func(db *query.DB, id, size int) []error {
	return func(db *query.DB, id, size int) []error {
		_, err := q.Get(db.Context(context.Background()), ringKey{id, -1})
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok || len(joined.Unwrap()) != size {
			return []error{fmt.Errorf("not %d errors: %w", size, err)}
		}
		return append(joined.Unwrap(), ringRequests(db, id, size)...)
	}
}
