package graph

// A Climb finds out what lies below a root, and what does not, and remembers both.
//
// It goes up from a node, along live readers. If it meets the root, the nodes on its
// way are below that. What it has come back from, because all that reads it is
// known not to be below the root, goes into the climb's closed set. That is right
// for nodes with heights, which are on no cycle: whoever has read them was looked at to the
// end by then.
type Climb struct {
	g     *Graph
	root  ID
	moved uint64 // how often edges had moved when the marks were made
	under uint32 // the mark of nodes that are below the root
	seen  uint32 // the mark of nodes that were looked at since Climb was called
	left  int    // how many reads of nodes that are not Clean may be looked at
	beat  int    // counts edges down: at multiples of climbBeats, stop is asked
	stop  func() bool
	way   []rung
	aside *closed // nil: nothing is remembered of what is not below the root
	used  uint64  // when Climb was called last
}

// A rung is a node on the way up, and the edge to be tried next.
type rung struct {
	node  ID
	link  uint32
	dear  bool // it is not Clean, so marking would not go further
	doubt bool // not all that has read it is known not to be below the root
}

// A Place says where a node is as seen from a root.
type Place uint8

const (
	Unknown Place = iota
	Below         // the root has read it, directly or not
	Aside         // it has not
)

const (
	climbs     = 4       // that are remembered, each of another root
	dearEdges  = 1 << 14 // see Climb.left
	climbBeats = 1 << 14 // edges between two calls of stop
	wayKept    = 1 << 14 // rungs for which room is kept
)

// Climb returns the Climb to root. Looking at a node that is Clean costs less than to
// mark it, which is what would be done otherwise, so there is no limit; of others it looks at few. stop
// is asked now and then whether to give up. What is found to be below the root is so while
// nothing is run but on the front, or below. It is remembered until some node reads
// something else.
func (g *Graph) Climb(root ID, stop func() bool) *Climb {
	c := g.climbOf(root)
	if c.root != root || c.aside.has(root) {
		c.aside = &closed{}
	}
	if c.root != root || c.moved != g.moved {
		c.root, c.moved, c.under = root, g.moved, g.nextSerial()
	}
	g.climbed++
	c.used, c.stop = g.climbed, stop
	c.left, c.beat, c.seen = dearEdges, climbBeats, g.nextSerial()
	return c
}

// climbOf returns the Climb to root if it is remembered, else a new one or that which was
// not used for longest, and by whose proofs nothing is parked.
func (g *Graph) climbOf(root ID) *Climb {
	var oldest *Climb
	for _, c := range g.climbs {
		if c.root == root {
			return c
		}
		if !c.aside.parked && (oldest == nil || c.used < oldest.used) {
			oldest = c
		}
	}
	if len(g.climbs) == climbs {
		return oldest // Park leaves one
	}
	c := &Climb{g: g, aside: &closed{}}
	g.climbs = append(g.climbs, c)
	return c
}

// Known is Find from memory.
func (c *Climb) Known(n ID) Place {
	switch {
	case n == c.root || c.g.mark(n) == c.under:
		return Below
	case c.aside.has(n):
		return Aside
	}
	return Unknown
}

// Find says where n is.
func (c *Climb) Find(n ID) Place {
	if p := c.Known(n); p != Unknown || c.g.mark(n) == c.seen {
		return p
	}
	p := c.climb(n)
	if cap(c.way) > wayKept {
		c.way = nil
	}
	return p
}

// climb is Find by going up.
func (c *Climb) climb(n ID) Place {
	c.way = c.way[:0]
	c.step(n)
	c.way[0].dear = false // it is on the front; what reads it may be Clean
	for len(c.way) > 0 {
		top := &c.way[len(c.way)-1]
		if top.link == 0 {
			c.back()
			continue
		}
		if top.dear && c.left == 0 {
			top.link, top.doubt = 0, true
			continue
		}
		if c.tired(top.dear) {
			return Unknown
		}
		i := top.link - 1
		e := c.g.edge(i)
		top.link = e.next
		p := e.node()
		if c.aside.has(p) || !c.g.live(i) {
			continue
		}
		if c.Known(p) == Below {
			for _, r := range c.way {
				c.g.setMark(r.node, c.under)
			}
			return Below
		}
		if c.g.mark(p) == c.seen {
			top.doubt = true
			continue
		}
		c.step(p)
	}
	return c.Known(n)
}

// tired counts an edge, and reports whether it is time to give up.
func (c *Climb) tired(dear bool) bool {
	if dear {
		c.left--
	}
	c.beat--
	return c.beat%climbBeats == 0 && c.stop != nil && c.stop()
}

// step goes on with n.
func (c *Climb) step(n ID) {
	c.g.setMark(n, c.seen)
	c.way = append(c.way, rung{
		node: n, link: c.g.at(n).readers, dear: c.g.State(n).Kind() != Clean,
		doubt: c.aside == nil || c.g.Height(n) == Unordered,
	})
}

// back comes back from the node on top of the way, all of whose readers were looked at.
func (c *Climb) back() {
	last := len(c.way) - 1
	top := c.way[last]
	c.way = c.way[:last]
	if !top.doubt {
		c.aside.add(top.node, c.g.Nodes())
	} else if last > 0 {
		c.way[last-1].doubt = true
	}
}

// Way returns nodes of which each has read the one before, from a reader of n up to
// root; none if it would take more than so many edges to find out.
func (g *Graph) Way(n, root ID, edges int) []ID {
	c := Climb{g: g, root: root, left: dearEdges, beat: edges, under: g.nextSerial()}
	c.stop = func() bool { return c.beat <= 0 }
	c.seen = g.nextSerial()
	if n == root || c.climb(n) != Below {
		return nil
	}
	var way []ID
	for _, r := range c.way[1:] {
		way = append(way, r.node)
	}
	return append(way, root)
}
