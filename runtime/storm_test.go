package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// ahead demands side by side what n reads in any case.
func (l *lattice) ahead(cx *query.Context, n int) error {
	var always []int
	for _, t := range l.nodes[n].terms {
		if t.need == 0 && t.unless == 0 {
			always = append(always, t.child)
		}
	}
	_, err := query.Map(cx, always, func(cx *query.Context, child int) (uint16, error) {
		goruntime.Gosched()
		return l.demand(cx, child), nil
	})
	return err
}

// stormCorpus holds the seeds of systems that found a bug.
var stormCorpus = []uint64{
	1795185440112668552, // an iteration forgot a head that was one in another request too, in each round anew
	1795186393921915249, // a head went on from nothing: another iteration had taken its outcome back
	1795187097236532725, // two iterations within one took a node from each other for ever
	1795188572142163324, // an iteration that was given up took back the outcome that another one had by then
}

// TestDifferentialFixpointStorm lets requests and updates overlap. Each request
// is compared with the least solution for the inputs that it finds itself; some
// are given up in the middle.
func TestDifferentialFixpointStorm(t *testing.T) {
	forSeeds(t, stormCorpus, func(t *testing.T, seed uint64) int {
		r := rand.New(rand.NewPCG(seed, 6))
		l := newLattice(r)
		defer lattices.Delete(l.id)
		if l.impure() {
			return 0
		}
		l.storm = true
		again := remakes{once: map[int]int{}}
		db := newDB(seed, again.counted(watched(query.Options{Parallelism: 1 + r.IntN(3)}), seed))
		defer db.Close()
		defer watch(t, seed)()
		var requests, updates sync.WaitGroup
		over := make(chan bool)
		updates.Go(func() {
			r := rand.New(rand.NewPCG(seed, 7))
			for range 100 { // with no end to them a request might begin again for long
				if err := l.edit(r, db, true); err != nil {
					t.Error(err)
				}
				select {
				case <-over:
					return
				case <-time.After(time.Duration(r.IntN(100)) * time.Microsecond):
				}
			}
		})
		for range 3 {
			r := rand.New(rand.NewPCG(r.Uint64(), 8))
			requests.Go(func() {
				for range 6 {
					l.request(t, r, db)
				}
			})
		}
		requests.Wait()
		close(over)
		updates.Wait()
		l.peace(t, db, l.solve())
		if err := query.CheckInvariants(db); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Errorf("repeat with -run %s -diff.seed %d\n%s", t.Name(), seed, l.dump(db))
		}
		return 18
	})
}

// request demands some nodes, side by side or one after the other, and then the
// inputs.
func (l *lattice) request(t *testing.T, r *rand.Rand, db *query.DB) {
	ctx := t.Context()
	if r.IntN(3) == 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(300))*time.Microsecond)
		defer cancel()
		ctx = limited
	}
	nodes := make([]int, 1+r.IntN(4))
	for i := range nodes {
		nodes[i] = r.IntN(len(l.nodes))
	}
	side := r.IntN(2) == 0
	got := make([]uint16, len(nodes))
	inputs, err := query.Do(ctx, db, func(cx *query.Context) (map[int]uint16, error) {
		if side {
			vs, err := query.Map(cx, nodes, func(cx *query.Context, n int) (uint16, error) { return l.demand(cx, n), nil })
			if err != nil {
				return nil, err
			}
			copy(got, vs)
		} else {
			for i, n := range nodes {
				got[i] = l.demand(cx, n)
			}
		}
		inputs := map[int]uint16{}
		for _, k := range latticeIn.Keys(cx) {
			inputs[k.Node] = latticeIn.Value(cx, k)
		}
		return inputs, nil
	})
	if err != nil {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		return
	}
	want := l.solveFor(inputs)
	for i, n := range nodes {
		if got[i] != want[n] {
			t.Errorf("node %d is %04x, the least solution for %v %04x", n, got[i], inputs, want[n])
		}
	}
}

// dump describes the equations, and what the database knows of them.
func (l *lattice) dump(db *query.DB) string {
	var b strings.Builder
	for n, node := range l.nodes {
		k := progKey{l.id, n}
		task := []query.Task[uint16]{latticePure.Task(k), latticeFix.Task(k), latticeIn.Task(k), latticeNow.Task(k)}[node.kind]
		i := query.Inspect(db, task)
		fmt.Fprintf(&b, "%d: %+v\n\t%v, ran at %d, verified at %d, changed at %d, reads", n, node, i.State, i.RanAt, i.VerifiedAt, i.ChangedAt)
		for _, r := range i.Reads {
			fmt.Fprintf(&b, " %d", r.Key.(progKey).Node)
		}
		b.WriteString("\n")
	}
	return b.String()
}
