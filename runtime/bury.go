package runtime

import (
	"container/heap"
	"math"
	"slices"

	"querygen.dev/runtime/internal/graph"
)

// collectGarbage looks at suspects, as many as the end of one request can pay for;
// under mu. What can't be decided now is looked at when another request ends.
func (db *DB) collectGarbage() {
	g := &db.garbage
	if len(g.aged) == 0 && (len(g.due) == 0 || g.due[0].due > db.revision.Load()) {
		return
	}
	if len(db.iterations) > 0 || db.closed.Load() {
		return
	}
	db.flush() // or those who update all the time would keep everything
	rev := db.flushed.Load()
	oldest := uint64(math.MaxUint64)
	for id := range db.requests {
		oldest = min(oldest, id)
	}
	looks := looksAtEnd
	for looks > 0 && len(g.aged) > 0 && g.aged[0].since < oldest {
		s := g.aged[0]
		g.aged[0] = nil
		g.aged = g.aged[1:]
		g.unlist(s)
		if db.isThere(s) && !db.g.AnyReader(s.n, anybody) {
			db.bury(s, &looks)
		}
	}
	for looks > 0 && len(g.due) > 0 && g.due[0].due <= rev && (!g.due[0].rests || g.due[0].since < oldest) {
		s := heap.Pop(&g.due).(*suspect)
		if db.look(s, &looks) {
			heap.Push(&g.due, s)
		} else {
			g.unlist(s)
		}
	}
}

// isThere reports whether the node is still the one that was suspected.
func (db *DB) isThere(s *suspect) bool {
	k, slot := db.keeper(s.n)
	return k != nil && k.holds(slot, s.cell)
}

// look decides about a suspect in two steps: from the first on, nobody may touch
// what depends on it; the second looks whether anybody has. It returns false if it need not be looked at again.
func (db *DB) look(s *suspect, looks *int) (again bool) {
	if !db.isThere(s) {
		return false
	}
	k, slot := db.keeper(s.n)
	switch {
	case !k.mayGo(slot) && k.query().def.Kind == KindInput:
		return false // it is set again
	case s.never && db.g.State(s.n).Kind() != graph.Never:
		return false
	}
	*looks--
	if !s.rests {
		s.rests, s.clock, s.since = true, db.clock.Add(1), db.lastID
		s.due = db.flushed.Load() + db.garbage.patience
		return true
	}
	if db.bury(s, looks) {
		return false
	}
	s.tries = min(s.tries+1, maxTries)
	s.rests, s.due = false, db.flushed.Load()+db.garbage.patience<<s.tries
	return true
}

// above returns a suspect and all that depends on it; false if some of that has to
// stay, or if it is too much to look at. It goes up as fast as it can: if the node is
// in use, somebody has demanded what is at the top.
func (db *DB) above(s *suspect, most int, looks *int) (list []graph.ID, ok bool) {
	in, todo := map[graph.ID]bool{s.n: true}, []graph.ID{s.n}
	add := func(m graph.ID) bool {
		if !in[m] {
			in[m] = true
			todo = append(todo, m)
		}
		return len(in) > most
	}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		list = append(list, n)
		*looks--
		if !db.unwanted(n) {
			return nil, false
		}
		if k, slot := db.keeper(n); k.touched(slot, s.clock) {
			return nil, false
		}
		db.g.AnyReader(n, add)
		db.about(n, add)
		if len(in) > most {
			return nil, false
		}
	}
	return list, true
}

// unwanted reports whether nobody is at work on n, and nothing but readers says that it
// has to stay.
func (db *DB) unwanted(n graph.ID) bool {
	k, slot := db.keeper(n)
	if k == nil || !k.mayGo(slot) || db.garbage.pins[n] > 0 || db.blind[n] || db.headOf[n] != nil || db.reserved[n] != nil {
		return false
	}
	if db.board.Claimed(n) != nil || db.board.Holder(n) != nil {
		return false
	}
	for _, r := range db.requests {
		if _, panics := r.panics[n]; panics {
			return false
		}
	}
	return true
}

func anybody(graph.ID) bool { return true }

// about calls f for the hidden nodes that are about n.
func (db *DB) about(n graph.ID, f func(graph.ID) bool) {
	if db.unseen == 0 {
		return
	}
	for _, k := range *db.tables.Load() {
		if k == nil || !k.query().hidden {
			continue
		}
		if h := k.(interface{ about(graph.ID) graph.ID }).about(n); h != 0 {
			f(h)
		}
	}
}

func (t *table[K, V]) about(n graph.ID) graph.ID {
	if c, ok := t.byKey.Load(any(n).(K)); ok {
		return c.id
	}
	return 0
}

// bury removes a suspect that rests, with all that depends on it; or nothing.
func (db *DB) bury(s *suspect, looks *int) bool {
	list, ok := db.above(s, looksAtOne<<s.tries, looks)
	if !ok || db.mayReturn(list) || !db.detached(list) {
		return false
	}
	outs := make([]any, len(list))
	touched := false
	for i, n := range list {
		k, slot := db.keeper(n)
		outs[i] = k.hide(slot) // before it is looked at: G2
		touched = touched || k.touched(slot, s.clock)
	}
	if touched {
		for i, n := range list {
			k, slot := db.keeper(n)
			k.show(slot, outs[i])
		}
		return false
	}
	db.remove(list, outs, s.rests)
	return true
}

// mayReturn reports whether one of the list is an input that has left so short a
// time ago that it has its place among the keys, if it is set again.
func (db *DB) mayReturn(list []graph.ID) bool {
	return slices.ContainsFunc(list, func(n graph.ID) bool {
		k, slot := db.keeper(n)
		left := k.left(slot)
		return left != 0 && left+2*db.garbage.patience > db.flushed.Load()
	})
}

// detached reports whether no node that stays knows one of the list, other than by
// its reads: iterations leave lists of heads, and of what members have called. A
// driver does not go without its heads either.
func (db *DB) detached(list []graph.ID) bool {
	if !db.called.within(list) || !db.heads.within(list) {
		return false
	}
	if len(db.heads.lists) == 0 {
		return true
	}
	in := make(map[graph.ID]bool, len(list))
	for _, n := range list {
		in[n] = true
	}
	return !slices.ContainsFunc(list, func(n graph.ID) bool {
		return slices.ContainsFunc(db.heads.lists[n], func(h graph.ID) bool { return !in[h] })
	})
}

// remove removes nodes. What nobody but they had read is suspected next, if they
// went because an input did.
func (db *DB) remove(list []graph.ID, outs []any, vanished bool) {
	var left []graph.ID
	for i, n := range list {
		left = db.g.Reads(n, left)
		k, slot := db.keeper(n)
		k.remove(slot, outs[i])
		db.forget(n)
		db.g.Free(n)
	}
	db.garbage.collected += uint64(len(list))
	if !vanished {
		return // the sweep will come by
	}
	for _, n := range left {
		if k, slot := db.keeper(n); k != nil && k.mayGo(slot) && !db.g.AnyReader(n, anybody) {
			db.suspect(n)
		}
	}
}

// forget forgets what is known of n beside its outcome and the graph.
func (db *DB) forget(n graph.ID) {
	delete(db.emitted, n)
	db.called.delete(n)
	delete(db.silent, n)
	db.heads.delete(n)
	delete(db.memory.again, n)
	delete(db.memory.stays, n)
	if d := db.disk; d != nil {
		d.entries[n] = true
		delete(d.strays, n)
		delete(d.bad, n)
	}
	if db.verifier != nil {
		db.verifier.gone(n)
	}
}
