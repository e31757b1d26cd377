package scenarios

import query "querygen.dev/runtime"

// A Plan is too big for a key, and not comparable.
type Plan struct {
	Inputs []int
	Rename map[string]string
}

// planned adds the inputs of a plan.
//
//query:pure task
func planned(cx *query.Context, p query.Handle[Plan]) int {
	sum := 0
	for _, i := range p.Value(cx).Inputs {
		sum += In(cx, i)
	}
	return sum
}

// makePlan makes a handle inside of a query, and returns it.
//
//query:pure persist=no
func makePlan(cx *query.Context, n int) query.Handle[Plan] {
	return query.Intern(cx, Plan{Inputs: make([]int, In(cx, n)/10)})
}

// planLength reads what makePlan returns.
//
//query:pure
func planLength(cx *query.Context, n int) int { return len(MakePlan(cx, n).Value(cx).Inputs) }
