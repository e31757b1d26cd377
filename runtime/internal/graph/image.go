package graph

import (
	"encoding/binary"
	"fmt"
	"maps"
)

// The image of a graph is what is kept of it on a disk: a Head, and three arrays of
// pages of bytes. A page that has changed is known from the first Track on, so that
// what is written is in proportion to what has changed.
//
// What is left out means nothing to another process: marks, claims, the front, and
// for which request a tainted node is green.

// A Part is one of the arrays of an image.
type Part uint8

const (
	Nodes Part = iota
	Edges
	Records
	Parts // how many there are
)

const (
	nodeBytes   = 40
	edgeBytes   = 12
	recordBytes = 12

	nodesInPage   = 64
	edgesInPage   = 256
	recordsInPage = 128
)

// PageSize returns the bytes of a page of a part.
func (p Part) PageSize() int {
	switch p {
	case Nodes:
		return nodesInPage * nodeBytes
	case Edges:
		return edgesInPage * edgeBytes
	}
	return recordsInPage * recordBytes
}

// A Head is what is not in the pages.
type Head struct {
	Nodes, Edges, Records int
	FreeRecords           uint32
	Highest               map[ID]uint32 // the highest stamp of nodes that went back to an older one
}

// Head returns the head of the image.
func (g *Graph) Head() Head {
	return Head{g.nodes.Len(), g.edges.Len(), g.recs.Len(), g.freeRecs, maps.Clone(g.highest)}
}

// Pages returns how many pages a part has.
func (h Head) Pages(p Part) int {
	switch p {
	case Nodes:
		return pages(h.Nodes, nodesInPage)
	case Edges:
		return pages(h.Edges, edgesInPage)
	}
	return pages(h.Records, recordsInPage)
}

func pages(n, inPage int) int { return (n + inPage - 1) / inPage }

// A pageSet is a set of pages that have changed.
type pageSet struct {
	in   []bool
	list []uint32
}

func (s *pageSet) add(page uint32) {
	if int(page) >= len(s.in) {
		s.in = append(s.in, make([]bool, int(page)+1-len(s.in)+len(s.in)/2)...)
	}
	if !s.in[page] {
		s.in[page] = true
		s.list = append(s.list, page)
	}
}

func (s *pageSet) clear() {
	for _, page := range s.list {
		s.in[page] = false
	}
	s.list = s.list[:0]
}

// Track has the graph note from now on which pages of its image change.
func (g *Graph) Track() { g.changed = new([Parts]pageSet) }

// Changed calls yield for the pages that have changed since Track, or since the last
// Saved, and are still there.
func (g *Graph) Changed(yield func(p Part, page int)) {
	h := Head{Nodes: g.nodes.Len(), Edges: g.edges.Len(), Records: g.recs.Len()}
	for p := range Parts {
		for _, page := range g.changed[p].list {
			if int(page) < h.Pages(p) {
				yield(p, int(page))
			}
		}
	}
}

// Saved forgets which pages have changed: all are on the disk.
func (g *Graph) Saved() {
	for p := range g.changed {
		g.changed[p].clear()
	}
}

// Unsaved notes that a page has changed: it did not get to the disk.
func (g *Graph) Unsaved(p Part, page int) { g.changed[p].add(uint32(page)) }

// touch notes that n has changed; touchEdge and touchRecord, that an edge has, or a
// record.
func (g *Graph) touch(n ID) {
	if g.changed != nil {
		g.changed[Nodes].add(uint32(n) / nodesInPage)
	}
}

func (g *Graph) touchEdge(e uint32) {
	if g.changed != nil {
		g.changed[Edges].add(e / edgesInPage)
	}
}

func (g *Graph) touchRecord(r uint32) {
	if g.changed != nil {
		g.changed[Records].add(r / recordsInPage)
	}
}

// UnsavedAll notes that all of the image has changed.
func (g *Graph) UnsavedAll() {
	g.touchAll()
	for r := 0; r < g.recs.Len(); r += recordsInPage {
		g.touchRecord(uint32(r))
	}
}

// touchAll notes that all nodes and edges have changed.
func (g *Graph) touchAll() {
	if g.changed == nil {
		return
	}
	for n := 0; n < g.nodes.Len(); n += nodesInPage {
		g.touch(ID(n))
	}
	for e := 0; e < g.edges.Len(); e += edgesInPage {
		g.touchEdge(uint32(e))
	}
}

var le = binary.LittleEndian

// AppendPage appends a page of the image to buf. table says by which number a table is
// known on the disk.
func (g *Graph) AppendPage(buf []byte, p Part, page int, table func(uint32) uint32) []byte {
	from := len(buf)
	switch p {
	case Nodes:
		for n := page * nodesInPage; n < min((page+1)*nodesInPage, g.nodes.Len()); n++ {
			at := g.nodes.At(uint32(n))
			for _, x := range [...]uint32{
				g.state.At(uint32(n)).Load(), at.stamp, at.first, at.reads, at.readers, at.records, table(at.table),
				uint32(at.times.Ran), uint32(at.times.Verified), uint32(at.times.Changed),
			} {
				buf = le.AppendUint32(buf, x)
			}
		}
	case Edges:
		for i := page * edgesInPage; i < min((page+1)*edgesInPage, g.edges.Len()); i++ {
			e := g.edges.At(uint32(i))
			buf = le.AppendUint32(le.AppendUint32(le.AppendUint32(buf, uint32(e.child)), e.next), e.owner)
		}
	case Records:
		for i := page * recordsInPage; i < min((page+1)*recordsInPage, g.recs.Len()); i++ {
			r := g.recs.At(uint32(i))
			buf = le.AppendUint32(le.AppendUint32(le.AppendUint32(buf, r.edge), r.seen), r.next)
		}
	}
	for len(buf)-from < p.PageSize() {
		buf = append(buf, 0)
	}
	return buf
}

// Timeless takes out of a page of nodes when things last happened to them, and what the stamp of
// counter is, which a new process moves on.
func Timeless(data []byte, page int, counter ID) {
	for i := range nodesInPage {
		d := data[i*nodeBytes:][:nodeBytes]
		clear(d[28:])
		if ID(page*nodesInPage+i) == counter {
			clear(d[4:8])
		}
	}
}

// Pending reports whether any node has a record.
func (g *Graph) Pending() bool {
	free := 0
	for i := g.freeRecs; i != 0; i = g.recs.At(i - 1).next {
		free++
	}
	return free < g.recs.Len()
}

// Unplaced is the slot of nodes that came from an image: who keeps them has to say
// where, by Put.
const Unplaced = ^uint32(0)

// FromImage returns a graph of that size, to be filled by SetPage, and by Loaded.
func FromImage(h Head) (*Graph, error) {
	const most = 1 << 31
	if h.Nodes < 1 || h.Nodes > most || h.Edges < 0 || h.Edges > most || h.Records < 0 || h.Records > most {
		return nil, fmt.Errorf("an image of %d nodes, %d edges, %d records", h.Nodes, h.Edges, h.Records)
	}
	g := New()
	g.grow(h.Nodes)
	g.edges.Grow(h.Edges)
	g.recs.Grow(h.Records)
	g.freeRecs = h.FreeRecords
	for n, stamp := range h.Highest {
		g.highest[n] = stamp
	}
	return g, nil
}

// SetPage fills in one page. It may be called for several pages at once.
// table turns numbers of tables back.
func (g *Graph) SetPage(p Part, page int, data []byte, table func(uint32) uint32) error {
	if len(data) != p.PageSize() {
		return fmt.Errorf("a page of %d bytes", len(data))
	}
	nodes, edges, recs := uint32(g.nodes.Len()), uint32(g.edges.Len()), uint32(g.recs.Len())
	bad := false
	switch p {
	case Nodes:
		for n := uint32(page * nodesInPage); n < min(uint32((page+1)*nodesInPage), nodes); n++ {
			d := data[:nodeBytes]
			data = data[nodeBytes:]
			at := g.nodes.At(n)
			g.state.At(n).Store(le.Uint32(d))
			at.stamp, at.first, at.reads = le.Uint32(d[4:]), le.Uint32(d[8:]), le.Uint32(d[12:])
			at.readers, at.records = le.Uint32(d[16:]), le.Uint32(d[20:])
			at.table, at.slot = table(le.Uint32(d[24:])), Unplaced
			at.times = Times{Moment(le.Uint32(d[28:])), Moment(le.Uint32(d[32:])), Moment(le.Uint32(d[36:]))}
			bad = bad || at.readers > edges || at.records > recs || at.first > edges || at.reads > edges-at.first
		}
	case Edges:
		for i := uint32(page * edgesInPage); i < min(uint32((page+1)*edgesInPage), edges); i++ {
			d := data[:edgeBytes]
			data = data[edgeBytes:]
			e := edge{ID(le.Uint32(d)), le.Uint32(d[4:]), le.Uint32(d[8:])}
			*g.edges.At(i) = e
			bad = bad || uint32(e.child) >= nodes || e.next > edges || uint32(e.node()) >= nodes
		}
	case Records:
		for i := uint32(page * recordsInPage); i < min(uint32((page+1)*recordsInPage), recs); i++ {
			d := data[:recordBytes]
			data = data[recordBytes:]
			r := record{le.Uint32(d), le.Uint32(d[4:]), le.Uint32(d[8:])}
			*g.recs.At(i) = r
			bad = bad || r.edge >= max(edges, 1) || r.next > recs
		}
	}
	if bad {
		return fmt.Errorf("page %d of part %d refers to what is not there", page, p)
	}
	return nil
}

// Loaded ends the filling in of pages: the rest follows from them.
func (g *Graph) Loaded() error {
	if g.freeRecs > uint32(g.recs.Len()) {
		return fmt.Errorf("record %d is not there", g.freeRecs)
	}
	live := 0
	for i := 1; i < g.nodes.Len(); i++ {
		at := g.at(ID(i))
		live += int(at.reads)
		if at.table == Gone {
			g.free = append(g.free, ID(i))
		}
	}
	if g.dead = g.edges.Len() - live; g.dead < 0 {
		return fmt.Errorf("%d reads in %d edges", live, g.edges.Len())
	}
	return nil
}

// Put says where the keeper of n, which came from an image, keeps it.
func (g *Graph) Put(n ID, table, slot uint32) {
	at := g.at(n)
	at.table, at.slot = table, slot
}
