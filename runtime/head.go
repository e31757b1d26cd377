package runtime

import (
	"slices"

	"querygen.dev/runtime/internal/graph"
)

// A head is a driver whose iteration was merged into another one.
type head struct {
	reads []graph.Read // of all rounds
	last  ending       // of the last round
	at    *before      // what it was then
}

// addHead makes n a head, with what it has read and ended in by now.
func (db *DB) addHead(it *iteration, n graph.ID, reads []graph.Read, last ending) {
	h := it.heads[n]
	if h == nil {
		h = new(head)
		it.heads[n] = h
	}
	h.reads, h.last, h.at = append(h.reads, reads...), last, db.current(n)
	db.headIn(n, it.id)
}

// headIn notes that n is a head in an iteration.
func (db *DB) headIn(n graph.ID, id uint64) {
	if !slices.ContainsFunc(db.headOf[n], func(of uint64) bool { return db.g.Current(of) == id }) {
		db.headOf[n] = append(db.headOf[n], id)
	}
}

// noHeadIn takes back what headIn has noted.
func (db *DB) noHeadIn(n graph.ID, id uint64) {
	left := slices.DeleteFunc(db.headOf[n], func(of uint64) bool { return db.g.Current(of) == id })
	if db.headOf[n] = left; len(left) == 0 {
		delete(db.headOf, n)
	}
}

// headOf returns the iteration of a view in which n is a head, or nil; of several,
// the one that it has become one of last. There may be others in other views.
func (w *walk) headOf(v graph.View, n graph.ID) *iteration {
	for _, id := range slices.Backward(w.db.headOf[n]) {
		if id = w.db.g.Current(id); v.Contains(id) {
			return w.db.iterations[id]
		}
	}
	return nil
}

// stillHead tells the iteration in which n was a head in an earlier round what n
// has ended in, now that it did without its own outcome. It ends with the others.
func (w *walk) stillHead(n graph.ID, e *ending) {
	if len(w.db.headOf) == 0 {
		return
	}
	if it := w.headOf(w.base.View, n); it != nil {
		last := *e
		last.reads = slices.Clone(e.reads)
		w.db.addHead(it, n, e.reads, last)
	}
}

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
		for _, h := range append(it.direct, it.nested...) {
			w.db.g.Demand(h) // it has not seen this, though what it is said to depend on may be the same
		}
		it.direct, it.nested = nil, nil
	}
	w.db.g.NoteRun(n, w.db.moment(), e.kind == Changed)
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
		return &head{append(a.reads, b.reads...), b.last, b.at}
	})
	outer.earlier = union(outer.earlier, it.earlier, func(a, b []graph.Read) []graph.Read { return append(a, b...) })
	outer.nodes = union(outer.nodes, it.nodes, func(_, b bool) bool { return b })
	outer.old = union(outer.old, it.old, func(a, _ *before) *before { return a })
	outer.merged = append(concat(outer.merged, it.merged), it.id)
	it.heads, it.nodes, it.old, it.earlier, it.merged = nil, nil, nil, nil, nil
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
		w.db.heads.set(n, heads)
	}
}

// forgetHeads makes nodes run that only know that they are part of an iteration
// that n has driven: n has run without them. it is the iteration that n drives
// now, if it does.
func (db *DB) forgetHeads(n graph.ID, it *iteration) {
	if len(db.heads.lists) == 0 {
		return
	}
	for _, h := range db.heads.lists[n] {
		f := db.board.Claimed(h)
		if it != nil && (it.heads[h] != nil || it.nodes[h]) || f != nil && f.Running {
			continue // it knows better
		}
		if reads := db.g.Reads(h, nil); len(reads) != 1 || reads[0] != n {
			continue // it has run on its own since
		}
		db.g.Demand(h)
	}
	db.heads.delete(n)
}
