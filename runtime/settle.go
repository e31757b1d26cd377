package runtime

import (
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// merge makes an iteration that depends on what an outer one provides a part of
// that. Its driver is a head there if its own outcome was read: it is taken as
// it is until the round ends, and runs again in the next.
func (w *walk) merge(it *iteration, k keeper, slot uint32, e *ending) {
	n := it.driver.Node
	outer := w.db.iterations[w.base.View.Innermost()]
	e.kind = Cutoff
	if it.used && !e.same {
		e.kind, it.moved = Changed, true
		w.change(n, k, slot, e.out)
	}
	w.hand(it, outer)
	if !it.used {
		outer.reads = append(outer.reads, it.reads...)
		return // an ordinary member, up to conclude
	}
	e.kept = true
	outer.take(n, it.old[n])
	h := outer.head(n)
	h.reads = append(append(h.reads, it.reads...), e.reads...)
	h.last = e
	w.db.g.Provide(n, outer.id, outer.driver.Node)
	times := w.db.g.Times(n)
	times.Ran, times.Verified = w.db.flushed.Load(), w.db.flushed.Load()
}

// hand gives the members of an iteration to the outer one.
func (w *walk) hand(it, outer *iteration) {
	for n, inner := range it.heads {
		h := outer.head(n)
		h.reads, h.last = append(h.reads, inner.reads...), inner.last
		if w.db.g.GreenFor(n, it.driver.View) {
			w.db.g.Provide(n, outer.id, outer.driver.Node)
		}
	}
	for n := range it.nodes {
		if w.db.g.For(n) == it.id {
			w.db.g.Move(n, outer.id)
		}
		if n != it.driver.Node {
			outer.take(n, it.old[n])
		}
	}
	outer.moved = outer.moved || it.moved
}

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
	back := w.unchanged(it)
	if it.gone {
		return // dropped while values were compared
	}
	w.takeBack(it, back)
	e.kept, e.kind = true, Changed
	if _, same := back[n]; same || !it.used && e.same {
		e.kind = Cutoff
		w.db.cutoffs.Add(1)
	}
	volatile, blind := e.passing, false
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
	w.enlist(n, it.old[n])
}

// unchanged compares the outcomes of the members with those of before the
// iteration, without the lock. It returns the stamps that they are to lose.
func (w *walk) unchanged(it *iteration) map[graph.ID]uint32 {
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
	back := map[graph.ID]uint32{}
	w.unlock()
	for _, p := range pairs {
		if p.k.alike(p.old, p.now) {
			back[p.n] = p.stamp
		}
	}
	w.lock()
	return back
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

// closeHeads gives the heads the driver as their only read, and forgets those of
// the last iteration.
func (w *walk) closeHeads(it *iteration) {
	n := it.driver.Node
	var heads []graph.ID
	for h, head := range it.heads {
		w.db.forgetHeads(h, it) // it has driven on its own once
		if !w.db.g.GreenFor(h, it.driver.View) {
			continue // the last rounds went without it; it has to run
		}
		heads = append(heads, h)
		volatile := w.db.g.State(h)&graph.Volatile != 0
		before := w.db.callsOf(h)
		w.db.g.Finish(h, w.base.View, []graph.Read{{Node: n, Stamp: w.db.g.Stamp(n)}}, volatile)
		w.db.setCalls(h, head.last.reads)
		w.db.emits(h, head.last, false, before)
	}
	w.db.forgetHeads(n, it)
	if heads != nil {
		w.db.heads[n] = heads
	}
}

// forgetHeads makes nodes run that only know that they are part of an iteration
// that n has driven: n has run without them. it is the iteration that n drives
// now, if it does.
func (db *DB) forgetHeads(n graph.ID, it *iteration) {
	for _, h := range db.heads[n] {
		f := db.board.Claimed(h)
		if it != nil && (it.heads[h] != nil || it.nodes[h]) || f != nil && f.Running {
			continue // it knows better
		}
		db.g.Demand(h)
	}
	delete(db.heads, n)
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

// iterated deals with a circle of calls that passes through a node with
// cycle=fixpoint. One of these becomes the driver; what stands in its way is
// taken over by its calls. It reports whether there is such a node, and whether
// the caller has to look at everything again instead of waiting.
//
// Among iterations the eldest outermost one wins, then the eldest within that:
// the order of their views. So there is always one that nobody takes anything
// from, and two of them can't take a node from each other for ever. The flight
// that belongs to the eldest need not be a driver itself.
func (w *walk) iterated(from *flight.Flight, c *flight.Circle) (handled, settled bool) {
	if c.Requests {
		return false, false
	}
	driver, eldest := -1, -1
	elder := func(i, than int) bool {
		return than < 0 || slices.Compare(c.Flights[i].View[1:], c.Flights[than].View[1:]) < 0
	}
	for i, f := range c.Flights {
		switch {
		case f.Orphaned:
			continue
		case w.db.rescueOf(f.Node) == fallback:
			return false, false
		case f.Iteration != 0 && elder(i, driver):
			driver = i
		}
		if len(f.View) > 1 && elder(i, eldest) {
			eldest = i
		}
	}
	if driver < 0 {
		return w.rerun(from, c)
	}
	top := c.Flights[driver]
	if view := c.Flights[eldest].View; !within(top, view) {
		return w.takeOver(from, c, eldest, view)
	}
	if driver == 0 && within(from, top.View) {
		w.provide(top)
		return true, true
	}
	return w.takeOver(from, c, driver, top.View)
}

// within reports whether f is part of the innermost iteration of a view.
func within(f *flight.Flight, v graph.View) bool {
	return len(f.View) >= len(v) && slices.Equal(f.View[:len(v)], v)
}

// takeOver drops the first flight on a circle, from one that is within a view on,
// that is not: who waits for it, within the view, will run it.
func (w *walk) takeOver(from *flight.Flight, c *flight.Circle, start int, v graph.View) (handled, settled bool) {
	for i := range c.Flights {
		if f := c.Flights[(start+i)%len(c.Flights)]; !within(f, v) {
			w.db.drop(f)
			return true, f == c.Flights[0] || from.Orphaned
		}
	}
	return false, false
}

// rerun finds a node with cycle=fixpoint on the circle that is being verified,
// and makes it run instead.
func (w *walk) rerun(from *flight.Flight, c *flight.Circle) (handled, settled bool) {
	i := slices.IndexFunc(c.Flights, func(f *flight.Flight) bool {
		return !f.Orphaned && w.db.rescueOf(f.Node) == fixpoint
	})
	if i < 0 {
		return false, false
	}
	f := c.Flights[i]
	f.Rerun = true
	w.dropCalls(c.Flights, i)
	w.db.board.Nudge(f)
	return true, f == from || from.Orphaned
}
