package scenarios

import query "querygen.dev/runtime"

// IQ-T03: above something random.

//query:pure
func dep(cx *query.Context, w World) int { return Always(cx, w, "random") }

// IQ-T04: always-queries.

//query:pure
func sign(cx *query.Context, w World) bool { return Always(cx, w, "v") > 0 }

//query:pure
func outer(cx *query.Context, w World) string {
	if Sign(cx, w) {
		return "positive"
	}
	return "not positive"
}

// IQ-T05, IQ-T06: the same with generations.

//query:pure
func signOf(cx *query.Context, w World) bool { return Generation(cx, w, "v") > 0 }

//query:pure
func outerOf(cx *query.Context, w World) string {
	if SignOf(cx, w) {
		return "positive"
	}
	return "not positive"
}

// IQ-T08: a condition that changes with the generation.

//query:pure task
func cond(cx *query.Context, w World, c int) int {
	if Flag(cx, w) {
		return One(cx)
	}
	return Two(cx, c)
}

//rerun:generation
func flag(cx *query.Context, w World) bool { return w.outside().next("flag") != 0 }

//query:pure
func one(cx *query.Context) int { return 1 }

//query:pure
func two(cx *query.Context, c int) int { return 2 * c }

// IQ-T17: the order of an impure call and a pure one.

//query:pure
func impureFirst(cx *query.Context, w World) int {
	v := Always(cx, w, "first")
	return v + In(cx, 0)
}

//query:pure
func pureFirst(cx *query.Context, w World) int {
	v := In(cx, 0)
	return v + Always(cx, w, "last")
}

// oneOfMany reads an always-query that many read.
//
//query:pure
func oneOfMany(cx *query.Context, w World, i int) int { return Always(cx, w, "many")*10_000 + i }

// MK-T03: a parity above an always-query.

//query:pure
func parity(cx *query.Context, w World) int { return Always(cx, w, "src") % 2 }

//query:pure
func label(cx *query.Context, w World) string {
	if Parity(cx, w) == 0 {
		return "even"
	}
	return "odd"
}

// looking depends on the outside and on an input.
//
//rerun:generation
func looking(cx *query.Context, w World) int { return w.outside().next("looking") + In(cx, 0) }
