package graph

import "slices"

// A View says what may be green for somebody: the number of his request, and then
// those of the iterations he is part of, from the outermost on, ascending. It costs
// the same however deep the iterations nest: a view is the one around it and a
// number.
type View struct{ s *scope }

// A scope is the last number of a view. jump leads to one further out, so that the
// way to any of them is logarithmic (Myers, An applicative random-access stack).
type scope struct {
	id, request uint64
	outer, jump *scope // of a request: nil and itself
	depth       int
}

// NewView returns the view of a request.
func NewView(request uint64) View {
	s := &scope{id: request, request: request}
	s.jump = s
	return View{s}
}

// Within returns the view of an iteration inside of v. Its number is greater than
// all in v.
func (v View) Within(iteration uint64) View {
	o := v.s
	s := &scope{id: iteration, request: o.request, outer: o, jump: o, depth: o.depth + 1}
	if o.depth-o.jump.depth == o.jump.depth-o.jump.jump.depth {
		s.jump = o.jump.jump
	}
	return View{s}
}

// Request is the number of the request.
func (v View) Request() uint64 { return v.s.request }

// Innermost is the last number of the view.
func (v View) Innermost() uint64 { return v.s.id }

// Iterated reports whether the view is that of an iteration.
func (v View) Iterated() bool { return v.s.outer != nil }

// Contains reports whether a number is one of the view's.
func (v View) Contains(id uint64) bool {
	s := v.s
	for s.id > id && s.outer != nil {
		if s.jump.id >= id {
			s = s.jump
		} else {
			s = s.outer
		}
	}
	return s.id == id
}

// Iterations calls yield for the numbers of the iterations, from the innermost out.
func (v View) Iterations(yield func(uint64) bool) {
	for s := v.s; s.outer != nil; s = s.outer {
		if !yield(s.id) {
			return
		}
	}
}

// Beside reports whether neither view lies within the other.
func (v View) Beside(o View) bool {
	return !v.Contains(o.Innermost()) && !o.Contains(v.Innermost())
}

// Before reports whether the iterations of v are elder than those of o, the
// outermost one first; if one view lies within the other, the wider one is. Views
// of different requests may be compared.
func (v View) Before(o View) bool {
	switch {
	case v.Contains(o.Innermost()):
		return false
	case o.Contains(v.Innermost()):
		return true
	}
	mine, others := slices.Collect(v.Iterations), slices.Collect(o.Iterations)
	slices.Reverse(mine)
	slices.Reverse(others)
	return slices.Compare(mine, others) < 0
}
