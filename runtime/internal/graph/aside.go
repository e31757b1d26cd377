package graph

import "sync/atomic"

// A node of the front that lies aside of the demanded root, so that the root does not
// depend on it, may be parked: nothing above it is looked at, and its readers are told
// nothing. That is right for all who demand nothing that may be above a parked node.
//
// How that is known: closed sets hold with a node all that reads it. What is
// not in such a set has read nothing in it, directly or not. Each parked node
// is in one of the sets that are kept for that, the root in none of these. So
// whoever demands something that is in none of them, either, finds all
// of what he may come to as I1 wants it. Edges that move behind its back take a set
// along (widen).

// A Set is some nodes. It may be looked at without a lock.
type Set []uint32

// Has reports whether n is in s.
func (s Set) Has(n ID) bool {
	i := int(n >> 5)
	return i < len(s) && atomic.LoadUint32(&s[i])>>(n&31)&1 != 0
}

// A closed set holds with a node all that reads it.
type closed struct {
	nodes  Set
	parked bool // something is parked because it is in here
	broken bool // it was given up since, though something was parked
}

func (s *closed) has(n ID) bool { return s != nil && s.nodes.Has(n) }

// add adds n to s; nodes is how many there are in the graph.
func (s *closed) add(n ID, nodes int) {
	i := int(n >> 5)
	if i >= len(s.nodes) {
		more := make(Set, nodes>>5+nodes>>8+1)
		copy(more, s.nodes)
		s.nodes = more
	}
	atomic.StoreUint32(&s.nodes[i], s.nodes[i]|1<<(n&31))
}

// remove takes a node without reads out of s.
func (s *closed) remove(n ID) {
	if s.has(n) {
		atomic.StoreUint32(&s.nodes[n>>5], s.nodes[n>>5]&^(1<<(n&31)))
	}
}

// widen keeps the closed sets closed when n is about to have read something else. If
// nobody has read n, it joins those that it has read something of; else they are
// given up: what reads n would have to join as well.
func (g *Graph) widen(n ID, reads []Read) {
	for _, c := range g.climbs {
		s := c.aside
		if len(s.nodes) == 0 || s.has(n) {
			continue
		}
		for _, r := range reads {
			if !s.has(r.Node) {
				continue
			}
			if g.AnyReader(n, func(ID) bool { return true }) {
				s.nodes, s.broken = nil, s.parked
			} else {
				s.add(n, g.Nodes())
			}
			break
		}
	}
}

// Park parks n, which is Dirty and was taken from the front, if it is known that
// root does not depend on it.
func (g *Graph) Park(n, root ID) bool {
	var by *closed
	used := 0
	for _, c := range g.climbs {
		s := c.aside
		if s.parked {
			used++
		}
		if s.has(n) && !s.has(root) && (by == nil || s.parked) {
			by = s
		}
	}
	if by == nil || !by.parked && used >= climbs-1 {
		return false
	}
	by.parked = true
	g.parked = append(g.parked, n)
	return true
}

// Parked is the number of nodes that are parked.
func (g *Graph) Parked() int { return len(g.parked) }

// MayBeStale reports whether n may depend on a node that is parked.
func (g *Graph) MayBeStale(n ID) bool {
	if len(g.parked) == 0 {
		return false
	}
	for _, c := range g.climbs {
		if s := c.aside; s.parked && (s.broken || s.has(n)) {
			return true
		}
	}
	return false
}

// Unpark puts all that is parked back to the front.
func (g *Graph) Unpark() {
	for _, n := range g.parked {
		g.Return(n)
	}
	g.parked = g.parked[:0]
	g.release()
}

func (g *Graph) release() {
	for _, c := range g.climbs {
		c.aside.parked, c.aside.broken = false, false
	}
}

// Unsure appends the sets that hold all of which MayBeStale says so to buf.
func (g *Graph) Unsure(buf []Set) []Set {
	for _, c := range g.climbs {
		if c.aside.parked {
			buf = append(buf, c.aside.nodes)
		}
	}
	return buf
}

// maxLooks bounds how often one climbs from a node to find that it lies aside. Else
// many roots that are demanded in turn would each cost as much as marking.
const maxLooks = 2

// Worn reports whether one has climbed from n often enough, until Forgive.
func (g *Graph) Worn(n ID) bool { return g.looks[n] >= maxLooks }

// Wear notes that one has climbed from n in vain.
func (g *Graph) Wear(n ID) { g.looks[n]++ }

// Forgive forgets what Wear has noted, when nothing is on the front, nor parked.
func (g *Graph) Forgive() {
	clear(g.looks)
	g.release()
}
