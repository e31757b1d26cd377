package scenarios

import (
	"errors"
	"fmt"

	query "querygen.dev/runtime"
)

// Cycles with cycle=fallback. The graph is made of inputs: in(i) says where i
// leads, 0 that it ends there.

// follow counts the steps from i to the end.
//
//query:pure cycle=fallback:lost
func follow(cx *query.Context, i int) int {
	next := In(cx, i)
	if next == 0 {
		return 0
	}
	return Follow(cx, next) + 1
}

// lost is what follow says on a cycle.
func lost(_ *query.Context, i int) int { return -10 * i }

// above reads follow, and is on no cycle.
//
//query:pure
func above(cx *query.Context, i int) int { return Follow(cx, i) * 2 }

// A Stop is a key that has methods.
type Stop int

// ahead is follow as a method, over onward, which is not marked.
//
//query:pure cycle=fallback:round
func (s Stop) ahead(cx *query.Context) (Stop, int) {
	if In(cx, int(s)) == 0 {
		return s, 0
	}
	end, n := s.Onward(cx)
	return end, n + 1
}

func (s Stop) round(*query.Context) (Stop, int) { return -s, 0 }

//query:pure
func (s Stop) onward(cx *query.Context) (Stop, int) { return Stop(In(cx, int(s))).Ahead(cx) }

// leads fails where a path has no end.
//
//query:pure cycle=fallback:leadsNowhere
func leads(cx *query.Context, i int) (int, error) {
	next := In(cx, i)
	if next == 0 {
		return i, nil
	}
	end, err := Leads(cx, next)
	return end, err // the body's word counts for nothing on a cycle
}

func leadsNowhere(_ *query.Context, i int) (int, error) {
	return 0, &Refusal{fmt.Sprint(i, " leads nowhere"), i}
}

// told is what a reader makes of it.
//
//query:pure
func told(cx *query.Context, i int) string {
	_, err := Leads(cx, i)
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Text
	}
	return "it has an end"
}

// marked does what the test says; on a cycle too.
//
//query:pure cycle=fallback:spare
func marked(cx *query.Context, w World, name string) (int, error) { return w.outside().code(name)(cx) }

func spare(cx *query.Context, w World, name string) (int, error) {
	return w.outside().code("spare " + name)(cx)
}

// even and odd walk a graph in which in(i) is a set of nodes, a bit for each.
// Nodes with even numbers fall back.
//
//query:pure cycle=fallback:evenAlone
func even(cx *query.Context, i int) (int, error) { return alongEdges(cx, i) }

func evenAlone(_ *query.Context, i int) (int, error) { return 1000 + i, nil }

//query:pure
func odd(cx *query.Context, i int) (int, error) { return alongEdges(cx, i) }

func alongEdges(cx *query.Context, i int) (int, error) {
	sum := i
	for next := range 8 {
		if In(cx, i)&(1<<next) == 0 {
			continue
		}
		v, err := evenOrOdd(cx, next)
		if err != nil {
			return 0, err
		}
		sum = (3*sum + v) % 100_003
	}
	return sum, nil
}

func evenOrOdd(cx *query.Context, i int) (int, error) {
	if i%2 == 0 {
		return Even(cx, i)
	}
	return Odd(cx, i)
}
