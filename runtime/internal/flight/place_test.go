package flight

import (
	"testing"

	"querygen.dev/runtime/internal/graph"
)

// limited claims nodes of a query with that limit, one below the other, and
// lets them run if there are places.
func limited(b *Board, l *Limit, parent *Flight, node graph.ID) *Flight {
	f := claim(b, parent, node)[0]
	f.Limit, f.Running = l, true
	return f
}

func TestPlaces(t *testing.T) {
	b := newBoard(1)
	l := b.Limit(0, 1)
	one, two := NewRequest(1), NewRequest(2)
	f := limited(b, l, one.Root, 10)
	g := limited(b, l, two.Root, 20)
	if !b.TryPlace(f) || !b.TryPlace(f) || b.TryPlace(g) {
		t.Fatal("there must be one place, and for one flight only one")
	}
	w := b.WaitPlace(g)
	if b.Granted(w) {
		t.Error("a place out of nothing")
	}
	below := claim(b, f, 11)[0]
	if b.WaitFor(below, claim(b, two.Root, 21)[0]); b.Granted(w) {
		t.Error("a body that waits has lost its place, though nobody needs that")
	}
	if b.WaitFor(below, g); !b.Granted(w) {
		t.Error("f waits for g, and g for the place of f")
	}
	b.End(g)
	if !b.TryPlace(f) {
		t.Error("the place must be free again")
	}
	b.End(f)
}

// Two queries whose places are held by those who wait for each other.
func TestPlacesOfTwoQueries(t *testing.T) {
	b := newBoard(1)
	l, m := b.Limit(0, 1), b.Limit(1, 1)
	one, two := NewRequest(1), NewRequest(2)
	f, g := limited(b, l, one.Root, 10), limited(b, m, two.Root, 20)
	b.TryPlace(f)
	b.TryPlace(g)
	v := b.WaitPlace(limited(b, m, f, 11))
	if b.Granted(v) {
		t.Error("g computes, and will leave its place")
	}
	w := b.WaitPlace(limited(b, l, g, 21))
	if b.Granted(v) == b.Granted(w) {
		t.Error("one of the two must go on, and then the other one can")
	}
}

func TestForgoPlace(t *testing.T) {
	b := newBoard(1)
	l := b.Limit(0, 1)
	r := NewRequest(1)
	f, g := limited(b, l, r.Root, 10), limited(b, l, r.Root, 20)
	b.TryPlace(f)
	b.Forgo(b.WaitPlace(g))
	b.End(g)
	b.End(f)
	if l.free != 1 || len(b.crowded) != 0 {
		t.Error("a wait that was given up has left something behind")
	}
}
