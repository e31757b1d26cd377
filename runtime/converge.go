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
		w.db.cutoffs.Add(1)
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
	times := w.db.g.Times(n)
	times.Ran, times.Verified = w.db.flushed.Load(), w.db.flushed.Load()
	if e.kind == Changed {
		times.Changed = times.Ran
	}
	before := w.db.callsOf(n)
	w.db.g.Finish(n, w.base.View, reads, volatile)
	w.db.setCalls(n, e.reads)
	w.db.emits(n, e, false, before)
	w.closeHeads(it)
	w.release(it)
	w.db.g.Touch()
	w.enlist(w.base.View, n, it.old[n])
}

// unchanged compares the outcomes of the members with those of before the
// iteration, without the lock. It returns the stamps that they are to lose; or
// a panic of a method Equal, which is that of the driver.
func (w *walk) unchanged(it *iteration) (back map[graph.ID]uint32, panicked *PanicError) {
	type pair struct {
		n     graph.ID
		k     keeper
		now   any
		old   any
		stamp uint32
	}
	var pairs []pair
	for n, b := range it.old {
		k, slot := w.db.keeper(n)
		if stamp := w.db.g.Stamp(n); stamp != b.stamp {
			pairs = append(pairs, pair{n, k, k.outcome(slot), b.out, stamp})
		}
	}
	back = map[graph.ID]uint32{}
	w.unlock()
	func() {
		defer func() {
			if v := recover(); v != nil {
				panicked = &PanicError{Value: v, Queries: w.db.stack(it.driver), Stack: debug.Stack()}
			}
		}()
		for _, p := range pairs {
			if p.k.alike(p.old, p.now) {
				back[p.n] = p.stamp
			}
		}
	}()
	w.lock()
	return back, panicked
}

// takeBack gives members their old outcomes and stamps back, also in the records
// of the other members.
func (w *walk) takeBack(it *iteration, back map[graph.ID]uint32) {
	for n, stamp := range back {
		b := it.old[n]
		if b == nil || w.db.g.Stamp(n) != stamp { // it was set meanwhile
			delete(back, n)
			continue
		}
		k, slot := w.db.keeper(n)
		k.restore(slot, b.out)
		w.db.g.OldStamp(n, b.stamp)
		w.db.g.Times(n).Changed = b.changed
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
