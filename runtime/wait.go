package runtime

import (
	"context"
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// await waits until other, which has the node that from demands, is done. If
// other waits for from in turn, that is a cycle, and nobody waits.
func (w *walk) await(from, other *flight.Flight) error {
	w.apart = true
	var last []*flight.Flight
	for {
		// A body that has called several queries at once may be on several.
		c := w.db.board.Path(other, from)
		if c == nil || slices.Equal(c.Flights, last) {
			break
		}
		last = c.Flights
		if w.resolve(from, c) || w.req.err != nil {
			return nil
		}
	}
	if w.db.overtaken(other) {
		w.db.drop(other)
		return nil
	}
	if from.Orphaned {
		return nil
	}
	w.report(Wait, other.Node)
	w.block(w.db.board.WaitFor(from, other))
	if p, ok := other.Panicked.(*PanicError); ok && other.Revision == w.db.flushed.Load() {
		view := w.req.ID
		if other.View.Iterated() {
			view = other.View.Innermost()
		}
		reads := w.db.unsure()
		if other.Run != nil {
			reads = other.Reads.Reads()
		}
		w.req.panic(other.Node, p, other.Revision, reads, view)
	}
	return nil
}

// resolve opens a circle that from would close. It returns true if from has to look
// at everything again; else the circle opens when those who were woken have.
func (w *walk) resolve(from *flight.Flight, c *flight.Circle) (settled bool) {
	w.db.settleFront() // some of those on it may be of an older revision
	handled, settled := w.iterated(from, c)
	switch {
	case settled:
		return true
	case handled, w.idle(c):
		// It opens when those who were dropped have seen it.
	case w.stale(c):
		// Somebody on it unwinds already: it will open by itself.
	case !c.Requests:
		return w.onCycle(c)
	default:
		w.yield(c)
	}
	return false
}

// awaitEnd waits for the end of the request that holds node n.
func (w *walk) awaitEnd(from *flight.Flight, n graph.ID, holder *flight.Request) error {
	w.apart = true
	var last []*flight.Flight
	for {
		c := w.db.board.PathEnd(holder, from)
		if c == nil || slices.Equal(c.Flights, last) {
			break
		}
		last = c.Flights
		if !w.idle(c) && !w.stale(c) {
			w.yield(c)
		}
		if w.req.err != nil {
			return nil
		}
	}
	if from.Orphaned {
		return nil
	}
	w.report(Wait, n)
	w.block(w.db.board.WaitEnd(from, holder))
	return nil
}

// idle reports whether the way leads through a flight that has lost its node: its
// own calls are wanted by nobody, and are dropped as far as they lie on the way.
// An iteration among them is wanted: it may be who has taken that node.
func (w *walk) idle(c *flight.Circle) bool {
	last := -1
	for i, f := range c.Flights {
		switch {
		case f.Orphaned:
			last = i
		case f.Iteration != 0:
			last = -1
		}
	}
	if last >= 0 {
		w.dropCalls(c.Flights, last)
	}
	return last >= 0
}

// dropCalls drops the calls on the way from the flight at i on, those of these
// calls, and so on.
func (w *walk) dropCalls(way []*flight.Flight, i int) {
	for i++; i < len(way) && way[i].Parent == way[i-1]; i++ {
		w.db.drop(way[i])
	}
}

// stale reports whether somebody on the circle has to end: because what it has
// read is of an older revision, or because nobody wants it any more.
func (w *walk) stale(c *flight.Circle) bool {
	stale := false
	for i, f := range c.Flights {
		// The last one is the one who asks. It has just looked.
		if f.Orphaned {
			continue
		}
		passed := i == len(c.Flights)-1 || w.passed(f, c.Flights[i+1].Node)
		stale = w.db.ending(f, passed) || stale
	}
	return stale
}

// passed reports whether a flight that is being verified, and demands a node, has
// passed only reads that hold. It would not come back to them.
func (w *walk) passed(f *flight.Flight, node graph.ID) bool {
	if f.Running || f.Epoch == w.db.g.Epoch() {
		return true
	}
	for _, rec := range w.db.g.Records(f.Node, nil) {
		if rec.Child == node {
			return true
		}
		if !w.db.g.GreenFor(rec.Child, f.View) || w.db.g.Stamp(rec.Child) != rec.Seen {
			return false
		}
	}
	return false
}

// ending reports whether f will end by itself, and sees to it. passed says that
// its verification has passed only reads that hold.
func (db *DB) ending(f *flight.Flight, passed bool) bool {
	r := db.requests[f.Req.ID]
	switch {
	case r == nil || r.err != nil:
	case r.ctx.Err() != nil:
		db.abort(r, context.Cause(r.ctx))
	case f.Ctx != nil && f.Ctx.Err() != nil:
		db.board.Nudge(f)
	case f.Running && !db.advance(r, f), !passed:
		db.abort(r, ErrSuperseded)
	default:
		return false
	}
	return true
}

// yield resolves a circle of waits that is no cycle of queries, because it
// passes through a wait for a request's end: the youngest request begins again,
// after the eldest has ended.
func (w *walk) yield(c *flight.Circle) {
	youngest, eldest := w.db.requests[c.Youngest.ID], w.req
	for _, f := range c.Flights {
		if f.Req.ID < eldest.ID {
			eldest = w.db.requests[f.Req.ID]
		}
	}
	if youngest != eldest {
		youngest.after = eldest.ending()
	}
	w.db.abort(youngest, ErrSuperseded)
}

// block sleeps until the wait is signalled or the request's context is done. The
// caller looks at everything again.
func (w *walk) block(wait *flight.Wait) {
	if w.token {
		w.token = false
		w.db.board.ReleaseToken()
	}
	w.sleep(wait)
	w.db.board.Leave(wait)
}

func (w *walk) sleep(wait *flight.Wait) {
	ctx := w.ctx()
	w.unlock()
	shake.Point()
	select {
	case <-wait.Done():
	case <-ctx.Done():
	}
	w.lock()
}

// takeToken gets a token on behalf of a call of from. The walk may be woken for
// an abort that turns out to be none of its own; it keeps its place then.
func (w *walk) takeToken(from *flight.Flight) error {
	if w.db.board.TryToken() {
		return nil
	}
	return w.granted(w.db.board.WaitToken(from))
}

// takePlace gets f a place, if the bodies of its query are limited. It waits
// without a token.
func (w *walk) takePlace(f *flight.Flight) error {
	if w.db.board.TryPlace(f) {
		return nil
	}
	if w.token {
		w.token = false
		w.db.board.ReleaseToken()
	}
	return w.granted(w.db.board.WaitPlace(f))
}

// granted waits for what stands in a queue for, unless the walk has to end.
func (w *walk) granted(wait *flight.Wait) error {
	for !w.db.board.Granted(wait) {
		if err := w.stop(); err != nil {
			w.db.board.Forgo(wait)
			return err
		}
		w.sleep(wait)
	}
	return nil
}
