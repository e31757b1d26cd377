package graph

import "sync/atomic"

// Heights order the nodes: I5 says that a node is higher than all that it reads,
// or unordered. Nodes on cycles are unordered, and so is what reads one. A height
// is an upper bound of the length of the longest way down; it lies in the word of
// the state, so that both are read in one step.
const (
	stateBits = 8
	stateMask = present - 1

	// Unordered is the height of nodes that have none.
	Unordered = 1<<(32-stateBits) - 1
	// Everything is above all heights.
	Everything = Unordered + 1
)

// Height returns the height of n.
func (g *Graph) Height(n ID) uint32 { return g.Word(n).w.Load() >> stateBits }

// GreenBelow reports whether n is up to date, whoever asks, and lower than front.
// It needs no lock.
func (g *Graph) GreenBelow(n ID, front uint32) bool { return g.Word(n).GreenBelow(front) }

// A Word is the state of a node, and its height. It stays where it is, and needs no
// lock to be read.
type Word struct{ w atomic.Uint32 }

// Word returns where the state of n is.
func (g *Graph) Word(n ID) *Word { return g.state.At(uint32(n)) }

func (w *Word) state() State { return State(w.w.Load() & stateMask) }

// Green is that of the state.
func (w *Word) Green() bool { return w.state().Green() }

// GreenBelow is that of the graph.
func (w *Word) GreenBelow(front uint32) bool {
	have := w.w.Load()
	return State(have&stateMask).Green() && have>>stateBits < front
}

func (g *Graph) setHeight(n ID, h uint32) {
	p := g.Word(n)
	p.w.Store(p.w.Load()&(1<<stateBits-1) | h<<stateBits)
	g.touch(n)
}

// lift gives n, whose reads are new, a height above them, and restores I5 above
// it. That costs what has to become higher.
func (g *Graph) lift(n ID, reads []Read) {
	h := uint32(0)
	for _, r := range reads {
		if r.Node == n {
			h = Unordered
			break
		}
		h = max(h, above(g.Height(r.Node)))
	}
	g.liftTo(n, h)
}

func (g *Graph) liftTo(n ID, h uint32) {
	before := g.Height(n)
	if h == before {
		return
	}
	g.setHeight(n, h)
	if h > before && g.at(n).readers != 0 {
		g.raise(n)
	}
}

func above(h uint32) uint32 { return min(h+1, Unordered) }

// raise makes what reads n higher than n, directly or not. The lowest go first, so
// that each is raised once. A way that comes back to n is a cycle.
func (g *Graph) raise(n ID) {
	var rising byHeight
	rising.push(g.Height(n), n)
	for len(rising) > 0 {
		h, x := rising.pop()
		if h != g.Height(x) {
			continue // it was raised again since
		}
		for link := g.at(x).readers; link != 0; {
			e := g.edge(link - 1)
			i := link - 1
			link = e.next
			p, want := e.node(), above(h)
			if !g.live(i) {
				continue
			}
			if p == n {
				want = Unordered
			}
			if g.Height(p) < want {
				g.setHeight(p, want)
				rising.push(want, p)
			}
		}
	}
}

// byHeight is a heap of nodes: the lowest first, those of one height in order of
// their numbers.
type byHeight []uint64

func (q *byHeight) push(h uint32, n ID) {
	s := append(*q, uint64(h)<<32|uint64(n))
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 2
		if s[up] <= s[i] {
			break
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
	*q = s
}

func (q *byHeight) pop() (h uint32, n ID) {
	s := *q
	top := s[0]
	last := len(s) - 1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		least := i
		for _, c := range [2]int{2*i + 1, 2*i + 2} {
			if c < len(s) && s[c] < s[least] {
				least = c
			}
		}
		if least == i {
			break
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
	*q = s
	return uint32(top >> 32), ID(top)
}
