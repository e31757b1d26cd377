package runtime

import (
	"runtime/debug"

	"querygen.dev/runtime/internal/graph"
)

// converge ends an iteration: the provisional outcome is the final one, and that
// goes for all that was made of it. Members whose outcome is what it was before
// the iteration get that back, with its stamp.
func (w *walk) converge(it *iteration, k keeper, slot uint32, e *ending) {
	f := it.driver
	n := f.Node
	w.gather(it, e.reads)
	if !e.same || e.passing {
		w.change(n, k, slot, e.out)
	}
	back, p := w.unchanged(it)
	switch {
	case it.gone:
		return // dropped while values were compared
	case !w.db.undisturbed(w.req, f):
		// An update has come in the meantime. The reads that are stored below would tell
		// what it has changed outside, but not that a member was set.
		w.db.drop(f)
		return
	case p != nil:
		w.db.giveUp(f)
		*e = ending{how: panicked, panic: p, err: p, reads: w.db.unsure(), final: true}
		return
	}
	w.takeBack(it, back)
	e.kept, e.kind = true, Changed
	if _, same := back[n]; same || !it.used && e.same {
		e.kind = Cutoff
		w.db.counts.cutoffs++
	}
	volatile, blind := e.passing, false
	for _, h := range it.heads {
		volatile = volatile || h.last.passing
	}
	for m := range it.nodes {
		if m == n {
			continue
		}
		mk, _ := w.db.keeper(m)
		kind := mk.query().def.Kind
		volatile = volatile || w.db.g.State(m)&graph.Volatile != 0
		blind = blind || w.db.blind[m] || kind == KindInput || kind == KindGeneration
	}
	reads, lived := withoutPanics(it.reads)
	volatile = volatile || lived
	delete(w.db.blind, n)
	if blind || lived {
		w.db.blind[n] = true // a member may change though nothing that is read does
	}
	if volatile {
		w.db.board.Hold(n, w.req.Request)
	}
	w.db.g.NoteRun(n, w.db.moment(), e.kind == Changed)
	before := w.db.callsOf(n)
	w.db.g.Finish(n, w.base.View, reads, volatile)
	w.db.setCalls(n, e.reads)
	w.db.emits(n, e, false, before)
	w.closeHeads(it)
	w.release(it)
	w.db.g.Touch()
	w.enlist(w.base.View, n, it.old[n])
}

// A comparison is that of what a member is with what it was before the iteration.
type comparison struct {
	k     keeper
	old   *before
	now   any
	stamp uint32
	same  bool
}

// unchanged compares the outcomes of the members with those of before the
// iteration, without the lock. It returns the stamps that they are to lose; or
// a panic of a method Equal, which is that of the driver. What either of the two has
// become in the meantime is compared again: another iteration that is given up may
// leave a member what that was before both.
func (w *walk) unchanged(it *iteration) (back map[graph.ID]uint32, panicked *PanicError) {
	done := map[graph.ID]*comparison{}
	for todo := w.uncompared(it, done); len(todo) > 0 && panicked == nil; todo = w.uncompared(it, done) {
		w.unlock()
		panicked = w.compareAll(it, todo)
		w.lock()
	}
	back = map[graph.ID]uint32{}
	for n, c := range done {
		if c.same && it.old[n] == c.old && w.db.g.Stamp(n) == c.stamp {
			back[n] = c.stamp
		}
	}
	return back, panicked
}

// uncompared returns what has to be compared yet, and adds it to what is done.
func (w *walk) uncompared(it *iteration, done map[graph.ID]*comparison) (todo []*comparison) {
	if it.gone {
		return nil
	}
	for n, b := range it.old {
		stamp, c := w.db.g.Stamp(n), done[n]
		if stamp == b.stamp || c != nil && c.old == b && c.stamp == stamp {
			continue
		}
		k, slot := w.db.keeper(n)
		done[n] = &comparison{k: k, old: b, now: k.outcome(slot), stamp: stamp}
		todo = append(todo, done[n])
	}
	return todo
}

// compareAll makes comparisons, without the lock.
func (w *walk) compareAll(it *iteration, list []*comparison) (panicked *PanicError) {
	defer func() {
		if v := recover(); v != nil {
			panicked = &PanicError{Value: v, Queries: w.db.stack(it.driver), Stack: debug.Stack()}
		}
	}()
	for _, c := range list {
		c.same = c.k.alike(c.old.out, c.now)
	}
	return nil
}

// takeBack gives members their old outcomes and stamps back, also in the records
// of the other members.
func (w *walk) takeBack(it *iteration, back map[graph.ID]uint32) {
	for n := range back {
		w.db.revert(n, it.old[n])
	}
	for n := range it.nodes {
		w.db.g.Restamp(n, func(child graph.ID, seen uint32) uint32 {
			if stamp, ok := back[child]; ok && seen == stamp {
				return it.old[child].stamp
			}
			return seen
		})
	}
}

// release makes the members green for whoever the iteration was part of.
func (w *walk) release(it *iteration) {
	to := w.base.View.Innermost()
	outer := w.db.iterations[to]
	for n := range it.nodes {
		if w.db.g.For(n) != it.id {
			continue
		}
		w.db.g.Move(n, to)
		if outer != nil && n != it.driver.Node {
			outer.take(n, nil)
		}
	}
}
