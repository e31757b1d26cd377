package graph

import "testing"

// chainOf makes a chain of nodes above n and returns the last.
func chainOf(g *Graph, n ID, length int) ID {
	for range length {
		next := g.Add(0)
		run(g, next, n)
		n = next
	}
	return n
}

func touch(g *Graph, in ID) {
	old := g.Stamp(in)
	g.NewStamp(in)
	g.Assign(in, old)
}

// It costs a walk through all that is above a node to find that it lies aside of a root, once:
// then the edges that are looked at do not depend on how many there are.
func TestClimbRemembers(t *testing.T) {
	g := New()
	const length = 50_000
	a, b := g.Add(0), g.Add(0)
	run(g, a)
	run(g, b)
	root, other := chainOf(g, a, length), chainOf(g, b, length)
	edges := 0
	look := func(root ID) Place {
		touch(g, b)
		n, _, ok := g.Lowest()
		if !ok {
			t.Fatal("nothing is on the front")
		}
		defer g.Return(n)
		c := g.Climb(root, nil)
		p := c.Find(n)
		edges += climbBeats - c.beat
		return p
	}
	if p := look(root); p != Aside || edges < length-1 {
		t.Fatalf("%v after %d edges", p, edges)
	}
	if p := look(other); p != Below {
		t.Fatalf("%v below its own root", p)
	}
	edges = 0
	for i := range 1000 {
		r, want := root, Aside
		if i%3 == 0 {
			r, want = other, Below
		}
		if p := look(r); p != want {
			t.Fatalf("%v in round %d", p, i)
		}
	}
	if edges > 0 {
		t.Errorf("%d edges were looked at once more", edges)
	}
	if err := g.Check(); err != nil {
		t.Error(err)
	}
}

// Who has read what lies aside may take it below the root.
func TestClosedSetsStayClosed(t *testing.T) {
	g := New()
	a, b, top := g.Add(0), g.Add(0), g.Add(0)
	run(g, a)
	run(g, b)
	mid := chainOf(g, a, 1)
	run(g, top, mid)
	aside := chainOf(g, b, 3)
	find := func(n ID) Place { return g.Climb(top, nil).Find(n) }
	if find(b) != Aside {
		t.Fatal("b is not aside")
	}
	fresh := g.Add(0)
	run(g, fresh, aside, a)
	if find(b) != Aside || find(fresh) != Aside {
		t.Error("a new node that nobody has read is not aside")
	}
	g.Demand(mid)
	run(g, mid, a, aside)
	g.Demand(top)
	run(g, top, mid)
	if err := g.Check(); err != nil {
		t.Error(err)
	}
	if find(b) != Below {
		t.Error("b is not below top")
	}
	g.Demand(mid)
	run(g, mid, a)
	g.Demand(top)
	run(g, top, mid)
	if find(b) != Aside {
		t.Error("b is not aside any more")
	}
	if err := g.Check(); err != nil {
		t.Error(err)
	}
}

// One who gives up knows nothing, and what is on a cycle is not known either.
func TestClimbUnknown(t *testing.T) {
	g := New()
	a := g.Add(0)
	run(g, a)
	before := chainOf(g, a, 3*climbBeats)
	last := chainOf(g, before, 1)
	root := g.Add(0)
	run(g, root)
	if p := g.Climb(root, func() bool { return true }).Find(a); p != Unknown {
		t.Errorf("%v after giving up", p)
	}
	if p := g.Climb(root, nil).Find(a); p != Aside {
		t.Errorf("%v in the end", p)
	}
	g.Demand(last)
	run(g, last, before, last) // on a cycle
	other := g.Add(0)
	run(g, other)
	if p := g.Climb(other, nil).Find(a); p != Unknown {
		t.Errorf("%v below a cycle", p)
	}
	if p := g.Climb(last, nil).Find(a); p != Below {
		t.Errorf("%v below a node on a cycle", p)
	}
}
