package runtime

import (
	"runtime/debug"
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
	times := w.db.g.Times(n)
	times.Ran, times.Verified = w.db.flushed.Load(), w.db.flushed.Load()
	e.kind = Cutoff
	if it.used && !e.same {
		e.kind, it.moved = Changed, true
		times.Changed = times.Ran
		w.change(n, k, slot, e.out)
		for _, h := range append(it.direct, it.nested...) {
			w.db.g.Demand(h) // it has not seen this, though what it is said to depend on may be the same
		}
		it.direct, it.nested = nil, nil
	}
	w.hand(it, outer)
	if !it.used {
		outer.reads = append(outer.reads, it.reads...)
		return // an ordinary member, up to conclude
	}
	e.kept = true
	w.db.addHead(outer, n, append(it.reads, e.reads...), *e)
	w.db.g.Provide(n, outer.id, outer.driver.Node)
	outer.direct = append(outer.direct, n)
}

// hand gives the members of an iteration to the outer one. Where iterations nest
// deeply they pass through many hands, so it is the smaller set that is added to
// the larger one.
func (w *walk) hand(it, outer *iteration) {
	w.db.g.Merge(it.id, outer.id)
	outer.moved = outer.moved || it.moved
	outer.outermost = min(outer.outermost, it.outermost)
	if it.used {
		it.nested, it.direct = concat(it.nested, it.direct), nil
	}
	for _, h := range it.direct { // the driver will read them, so they can't read it
		if w.db.g.For(h) == outer.id && w.db.g.GreenFor(h, outer.driver.View) {
			w.db.g.Provide(h, outer.id, outer.driver.Node)
			outer.direct = append(outer.direct, h)
		}
	}
	outer.nested = concat(outer.nested, it.nested)
	outer.heads = union(outer.heads, it.heads, func(a, b *head) *head {
		return &head{append(a.reads, b.reads...), b.last}
	})
	outer.nodes = union(outer.nodes, it.nodes, func(_, b bool) bool { return b })
	outer.old = union(outer.old, it.old, func(a, _ *before) *before { return a })
	outer.merged = append(concat(outer.merged, it.merged), it.id)
	it.heads, it.nodes, it.old, it.merged = nil, nil, nil, nil
}

// concat is a list of all that is in a and b, in any order.
func concat[E any](a, b []E) []E {
	if len(a) < len(b) {
		a, b = b, a
	}
	return append(a, b...)
}

// union adds the smaller map to the larger one; both gives what is in both.
func union[V any](a, b map[graph.ID]V, both func(a, b V) V) map[graph.ID]V {
	into, from := a, b
	if len(a) < len(b) {
		into, from = b, a
	}
	for n, v := range from {
		if _, ok := into[n]; ok {
			v = both(a[n], b[n])
		}
		into[n] = v
	}
	return into
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
	back, p := w.unchanged(it)
	switch {
	case it.gone:
		return // dropped while values were compared
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

// closeHeads gives the heads the driver as their only read, and forgets those of
// the last iteration.
func (w *walk) closeHeads(it *iteration) {
	n := it.driver.Node
	var heads []graph.ID
	for h, head := range it.heads {
		w.db.forgetHeads(h, it) // it has driven on its own once
		if w.db.g.For(h) != it.id || !w.db.g.GreenFor(h, it.driver.View) {
			continue // it needed nothing of this in the end; or the last rounds went without it, and it has to run
		}
		heads = append(heads, h)
		volatile := w.db.g.State(h)&graph.Volatile != 0
		before := w.db.callsOf(h)
		w.db.g.Finish(h, w.base.View, []graph.Read{{Node: n, Stamp: w.db.g.Stamp(n)}}, volatile)
		w.db.setCalls(h, head.last.reads)
		w.db.emits(h, &head.last, false, before)
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
		return than < 0 || c.Flights[i].View.Before(c.Flights[than].View)
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
		if f.View.Iterated() && elder(i, eldest) {
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
func within(f *flight.Flight, v graph.View) bool { return f.View.Contains(v.Innermost()) }

// takeOver drops the first flight on a circle, from one that is within a view on,
// that is not, with its calls on the way: who waits for it, within the view, will
// run it.
func (w *walk) takeOver(from *flight.Flight, c *flight.Circle, start int, v graph.View) (handled, settled bool) {
	way := append(slices.Clone(c.Flights[start:]), c.Flights[:start]...)
	for i, f := range way {
		if within(f, v) {
			continue
		}
		w.db.drop(f)
		if it := w.db.iterations[v.Innermost()]; it != nil {
			w.db.reserve(f.Node, it.driver)
		}
		w.dropCalls(way, i)
		return true, c.Flights[0].Orphaned || from.Orphaned
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
