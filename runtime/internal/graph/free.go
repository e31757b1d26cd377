package graph

// Gone is the table of nodes that were freed and that nobody has taken over yet.
const Gone = ^uint32(0) - 1

// Free takes n out of the graph. Nobody may read it, except nodes that are freed
// with it. Its number will be that of another node, whose stamps go on where those
// of n end: so whoever still has a read of n will find that it differs.
func (g *Graph) Free(n ID) {
	g.epoch++
	g.dropRecords(n)
	g.setReads(n, nil)
	g.setState(n, Never)
	g.setHeight(n, 0)
	at := g.at(n)
	if top, ok := g.highest[n]; ok {
		at.stamp = top
		delete(g.highest, n)
	}
	delete(g.greenFor, n)
	for _, c := range g.climbs {
		c.aside.remove(n)
	}
	g.moved++ // the number will be that of another node
	at.table, at.times = Gone, Times{}
	g.free = append(g.free, n)
}

// Live is the number of nodes that were not freed.
func (g *Graph) Live() int { return g.Nodes() - len(g.free) }

// taken returns the number of a node that was freed, for another one.
func (g *Graph) taken() (ID, bool) {
	last := len(g.free) - 1
	if last < 0 {
		return 0, false
	}
	n := g.free[last]
	g.free = g.free[:last]
	return n, true
}
