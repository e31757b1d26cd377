package graph

// The front are nodes of which something that they read has changed, and whose
// readers know nothing of that yet. While there is one, I1 does not hold above it:
// the owner of the graph looks at the nodes of the front, from the lowest on, and
// has it go up, or vanish, or calls Settle.

// Notify tells the readers of x alone that it has changed; seen is the stamp that
// they know. Those that were Clean are on the front from now on. I1 is restored by
// what happens to the front.
func (g *Graph) Notify(x ID, seen uint32) {
	g.epoch++
	told := g.markOne(x, seen, g.told[:0])
	for _, p := range told {
		if h := g.Height(p); h == Unordered || g.State(p)&Tainted != 0 {
			g.Mark(p, g.Stamp(p))
		} else {
			g.front.push(h, p)
		}
	}
	g.told = told
}

// OnFront is the number of nodes on the front.
func (g *Graph) OnFront() int { return len(g.front) }

// Lowest takes the lowest node from the front. ok is false if there is none.
func (g *Graph) Lowest() (n ID, height uint32, ok bool) {
	for len(g.front) > 0 {
		h, n := g.front.pop()
		if now := g.Height(n); now != h { // it was raised, or is another node by now
			g.front.push(now, n)
			continue
		}
		return n, h, true
	}
	return 0, 0, false
}

// Return puts a node that was taken from the front back.
func (g *Graph) Return(n ID) { g.front.push(g.Height(n), n) }

// Leave marks all above x, which was on the front: it is up to demands from now on.
func (g *Graph) Leave(x ID) {
	if g.State(x).Kind() != Clean {
		g.Mark(x, g.Stamp(x))
	}
}

// Settle leaves all that is on the front to demands. I1 holds then. It costs what
// the front may affect.
func (g *Graph) Settle() {
	for _, e := range g.front {
		g.Leave(ID(e))
	}
	g.front = g.front[:0]
}

// wantedReaders is how many readers Expected asks at most.
const wantedReaders = 32

// Expected reports whether one of the readers of n may come to read it again: it
// has read nothing before n that is known to have changed.
func (g *Graph) Expected(n ID) bool {
	link := g.at(n).readers
	for range wantedReaders {
		if link == 0 {
			break
		}
		i := link - 1
		e := g.edge(i)
		link = e.next
		if g.live(i) && !g.turned(e.node(), i) {
			return true
		}
	}
	return false
}

// turned reports whether a read of p before its edge i is known to have changed.
func (g *Graph) turned(p ID, i uint32) bool {
	for k := g.at(p).records; k != 0; {
		r := g.recs.At(k - 1)
		k = r.next
		child := g.edge(r.edge).child
		if r.edge < i && g.State(child).Green() && g.Stamp(child) != r.seen {
			return true
		}
	}
	return false
}

// A Climb finds out what lies below a root, and remembers it.
type Climb struct {
	g     *Graph
	root  ID
	moved uint64 // how often edges had moved when it began
	under uint32 // the mark of nodes that do
	seen  uint32 // the mark of nodes that were looked at in vain
	left  int    // how many edges may be looked at
	way   []rung
}

// A rung is a node on the way up, and the edge to be tried next.
type rung struct {
	node ID
	link uint32
}

// Climb returns a Climb to root that looks at no more than that many edges. What it
// finds holds while nothing is run but on the front, or below. If no node has read
// anything else since the last one, the ways that this has found are known.
func (g *Graph) Climb(root ID, edges int) *Climb {
	c := &g.climb
	if c.root != root || c.moved != g.moved || c.g == nil {
		*c = Climb{g: g, root: root, moved: g.moved, under: g.nextSerial(), way: c.way}
	}
	c.left, c.seen = edges, g.nextSerial()
	return c
}

// Under reports whether root is n or has read it, directly or not. It says no as
// well if that would take too long to find out.
func (c *Climb) Under(n ID) bool {
	if c.known(n) {
		return true
	}
	c.way = c.way[:0]
	c.step(n)
	for len(c.way) > 0 && c.left > 0 {
		top := &c.way[len(c.way)-1]
		if top.link == 0 {
			c.way = c.way[:len(c.way)-1]
			continue
		}
		c.left--
		i := top.link - 1
		e := c.g.edge(i)
		top.link = e.next
		if !c.g.live(i) {
			continue
		}
		if c.known(e.node()) {
			for _, r := range c.way {
				c.g.setMark(r.node, c.under)
			}
			return true
		}
		c.step(e.node())
	}
	return false
}

// Way returns nodes of which each has read the one before, from a reader of n up to
// root; none if that would take too long to find out.
func (g *Graph) Way(n, root ID, edges int) []ID {
	c := Climb{g: g, root: root, left: edges, under: g.nextSerial()}
	c.seen = g.nextSerial()
	if n == root || !c.Under(n) {
		return nil
	}
	var way []ID
	for _, r := range c.way[1:] {
		way = append(way, r.node)
	}
	return append(way, root)
}

func (c *Climb) known(n ID) bool {
	return n == c.root || c.g.mark(n) == c.under
}

// step goes on with n, unless it was looked at.
func (c *Climb) step(n ID) {
	if c.g.mark(n) != c.seen {
		c.g.setMark(n, c.seen)
		c.way = append(c.way, rung{n, c.g.at(n).readers})
	}
}
