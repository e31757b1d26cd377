package runtime

import (
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A before is the outcome of a node before an iteration.
type before struct {
	out     any
	stamp   uint32
	changed graph.Moment
}

// before returns what n is, to be remembered by the iteration of a view.
func (w *walk) before(v graph.View, n graph.ID) *before {
	if !v.Iterated() {
		return nil
	}
	return w.db.current(n)
}

func (db *DB) current(n graph.ID) *before {
	k, slot := db.keeper(n)
	return &before{k.outcome(slot), db.g.Stamp(n), db.g.Times(n).Changed}
}

// restore gives n its old outcome back. What has read the newer one will find
// that the stamp differs.
func (db *DB) restore(n graph.ID, b *before) {
	db.g.Demand(n)
	db.revert(n, b)
}

func (db *DB) revert(n graph.ID, b *before) {
	if db.g.Stamp(n) == b.stamp {
		return
	}
	k, slot := db.keeper(n)
	k.restore(slot, b.out)
	db.g.OldStamp(n, b.stamp)
	db.g.NoteChanged(n, b.changed)
}

// enlist tells the iteration for which n, which was run or verified in a view, is
// green. b is what n was before; nil if that is what it is.
func (w *walk) enlist(view graph.View, n graph.ID, b *before) {
	if !view.Iterated() {
		return
	}
	id := w.db.g.For(n)
	if id <= view.Request() {
		return
	}
	it := w.db.iterations[id]
	if it == nil { // given up meanwhile
		if b != nil {
			w.db.restore(n, b)
		}
		return
	}
	it.take(n, b)
	w.dependsOn(view, it, w.db.g.Seen(n, nil))
}

// take makes n a member.
func (it *iteration) take(n graph.ID, b *before) {
	it.nodes[n] = true
	if b != nil && it.old[n] == nil {
		it.old[n] = b
	}
}

// outdone keeps what n has read, which is about to run again, for the iteration
// that has it as a member: what came of it may be in what others are by now,
// though n may read something else the next time. It does not matter who runs n:
// it may be somebody in a newer revision.
func (db *DB) outdone(n graph.ID) {
	if len(db.iterations) == 0 {
		return
	}
	if it := db.iterations[db.g.For(n)]; it != nil && it.nodes[n] {
		it.earlier[n] = db.g.Seen(n, it.earlier[n])
	}
}

// dependsOn tells an iteration of a view when something in it has read what an
// outer one has provided. Those between the two learn of it when it is merged.
func (w *walk) dependsOn(view graph.View, it *iteration, reads []graph.Read) {
	for _, r := range reads {
		if id := w.db.g.For(r.Node); id > view.Request() && id < it.outermost && view.Contains(id) {
			it.outermost = id
		}
	}
}

// giveUp ends the iteration that f drives, if it does: all is as it was before,
// and what runs below f does so for nobody.
func (db *DB) giveUp(f *flight.Flight) {
	if db.iterations[f.Iteration] == nil {
		return
	}
	db.unfold()
	db.undo(f)
	todo := slices.Collect(f.Children)
	for len(todo) > 0 {
		c := todo[len(todo)-1]
		todo = slices.AppendSeq(todo[:len(todo)-1], c.Children)
		if !c.Orphaned {
			db.undo(c) // what runs below it is gone through here
			db.lose(c)
		}
	}
}

// undo takes the iteration that f drives back, if it does.
func (db *DB) undo(f *flight.Flight) {
	it := db.iterations[f.Iteration]
	if it == nil {
		return
	}
	it.gone = true
	db.close(it)
	for n, b := range it.old {
		if db.g.State(n).Green() {
			continue // it did without what was provided, in the end
		}
		other := db.iterations[db.g.For(n)]
		if other != nil && other.old[n] != nil && !it.driver.View.Contains(other.id) {
			other.old[n] = b // which has it by now; what it took for the old outcome was ours
			continue
		}
		db.restore(n, b)
	}
}

// undisturbed reports whether the iterations that f is part of may go on in the
// newest revision: nothing that they have read from outside has changed. It is
// not enough that their members run again: what they once had may be kept alive
// by the provisional outcomes, each by the others. So a disturbed iteration is
// dropped, and begins anew.
func (db *DB) undisturbed(r *request, f *flight.Flight) bool {
	rev := db.flushed.Load()
	for id := range f.View.Iterations {
		it := db.iterations[id]
		switch {
		case it == nil:
			return false
		case it.rev == rev:
		case it.stale, !db.holdOutside(r, it):
			db.drop(it.driver)
			return false
		default:
			it.rev = rev
		}
	}
	return true
}

// disturb tells the iterations that n is a member of that it has changed.
func (db *DB) disturb(n graph.ID) {
	for _, it := range db.iterations {
		if it.nodes[n] || it.old[n] != nil || it.heads[n] != nil {
			it.stale = true
		}
	}
}

// holdOutside reports whether all that an iteration has read from outside holds.
func (db *DB) holdOutside(r *request, it *iteration) bool {
	view := it.driver.View
	inside := func(n graph.ID) bool {
		return n == it.driver.Node || it.nodes[n] || it.heads[n] != nil
	}
	touched := func(read graph.Read) bool { return !inside(read.Node) && !db.holds(r, view, read) }
	if slices.ContainsFunc(it.reads, touched) {
		return false
	}
	for _, h := range it.heads {
		if slices.ContainsFunc(h.reads, touched) {
			return false
		}
	}
	for _, reads := range it.earlier {
		if slices.ContainsFunc(reads, touched) {
			return false
		}
	}
	for n := range it.nodes {
		if slices.ContainsFunc(db.g.Seen(n, nil), touched) {
			return false
		}
	}
	return true
}
