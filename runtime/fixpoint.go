package runtime

import (
	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// maxRounds bounds how often the body of a query with cycle=fixpoint is run
// before it counts as one that never settles. Each head adds a round: where heads
// call each other against the way that values take, a round brings them only from
// one to the next.
const maxRounds = 200

// An iteration is a run of a node with cycle=fixpoint: its driver. When
// something that the driver calls demands the driver again, it is handed a
// provisional outcome, and the body is run again and again until it returns
// what was provided. In between, changes of the provisional outcome go through
// the graph like those of an input; so a round runs only what has read it.
//
// What depends on a provisional outcome is tainted, and green for the view of
// the iteration alone: nobody else sees it. When the iteration has settled, it
// is right for everybody.
//
// Iterations nest. One that depends on what an outer one provides can't settle
// before that does; after one round it is merged into the outer one. (Else the
// rounds would multiply.)
//
// In the graph, nodes on a cycle must not read each other in a circle. So the
// driver ends up with all that the members have read from outside, in the order
// in which they did; the drivers of merged iterations, the heads, read only the
// driver; all other members keep their reads, which lead to one of these.
type iteration struct {
	id     uint64 // in views
	driver *flight.Flight
	rev    uint64 // all that it has read from outside holds in this revision
	used   bool   // the provisional outcome was read
	moved  bool   // a head has another outcome than it was read with in this round
	gone   bool   // given up
	stale  bool   // a member was set, or something else has changed that no read tells

	// outermost is the outermost iteration that something in it depends on; id if
	// there is none but itself.
	outermost uint64
	merged    []uint64 // iterations that have become part of it

	reserved []graph.ID // nodes that only calls below the driver may begin with

	nodes map[graph.ID]bool    // what is green for this iteration only
	old   map[graph.ID]*before // what their outcomes were before
	heads map[graph.ID]*head   // drivers that were merged

	// The heads of this round, which are green by decree: those that depend on the
	// driver, and others that depend on these.
	direct, nested []graph.ID

	reads   []graph.Read // of earlier rounds, from outside
	seen    map[graph.ID]bool
	last    map[graph.ID]lastChange   // of marked members that may go on for ever
	earlier map[graph.ID][]graph.Read // of members that have run again in this round: what they had read before
}

// iterate runs the body of f until it settles. Without a cycle that is once.
func (w *walk) iterate(f *flight.Flight, cx *Context, k keeper, slot uint32, e *ending) {
	w.db.settleFront()
	w.db.lastID++
	it := &iteration{
		id: w.db.lastID, driver: f, rev: w.db.flushed.Load(), outermost: w.db.lastID,
		nodes: map[graph.ID]bool{}, old: map[graph.ID]*before{}, heads: map[graph.ID]*head{},
		seen: map[graph.ID]bool{}, earlier: map[graph.ID][]graph.Read{},
	}
	w.db.iterations[it.id] = it
	f.View, f.Iteration, f.Kept = w.base.View.Within(it.id), it.id, true
	for round := 1; ; round++ {
		w.body(f, cx, k, slot, e)
		if w.settled(it, k, slot, e, round) {
			w.db.close(it)
			return
		}
		*e = ending{}
		f.Reads, cx = new(flight.Buffer), new(Context)
	}
}

// settled looks at what a round has ended in, and reports whether it was the
// last one. What it has not stored itself is up to conclude.
func (w *walk) settled(it *iteration, k keeper, slot uint32, e *ending, round int) bool {
	f := it.driver
	e.passing = e.passing || f.Transient.Load()
	e.same = e.same && e.than == k.outcome(slot)
	cyclic := it.used || len(it.heads) > 0
	switch {
	case it.gone:
		return true
	case w.aborted(f), f.Orphaned, !cyclic && e.how == panicked:
		w.db.giveUp(f)
		return true
	case e.how == panicked:
		w.db.giveUp(f)
		e.reads, e.final = w.db.unsure(), true
		return true
	case !cyclic:
		return true
	case !w.db.advance(w.req, f), !w.inForce(f.View):
		w.db.drop(f)
		return true
	}
	moved := it.used && !e.same
	w.dependsOn(f.View, it, e.reads)
	switch {
	case it.outermost < it.id:
		w.merge(it, k, slot, e)
		return true
	case !moved && !it.moved, e.passing:
		w.converge(it, k, slot, e)
		return true
	case round >= maxRounds+len(it.heads):
		w.fail(it, k, slot, e)
		return true
	}
	if round >= maxRounds/2 {
		w.note(it)
	}
	w.again(it, k, slot, e)
	return false
}

// inForce reports whether all iterations of a view are going on.
func (w *walk) inForce(v graph.View) bool {
	for id := range v.Iterations {
		if w.db.iterations[id] == nil {
			return false
		}
	}
	return true
}

// provide hands the driver's provisional outcome to those whom it waits for.
func (w *walk) provide(f *flight.Flight) {
	it, n := w.db.iterations[f.Iteration], f.Node
	if it.used { // an outer iteration was given up, and this one with it
		w.db.drop(f)
		return
	}
	k, slot := w.db.keeper(n)
	if outer := w.headOf(f.View, n); outer != nil {
		// Go on from what the last round has found. That has come from the outer
		// iteration, also if nothing else that is read now does.
		it.used, it.outermost = true, min(it.outermost, outer.id)
		it.take(n, w.db.current(n))
		w.db.revert(n, outer.heads[n].at) // another iteration may have had it meanwhile
		w.db.g.Provide(n, it.id)
		return
	}
	rev := w.db.flushed.Load()
	w.unlock()
	e := w.db.spare(f)
	w.lock()
	if it.gone || it.used || f.Orphaned || w.db.flushed.Load() != rev {
		return
	}
	if e.how == panicked {
		f.Forced = e.panic
		f.Halted.Store(true)
		w.db.requests[f.Req.ID].panic(n, e.panic, rev, w.db.unsure(), it.id)
		return
	}
	it.used = true
	it.take(n, w.db.current(n))
	k.commit(slot, e.out, w.db.g.NewStamp(n))
	w.db.g.Provide(n, it.id)
}

// again prepares the next round.
func (w *walk) again(it *iteration, k keeper, slot uint32, e *ending) {
	w.gather(it, e.reads)
	if it.used && !e.same {
		w.change(it.driver.Node, k, slot, e.out)
	}
	for n := range it.heads {
		if !w.db.g.State(n).Green() {
			w.db.g.Demand(n)
		}
	}
	for n := range it.nodes {
		if w.db.blind[n] && n != it.driver.Node && w.db.g.For(n) == it.id {
			w.db.g.Demand(n)
		}
	}
	for n, p := range w.req.panics {
		if p.view == it.id {
			delete(w.req.panics, n)
		}
	}
	it.moved, it.outermost, it.direct, it.nested = false, it.id, nil, nil
}

// change gives n, which is green by decree, another provisional outcome.
func (w *walk) change(n graph.ID, k keeper, slot uint32, out any) {
	old := w.db.g.Stamp(n)
	k.commit(slot, out, w.db.g.NewStamp(n))
	w.db.g.Mark(n, old)
}

// gather adds to the iteration's reads what the driver has read in a round, in
// place of the members what they have read.
func (w *walk) gather(it *iteration, reads []graph.Read) {
	expanded := map[graph.ID]bool{it.driver.Node: true}
	// The next round goes on from what the heads have come to, also those that the
	// reads of this round do not lead to. The same holds for members that have run
	// before: what came of that may be in any other.
	var rest []graph.Read
	for n := range it.heads {
		rest = append(rest, graph.Read{Node: n})
	}
	for n := range it.earlier {
		rest = append(rest, graph.Read{Node: n})
	}
	stack := [][]graph.Read{rest, reads}
	for len(stack) > 0 {
		top := len(stack) - 1
		if len(stack[top]) == 0 {
			stack = stack[:top]
			continue
		}
		r := stack[top][0]
		stack[top] = stack[top][1:]
		head := it.heads[r.Node]
		switch {
		case r.Stamp == neverStamp: // it has ended in a panic, whatever it was before
			it.reads = append(it.reads, r)
		case expanded[r.Node], it.seen[r.Node]:
		case head != nil:
			expanded[r.Node] = true
			stack = append(stack, head.reads, it.earlier[r.Node])
		case it.nodes[r.Node]:
			expanded[r.Node] = true
			stack = append(stack, w.db.g.Seen(r.Node, nil), it.earlier[r.Node])
		default:
			it.seen[r.Node] = true
			it.reads = append(it.reads, r)
		}
	}
	clear(it.earlier)
}

// unsure is a list of reads that never hold.
func (db *DB) unsure() []graph.Read { return []graph.Read{{Node: db.counter, Stamp: neverStamp}} }

// close ends an iteration.
func (db *DB) close(it *iteration) {
	it.driver.Iteration = 0
	delete(db.iterations, it.id)
	for _, n := range it.reserved {
		if db.reserved[n] == it.driver {
			delete(db.reserved, n)
		}
	}
	for n := range it.heads {
		db.noHeadIn(n, it.id)
	}
	for _, id := range it.merged {
		db.g.Forget(id)
	}
}
