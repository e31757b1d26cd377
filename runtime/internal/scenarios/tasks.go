package scenarios

import (
	"time"

	query "querygen.dev/runtime"
)

// MK-T01: a task as an argument.

//query:pure task
func six(cx *query.Context) int { return 6 }

//query:pure
func mulAdd(cx *query.Context, a, b query.Task[int], n int) (int, error) {
	x, err := a.Get(cx)
	if err != nil {
		return 0, err
	}
	y, err := b.Get(cx)
	if err != nil {
		return 0, err
	}
	return x*y + n, nil
}

// MK-T06: of two branches one.

//query:pure
func branch(cx *query.Context, w World) (int, error) {
	if In(cx, 0) == 0 {
		return Body(cx, w, "a")
	}
	return Body(cx, w, "b")
}

// MK-T10: a node that takes its time.

//query:pure
func slow(cx *query.Context, i int) int {
	time.Sleep(50 * time.Millisecond)
	return i + 1
}

// MK-T13: much sharing.

//query:pure
func rec(cx *query.Context, i int) (int, error) {
	if i <= 0 {
		return 1, nil
	}
	parts, err := query.Map(cx, []int{i/2 - 1, i/3 - 1}, Rec)
	if err != nil {
		return 0, err
	}
	return parts[0] + parts[1], nil
}

// Scale.

// chain is a chain of i nodes above in(0).
//
//query:pure task
func chain(cx *query.Context, i int) int {
	if i == 0 {
		return In(cx, 0)
	}
	return Chain(cx, i-1) + 1
}

// wide reads many nodes.
//
//query:pure task
func wide(cx *query.Context, n int) int {
	sum := 0
	for i := range n {
		sum += Mid(cx, i)
	}
	return sum
}

// periodic reads a node that looks outside, and one that does not.
//
//query:pure task
func periodic(cx *query.Context, w World) int { return Looking(cx, w)/10 + Shared(cx) }

// pace is a chain above a node that looks outside.
//
//query:pure task
func pace(cx *query.Context, w World, i int) int {
	if i == 0 {
		return Looking(cx, w)
	}
	return Pace(cx, w, i-1) + 1
}
