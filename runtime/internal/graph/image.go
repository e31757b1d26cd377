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
	Blocks // whose the nodes are
	Parts  // how many there are
)

// parts says how many bytes an element takes, and how many there are in a page.
var parts = [Parts]struct{ bytes, inPage int }{
	Nodes:   {36, 64},
	Edges:   {12, 256},
	Records: {12, 128},
	Blocks:  {4, 512},
}

// PageSize returns the bytes of a page of a part.
func (p Part) PageSize() int { return parts[p].bytes * parts[p].inPage }

// A Head is what is not in the pages.
type Head struct {
	Nodes, Edges, Records int // how long the columns are
	FreeRecords           uint32
	Highest               map[ID]uint32 // the highest stamp of nodes that went back to an older one
}

// Head returns the head of the image.
func (g *Graph) Head() Head {
	h := g.sizes()
	h.FreeRecords, h.Highest = g.freeRecs, maps.Clone(g.highest)
	return h
}

func (g *Graph) sizes() Head {
	return Head{Nodes: g.nodes.Len(), Edges: g.edges.Len(), Records: g.recs.Len()}
}

// Len returns how many elements a part has.
func (h Head) Len(p Part) int { return [Parts]int{h.Nodes, h.Edges, h.Records, h.Nodes / blockSize}[p] }

// Pages returns how many pages a part has.
func (h Head) Pages(p Part) int { return (h.Len(p) + parts[p].inPage - 1) / parts[p].inPage }

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
	h := g.sizes()
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

// note notes that element i of a part has changed.
func (g *Graph) note(p Part, i uint32) {
	if g.changed != nil {
		g.changed[p].add(i / uint32(parts[p].inPage))
	}
}

func (g *Graph) touch(n ID)           { g.note(Nodes, uint32(n)) }
func (g *Graph) touchEdge(e uint32)   { g.note(Edges, e) }
func (g *Graph) touchRecord(r uint32) { g.note(Records, r) }
func (g *Graph) touchBlock(b uint32)  { g.note(Blocks, b) }

// Moves counts changes of what nodes have read.
func (g *Graph) Moves() uint64 { return g.moved }

// UnsavedAll notes that all of the image has changed.
func (g *Graph) UnsavedAll() { g.touchAll(Nodes, Edges, Records, Blocks) }

func (g *Graph) touchAll(list ...Part) {
	for _, p := range list {
		for i := 0; i < g.sizes().Len(p); i += parts[p].inPage {
			g.note(p, uint32(i))
		}
	}
}

var le = binary.LittleEndian

// AppendPage appends a page of the image to buf. table says by which number a table is
// known on the disk.
func (g *Graph) AppendPage(buf []byte, p Part, page int, table func(uint32) uint32) []byte {
	from := len(buf)
	first, end := g.span(p, page)
	for i := first; i < end; i++ {
		switch p {
		case Nodes:
			buf = g.appendNode(buf, ID(i))
		case Edges:
			e := g.edges.At(i)
			buf = appendNumbers(buf, uint32(e.child), e.next, e.owner)
		case Records:
			r := g.recs.At(i)
			buf = appendNumbers(buf, r.edge, r.seen, r.next)
		case Blocks:
			buf = le.AppendUint32(buf, table(g.blocks.At(i).table))
		}
	}
	return append(buf, make([]byte, p.PageSize()-(len(buf)-from))...)
}

// span returns the elements of a page.
func (g *Graph) span(p Part, page int) (first, end uint32) {
	in := parts[p].inPage
	return uint32(page * in), uint32(min((page+1)*in, g.sizes().Len(p)))
}

func (g *Graph) appendNode(buf []byte, n ID) []byte {
	at, l := g.at(n), lag{}
	if have := g.lags.get(n); have != nil {
		l = *have
	}
	return appendNumbers(buf, g.Word(n).w.Load(), at.stamp, at.first, at.reads, at.readers, at.records,
		uint32(at.verified), uint32(l.ran), uint32(l.changed))
}

func appendNumbers(buf []byte, list ...uint32) []byte {
	for _, x := range list {
		buf = le.AppendUint32(buf, x)
	}
	return buf
}

// FromImage returns a graph of that size, to be filled by SetPage, and by Loaded.
func FromImage(h Head) (*Graph, error) {
	const most = 1<<31 - 1
	if h.Nodes < blockSize || h.Nodes > most || h.Nodes%blockSize != 0 || h.Edges < 0 || h.Edges > most || h.Records < 0 || h.Records > most {
		return nil, fmt.Errorf("an image of %d nodes, %d edges, %d records", h.Nodes, h.Edges, h.Records)
	}
	g := New()
	g.nodes.Grow(h.Nodes)
	g.state.Grow(h.Nodes)
	g.blocks.Grow(h.Nodes / blockSize)
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
	good := true
	first, end := g.span(p, page)
	for i := first; i < end; i++ {
		d := data[:parts[p].bytes]
		data = data[len(d):]
		switch p {
		case Nodes:
			good = g.setNode(ID(i), d) && good
		case Edges:
			e := edge{ID(le.Uint32(d)), le.Uint32(d[4:]), le.Uint32(d[8:])}
			*g.edges.At(i) = e
			good = good && int(e.child) < g.nodes.Len() && int(e.next) <= g.edges.Len() && int(e.node()) < g.nodes.Len()
		case Records:
			r := record{le.Uint32(d), le.Uint32(d[4:]), le.Uint32(d[8:])}
			*g.recs.At(i) = r
			good = good && int(r.edge) < max(g.edges.Len(), 1) && int(r.next) <= g.recs.Len()
		case Blocks:
			g.blocks.At(i).table = table(le.Uint32(d))
		}
	}
	if !good {
		return fmt.Errorf("page %d of part %d refers to what is not there", page, p)
	}
	return nil
}

// setNode fills in a node, and reports whether what it refers to is there.
func (g *Graph) setNode(n ID, d []byte) bool {
	g.Word(n).w.Store(le.Uint32(d))
	at := g.at(n)
	*at = node{
		stamp: le.Uint32(d[4:]), first: le.Uint32(d[8:]), reads: le.Uint32(d[12:]),
		readers: le.Uint32(d[16:]), records: le.Uint32(d[20:]), verified: Moment(le.Uint32(d[24:])),
	}
	if l := (lag{Moment(le.Uint32(d[28:])), Moment(le.Uint32(d[32:]))}); l != (lag{}) {
		g.loading.Lock()
		*g.lags.make(n) = l
		g.loading.Unlock()
	}
	edges, recs := uint32(g.edges.Len()), uint32(g.recs.Len())
	return at.readers <= edges && at.records <= recs && at.first <= edges && at.reads <= edges-at.first
}

// Loaded ends the filling in of pages: the rest follows from them.
func (g *Graph) Loaded() error {
	if g.freeRecs > uint32(g.recs.Len()) {
		return fmt.Errorf("record %d is not there", g.freeRecs)
	}
	live := 0
	for i := range uint32(g.blocks.Len()) {
		b := g.blocks.At(i)
		s := g.shareOf(b.table)
		b.slot = s.slots
		s.slots += blockSize
		for n := ID((i+1)*blockSize) - 1; n+1 > ID(i*blockSize); n-- { // the last one that is free is the next one given
			live += int(g.at(n).reads)
			if g.Has(n) {
				g.lives++
			} else if n > 0 {
				s.free = append(s.free, n)
			}
		}
	}
	if g.dead = g.edges.Len() - live; g.dead < 0 {
		return fmt.Errorf("%d reads in %d edges", live, g.edges.Len())
	}
	return nil
}

// Slots is how many slots a table has.
func (g *Graph) Slots(table uint32) int { return int(g.shareOf(table).slots) }

// NewSlot takes a slot of a table away, which no node will have.
func (g *Graph) NewSlot(table uint32) uint32 {
	s := g.shareOf(table)
	s.slots++
	return s.slots - 1
}

// Of calls yield for the nodes of a table.
func (g *Graph) Of(table uint32, yield func(n ID)) {
	for i := range uint32(g.blocks.Len()) {
		if g.blocks.At(i).table != table {
			continue
		}
		for n := ID(i * blockSize); n < ID((i+1)*blockSize); n++ {
			if g.Has(n) {
				yield(n)
			}
		}
	}
}
