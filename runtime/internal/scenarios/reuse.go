package scenarios

import query "querygen.dev/runtime"

// in is the input of most scenarios.
//
//query:input task
func in(cx *query.Context, i int) int { return 0 }

// S1: early cutoff.

//query:pure
func mid(cx *query.Context, i int) int { return In(cx, i) / 2 }

//query:pure
func fin(cx *query.Context, i int) int { return Mid(cx, i) * 2 }

// S3: separate reads.

//query:input
func x(cx *query.Context) int { return 0 }

//query:input
func y(cx *query.Context) int { return 0 }

//query:pure
func dx(cx *query.Context) int { return X(cx) + 1 }

//query:pure
func dy(cx *query.Context) int { return Y(cx) - 1 }

// S5: a result that counts as a change each time.

//query:pure eq=never
func abs(cx *query.Context, i int) int { return max(In(cx, i), -In(cx, i)) }

//query:pure
func d(cx *query.Context, i int) int { return Abs(cx, i) }

// S6: reads that depend on reads.

//query:pure task
func sel(cx *query.Context, a, b, c int) int {
	if In(cx, a) > 0 {
		return F(cx, b)
	}
	return F(cx, c)
}

//query:pure
func f(cx *query.Context, x int) int { return In(cx, x) * 10 }

// selDerived is sel with a condition that is a query itself.
//
//query:pure
func selDerived(cx *query.Context, a, b, c int) int {
	if Positive(cx, a) {
		return F(cx, b)
	}
	return F(cx, c)
}

//query:pure
func positive(cx *query.Context, a int) bool { return In(cx, a) > 0 }

// S7: the diamond.

//query:pure
func tenfold(cx *query.Context) int { return In(cx, 0) * 10 }

//query:pure
func left(cx *query.Context) int { return Tenfold(cx) / 100 }

//query:pure
func right(cx *query.Context) int { return Tenfold(cx) + 1 }

//query:pure
func top(cx *query.Context) int { return Left(cx) + Right(cx) }

// IQ-T16: readers of one node.

//query:pure
func shared(cx *query.Context) int { return In(cx, 0) + 1 }

//query:pure
func reader(cx *query.Context, i int) int { return Shared(cx)*1000 + i }

// IQ-T22: keys that are made differently and are equal.

// A Key is a key with everything a key may have in it.
type Key struct {
	Name  string
	Parts [2]float64
	Task  query.Task[int]
}

//query:pure
func composite(cx *query.Context, k Key) int { return len(k.Name) }
