package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// together drives one program from several goroutines.
type together struct {
	t    *testing.T
	seed uint64
	p    *program
	db   *query.DB

	extra bool // collect as well

	mu      sync.Mutex
	oracles []*oracle // by revision
	answers []answer
}

// An answer is what one demand returned, and the revisions it may belong to.
type answer struct {
	node      int
	from, to  uint64
	out       string
	collected bool // out is what was collected
}

// all runs the goroutines and checks their answers; it returns how many there
// were.
func (x *together) all(r *rand.Rand) int {
	var wg sync.WaitGroup
	for range 2 + r.IntN(3) {
		mine := rand.New(rand.NewPCG(x.seed, r.Uint64()))
		wg.Go(func() {
			for range 5 + mine.IntN(20) {
				x.demand(mine)
			}
		})
	}
	mine := rand.New(rand.NewPCG(x.seed, r.Uint64()))
	wg.Go(func() {
		for range mine.IntN(20) {
			x.update(mine)
			if mine.IntN(2) == 0 {
				time.Sleep(time.Duration(mine.IntN(50)) * time.Microsecond)
			}
		}
	})
	wg.Wait()
	for _, a := range x.answers {
		x.check(a)
	}
	for n := range x.p.nodes { // and once more, in peace
		out, boom := answerOf(func() (int, error) { return x.p.demand(x.db.Context(context.Background()), n) })
		x.check(answer{n, x.db.Revision(), x.db.Revision(), boom + out, false})
		if x.extra {
			out, _ := x.p.collectText(x.db.Context(context.Background()), n)
			x.check(answer{n, x.db.Revision(), x.db.Revision(), out, true})
		}
	}
	return len(x.answers)
}

// update commits random sets and keeps a picture for the oracle.
func (x *together) update(r *rand.Rand) {
	x.mu.Lock()
	defer x.mu.Unlock()
	before := x.db.Revision()
	err := x.db.Update(func(tx *query.Tx) error {
		for range 1 + r.IntN(2) {
			n := x.p.inputs[r.IntN(len(x.p.inputs))]
			k := progKey{x.p.id, n}
			x.p.mu.Lock()
			if r.IntN(5) == 0 {
				progInput.Unset(tx, k)
				delete(x.p.set, n)
			} else {
				v := r.IntN(4)
				progInput.Set(tx, k, v)
				x.p.set[n] = v
			}
			x.p.mu.Unlock()
		}
		if r.IntN(5) == 0 {
			tx.NextGeneration()
		}
		return nil
	})
	if err != nil {
		x.t.Errorf("seed %d: update: %v", x.seed, err)
	}
	if x.db.Revision() > before {
		x.oracles = append(x.oracles, newOracle(x.p))
	}
}

// demand makes one request: a bare call, a Do, or one that gives up.
func (x *together) demand(r *rand.Rand) {
	n := r.IntN(len(x.p.nodes))
	ctx := context.Background()
	if r.IntN(5) == 0 {
		limited, cancel := context.WithTimeoutCause(ctx, time.Duration(r.IntN(200))*time.Microsecond, errGivenUp)
		defer cancel()
		ctx = limited
	}
	from, twice := x.db.Revision(), r.IntN(2) == 0
	if x.extra && r.IntN(4) == 0 {
		if out, err := x.p.collectText(x.db.Context(ctx), n); !errors.Is(err, errGivenUp) {
			x.mu.Lock()
			x.answers = append(x.answers, answer{n, from, x.db.Revision(), out, true})
			x.mu.Unlock()
		}
		return
	}
	var out, boom string
	if r.IntN(2) == 0 {
		out, boom = answerOf(func() (int, error) { return x.p.demand(x.db.Context(ctx), n) })
	} else {
		out, boom = answerOf(func() (int, error) {
			return query.Do(ctx, x.db, func(cx *query.Context) (int, error) {
				v, err := x.p.demand(cx, n)
				if err == nil && twice {
					v2, err2 := x.p.demand(cx, n)
					if !errors.Is(err2, context.Canceled) && !errors.Is(err2, errGivenUp) && (v2 != v || err2 != nil) {
						x.t.Errorf("seed %d: node %d is %d and then %d, %v in one request", x.seed, n, v, v2, err2)
					}
				}
				return v, err
			})
		})
	}
	if boom+out == outcomeString(0, errGivenUp) {
		return
	}
	x.mu.Lock()
	x.answers = append(x.answers, answer{n, from, x.db.Revision(), boom + out, false})
	x.mu.Unlock()
}

// check compares an answer with the oracles of its revisions.
func (x *together) check(a answer) {
	var wants []string
	for rev := a.from; rev <= a.to; rev++ {
		want := x.oracles[rev].demand(a.node)
		text := want.String()
		if want.panic != "" {
			text = "panic " + want.panic
		}
		if a.collected {
			text = x.oracles[rev].collectText(a.node)
		}
		if text == a.out {
			return
		}
		wants = append(wants, text)
	}
	x.t.Errorf("seed %d: node %d is %s in revisions %d to %d, from scratch %s",
		x.seed, a.node, a.out, a.from, a.to, fmt.Sprint(wants))
}
