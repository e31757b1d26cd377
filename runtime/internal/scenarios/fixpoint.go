package scenarios

import (
	"math/bits"
	"slices"

	query "querygen.dev/runtime"
)

// Cycles with cycle=fixpoint, in the same graphs: in(i) is a set of nodes, a bit
// for each.

// reach is the set of nodes that a path from i leads to, i itself if it comes
// back.
//
//query:pure cycle=fixpoint:nothing
func reach(cx *query.Context, i int) *Set {
	set := Set{}
	for next := range 16 {
		if In(cx, i)&(1<<next) != 0 {
			set.Bits |= 1<<next | Step(cx, next).Bits
		}
	}
	return &set
}

// A Set is a set of nodes, behind a pointer: the old one stays if the new one is
// equal.
type Set struct{ Bits int }

func nothing(*query.Context, int) *Set { return &Set{} }

// step stands between: it is on the cycles too, and not marked.
//
//query:pure
func step(cx *query.Context, i int) *Set { return Reach(cx, i) }

// size reads reach, and is on no cycle.
//
//query:pure
func size(cx *query.Context, i int) int { return bits.OnesCount(uint(Reach(cx, i).Bits)) }

// restless changes for ever.
//
//query:pure cycle=fixpoint:zero
func restless(cx *query.Context, i int) (int, error) {
	if In(cx, i) == 0 {
		return 0, nil
	}
	n, err := Restless(cx, i)
	return 1 - n, err
}

func zero(*query.Context, int) (int, error) { return 0, nil }

// numbered emits what it has in each round.
//
//query:pure task cycle=fixpoint:none
func numbered(cx *query.Context, i int) []int {
	list := []int{i}
	for next := range 8 {
		if In(cx, i)&(1<<next) != 0 {
			list = append(list, Numbered(cx, next)...)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	query.Emit(cx, Numbering{i, list})
	return list
}

// Numbering is what numbered emits.
type Numbering struct {
	Of   int
	List []int
}

func none(*query.Context, int) []int { return nil }
