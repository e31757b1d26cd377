package graph

import "fmt"

// Check returns the first violation of the invariants, by a full scan: for
// tests.
func (g *Graph) Check() error {
	if err := g.checkReaders(); err != nil {
		return err
	}
	unsettled := map[ID]bool{} // their readers may know nothing of it
	for _, e := range g.front {
		unsettled[ID(e)] = true
	}
	for _, n := range g.parked {
		unsettled[n] = true
		if !g.MayBeStale(n) {
			return fmt.Errorf("node %d is parked, and is in no set for that", n)
		}
	}
	for i := 1; i < g.state.Len(); i++ {
		if err := g.checkNode(ID(i), unsettled); err != nil {
			return err
		}
	}
	return nil
}

// checkClosed checks that closed sets are closed, as to an edge.
func (g *Graph) checkClosed(reader, child ID) error {
	for _, c := range g.climbs {
		if c.aside.has(child) && !c.aside.has(reader) {
			return fmt.Errorf("the set of node %d is not closed: node %d, which reads %d, is not in it", c.root, reader, child)
		}
		if c.aside.broken {
			return fmt.Errorf("the set of node %d was given up, though something was parked", c.root)
		}
	}
	return nil
}

func (g *Graph) checkNode(n ID, unsettled map[ID]bool) error {
	s := g.State(n)
	at := g.at(n)
	if !g.Has(n) && (s != Never || at.reads != 0) {
		return fmt.Errorf("node %d is gone, and is in state %v with %d reads", n, s, at.reads)
	}
	recorded := map[uint32]uint32{}
	for _, r := range g.Records(n, nil) {
		if !g.live(r.edge) || g.edge(r.edge).node() != n {
			return fmt.Errorf("node %d: a record of edge %d, which is not its own", n, r.edge)
		}
		recorded[r.edge] = r.Seen
	}
	for e := at.first; e < at.first+at.reads; e++ {
		child := g.edge(e).child
		c := g.State(child)
		if h, below := g.Height(n), g.Height(child); h != Unordered && h <= below { // I5
			return fmt.Errorf("node %d of height %d reads node %d of height %d", n, h, child, below)
		}
		if !g.Has(child) {
			return fmt.Errorf("node %d reads node %d, which is gone", n, child)
		}
		if err := g.checkClosed(n, child); err != nil {
			return err
		}
		_, has := recorded[e]
		if has != (g.edge(e).owner&hasRecord != 0) {
			return fmt.Errorf("node %d: the mark of edge %d is wrong", n, e)
		}
		if s.Kind() == Never || s.Kind() == Must || has {
			continue
		}
		if c.Kind() != Clean && !unsettled[child] { // I1
			return fmt.Errorf("node %d in state %v has no record of node %d in state %v", n, s, child, c)
		}
		if c&Tainted != 0 && s&Volatile == 0 { // I1
			return fmt.Errorf("node %d in state %v has no record of tainted node %d", n, s, child)
		}
	}
	if s.Kind() == Clean {
		if s&Tainted == 0 && len(recorded) > 0 {
			return fmt.Errorf("node %d is clean and has %d records", n, len(recorded))
		}
		for e := range recorded {
			if c := g.State(g.edge(e).child); s&Volatile == 0 && c.Kind() != Clean {
				return fmt.Errorf("node %d is clean above node %d in state %v", n, g.edge(e).child, c)
			}
		}
	}
	return nil
}

// checkReaders compares the lists of readers with the lists of reads.
func (g *Graph) checkReaders() error {
	live, linked := 0, 0
	for i := 1; i < g.state.Len(); i++ {
		at := g.at(ID(i))
		live += int(at.reads)
		for e := at.readers; e != 0; e = g.edge(e - 1).next {
			if g.edge(e-1).child != ID(i) {
				return fmt.Errorf("edge %d is in the wrong list of readers", e-1)
			}
			if g.live(e - 1) {
				linked++
			}
		}
	}
	if live != linked || live != g.edges.Len()-g.dead {
		return fmt.Errorf("%d live edges, %d of them linked, %d counted", live, linked, g.edges.Len()-g.dead)
	}
	return nil
}
