package graph

import "slices"

// A record says at which stamp the owner of an edge saw its child.
type record struct {
	edge uint32
	seen uint32
	next uint32 // 1 + the next record of the node, or of the free list; 0: none
}

// noStamp is the stamp of nodes without an outcome.
const noStamp = 0

// Record is what verification has to look at: a read, and its place among
// the edges, which orders the records of one node.
type Record struct {
	Child ID
	Seen  uint32
	edge  uint32
}

// addRecord gives edge e, which has none, a record.
func (g *Graph) addRecord(n ID, e, seen uint32) {
	i := g.freeRecs
	if i != 0 {
		g.freeRecs = g.recs.At(i - 1).next
	} else {
		g.recs.Grow(g.recs.Len() + 1)
		i = uint32(g.recs.Len())
	}
	head := &g.at(n).records
	*g.recs.At(i - 1) = record{edge: e, seen: seen, next: *head}
	*head = i
	g.edge(e).owner |= hasRecord
	g.touch(n)
	g.touchEdge(e)
	g.touchRecord(i - 1)
}

// dropRecords frees all records of n.
func (g *Graph) dropRecords(n ID) {
	head := &g.at(n).records
	for i := *head; i != 0; {
		r := g.recs.At(i - 1)
		g.edge(r.edge).owner &^= hasRecord
		g.touchEdge(r.edge)
		g.touchRecord(i - 1)
		next := r.next
		*r = record{next: g.freeRecs}
		g.freeRecs = i
		i = next
	}
	if *head != 0 {
		g.touch(n)
	}
	*head = 0
}

// Spoil makes each record of n differ from the child, whatever its stamp is or
// will be: n runs when it is verified.
func (g *Graph) Spoil(n ID) {
	for i := g.at(n).records; i != 0; {
		r := g.recs.At(i - 1)
		r.seen = noStamp
		g.touchRecord(i - 1)
		i = r.next
	}
}

// moveRecords follows the edges of n from first to to.
func (g *Graph) moveRecords(n ID, first, to uint32) {
	for i := g.at(n).records; i != 0; {
		r := g.recs.At(i - 1)
		r.edge = r.edge - first + to
		g.touchRecord(i - 1)
		i = r.next
	}
}

// Records appends the records of n, in order of the reads, to buf.
func (g *Graph) Records(n ID, buf []Record) []Record {
	start := len(buf)
	for i := g.at(n).records; i != 0; {
		r := g.recs.At(i - 1)
		buf = append(buf, Record{Child: g.edge(r.edge).child, Seen: r.seen, edge: r.edge})
		i = r.next
	}
	inOrder(buf[start:])
	return buf
}

// fewRecords is up to how many records are sorted by insertion.
const fewRecords = 12

// inOrder sorts records by their place among the edges. Mostly they are in order
// already, one way round or the other.
func inOrder(list []Record) {
	if len(list) > fewRecords && list[0].edge > list[1].edge {
		slices.Reverse(list)
	}
	if len(list) > fewRecords {
		slices.SortFunc(list, func(a, b Record) int { return int(a.edge) - int(b.edge) })
		return
	}
	for i := 1; i < len(list); i++ {
		r, k := list[i], i
		for ; k > 0 && list[k-1].edge > r.edge; k-- {
			list[k] = list[k-1]
		}
		list[k] = r
	}
}

// Seen appends the reads of n, in order and at the stamps at which it saw them,
// to buf.
func (g *Graph) Seen(n ID, buf []Read) []Read {
	start := len(buf)
	first, count := g.at(n).first, g.at(n).reads
	for k := range count {
		child := g.edge(first + k).child
		buf = append(buf, Read{child, g.Stamp(child)})
	}
	for i := g.at(n).records; i != 0; {
		r := g.recs.At(i - 1)
		buf[start+int(r.edge-first)].Stamp = r.seen
		i = r.next
	}
	return buf
}

// Restamp makes the records of n say that it saw its children at stamps that
// they have been given back: back returns the one that stands for another.
func (g *Graph) Restamp(n ID, back func(child ID, seen uint32) uint32) {
	for i := g.at(n).records; i != 0; {
		r := g.recs.At(i - 1)
		r.seen = back(g.edge(r.edge).child, r.seen)
		g.touchRecord(i - 1)
		i = r.next
	}
}
