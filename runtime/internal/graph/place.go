package graph

// Nodes of one table have neighbouring numbers, in blocks. So the number of a node
// says who keeps its key and value, and where: at a slot, which is one number less
// than others take.
const (
	blockBits = 5
	blockSize = 1 << blockBits
)

// NoTable keeps nodes that have neither key nor value.
const NoTable = ^uint32(0)

// A block says whose the nodes in it are, and the slot of the first one.
type block struct{ table, slot uint32 }

// A share is what a table has of the numbers.
type share struct {
	free      []ID // of nodes that are gone
	next, end ID   // of the newest block
	slots     uint32
}

// present is a bit beside the state: the node is there.
const present = 1 << 7

// Add makes a node of a table in state Never. The slots of a table are given out in
// order, except those of nodes that are gone, which come first.
func (g *Graph) Add(table uint32) (n ID) {
	s := g.shareOf(table)
	if last := len(s.free) - 1; last >= 0 {
		n, s.free = s.free[last], s.free[:last]
	} else {
		if s.next == s.end {
			g.addBlock(s, table)
		}
		n = s.next
		s.next++
	}
	g.Word(n).w.Store(present)
	g.lives++
	g.touch(n)
	return n
}

func (g *Graph) shareOf(table uint32) *share {
	at := int(table + 1) // NoTable comes first
	for len(g.shares) <= at {
		g.shares = append(g.shares, share{})
	}
	return &g.shares[at]
}

// addBlock gives a table more numbers. Node 0 is nobody.
func (g *Graph) addBlock(s *share, table uint32) {
	first := g.state.Len()
	g.nodes.Grow(first + blockSize)
	g.state.Grow(first + blockSize)
	at := g.blocks.Len()
	g.blocks.Grow(at + 1)
	*g.blocks.At(uint32(at)) = block{table, s.slots}
	g.touchBlock(uint32(at))
	s.next, s.end = ID(first), ID(first+blockSize)
	if first == 0 {
		s.next = 1
	}
	s.slots += blockSize
}

// Place returns the table and the slot of n.
func (g *Graph) Place(n ID) (table, slot uint32) {
	b := g.blocks.At(uint32(n >> blockBits))
	return b.table, b.slot + uint32(n%blockSize)
}

// Has reports whether there is a node of that number.
func (g *Graph) Has(n ID) bool { return g.Word(n).w.Load()&present != 0 }

// Nodes is the highest number that a node may have.
func (g *Graph) Nodes() int { return g.state.Len() - 1 }

// Live is the number of nodes that are there.
func (g *Graph) Live() int { return g.lives }

// Free takes n out of the graph. Nobody may read it, except nodes that are freed
// with it. Its number will be that of another node, whose stamps go on where those
// of n end: so whoever still has a read of n will find that it differs.
func (g *Graph) Free(n ID) {
	g.epoch++
	g.dropRecords(n)
	g.setReads(n, nil)
	g.Word(n).w.Store(uint32(Never))
	if top, ok := g.highest[n]; ok {
		g.at(n).stamp = top
		delete(g.highest, n)
	}
	delete(g.greenFor, n)
	for _, c := range g.climbs {
		c.aside.remove(n)
	}
	g.moved++ // the number will be that of another node
	g.setTimes(n, Times{})
	g.lives--
	table, _ := g.Place(n)
	s := g.shareOf(table)
	s.free = append(s.free, n)
}
