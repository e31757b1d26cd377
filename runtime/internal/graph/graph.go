package graph

import (
	"sync/atomic"

	"querygen.dev/runtime/internal/shake"
)

// ID names a node. Zero is no node.
type ID uint32

// State of a node: one of the four below, and flags.
type State uint32

const (
	Never State = iota // has not run yet: no outcome
	Clean              // green, in this request only if Tainted
	Dirty              // something below may have changed: verify
	Must               // has to run: nothing to verify

	kindMask State = 3
)

const (
	// Tainted nodes are green for one request only.
	Tainted State = 1 << (iota + 2)
	// Volatile nodes have to run in each request that demands them. Volatile
	// implies Tainted.
	Volatile
)

// Kind is s without its flags.
func (s State) Kind() State { return s & kindMask }

// Green reports whether the node is up to date, whoever asks.
func (s State) Green() bool { return s&(kindMask|Tainted) == Clean }

// Graph is a set of nodes and edges. The zero Graph is not usable; see New.
type Graph struct {
	state Column[atomic.Uint32] // and height, see height.go
	nodes Column[node]

	edges  Column[edge]
	dead   int // edges that are not live
	serial uint32
	moved  uint64 // counts changes of lists of reads, and rounds of serial
	climb  Climb

	recs     Column[record]
	freeRecs uint32 // 1 + the first free record; 0: none

	// greenFor says in which view a tainted node was last found green.
	greenFor map[ID]uint64
	// merged says which iterations have become part of which other ones. Their
	// numbers in greenFor are replaced when they are looked at.
	merged map[uint64]uint64
	// highest holds the highest stamp of nodes that went back to an older one.
	highest map[ID]uint32

	free []ID // nodes that are gone

	front byHeight

	epoch uint64
	stack []ID // of Mark
	told  []ID // of Notify
}

// A node is what is known of a node besides its state. Who touches one number of
// it is about to touch others, so they lie side by side; only the state, which is
// all that a hit looks at, has a column of its own.
type node struct {
	stamp   uint32
	first   uint32 // where the list of reads begins
	reads   uint32 // how long it is
	readers uint32 // 1 + the newest edge that reads the node; 0: none
	records uint32 // 1 + the head of the node's records; 0: none
	table   uint32 // who keeps the node's key and value, and where
	slot    uint32
	mark    uint32 // the last one of nextSerial that the node was given
	claim   uint32
	times   Times
}

// Times are the revisions in which things last happened to a node.
type Times struct{ Ran, Verified, Changed Moment }

// A Moment is a revision in half the room, as it looks from revisions that are
// less than 2^32 later; 0 is none.
type Moment uint32

// MomentOf returns the moment of a revision. One in 2^32 of them would have none,
// and gets that of the one before.
func MomentOf(rev uint64) Moment {
	if m := Moment(rev); m != 0 {
		return m
	}
	return ^Moment(0)
}

// Revision returns the revision of a moment, which is not after now.
func (m Moment) Revision(now uint64) uint64 {
	if m == 0 {
		return 0
	}
	return now - uint64(uint32(now)-uint32(m))
}

// New returns an empty graph.
func New() *Graph {
	g := &Graph{greenFor: map[ID]uint64{}, merged: map[uint64]uint64{}, highest: map[ID]uint32{}}
	g.grow(1) // node 0 is nobody
	return g
}

func (g *Graph) grow(n int) {
	g.nodes.Grow(n)
	g.state.Grow(n)
}

func (g *Graph) at(n ID) *node { return g.nodes.At(uint32(n)) }

// Add makes a node in state Never, whose key and value are at slot of table.
func (g *Graph) Add(table, slot uint32) ID {
	n, ok := g.taken()
	if !ok {
		n = ID(g.state.Len())
		g.grow(int(n) + 1)
	}
	at := g.at(n)
	at.table, at.slot = table, slot
	return n
}

// Nodes is the highest number that a node has.
func (g *Graph) Nodes() int { return g.state.Len() - 1 }

// Place returns what Add was given.
func (g *Graph) Place(n ID) (table, slot uint32) {
	at := g.at(n)
	return at.table, at.slot
}

// State returns the state of n. It needs no lock.
func (g *Graph) State(n ID) State { return State(g.state.At(uint32(n)).Load() & stateMask) }

func (g *Graph) setState(n ID, s State) {
	p := g.state.At(uint32(n))
	shake.Point()
	p.Store(p.Load()&^stateMask | uint32(s))
	shake.Point()
}

// Stamp returns the stamp of the current outcome of n; 0 if it has none.
func (g *Graph) Stamp(n ID) uint32 { return g.at(n).stamp }

// NewStamp gives n a stamp that it never had and returns it.
func (g *Graph) NewStamp(n ID) uint32 {
	p := &g.at(n).stamp
	if len(g.highest) > 0 {
		if top, ok := g.highest[n]; ok {
			*p = top
			delete(g.highest, n)
		}
	}
	*p++
	return *p
}

// OldStamp gives n a stamp back that it had before, together with its outcome of
// then. The caller tells the readers.
func (g *Graph) OldStamp(n ID, stamp uint32) {
	p := &g.at(n).stamp
	g.highest[n] = max(g.highest[n], *p)
	*p = stamp
}

// Times returns the revisions of n, to be read or written.
func (g *Graph) Times(n ID) *Times { return &g.at(n).times }

// Claim returns the place where whoever is at work on n leaves a number, to be read
// or written. The graph makes nothing of it.
func (g *Graph) Claim(n ID) *uint32 { return &g.at(n).claim }

// Epoch changes whenever records may have come, or edges moved, behind the
// back of somebody who let go of the lock: at each mark and each sweep.
func (g *Graph) Epoch() uint64 { return g.epoch }

// Touch tells those who are verifying that records or edges may have changed
// behind their back.
func (g *Graph) Touch() { g.epoch++ }

// RanFor reports whether a volatile node had its run in view v already.
func (g *Graph) RanFor(n ID, v View) bool { return v.Contains(g.For(n)) }

// GreenFor reports whether n is up to date in view v.
func (g *Graph) GreenFor(n ID, v View) bool {
	s := g.State(n)
	if s.Kind() != Clean {
		return false
	}
	return s&Tainted == 0 || v.Contains(g.For(n))
}

// For returns the number of the view that n is green for, if it is tainted;
// else 0.
func (g *Graph) For(n ID) uint64 {
	id := g.greenFor[n]
	now := g.Current(id)
	if now != id {
		g.greenFor[n] = now
	}
	return now
}

// Current returns the number of the iteration that id has become part of; id if
// it was not merged.
func (g *Graph) Current(id uint64) uint64 {
	for {
		to, ok := g.merged[id]
		if !ok {
			return id
		}
		if next, ok := g.merged[to]; ok {
			g.merged[id] = next // half the way for the next time
		}
		id = to
	}
}

// Merge makes all that is green for the iteration from green for the one around
// it, to, at once.
func (g *Graph) Merge(from, to uint64) { g.merged[from] = to }

// Forget forgets that the iteration id was merged. What is still green for it is
// green for nobody.
func (g *Graph) Forget(id uint64) { delete(g.merged, id) }

// Move makes n, which is tainted, green for another view.
func (g *Graph) Move(n ID, to uint64) { g.greenFor[n] = to }
