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
	for link := g.at(x).readers; link != 0; {
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
	g.epoch++ // somebody may be verifying it
	g.dropRecords(n)
	g.setState(n, Must)
	delete(g.greenFor, n)
	if g.ignorant(s) {
		g.Mark(n, g.Stamp(n))
	}
}

// ignorant reports whether the readers of a node that was in state s may know
// nothing of its changes. Else I1 has seen to it.
func (g *Graph) ignorant(s State) bool {
	return s.Kind() == Clean || len(g.front) > 0 || len(g.parked) > 0
}

// Assign makes n a node that is up to date by decree and reads nothing; old is
// the stamp its readers know, the current one may be another. What it may affect is
// above the front then.
func (g *Graph) Assign(n ID, old uint32) {
	s := g.State(n)
	g.dropRecords(n)
	g.setReads(n, nil)
	g.setHeight(n, 0)
	g.setState(n, Clean)
	delete(g.greenFor, n)
	if g.ignorant(s) && g.Stamp(n) != old {
		g.Notify(n, old)
	}
}

// Provide makes n a node that is up to date by decree for view v alone. For
// anybody else it depends on the nodes in on, whatever their stamps.
func (g *Graph) Provide(n ID, v uint64, on ...ID) {
	g.epoch++
	g.dropRecords(n)
	reads := make([]Read, len(on))
	for i, d := range on {
		reads[i] = Read{d, g.Stamp(d)}
	}
	g.setReads(n, reads)
	g.liftTo(n, Unordered)
	for i, r := range reads {
		g.addRecord(n, g.at(n).first+uint32(i), r.Stamp)
	}
	g.setState(n, Clean|Tainted)
	g.greenFor[n] = v
}

// Finish records a run of n in view v: its reads in order, each at the
// stamp that the body saw. The caller has settled the stamp. volatile says that
// the outcome is for this request only, or for the iteration if that is where
// what it depends on comes from. A read whose child has moved since, or
// is not green for everybody, leaves a record; the node is Dirty if any of them
// might be more than a taint. That covers changes that overtook the run:
// nothing of it is lost, and nothing of it is stale.
//
// reads is scratch afterwards.
func (g *Graph) Finish(n ID, v View, reads []Read, volatile bool) {
	reads = g.distinct(reads)
	g.dropRecords(n)
	g.setReads(n, reads)
	g.lift(n, reads)
	first := g.at(n).first
	state, narrowest := Clean, v.Request()
	if volatile {
		state |= Volatile | Tainted
	}
	for i, read := range reads {
		s := g.State(read.Node)
		moved := g.Stamp(read.Node) != read.Stamp || !g.GreenFor(read.Node, v)
		if !moved && s&Tainted == 0 {
			continue
		}
		g.addRecord(n, first+uint32(i), read.Stamp)
		if s&Tainted != 0 {
			state |= Tainted
			narrowest = max(narrowest, g.For(read.Node))
		}
		if moved {
			state = state&^kindMask | Dirty
		}
	}
	was := g.State(n).Kind()
	g.settle(n, narrowest, state)
	if was == Clean && state.Kind() != Clean {
		// It was run although it was green for somebody: it is volatile, or an
		// iteration had provided it. So were its readers, which have records.
		g.Mark(n, g.Stamp(n))
	}
}

// Verified makes n green: all children of its records were found green in
// view v, at the stamps seen. Records of tainted children stay; that keeps
// the taint right in both directions, since a child that ran may have gained or
// lost its own.
func (g *Graph) Verified(n ID, v View, records []Record) {
	state, narrowest := Clean|g.State(n)&Volatile, v.Request()
	if state&Volatile != 0 {
		state |= Tainted
	}
	g.dropRecords(n)
	for _, rec := range records {
		if g.State(rec.Child)&Tainted != 0 {
			g.addRecord(n, rec.edge, rec.Seen)
			state |= Tainted
			narrowest = max(narrowest, g.For(rec.Child))
		}
	}
	g.settle(n, narrowest, state)
}

// settle sets the state of n, which if it is tainted is green for view v: the
// narrowest that any of its reads is green for.
func (g *Graph) settle(n ID, v uint64, state State) {
	if state&Tainted != 0 {
		g.greenFor[n] = v
	} else if len(g.greenFor) > 0 {
		delete(g.greenFor, n)
	}
	g.setState(n, state)
}
