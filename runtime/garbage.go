package runtime

import (
	"container/heap"
	"errors"

	"querygen.dev/runtime/internal/graph"
)

// A garbage removes nodes, with all that the engine knows of them. Those are
//
//   - inputs that were set once and are unset, with all that depends on them, when
//     none of it was demanded for many revisions; then what they alone had read;
//   - if there is a memory budget and more than that: nodes that no other query
//     has read, when the hand of the sweep has come by in vain several times.
//
// A node goes together with all that have read it, or not at all (G1): else inputs
// would be cut off from green roots. And it goes only if nobody holds its number.
// Numbers are held by
//
//   - runs and reads of requests in progress. Whoever is handed a value, or a panic,
//     touches the cell first. So a suspect is looked at when all requests have ended
//     that ran when it became one (G2): if it, or a node above it, was touched since,
//     or somebody is at work on one, it stays.
//   - callers between finding a cell and demanding its node. They ask again whether
//     the node is still that of the cell, whenever they had no lock (see walk.lost).
//   - Watch, Collect, verification and updates, which pin them.
//   - iterations, which are not in progress.
//
// The number is given to another node (see graph.Free), the cell to nobody.
type garbage struct {
	patience uint64 // revisions between two looks at a suspect

	// guarded by db.mu
	due       suspects
	aged      []*suspect            // found by the sweep: in the order in which they were
	listed    map[graph.ID]*suspect // those of them that are about the nodes of now
	pins      map[graph.ID]int
	collected uint64
}

// A suspect is a node that may have to go.
type suspect struct {
	n     graph.ID
	cell  any    // tells whether n is still that node
	due   uint64 // the revision in which it is looked at
	never bool   // it goes only if it has come to no outcome
	rests bool   // it, and all above it, must not be touched from now on
	clock uint32 // the time from which on that counts
	since uint64 // the youngest request of then
	tries int
}

const (
	patience   = 16
	looksAtEnd = 4096 // nodes that are looked at when a request ends
	looksAtOne = 1024 // of a suspect, at the first try; twice as many at the next
	maxTries   = 20
)

func (g *garbage) init() {
	g.patience = patience
	g.listed, g.pins = map[graph.ID]*suspect{}, map[graph.ID]int{}
}

// suspects is a heap by revision.
type suspects []*suspect

func (s suspects) Len() int           { return len(s) }
func (s suspects) Less(i, j int) bool { return s[i].due < s[j].due }
func (s suspects) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *suspects) Push(x any)        { *s = append(*s, x.(*suspect)) }
func (s *suspects) Pop() any {
	last := len(*s) - 1
	x := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return x
}

// A grave is what a table does for the removal of nodes.
type grave interface {
	cellAt(slot uint32) any
	holds(slot uint32, cell any) bool
	mayGo(slot uint32) bool  // it can be made again
	left(slot uint32) uint64 // for inputs: the revision in which it was last unset
	touched(slot uint32, since uint32) bool
	hide(slot uint32) (out any)
	show(slot uint32, out any)
	remove(slot uint32, out any) // what was hidden goes
}

func (t *table[K, V]) cellAt(slot uint32) any { return t.cell(slot) }

func (t *table[K, V]) holds(slot uint32, cell any) bool { return any(t.cell(slot)) == cell }

func (t *table[K, V]) mayGo(slot uint32) bool {
	c := t.cell(slot)
	switch {
	case t.q.hidden:
		return true
	case !t.q.bound, t.q.def.Kind == KindInput && t.input.settled(c):
		return false
	case t.q.def.Kind == KindGeneration: // it runs once in each
		return !t.db.g.State(c.id).Green()
	}
	return true
}

func (t *table[K, V]) left(slot uint32) uint64 {
	if t.input == nil {
		return 0
	}
	if s := t.input.byCell[t.cell(slot)]; s != nil {
		return s.left
	}
	return 0
}

func (t *table[K, V]) touched(slot uint32, since uint32) bool {
	return !later(since, t.cell(slot).used.Load())
}

func (t *table[K, V]) hide(slot uint32) any { return t.cell(slot).out.Swap(nil) }

func (t *table[K, V]) show(slot uint32, out any) { t.cell(slot).out.Store(out.(*outcome[V])) }

func (t *table[K, V]) remove(slot uint32, out any) {
	c := t.cell(slot)
	if o := out.(*outcome[V]); o != nil {
		t.db.memory.charge(o.bytes(), 0)
	}
	t.byKey.Delete(slot)
	if t.input != nil {
		delete(t.input.byCell, c)
	}
	if t.q.hidden {
		t.db.unseen--
	}
}

// errGone says that a node is no longer that of the cell: find the cell again.
var errGone = errors.New("querygen: the node is gone")

// lost reports whether n is no longer the node that the walk was called for.
func (w *walk) lost(n graph.ID) bool {
	if w.cell == nil || w.db.garbage.collected == 0 {
		return false
	}
	k, slot := w.db.keeper(n)
	return k == nil || !k.holds(slot, w.cell)
}

// pin keeps n from being removed.
func (db *DB) pin(n graph.ID) { db.garbage.pins[n]++ }

func (db *DB) unpin(n graph.ID) {
	if db.garbage.pins[n]--; db.garbage.pins[n] == 0 {
		delete(db.garbage.pins, n)
	}
}

// release is unpin for a node that may have been made for nothing.
func (db *DB) release(n graph.ID) {
	db.unpin(n)
	if k, slot := db.keeper(n); db.g.State(n).Kind() == graph.Never && k.mayGo(slot) {
		db.suspected(n)
	}
}

// suspect notes that n may have to go some time.
func (db *DB) suspect(n graph.ID) { db.suspected(n).never = false }

func (db *DB) suspected(n graph.ID) *suspect {
	g := &db.garbage
	k, slot := db.keeper(n)
	s := g.listed[n]
	if s == nil || !k.holds(slot, s.cell) { // else it is one of a node that has gone with others
		s = &suspect{n: n, cell: k.cellAt(slot), due: db.revision.Load() + g.patience, never: true}
		g.listed[n] = s
		heap.Push(&g.due, s)
	}
	return s
}

// suspectUnfinished notes that a demand of n has ended, and may have left nothing
// but its number: the request was cancelled, or the body has panicked.
func (db *DB) suspectUnfinished(n graph.ID, cell any) {
	db.mu.Lock()
	defer db.mu.Unlock()
	k, slot := db.keeper(n)
	if k != nil && k.holds(slot, cell) && db.g.State(n).Kind() == graph.Never {
		db.suspected(n)
	}
}

// suspectAged notes that the sweep has come by n in vain, so often that it stays
// only if it is touched since the first of these times.
func (db *DB) suspectAged(n graph.ID) {
	g := &db.garbage
	k, slot := db.keeper(n)
	if s := g.listed[n]; s == nil || !k.holds(slot, s.cell) {
		s = &suspect{n: n, cell: k.cellAt(slot), clock: db.memory.turns[0], since: db.lastID}
		g.listed[n] = s
		g.aged = append(g.aged, s)
	}
}

// unlist takes s, which was looked at, from the list.
func (g *garbage) unlist(s *suspect) {
	if g.listed[s.n] == s {
		delete(g.listed, s.n)
	}
}
