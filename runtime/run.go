package runtime

import (
	"slices"
	"time"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// run runs f, the node on top of the stack, and takes it off. cause is the read that
// made it necessary, 0 if there is none to blame.
func (w *walk) run(f *flight.Flight, cause graph.ID) error {
	if f.Again && w.load(f) {
		return nil
	}
	b := new(body)
	f.Start(&b.run, &b.reads)
	f.Rerun, f.Before = false, w.db.emitted[f.Node]
	f.Rev.Store(w.db.flushed.Load())
	f.Front.Store(w.front())
	w.db.outdone(f.Node)
	if f.Cycle != nil || w.db.verifiesAll() {
		f.Halted.Store(true)
	}
	k, slot := w.db.keeper(f.Node)
	q := k.query()
	if n := q.def.Limit; n > 0 {
		f.Limit = w.db.board.Limit(q.index, n)
	}
	if err := w.takePlace(f); err != nil {
		return err // the frame is abandoned with the rest
	}
	if !w.token {
		if err := w.takeToken(f); err != nil {
			return err
		}
		w.token = true
	}
	if f.Orphaned {
		return nil // while it waited; the body has not started
	}
	w.token, f.Token = false, true
	if q.def.Kind == KindGeneration {
		f.Reads.Lock()
		f.Reads.Add(w.db.counter, w.db.g.Stamp(w.db.counter))
		f.Reads.Unlock()
	}
	start := w.started(f, cause)
	var e ending
	if q.rescue == fixpoint {
		w.iterate(f, &b.cx, k, slot, &e)
	} else {
		w.begin(f, &b.cx, k, slot)
		if f.Depth%levels != 0 {
			w.db.execute(&b.cx, k, slot, &e)
		} else {
			w.db.hop(&b.cx, k, slot, &e)
		}
		w.back(f, &e)
	}
	w.stack.pop()
	kind := w.conclude(f, k, slot, &e)
	w.token, f.Token = f.Token, false
	w.db.unwatch(f)
	n, reported := f.Node, f.Decided
	w.db.board.End(f)
	if !reported {
		w.finished(kind, n, start, e.err)
	}
	return nil
}

// A body is what the body of a query knows. It is used once, since nobody can tell
// when the goroutines that it may have left behind will come with it.
type body struct {
	cx    Context
	run   flight.Run
	reads flight.Buffer
}

// body is what run does for each round of an iteration.
func (w *walk) body(f *flight.Flight, cx *Context, k keeper, slot uint32, e *ending) {
	w.begin(f, cx, k, slot)
	if f.Depth%levels != 0 {
		w.db.execute(cx, k, slot, e)
	} else {
		w.db.hop(cx, k, slot, e)
	}
	w.back(f, e)
}

// begin makes cx the Context of the body of f, which is to run without the lock.
func (w *walk) begin(f *flight.Flight, cx *Context, k keeper, slot uint32) {
	if !k.query().hidden {
		w.db.counts.runs++
	}
	cx.db, cx.req, cx.flight, cx.buf = w.db, w.req, f.Run, f.Reads
	cx.keeper, cx.cell = k, k.cellAt(slot)
	w.begun = w.db.sample(k.query())
	w.unlock()
}

// back takes the lock again when the body of f has returned.
func (w *walk) back(f *flight.Flight, e *ending) {
	if e.how != returned {
		e.reads = f.Reads.End()
	}
	took := since(w.begun)
	w.lock()
	if took > 0 && !f.Nested && e.how == returned {
		w.db.learn(f.Node, took)
	}
}

// started and finished report a run; there is no clock without OnEvent.
func (w *walk) started(f *flight.Flight, cause graph.ID) time.Time {
	if w.db.opts.OnEvent == nil || w.db.hidden(f.Node) {
		return time.Time{}
	}
	kind := Run
	if f.Again {
		kind = Again
	}
	e := w.db.event(kind, f.Node)
	e.Cause = w.db.node(cause)
	w.events = append(w.events, e)
	return e.Start
}

func (w *walk) finished(kind EventKind, n graph.ID, start time.Time, err error) {
	if w.db.opts.OnEvent == nil || w.db.hidden(n) {
		return
	}
	e := w.db.event(kind, n)
	e.Start, e.Duration, e.Err = start, time.Since(start), err
	w.events = append(w.events, e)
}

// stack returns the query stack, from the root to the run of c; nothing if that has
// ended.
func (c *Context) stack() []Node {
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	return c.db.stackOf(c.flight.Of)
}

// stack returns the query stack, from the root to f.
func (db *DB) stack(f *flight.Flight) []Node {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.stackOf(f)
}

// stackOf is stack under mu.
func (db *DB) stackOf(f *flight.Flight) []Node {
	db.unfold()
	var nodes []Node
	add := func(n graph.ID) {
		if !db.hidden(n) {
			nodes = append(nodes, db.node(n))
		}
	}
	for ; f != nil && f.Node != 0; f = f.Parent {
		add(f.Node)
		if f.For == 0 {
			continue
		}
		for _, n := range db.g.Way(f.Node, f.For, wayEdges) {
			add(n)
		}
	}
	for i, j := 0, len(nodes)-1; i < j; i, j = i+1, j-1 {
		nodes[i], nodes[j] = nodes[j], nodes[i]
	}
	return nodes
}

// conclude stores what a run ended in, or not, and says what to report.
func (w *walk) conclude(f *flight.Flight, k keeper, slot uint32, e *ending) EventKind {
	n, rev := f.Node, w.db.flushed.Load()
	switch {
	case f.Orphaned, f.Cycle != nil && f.Revision != rev:
		return Cancel // nothing else would tell that the cycle is of an older revision
	case w.aborted(f):
		return Cancel
	case e.how == panicked:
		// The old outcome, the reads and the records stay for later.
		if e.final || w.db.allHold(w.req, w.base.View, e.reads) {
			f.Panicked, f.Revision = e.panic, rev
			w.req.panic(n, e.panic, rev, e.reads, w.base.View.Innermost())
		}
		return Cancel
	case e.kept:
		return e.kind
	}
	passing := f.Transient.Load() || e.passing
	w.made(f, k, slot, e, passing)
	before := w.before(w.base.View, n)
	kind := w.store(n, e, e.same && !passing)
	w.stillHead(n, e)
	reads, lived := withoutPanics(e.reads)
	if f.Cycle != nil || lived {
		w.db.blind[n] = true
	} else {
		delete(w.db.blind, n)
	}
	volatile := passing || lived || f.Fleeting || k.query().def.Kind == KindAlways
	if volatile {
		w.db.board.Hold(n, w.req.Request)
	}
	w.db.finish(f, w.base.View, e, reads, volatile)
	if f.Fleeting && w.base.View.Iterated() {
		w.db.g.Move(n, w.base.View.Innermost()) // what led to the cycle may be good for less than the request
	}
	w.enlist(w.base.View, n, before)
	w.db.forgetHeads(n, nil)
	return kind
}

// store makes an outcome that of n.
func (w *walk) store(n graph.ID, e *ending, same bool) EventKind {
	k, slot := w.db.keeper(n)
	if same && e.than != k.outcome(slot) {
		same = false // an iteration was given up, and n has lost what it was compared with
	}
	w.db.g.NoteRun(n, w.db.moment(), !same)
	if same {
		if !k.whole(slot) {
			k.commit(slot, e.out, w.db.g.Stamp(n))
			w.db.memory.revived(n, w.db.lastID)
		}
		if !w.db.hidden(n) && !w.db.g.GreenFor(n, w.base.View) {
			w.db.counts.cutoffs++
		}
		return Cutoff
	}
	old, green := w.db.g.Stamp(n), w.db.g.GreenFor(n, w.base.View)
	k.commit(slot, e.out, w.db.g.NewStamp(n))
	if green { // it ran for its value, and is impure: nobody knows yet
		w.db.g.Mark(n, old)
	}
	return Changed
}

// withoutPanics removes the reads that ended in a panic, and reports whether the
// body has lived with one. What it made of that is good for its request.
func withoutPanics(reads []graph.Read) (kept []graph.Read, lived bool) {
	kept = slices.DeleteFunc(reads, func(r graph.Read) bool { return r.Stamp == neverStamp })
	return kept, len(kept) < len(reads)
}

// aborted reports whether the body has seen its request end. Whatever it made of
// that is worth nothing.
func (w *walk) aborted(f *flight.Flight) bool {
	if f.SawAbort.Load() {
		return true
	}
	return f.Looked.Load() && (w.req.err != nil || w.ctx().Err() != nil)
}
