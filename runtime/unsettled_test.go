package runtime_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	query "querygen.dev/runtime"
)

// Where heads call each other against the way that a value takes, it gets only to
// the next one in each round.
func TestManyHeads(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, t.Name(), 5)
	const many = 300
	keys := make([]string, many)
	for i := range keys {
		keys[i] = hook(t, fmt.Sprint(i), func(cx *query.Context) (int, error) {
			v := 0
			if i == 0 {
				v = hookIn.Value(cx, t.Name())
			}
			for _, next := range []int{i + 1, i - 1} {
				if next < 0 || next == many {
					continue
				}
				w, err := hookFix.Get(cx, keys[next])
				if err != nil {
					return 0, err
				}
				v = max(v, w)
			}
			return v, nil
		})
	}
	wantHook(t, db, hookFix, keys[0], 5)
	wantHook(t, db, hookFix, keys[many-1], 5)
	idle(t, db)
}

// A restless ring never settles while it is on: the first node is the opposite of
// what comes round. Some nodes have the option cycle=fixpoint, some turn errors into
// values, and some call another node as well.
type restlessRing []struct {
	marked, swallows bool
	extra            int
}

func (ring restlessRing) demand(cx *query.Context, keys []string, i int) (int, error) {
	if ring[i%len(ring)].marked {
		return hookFix.Get(cx, keys[i%len(ring)])
	}
	return hookQ.Get(cx, keys[i%len(ring)])
}

// body is what node i does.
func (ring restlessRing) body(cx *query.Context, keys []string, i int) (int, error) {
	on := hookIn.Value(cx, "on")
	v, err := ring.demand(cx, keys, i+1)
	if x := ring[i].extra; x < len(ring) && ring[x].marked {
		_, _ = ring.demand(cx, keys, x)
	}
	switch {
	case err != nil && ring[i].swallows:
		return 7, nil
	case i == 0 && on == 1:
		return 1 - v, err
	}
	return v, err
}

// all demands each node, from entry on, while the ring is on, off, and on again.
func (ring restlessRing) all(t *testing.T, entry int) []string {
	db := query.New(query.Options{})
	keys, got := make([]string, len(ring)), make([]string, len(ring))
	for i := range ring {
		keys[i] = hook(t, fmt.Sprint(i), func(cx *query.Context) (int, error) { return ring.body(cx, keys, i) })
	}
	for _, on := range []int{1, 0, 1} {
		setHook(t, db, "on", on)
		for i := range ring {
			i = (i + entry) % len(ring)
			v, err := ring.demand(db.Context(t.Context()), keys, i)
			got[i] += fmt.Sprintln(v, err)
		}
	}
	idle(t, db)
	return got
}

// What does not settle ends in the same error, whoever is asked first.
func TestUnsettledFromAnywhere(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		ring := make(restlessRing, 2+r.IntN(5))
		for i := range ring {
			ring[i].marked, ring[i].swallows, ring[i].extra = i == 0 || r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2*len(ring))
		}
		want := ring.all(t, 0)
		for entry := range ring {
			for i, got := range ring.all(t, entry) {
				if got != want[i] {
					t.Fatalf("seed %d: node %d is, from node %d on\n%swant\n%s", seed, i, entry, got, want[i])
				}
			}
		}
	}
}
