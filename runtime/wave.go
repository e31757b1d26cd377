package runtime

import (
	"time"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A wave brings a change up from the inputs, at the first demand after it: the
// nodes that have read what has changed are looked at from the lowest on, so that
// what is cut off costs nothing above. It runs a node only if
//
//   - that is certain to be wanted: the node is all that may have changed, and the
//     root, which is demanded, depends on it, and was up to date. Then the
//     root's body would do again all that it did, up to this node;
//   - or it is a pure node that is known to be cheap, below the root.
//
// Whatever else it meets is left to demands: all above is marked, as it would have
// been at once. The same is done with the whole front as soon as anybody else looks
// at the graph. So correctness rests on marks alone. What is proven not to be below the
// root is parked, see parked.go. See docs/engine.md.
type wave struct {
	db      *DB
	root    graph.ID
	climb   *graph.Climb
	excused time.Duration // for runs that are certain, and for finding long ways
	began   time.Time
	late    []graph.ID // of one height, to be run only if that is certain
	height  uint32     // theirs
	node    graph.ID   // is running
	flight  *flight.Flight
	certain bool // node is wanted for sure
}

const (
	waveTime  = 2 * time.Millisecond // for all that is not excused
	wayEdges  = 1 << 14              // that are looked at to describe a way to the root
	waveNodes = 1 << 10              // on the front
	wavePart  = 32                   // or that part of the graph
)

// isSettled reports whether I1 holds everywhere; under mu.
func (db *DB) isSettled() bool { return db.settledAt.Load() == db.flushed.Load() }

// settleFront leaves all that is on the front, and all that is parked, to demands.
func (db *DB) settleFront() {
	if db.isSettled() {
		return
	}
	v := db.wave
	db.leaveWave()
	db.g.Settle()
	if v != nil && v.node != 0 {
		v.flight.Front.Store(0) // it may look at all of the graph, now that all is marked
	}
	db.rest()
}

// leaveWave ends the wave, if there is one. What it has taken from the front is left
// to demands.
func (db *DB) leaveWave() {
	v := db.wave
	db.wave = nil
	if v == nil {
		return
	}
	for _, n := range append(v.late, v.node) {
		if n != 0 {
			db.g.Leave(n)
		}
	}
}

// rest notes that the front is gone, but for what is parked.
func (db *DB) rest() {
	if db.g.Parked() > 0 {
		db.tellParked(true)
		return
	}
	db.g.Forgive()
	db.beside.Store(nil)
	db.settledAt.Store(db.flushed.Load())
	db.calm()
}

// meetFront is called before anything is looked at on behalf of a demand of n.
func (w *walk) meetFront(n graph.ID) error {
	db, root := w.db, w.base == w.req.Root
	if root && w.wave == nil {
		db.follow()
	}
	if db.isSettled() {
		w.bound(0)
		return nil
	}
	switch v := db.wave; {
	case v != nil && w.base == v.flight:
		if db.g.GreenBelow(n, w.base.Front.Load()-1) && !db.g.MayBeStale(n) {
			return nil // nothing that is below the front will change
		}
		if !v.certain {
			w.base.SawAbort.Store(true)
			return ErrSuperseded // it is not to run what may not be wanted
		}
	case w.isBeside() && !db.g.MayBeStale(n):
		w.bound(anyHeight)
		return nil
	case v == nil && root && w.stack.depth == 0 && w.req.err == nil && w.req.ctx.Err() == nil && db.mayGoUp():
		return w.goUp(n)
	}
	db.settleFront()
	return nil
}

// mayGoUp reports whether a wave is worth a try.
func (db *DB) mayGoUp() bool {
	return db.g.OnFront()+db.g.Parked() <= max(waveNodes, db.g.Nodes()/wavePart)
}

// goUp has the front go up, on behalf of a demand of root, until there is none.
func (w *walk) goUp(root graph.ID) error {
	db := w.db
	if db.g.MayBeStale(root) && !db.unpark() {
		return nil
	}
	v := &wave{db: db, root: root, climb: db.g.Climb(root, w.mustEnd), began: time.Now()}
	db.wave, w.wave = v, v
	var err error
	for err == nil && db.wave == v {
		n, height, ok := db.g.Lowest()
		behind := len(v.late) > 0 && (!ok || height > v.height)
		switch {
		case ok && behind && w.putAside(v, n):
		case behind:
			if ok {
				db.g.Return(n)
			}
			err = w.runLate(v, !ok)
		case !ok:
			db.leaveWave()
			db.rest()
		case w.mustEnd(), time.Since(v.began)-v.excused > waveTime:
			db.g.Return(n)
			db.leaveWave()
			db.g.LeaveFront()
			db.rest()
		default:
			v.height = height
			err = w.lookAt(v, n)
		}
	}
	w.wave = nil
	if err != nil {
		db.settleFront()
	}
	return err
}

// mustEnd reports whether the request has ended.
func (w *walk) mustEnd() bool { return w.req.err != nil || w.req.ctx.Err() != nil }

// lookAt has the front pass n, or run it, or leaves it to demands.
func (w *walk) lookAt(v *wave, n graph.ID) error {
	g := w.db.g
	s := g.State(n)
	if s.Kind() == graph.Clean {
		return nil
	}
	if s.Kind() != graph.Dirty || s&graph.Tainted != 0 || w.db.busy(n) {
		g.Leave(n)
		return nil
	}
	if g.MayBeStale(n) {
		w.leaveNode(v, n)
		return nil
	}
	records, cause := g.Records(n, nil), graph.ID(0)
	for _, r := range records {
		if !g.State(r.Child).Green() {
			w.leaveNode(v, n)
			return nil
		}
		if cause == 0 && g.Stamp(r.Child) != r.Seen {
			cause = r.Child
		}
	}
	switch {
	case cause == 0:
		w.proven(n, records)
	case w.putAside(v, n):
	case !w.db.pure(n):
		g.Leave(n)
	case (g.OnFront() > 0 || len(v.late) > 0) && w.cheap(v, n):
		return w.runWave(v, n, cause, false)
	default:
		v.late = append(v.late, n)
	}
	return nil
}

// runLate runs what is left of one height if it is certain that it is wanted. alone
// says that there is nothing else on the front.
func (w *walk) runLate(v *wave, alone bool) error {
	db, late := w.db, v.late
	v.late = v.late[:0]
	n := late[0]
	if alone && len(late) == 1 && (n == v.root || db.g.State(v.root).Green()) && v.below(n) {
		return w.runWave(v, n, db.changedRead(n), true)
	}
	for _, n := range late {
		w.leaveNode(v, n)
	}
	return nil
}

// changedRead returns the first read of n that has changed.
func (db *DB) changedRead(n graph.ID) graph.ID {
	for _, r := range db.g.Records(n, nil) {
		if db.g.Stamp(r.Child) != r.Seen {
			return r.Child
		}
	}
	return 0
}

// runWave runs n, and has the front pass it if that can be.
func (w *walk) runWave(v *wave, n, cause graph.ID, certain bool) error {
	db := w.db
	f := w.claim(n, w.base)
	f.For = v.root
	v.node, v.flight, v.certain = n, f, certain
	before, begun := db.g.Stamp(n), time.Now()
	err := w.run(f, cause)
	if certain {
		v.excused += time.Since(begun)
	}
	if db.wave != v {
		return err // it was left to demands meanwhile
	}
	v.node, v.flight = 0, nil
	now := db.g.Stamp(n)
	switch {
	case !db.g.State(n).Green():
		db.g.Mark(n, before)
		if !certain {
			db.counts.wasted++
		}
	case now != before:
		db.g.Notify(n, before)
	}
	if !certain && db.g.State(n).Green() {
		w.ahead = append(w.ahead, n)
	}
	return err
}

// busy reports whether somebody has n.
func (db *DB) busy(n graph.ID) bool {
	return db.board.Claimed(n) != nil || db.board.Holder(n) != nil || db.reserved[n] != nil
}

// pure reports whether a run of n does nothing but to read and return.
func (db *DB) pure(n graph.ID) bool {
	k, _ := db.keeper(n)
	if k == nil {
		return false
	}
	q := k.query()
	switch {
	case !q.bound, q.hidden, q.rescue != noRescue, q.def.Limit > 0, db.blind[n], len(db.emitted[n]) > 0:
		return false
	}
	return q.def.Kind == KindPure || q.def.Kind == KindInput
}

// cheap reports whether n may be run ahead of its demand.
func (w *walk) cheap(v *wave, n graph.ID) bool {
	if w.db.opts.NoRunAhead {
		return false
	}
	k, _ := w.db.keeper(n)
	i := int(k.query().index)
	return i < len(w.db.costs) && w.db.costs[i].cheap() && v.below(n) && w.db.g.Expected(n)
}

// countWaste counts what was run ahead, and is read by nobody who is up to date.
func (w *walk) countWaste() {
	for _, n := range w.ahead {
		if !w.db.g.AnyReader(n, func(r graph.ID) bool { return w.db.g.State(r).Green() }) {
			w.db.counts.wasted++
		}
	}
	w.ahead = nil
}
