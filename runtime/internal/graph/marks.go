package graph

import "slices"

// Marks tell nodes that some search has come by. Only few nodes have one that means
// anything, so they are in a hash table, with open addressing, of entries that are
// never taken out: mark and node. When it is half full, a new one is made of those
// that may be asked for again.
type marks struct {
	list  []uint64 // a power of two of them
	taken int
}

const fewestMarks = 1024

// of returns the mark of n, 0 if it has none.
func (m *marks) of(n ID) uint32 {
	if len(m.list) == 0 {
		return 0
	}
	return uint32(m.list[m.find(n)] >> 32)
}

// find returns where the entry of n is, or where it has its place.
func (m *marks) find(n ID) uint32 {
	last := uint32(len(m.list) - 1)
	at := uint32(n) * 0x9e3779b1
	at ^= at >> 15
	for m.list[at&last] != 0 && ID(m.list[at&last]) != n {
		at++
	}
	return at & last
}

// put gives n a mark, if there is room, and reports whether there was.
func (m *marks) put(n ID, mark uint32) bool {
	if 2*m.taken >= len(m.list) {
		return false
	}
	at := &m.list[m.find(n)]
	if *at == 0 {
		m.taken++
	}
	*at = uint64(mark)<<32 | uint64(n)
	return true
}

// mark returns the mark of n.
func (g *Graph) mark(n ID) uint32 { return g.marks.of(n) }

// setMark gives n a mark.
func (g *Graph) setMark(n ID, mark uint32) {
	if !g.marks.put(n, mark) {
		g.renewMarks()
		g.marks.put(n, mark)
	}
}

// renewMarks drops the marks of searches that are over. A search has the two newest;
// those of the climbs are remembered, which may go on when others have been made.
func (g *Graph) renewMarks() {
	kept := func(e uint64) bool {
		mark := uint32(e >> 32)
		return e != 0 && (g.serial-mark <= 1 || slices.ContainsFunc(g.climbs, func(c *Climb) bool {
			return mark == c.under || mark == c.seen
		}))
	}
	old, count := g.marks.list, 0
	for _, e := range old {
		if kept(e) {
			count++
		}
	}
	size := fewestMarks
	for size < 4*count {
		size *= 2
	}
	g.marks = marks{list: make([]uint64, size)}
	for _, e := range old {
		if kept(e) {
			g.marks.put(ID(e), uint32(e>>32))
		}
	}
}

// nextSerial returns a mark that no node has.
func (g *Graph) nextSerial() uint32 {
	g.serial++
	if g.serial == 0 { // the counter went round: old marks would match
		g.marks = marks{}
		g.serial = 1
		g.moved++
	}
	return g.serial
}
