package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// TestDifferentialWaveStorm has requests come and go in all ways at once while waves
// go up: some ask for nothing, some are given up, and bodies panic. Each answer is
// compared with that for the inputs that its request finds.
func TestDifferentialWaveStorm(t *testing.T) {
	forSeeds(t, nil, runSquall)
}

type squallNode struct {
	reads []int
	boom  int // panics where its value is that; -1: never
	pick  bool
	mod   int
	nap   time.Duration
}

// A squall is a graph of nodes that may panic, and whose reads depend on values.
type squall struct {
	name   string
	inputs int
	nodes  []squallNode // inputs are the first ones
}

func (s *squall) key(n int) string { return fmt.Sprintf("%s/%d", s.name, n) }

// value is the body of n.
func (s *squall) value(n int, read func(int) (int, error)) (int, error) {
	d := s.nodes[n]
	v := n
	for i, r := range d.reads {
		if d.pick && i > 0 && v%2 == 0 {
			continue
		}
		x, err := read(r)
		if err != nil {
			return 0, err
		}
		v = v*3 + x
	}
	v %= d.mod
	if v == d.boom {
		panic("boom")
	}
	return v, nil
}

func (s *squall) solve(set []int, n int) (out string) {
	defer func() {
		if v := recover(); v != nil {
			out = "boom"
		}
	}()
	var read func(n int) (int, error)
	read = func(n int) (int, error) {
		if n < s.inputs {
			return set[n], nil
		}
		return s.value(n, read)
	}
	v, _ := read(n)
	return fmt.Sprint(v)
}

func (s *squall) demand(cx *query.Context, n int) (out string, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *query.PanicError:
			out, err = "boom", nil
		default:
			panic(v)
		}
	}()
	v, err := hookQ.Get(cx, s.key(n))
	return fmt.Sprint(v), err
}

func runSquall(t *testing.T, seed uint64) int {
	r := rand.New(rand.NewPCG(seed, 11))
	s := &squall{name: fmt.Sprintf("%s/%d", t.Name(), seed), inputs: 1 + r.IntN(4)}
	s.nodes = make([]squallNode, s.inputs)
	for n := s.inputs; n < s.inputs+4+r.IntN(12); n++ {
		d := squallNode{boom: -1, pick: r.IntN(2) == 0, mod: 2 + r.IntN(5)}
		for range 1 + r.IntN(3) {
			at := r.IntN(n)
			if r.IntN(3) > 0 {
				at = max(0, n-1-r.IntN(3))
			}
			d.reads = append(d.reads, at)
		}
		if r.IntN(2) == 0 {
			d.boom = r.IntN(d.mod)
		}
		if r.IntN(2) == 0 {
			d.nap = time.Duration(r.IntN(400)) * time.Microsecond
		}
		s.nodes = append(s.nodes, d)
	}
	for n := s.inputs; n < len(s.nodes); n++ {
		nap := s.nodes[n].nap
		hooks.Store(s.key(n), func(cx *query.Context) (int, error) {
			read := func(n int) (int, error) {
				if n < s.inputs {
					return hookIn.Value(cx, s.key(n)), nil
				}
				return hookQ.Get(cx, s.key(n))
			}
			defer time.Sleep(nap)
			return s.value(n, read)
		})
		defer hooks.Delete(s.key(n))
	}
	opts := query.Options{Parallelism: 1 + r.IntN(3), NoRunAhead: r.IntN(4) == 0}
	switch r.IntN(4) {
	case 0:
		opts.Verify = query.VerifyAll
		opts.OnEvent = func(e query.Event) {
			if e.Kind == query.Violation {
				t.Errorf("seed %d: %v", seed, e.Err)
			}
		}
	case 1:
		opts.MemoryBudget = 400
	}
	db := query.New(opts)
	query.SetPatience(db, 2)
	defer watch(t, seed)()
	set := func(r *rand.Rand) {
		err := db.Update(func(tx *query.Tx) error {
			for range 1 + r.IntN(2) {
				hookIn.Set(tx, s.key(r.IntN(s.inputs)), r.IntN(3))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	for n := range s.inputs {
		setHook(t, db, s.key(n), 0)
	}
	for n := s.inputs; n < len(s.nodes); n++ {
		s.demandAlone(db, n)
	}
	if r.IntN(3) > 0 {
		query.MakeCheap(db)
	}
	var all sync.WaitGroup
	for g := range 2 + r.IntN(3) {
		r := rand.New(rand.NewPCG(seed, uint64(g)+20))
		all.Go(func() {
			for range 12 {
				switch r.IntN(6) {
				case 0:
					set(r)
				case 2: // begins and asks for nothing
					set(r)
					db.Run(context.Background(), func(*query.Context) error {
						time.Sleep(time.Duration(r.IntN(1000)) * time.Microsecond)
						return nil
					})
				default:
					s.request(t, r, db, seed)
				}
				goruntime.Gosched()
			}
		})
	}
	all.Wait()
	for range 4 {
		set(r)
		s.request(t, r, db, seed)
		if err := query.CheckInvariants(db); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	idle(t, db)
	if t.Failed() {
		t.Errorf("repeat with -run %s -diff.seed %d", t.Name(), seed)
	}
	return 40
}

func (s *squall) demandAlone(db *query.DB, n int) {
	defer func() { recover() }()
	hookQ.Get(db.Context(context.Background()), s.key(n))
}

func (s *squall) request(t *testing.T, r *rand.Rand, db *query.DB, seed uint64) {
	ctx := context.Background()
	if r.IntN(4) == 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(300))*time.Microsecond)
		defer cancel()
		ctx = limited
	}
	nodes := make([]int, 1+r.IntN(3))
	for i := range nodes {
		nodes[i] = s.inputs + r.IntN(len(s.nodes)-s.inputs)
		if r.IntN(2) == 0 {
			nodes[i] = len(s.nodes) - 1
		}
	}
	got := make([]string, len(nodes))
	side := r.IntN(3) == 0
	inputs, err := query.Do(ctx, db, func(cx *query.Context) ([]int, error) {
		if side {
			_, err := query.Map(cx, []int{0, 1, 2}[:len(nodes)], func(cx *query.Context, i int) (v int, err error) {
				got[i], err = s.demand(cx, nodes[i])
				return 0, err
			})
			if err != nil {
				return nil, err
			}
		} else {
			for i, n := range nodes {
				var err error
				if got[i], err = s.demand(cx, n); err != nil {
					return nil, err
				}
			}
		}
		set := make([]int, s.inputs)
		for n := range set {
			set[n] = hookIn.Value(cx, s.key(n))
		}
		return set, nil
	})
	if err != nil {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("seed %d: %v", seed, err)
		}
		return
	}
	for i, n := range nodes {
		if want := s.solve(inputs, n); got[i] != want {
			t.Errorf("seed %d: node %d is %s, from scratch %s", seed, n, got[i], want)
		}
	}
}
