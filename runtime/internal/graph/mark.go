package graph

// Mark tells everybody who may be affected that x is no longer known to be
// what its readers saw: they get a record of the stamp seen at which they read
// it, turn Dirty, and their readers are marked in turn, at their own stamps.
// It restores I1. The cost is that of the edges it visits; a reader that is
// already not Clean is not gone through again.
func (g *Graph) Mark(x ID, seen uint32) {
	g.epoch++
	stack := g.markOne(x, seen, g.stack[:0])
	for len(stack) > 0 {
		y := stack[len(stack)-1]
		stack = g.markOne(y, g.Stamp(y), stack[:len(stack)-1])
	}
	g.stack = stack
}

// markOne appends to stack the readers of x that were Clean.
func (g *Graph) markOne(x ID, seen uint32, stack []ID) []ID {
	for link := *g.readers.At(uint32(x)); link != 0; {
		e := g.edge(link - 1)
		i := link - 1
		link = e.next
		if !g.live(i) {
			continue
		}
		p := e.node()
		s := g.State(p)
		if s.Kind() == Never || s.Kind() == Must {
			continue
		}
		// The first stamp seen stays right over many revisions.
		if e.owner&hasRecord == 0 {
			g.addRecord(p, i, seen)
		}
		if s.Kind() == Clean {
			g.setState(p, s&^kindMask|Dirty)
			stack = append(stack, p)
		}
	}
	return stack
}

// Demand makes n run at its next demand, and tells its readers.
func (g *Graph) Demand(n ID) {
	s := g.State(n)
	if s.Kind() == Never || s.Kind() == Must {
		return
	}
	g.dropRecords(n)
	g.setState(n, Must)
	delete(g.greenFor, n)
	if s.Kind() == Clean { // else I1 has it already
		g.Mark(n, g.Stamp(n))
	}
}

// Assign makes n a node that is up to date by decree and reads nothing; old is
// the stamp its readers know, the current one may be another.
func (g *Graph) Assign(n ID, old uint32) {
	s := g.State(n)
	g.dropRecords(n)
	g.setReads(n, nil)
	g.setState(n, Clean)
	delete(g.greenFor, n)
	if s.Kind() == Clean && g.Stamp(n) != old {
		g.Mark(n, old)
	}
}

// Finish records a run of n for request r: its reads in order, each at the
// stamp that the body saw. The caller has settled the stamp. volatile says that
// the outcome is for this request only. A read whose child has moved since, or
// is not green for everybody, leaves a record; the node is Dirty if any of them
// might be more than a taint. That covers changes that overtook the run:
// nothing of it is lost, and nothing of it is stale.
//
// reads is scratch afterwards.
func (g *Graph) Finish(n ID, r uint64, reads []Read, volatile bool) {
	reads = g.distinct(reads)
	g.dropRecords(n)
	g.setReads(n, reads)
	first := *g.first.At(uint32(n))
	state := Clean
	if volatile {
		state |= Volatile | Tainted
	}
	for i, read := range reads {
		s := g.State(read.Node)
		moved := g.Stamp(read.Node) != read.Stamp || !g.GreenFor(read.Node, r)
		if !moved && s&Tainted == 0 {
			continue
		}
		g.addRecord(n, first+uint32(i), read.Stamp)
		state |= s & Tainted
		if moved {
			state = state&^kindMask | Dirty
		}
	}
	g.settle(n, r, state)
}

// Verified makes n green: all children of its records were found green for
// request r, at the stamps seen. Records of tainted children stay; that keeps
// the taint right in both directions, since a child that ran may have gained or
// lost its own.
func (g *Graph) Verified(n ID, r uint64, records []Record) {
	state := Clean | g.State(n)&Volatile
	if state&Volatile != 0 {
		state |= Tainted
	}
	g.dropRecords(n)
	for _, rec := range records {
		if g.State(rec.Child)&Tainted != 0 {
			g.addRecord(n, rec.edge, rec.Seen)
			state |= Tainted
		}
	}
	g.settle(n, r, state)
}

func (g *Graph) settle(n ID, r uint64, state State) {
	if state&Tainted != 0 {
		g.greenFor[n] = r
	} else {
		delete(g.greenFor, n)
	}
	g.setState(n, state)
}
