package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// run makes n a clean node that has read children at their current stamps.
func run(g *Graph, n ID, children ...ID) {
	reads := make([]Read, len(children))
	for i, c := range children {
		reads[i] = Read{c, g.Stamp(c)}
	}
	g.NewStamp(n)
	g.Finish(n, NewView(1), reads, false)
}

// A number that is given to another node does not bring the stamps of the one
// before: whoever has a read of that finds another stamp.
func TestFreedNumberComesBack(t *testing.T) {
	g := New()
	n := g.Add(0)
	run(g, n)
	g.NewStamp(n)
	last := g.Stamp(n)
	g.OldStamp(n, 1) // an iteration was given up
	g.Free(n)
	if g.Live() != 0 {
		t.Errorf("%d nodes are left", g.Live())
	}
	if again := g.Add(0); again != n || g.State(n) != Never || g.NewStamp(n) <= last {
		t.Errorf("number %d in state %v has stamp %d; %d was %d before", again, g.State(n), g.Stamp(n), n, last)
	}
	if err := g.Check(); err != nil {
		t.Error(err)
	}
}

func TestMark(t *testing.T) {
	g := New()
	in, mid, top, other := g.Add(0), g.Add(0), g.Add(0), g.Add(0)
	run(g, in)
	run(g, mid, in, in)
	run(g, top, mid, in)
	run(g, other)

	old := g.Stamp(in)
	g.NewStamp(in)
	g.Assign(in, old)
	g.Settle()
	for n, want := range map[ID]State{in: Clean, mid: Dirty, top: Dirty, other: Clean} {
		if got := g.State(n); got != want {
			t.Errorf("node %d is in state %v, want %v", n, got, want)
		}
	}
	want := []Record{{Child: mid, Seen: 1}, {Child: in, Seen: 1}}
	got := g.Records(top, nil)
	for i := range got {
		got[i].edge = 0
	}
	if !slices.Equal(got, want) {
		t.Errorf("records of top are %v, want %v", got, want)
	}
	if err := g.Check(); err != nil {
		t.Error(err)
	}
	g.Verified(mid, NewView(1), g.Records(mid, nil))
	g.Verified(top, NewView(1), g.Records(top, nil))
	if err := g.Check(); err != nil {
		t.Error(err)
	}
}

// An update that overtakes a run leaves it Dirty, with what it saw.
func TestFinishOvertaken(t *testing.T) {
	g := New()
	in, top := g.Add(0), g.Add(0)
	run(g, in)
	saw := Read{in, g.Stamp(in)}
	g.NewStamp(in)
	g.NewStamp(top)
	g.Finish(top, NewView(1), []Read{saw}, false)
	records := g.Records(top, nil)
	if g.State(top) != Dirty || len(records) != 1 || records[0].Seen != saw.Stamp {
		t.Errorf("state %v, records %v", g.State(top), records)
	}
}

func TestTaint(t *testing.T) {
	g := New()
	always, reader := g.Add(0), g.Add(0)
	g.NewStamp(always)
	g.Finish(always, NewView(1), nil, true)
	g.NewStamp(reader)
	g.Finish(reader, NewView(1), []Read{{always, 1}}, false)
	if g.State(reader).Green() || !g.GreenFor(reader, NewView(1)) || g.GreenFor(reader, NewView(2)) {
		t.Error("a reader of a volatile node must be green for one request")
	}
	g.Finish(always, NewView(2), nil, false) // it is not volatile any more
	g.Verified(reader, NewView(2), g.Records(reader, nil))
	if !g.State(reader).Green() {
		t.Error("a reader must lose its taint with what it reads")
	}
}

// Many runs with new reads make the graph sweep; all lists stay right.
func TestSweep(t *testing.T) {
	g := New()
	r := rand.New(rand.NewPCG(1, 2))
	const nodes = 300
	for range nodes {
		run(g, g.Add(0))
	}
	for round := range 20000 {
		n := 1 + r.IntN(nodes-1)
		var children []ID
		for range r.IntN(5) {
			children = append(children, ID(1+r.IntN(n)))
		}
		children = slices.DeleteFunc(children, func(c ID) bool { return c == ID(n+1) })
		g.Demand(ID(n + 1)) // nobody runs what is clean
		run(g, ID(n+1), children...)
		if r.IntN(50) == 0 {
			g.Demand(ID(1 + r.IntN(nodes)))
		}
		if round%1000 == 0 {
			if err := g.Check(); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
	if g.edges.Len() > 3*(sweepMin+nodes*5) {
		t.Errorf("%d edges are kept for at most %d reads", g.edges.Len(), nodes*5)
	}
}
