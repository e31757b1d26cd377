package scenarios

import (
	"strings"
	"testing"

	query "querygen.dev/runtime"
)

// Values that are equal are one key, whoever made them.
func TestHandlesAreKeys(t *testing.T) {
	s := newScene(t, query.Options{})
	other := newScene(t, query.Options{})
	make := func(cx *query.Context, last int) query.Handle[Plan] {
		return query.Intern(cx, Plan{Inputs: []int{1, 2, last}, Rename: map[string]string{"a": "b"}})
	}
	for i := range 4 {
		s.set(i, i)
	}
	equal(t, Planned(s.cx, make(s.cx, 3)), 6)
	s.ran(`planned({Inputs: [1, 2, 3], Rename: {"a": "b"}})`)
	equal(t, Planned(s.cx, make(other.cx, 3)), 6)
	s.ran()
	equal(t, Planned(s.cx, make(s.cx, 1)), 4)
	s.ran(`planned({Inputs: [1, 2, 1], Rename: {"a": "b"}})`)
	if PlannedTask(make(s.cx, 3)) != PlannedTask(make(s.cx, 3)) {
		t.Error("tasks with equal handles are not equal")
	}
	s.set(3, 30)
	equal(t, Planned(s.cx, make(s.cx, 3)), 33)
	s.took()
	long := Plan{Rename: map[string]string{strings.Repeat("x", 500): "y"}}
	Planned(s.cx, query.Intern(s.cx, long))
	if ran := s.took(); len(ran) != 1 || len(ran[0]) > 120 {
		t.Errorf("ran %v", ran)
	}
}

// To intern is no read, and a handle is compared by what it stands for.
func TestHandlesAreResults(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(1, 25)
	equal(t, PlanLength(s.cx, 1), 2)
	s.ran("planLength(1)", "makePlan(1)")
	s.set(1, 27)
	equal(t, PlanLength(s.cx, 1), 2)
	s.ran("makePlan(1)")
	s.set(1, 30)
	equal(t, PlanLength(s.cx, 1), 3)
	s.ran("makePlan(1)", "planLength(1)")
}
