package graph

// The front are nodes of which something that they read has changed, and whose
// readers know nothing of that yet. While there is one, I1 does not hold above it:
// the owner of the graph looks at the nodes of the front, from the lowest on, and
// has it go up, or vanish, or parks it (see aside.go), or calls Settle.

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
			delete(g.looks, p)
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

// LeaveFront leaves all that is on the front to demands. It costs what the front
// may affect.
func (g *Graph) LeaveFront() {
	for _, e := range g.front {
		g.Leave(ID(e))
	}
	g.front = g.front[:0]
}

// Settle leaves all that is on the front, or parked, to demands. I1 holds then.
func (g *Graph) Settle() {
	g.LeaveFront()
	for _, n := range g.parked {
		g.Leave(n)
	}
	g.parked = g.parked[:0]
	g.Forgive()
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
