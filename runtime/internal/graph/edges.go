package graph

import "slices"

// An edge is one read. owner carries a flag, so there can be no more than 2^31
// nodes.
type edge struct {
	child ID
	next  uint32 // 1 + the next older edge with the same child; 0: none
	owner uint32 // the node that read; hasRecord
}

const hasRecord = 1 << 31

// sweepMin keeps small graphs from being swept all the time.
const sweepMin = 1 << 12

// Read is a child together with the stamp at which it was read.
type Read struct {
	Node  ID
	Stamp uint32
}

func (g *Graph) edge(e uint32) *edge { return g.edges.At(e) }

func (e *edge) node() ID { return ID(e.owner &^ hasRecord) }

// live is I4.
func (g *Graph) live(e uint32) bool {
	owner := g.at(g.edge(e).node())
	return e-owner.first < owner.reads
}

// fewReads is how many reads are compared each with each.
const fewReads = 8

// distinct removes from reads what repeats an earlier element. A body that
// reads a node twice in one run gets the same outcome twice.
func (g *Graph) distinct(reads []Read) []Read {
	kept := reads[:0]
	if len(reads) <= fewReads {
		for _, r := range reads {
			if !slices.ContainsFunc(kept, func(k Read) bool { return k.Node == r.Node }) {
				kept = append(kept, r)
			}
		}
		return kept
	}
	serial := g.nextSerial()
	for _, r := range reads {
		if g.mark(r.Node) != serial {
			g.setMark(r.Node, serial)
			kept = append(kept, r)
		}
	}
	return kept
}

// setReads makes reads, which are distinct, the list of n. An unchanged list
// writes nothing.
func (g *Graph) setReads(n ID, reads []Read) {
	at := g.at(n)
	if g.sameReads(at.first, at.reads, reads) {
		return
	}
	g.moved++
	g.widen(n, reads)
	g.dead += int(at.reads)
	start := g.edges.Len()
	g.edges.Grow(start + len(reads))
	for i, r := range reads {
		e := uint32(start + i)
		head := &g.at(r.Node).readers
		*g.edge(e) = edge{child: r.Node, next: *head, owner: uint32(n)}
		*head = e + 1
		g.touch(r.Node)
		g.touchEdge(e)
	}
	g.touch(n)
	at.first, at.reads = uint32(start), uint32(len(reads))
	if g.dead > sweepMin && g.dead > g.edges.Len()/4 {
		g.sweep()
	}
}

func (g *Graph) sameReads(first, count uint32, reads []Read) bool {
	if int(count) != len(reads) {
		return false
	}
	for i, r := range reads {
		if g.edge(first+uint32(i)).child != r.Node {
			return false
		}
	}
	return true
}

// sweep moves the live edges together and links the lists of readers anew.
// It costs O(nodes + edges), and is paid for by the runs that left a quarter of
// the edges dead.
func (g *Graph) sweep() {
	var moved Column[edge]
	moved.Grow(g.edges.Len() - g.dead)
	for i := range g.nodes.Len() {
		g.at(ID(i)).readers = 0
	}
	to := uint32(0)
	for i := 1; i < g.nodes.Len(); i++ {
		n := ID(i)
		first, count := g.at(n).first, g.at(n).reads
		g.at(n).first = to
		for k := range count {
			e := *g.edge(first + k)
			head := &g.at(e.child).readers
			e.next = *head
			*head = to + k + 1
			*moved.At(to + k) = e
		}
		g.moveRecords(n, first, to)
		to += count
	}
	g.edges = moved
	g.dead = 0
	g.touchAll(Nodes, Edges)
	g.epoch++
}

// Reads appends the children of n, in the order of the reads, to buf.
func (g *Graph) Reads(n ID, buf []ID) []ID {
	first, count := g.at(n).first, g.at(n).reads
	for k := range count {
		buf = append(buf, g.edge(first+k).child)
	}
	return buf
}

// AnyReader reports whether one of the nodes that read n in their last run is
// wanted. It takes dead edges on its way out of the list, which never live again: so
// they are passed once, and not each time until they are swept.
func (g *Graph) AnyReader(n ID, wanted func(ID) bool) bool {
	before := uint32(0)
	for link := &g.at(n).readers; *link != 0; {
		i := *link - 1
		e := g.edge(i)
		if !g.live(i) {
			*link = e.next
			if before == 0 {
				g.touch(n)
			} else {
				g.touchEdge(before - 1)
			}
			continue
		}
		if wanted(e.node()) {
			return true
		}
		link, before = &e.next, i+1
	}
	return false
}

// Readers counts the nodes that read n in their last run and are wanted.
func (g *Graph) Readers(n ID, wanted func(ID) bool) int {
	count := 0
	for e := g.at(n).readers; e != 0; e = g.edge(e - 1).next {
		if g.live(e-1) && wanted(g.edge(e-1).node()) {
			count++
		}
	}
	return count
}
