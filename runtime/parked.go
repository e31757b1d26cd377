package runtime

import (
	"slices"
	"time"

	"querygen.dev/runtime/internal/graph"
)

// What a wave finds to lie aside of the demanded root is parked: it is not marked, and
// stays for a demand of something that may depend on it. Until then all that is
// up to date by its state, and in none of the sets that say what may depend on what is
// parked, is up to date; see graph.Park.

// A beside says what may depend on nodes that are parked. It is for those without
// the lock, and may name more than it has to.
type beside struct {
	calm uint64 // the revision in which nothing else is on the front; 0: none
	sets []graph.Set
}

// Values of flight.Run.Front: nothing may be handed to the body without the lock; all
// but what may depend on what is parked.
const (
	nothingBelow = 1
	anyHeight    = graph.Everything + 1
)

// longClimb is what a climb takes at least that is excused.
const longClimb = waveTime / 8

// maxUnparked bounds how often nodes are unparked in one revision.
const maxUnparked = 32

// mayBeStale reports whether n may depend on something that is parked. It needs no
// lock: what was parked when the caller's run began, or since, is in the sets until it is
// up to date, or marked.
func (db *DB) mayBeStale(n graph.ID) bool {
	b := db.beside.Load()
	return b != nil && b.has(n)
}

func (b *beside) has(n graph.ID) bool {
	for _, s := range b.sets {
		if s.Has(n) {
			return true
		}
	}
	return false
}

// calmBeside is settled as far as n is concerned.
func (db *DB) calmBeside(n graph.ID, rev uint64) bool {
	b := db.beside.Load()
	return b != nil && b.calm == rev && !b.has(n)
}

// isBeside reports whether there is no front but what is parked, and all that the walk
// and its run have read is of the revision of that: so nothing of it.
func (w *walk) isBeside() bool {
	db := w.db
	b, rev := db.beside.Load(), db.flushed.Load()
	if b == nil || b.calm != rev || db.wave != nil || db.g.OnFront() > 0 || w.base == nil || w.base.Rev.Load() != rev {
		return false
	}
	if w.stack.depth == 0 {
		return true
	}
	f := w.stack.top().flight
	return f == nil || f.Run == nil || f.Rev.Load() == rev
}

// front is the Front of a run that begins.
func (w *walk) front() uint32 {
	switch {
	case w.wave != nil:
		return w.wave.height + 1
	case w.db.isSettled():
		return 0
	}
	return anyHeight
}

// bound sets the Front of the caller's run, which had another one when it began.
func (w *walk) bound(front uint32) {
	if f := &w.base.Front; f.Load() != front {
		f.Store(front)
	}
}

// putAside parks n, which was taken from the front, if the root does not depend on
// it. With queries that iterate nothing is parked: their members change behind the back
// of who has read them, and some of it was not told what was parked below.
func (w *walk) putAside(v *wave, n graph.ID) bool {
	db, g := w.db, w.db.g
	if v.climb.Known(n) == graph.Below || db.verifier != nil || db.iterates {
		return false
	}
	if s := g.State(n); s.Kind() != graph.Dirty || s&graph.Tainted != 0 || db.busy(n) {
		return false
	}
	if !g.Park(n, v.root) && !(v.find(n) == graph.Aside && g.Park(n, v.root)) {
		return false
	}
	db.tellParked(false)
	return true
}

// unpark puts what is parked back to the front, for another root. Roots that are demanded
// in turn may undo each other's proofs: at last all is settled, and unpark returns false.
func (db *DB) unpark() bool {
	if db.unparked++; db.unparked > maxUnparked {
		db.settleFront()
		return false
	}
	db.g.Unpark()
	return true
}

// tellParked publishes what is parked. While a wave is going up that includes what it may
// have taken from there: others that run in this revision look at it, too.
func (db *DB) tellParked(rests bool) {
	b, rev := &beside{}, db.flushed.Load()
	switch old := db.beside.Load(); {
	case db.closed.Load():
	case rests:
		b.calm = rev
	case old != nil && old.calm == rev:
		b.calm, b.sets = rev, slices.Clone(old.sets)
	}
	b.sets = db.g.Unsure(b.sets)
	db.beside.Store(b)
}

// find says where n is as seen from the root. It does not climb from one node again and
// again. A long way is worth its time, many short ones are what a wave is to be kept from.
func (v *wave) find(n graph.ID) graph.Place {
	p, g := v.climb.Known(n), v.db.g
	if p != graph.Unknown || g.Worn(n) {
		return p
	}
	begun := time.Now()
	if p = v.climb.Find(n); p == graph.Aside {
		g.Wear(n)
	}
	if took := time.Since(begun); took > longClimb {
		v.excused += took
	}
	return p
}

// below reports whether it is known that the root depends on n.
func (v *wave) below(n graph.ID) bool { return v.find(n) == graph.Below }

// leaveNode leaves n, which was taken from the front, to demands, of whatever root.
func (w *walk) leaveNode(v *wave, n graph.ID) {
	if !w.putAside(v, n) {
		w.db.g.Leave(n)
	}
}
