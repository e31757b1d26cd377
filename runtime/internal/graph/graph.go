package graph

import (
	"sync"

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
	state Column[Word]
	nodes Column[node]

	edges  Column[edge]
	dead   int // edges that are not live
	serial uint32
	moved  uint64 // counts changes of lists of reads, and rounds of serial
	marks  marks

	recs     Column[record]
	freeRecs uint32 // 1 + the first free record; 0: none

	// greenFor says in which view a tainted node was last found green.
	greenFor map[ID]uint64
	// merged says which iterations have become part of which other ones. Their
	// numbers in greenFor are replaced when they are looked at.
	merged map[uint64]uint64
	// highest holds the highest stamp of nodes that went back to an older one.
	highest map[ID]uint32

	lags side[lag]

	blocks Column[block] // see place.go
	shares []share       // by table, NoTable first
	lives  int

	changed *[Parts]pageSet // of the image; nil: nobody asks
	loading sync.Mutex      // guards lags while pages are filled in

	front  byHeight
	parked []ID // see aside.go
	looks  map[ID]uint8

	climbs  []*Climb
	climbed uint64 // counts calls of Climb

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
	claim   uint32

	verified Moment // see lag
}

// New returns an empty graph.
func New() *Graph {
	return &Graph{greenFor: map[ID]uint64{}, merged: map[uint64]uint64{}, highest: map[ID]uint32{}, looks: map[ID]uint8{}}
}

func (g *Graph) at(n ID) *node { return g.nodes.At(uint32(n)) }

// State returns the state of n. It needs no lock.
func (g *Graph) State(n ID) State { return g.Word(n).state() }

func (g *Graph) setState(n ID, s State) {
	p := g.Word(n)
	shake.Point()
	p.w.Store(p.w.Load()&^stateMask | uint32(s))
	shake.Point()
	g.touch(n)
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
	g.touch(n)
	return *p
}

// OldStamp gives n a stamp back that it had before, together with its outcome of
// then. The caller tells the readers.
func (g *Graph) OldStamp(n ID, stamp uint32) {
	p := &g.at(n).stamp
	g.highest[n] = max(g.highest[n], *p)
	*p = stamp
	g.touch(n)
}

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
