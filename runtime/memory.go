package runtime

import (
	"slices"
	"sync/atomic"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A memory keeps what values cost within Options.MemoryBudget. The graph takes no
// notice of it: a node whose value was dropped keeps its state, its reads, its
// stamp and a fingerprint, so it is verified, and cuts off, as before. Only who
// demands its value finds the node green and the value gone, and runs the body
// once more (see [walk.enter]). These hold:
//
//   - M1: what is made again is no change. It is compared by the fingerprint. If
//     it differs, the query is impure: then it is a change, its readers are
//     marked, and the value stays from then on.
//   - M2: a value without a fingerprint, which can be compared with nothing when
//     it is made again, is gone only if the values of all that have read it are
//     gone, and no run in progress has read it. So no two values are made of two
//     makings of it. It keeps its stamp if all that the run has read is as before.
//   - M3: what was made again stays until all requests that ran then have ended.
//     So each node is made again at most once in a request, and a request that
//     needs more than the budget needs at most twice the runs, not a power of them.
//
// What is dropped is chosen by a clock: a hand goes round the nodes, and each time
// that it passes, they age. Values that other queries have read go when they were
// not demanded since it last came by; if they are small, some time later; those that
// nobody has read, which are what users ask for, when it has come by in vain several
// times. To be young again is the only thing that a hit has to do with all this, and
// it takes no lock.
//
// It is swept where a call of a query returns, and when a request ends. The work
// is paid for in advance: each value that is stored buys a number of steps.
type memory struct {
	budget  int64       // 0: nothing is measured, and nothing dropped
	pressed atomic.Bool // there is more than the budget, and something to be done about it

	// guarded by db.mu
	used     int64
	dropped  uint64
	hand     graph.ID
	turns    []uint32 // when it last came round
	credit   int      // nodes that may be looked at
	sweeping bool
	again    map[graph.ID]uint64 // made again: the youngest request of then (M3)
	revivals int                 // since a request has ended
	stays    map[graph.ID]bool   // impure, or without a fingerprint though its type has one
}

const (
	stepsForValue   = 64 // what a stored value buys
	stepsForRequest = 1024
	maxSteps        = 1 << 22
	smallValue      = 64 // bytes; to drop less makes little room
	besideValue     = 16 // bytes: a word in the cell, and what the allocator adds
	sweepBatch      = 128
	fresh           = 4 // how often the hand goes round before what was demanded is old
)

func (m *memory) init(budget int64) {
	m.budget = max(budget, 0)
	m.again, m.stays = map[graph.ID]uint64{}, map[graph.ID]bool{}
}

// target is where a sweep ends, so that it is not called for each value.
func (m *memory) target() int64 { return m.budget - m.budget/8 }

// charge notes that an outcome of one cost has taken the place of another.
func (m *memory) charge(before, after uint32) {
	if m.budget == 0 {
		return
	}
	m.used += int64(after) - int64(before)
}

// pay buys steps of the sweep, which is due if there is too much.
func (m *memory) pay(steps int) {
	if m.budget == 0 || m.used <= m.budget {
		return
	}
	m.credit = min(m.credit+steps, maxSteps)
	m.pressed.Store(true)
}

// revived notes that the value of n, which was gone, is there again (M3).
func (m *memory) revived(n graph.ID, youngest uint64) {
	m.again[n] = youngest
	m.revivals++
}

// ended notes that a request has: what it has made again may go now.
func (m *memory) ended() {
	m.pay(stepsForRequest + 2*fresh*m.revivals)
	m.revivals = 0
}

// isGone reports whether the value of n was dropped.
func (db *DB) isGone(n graph.ID) bool {
	k, slot := db.keeper(n)
	return k != nil && !k.whole(slot)
}

// made looks at a run that was to make a dropped value again (M1, M2).
func (w *walk) made(f *flight.Flight, k keeper, slot uint32, e *ending, passing bool) {
	n := f.Node
	if !f.Again || !w.db.g.GreenFor(n, w.base.View) {
		return // what it reads has changed meanwhile: it is a run like any other
	}
	if !k.printed(slot) && (e.err == nil || w.db.disk != nil) {
		e.same = true // on a disk an error may lie as well
	}
	if !e.same && !passing && f.Cycle == nil {
		w.db.memory.stays[n] = true
		w.events = append(w.events, w.db.violation(n, &VerifyError{
			Node: w.db.node(n), Stored: "a value that was dropped", Again: e.text, Reads: w.db.readsOf(n),
		}))
	}
}

// relieve drops values while they cost more than the budget, as far as the work
// is paid for. No lock is held.
func (db *DB) relieve() {
	db.mu.Lock()
	defer db.mu.Unlock()
	m := &db.memory
	m.pressed.Store(false)
	if m.sweeping || m.used <= m.budget {
		return // who is at it goes on as long as it takes
	}
	m.sweeping = true
	defer func() { m.sweeping = false }()
	for m.used > m.target() && m.credit > 0 && !db.closed.Load() {
		db.sweep()
	}
}

// A victim is a value that is to be dropped.
type victim struct {
	n    graph.ID
	k    keeper
	slot uint32
	cell any
	out  any
	husk *husk
}

// sweep moves the hand on and drops what it finds. It lets go of the lock while
// users' code makes fingerprints.
func (db *DB) sweep() {
	printed, alone := db.victims()
	db.dropAlone(alone)
	if len(printed) == 0 {
		return
	}
	db.print(printed)
	for _, v := range printed {
		switch {
		case !v.k.holds(v.slot, v.cell): // it has gone as a whole
		case v.k.outcome(v.slot) != v.out || db.droppable(v.n) == 0:
		case v.husk == nil || !v.husk.known:
			db.memory.stays[v.n] = true
		default:
			db.dropValue(v, v.husk)
		}
	}
}

// print makes the fingerprints of values, without the lock.
func (db *DB) print(list []victim) {
	db.mu.Unlock()
	defer db.mu.Lock() // also if a method of a value ends the goroutine
	for i := range list {
		v := &list[i]
		v.husk = v.k.husk(v.out)
	}
}

func (db *DB) dropValue(v victim, h *husk) {
	v.k.drop(v.slot, h)
	db.forgetValue(v.n)
}

func (db *DB) forgetValue(n graph.ID) {
	delete(db.memory.again, n)
	db.memory.dropped++
	if db.verifier != nil {
		db.verifier.forget(n)
	}
}

// victims moves the hand past some nodes and returns whose values are to go: those
// that have fingerprints, and those that have none.
func (db *DB) victims() (printed, alone []victim) {
	m := &db.memory
	left := m.used - m.target()
	for left > 0 && m.credit > 0 && len(printed)+len(alone) < sweepBatch {
		m.credit--
		if m.hand++; int(m.hand) > db.g.Nodes() {
			m.hand = 1
			m.turns = append(m.turns, db.clock.Add(1))
			m.turns = m.turns[max(0, len(m.turns)-fresh):]
		}
		n := m.hand
		k, slot := db.placed(n)
		if k == nil {
			continue
		}
		age := k.age(slot)
		if age == 0 {
			continue
		}
		cost := db.droppable(n)
		if cost == 0 && age >= fresh && k.mayGo(slot) && !db.g.AnyReader(n, anybody) {
			db.suspectAged(n) // it has no value, or none that may be dropped
		}
		if cost == 0 || age < fresh && !db.inner(n) || age < fresh-1 && cost <= smallValue {
			continue
		}
		v := victim{n: n, k: k, slot: slot, cell: k.cellAt(slot), out: k.outcome(slot)}
		switch {
		case k.prints():
			printed = append(printed, v)
		case db.readersGone(n):
			alone = append(alone, v)
		default:
			continue
		}
		left -= int64(cost)
	}
	return printed, alone
}

// droppable returns what the value of n costs if it may be dropped: it can be made
// again, and nobody is at work on it; else 0.
func (db *DB) droppable(n graph.ID) uint32 {
	k, slot := db.keeper(n)
	cost := k.droppable(slot)
	if cost == 0 || db.board.Claimed(n) != nil || db.board.Holder(n) != nil || db.blind[n] || db.memory.stays[n] {
		return 0
	}
	if s := db.g.State(n); s&graph.Volatile != 0 || s&graph.Tainted != 0 && db.inForce(db.g.For(n)) {
		return 0
	}
	if youngest, made := db.memory.again[n]; made {
		for id := range db.requests {
			if id <= youngest { // M3
				return 0
			}
		}
	}
	for _, it := range db.iterations {
		if it.nodes[n] || it.old[n] != nil {
			return 0
		}
	}
	return cost
}

// inForce reports whether a number in a view is that of a request or of an
// iteration in progress.
func (db *DB) inForce(id uint64) bool { return db.requests[id] != nil || db.iterations[id] != nil }

// inner reports whether a query has read n: nobody may ever ask for its value
// again.
func (db *DB) inner(n graph.ID) bool {
	return db.g.AnyReader(n, func(reader graph.ID) bool { return !db.hidden(reader) })
}

// readersGone reports whether no value is there that was made of that of n. What
// an iteration has read is not what the graph says, so its nodes hold what they
// read for ever.
func (db *DB) readersGone(n graph.ID) bool {
	return !db.g.AnyReader(n, func(reader graph.ID) bool {
		db.memory.credit--
		k, slot := db.keeper(reader)
		q := k.query()
		return !q.hidden && (q.rescue == fixpoint || k.whole(slot))
	})
}

// dropAlone drops values without fingerprints (M2). A hit does not wait for the
// lock: so they are taken away first, and given back to runs that turn out to have
// read them before.
func (db *DB) dropAlone(list []victim) {
	if len(list) == 0 || len(db.iterations) > 0 {
		return
	}
	for _, v := range list {
		v.k.drop(v.slot, &husk{})
	}
	read := map[graph.ID]bool{}
	note := func(r graph.Read) bool {
		read[r.Node] = true
		db.memory.credit--
		return true
	}
	db.board.Each(func(f *flight.Flight) {
		if f.Running {
			f.Reads.All(note)
		}
	})
	for _, r := range db.requests {
		r.Root.Reads.All(note)
	}
	for _, v := range slices.Backward(list) {
		if read[v.n] {
			v.k.restore(v.slot, v.out)
			continue
		}
		db.forgetValue(v.n)
	}
}
