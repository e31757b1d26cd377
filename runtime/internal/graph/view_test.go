package graph

import "testing"

// Of two requests that iterate one must be before the other whichever of their
// inner iterations are compared, or each could take nodes from the other for ever.
func TestViewOrder(t *testing.T) {
	one, two := NewView(1), NewView(2)
	elder, younger := one.Within(10), two.Within(20)
	inner, innermost := elder.Within(40), elder.Within(40).Within(50)
	other := younger.Within(30)
	order := []View{elder, inner, innermost, elder.Within(60), younger, other}
	for i, a := range order {
		for j, b := range order {
			if got := a.Before(b); got != (i < j) {
				t.Errorf("Before(%d, %d) is %v", i, j, got)
			}
		}
	}
}

// The way to an outer number is by leaps; none must be missed.
func TestViewContains(t *testing.T) {
	v := NewView(1)
	const depth = 200
	for i := range uint64(depth) {
		v = v.Within(10 * (i + 1))
	}
	for id := range uint64(10*depth + 20) {
		want := id == 1 || id > 0 && id%10 == 0 && id <= 10*depth
		if v.Contains(id) != want {
			t.Errorf("Contains(%d) is %v", id, !want)
		}
	}
	if !v.Iterated() || v.Request() != 1 || v.Innermost() != 10*depth {
		t.Error("the ends are wrong")
	}
}

// An iteration is no rival to the one around it, nor to its own request.
func TestViewBeside(t *testing.T) {
	request := NewView(1)
	outer := request.Within(10)
	one, two := outer.Within(20), outer.Within(30)
	for _, c := range []struct {
		a, b View
		want bool
	}{{one, two, true}, {one.Within(40), two, true}, {one, NewView(2), true}, {one, outer, false}, {one, request, false}, {one, one, false}, {one.Within(40), outer, false}} {
		if c.a.Beside(c.b) != c.want || c.b.Beside(c.a) != c.want {
			t.Errorf("Beside(%d, %d) is not %v", c.a.Innermost(), c.b.Innermost(), c.want)
		}
	}
}
