package runtime

import (
	"context"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// await waits until other, which has the node that from demands, is done. If
// other waits for from in turn, that is a cycle, and nobody waits.
func (w *walk) await(from, other *flight.Flight) error {
	if c := w.db.board.Path(other, from); c != nil {
		switch {
		case w.stale(c):
			// Somebody on it unwinds already: it will open by itself.
		case !c.Requests:
			w.db.closeCycle(c.Flights)
			return nil
		default:
			w.yield(c)
		}
		if w.req.err != nil {
			return nil
		}
	}
	w.report(Wait, other.Node)
	w.block(w.db.board.WaitFor(from, other))
	if p, ok := other.Panicked.(*PanicError); ok && other.Revision == w.req.rev.Load() {
		w.req.panic(other.Node, p)
	}
	return nil
}

// awaitEnd waits for the end of the request that holds node n.
func (w *walk) awaitEnd(from *flight.Flight, n graph.ID, holder *flight.Request) error {
	if c := w.db.board.PathEnd(holder, from); c != nil {
		if !w.stale(c) {
			w.yield(c)
		}
		if w.req.err != nil {
			return nil
		}
	}
	w.report(Wait, n)
	w.block(w.db.board.WaitEnd(from, holder))
	return nil
}

// stale reports whether a request on the circle has to end: what its flights
// have read is of an older revision, or nobody wants it any more.
func (w *walk) stale(c *flight.Circle) bool {
	stale := false
	for _, f := range c.Flights {
		r := w.db.requests[f.Req.ID]
		if r.err == nil && r.ctx.Err() != nil {
			w.db.abort(r, context.Cause(r.ctx))
		}
		if r.err == nil {
			w.db.advance(r)
		}
		// A read that verification has passed may have changed since: it would
		// not come here again.
		if r.err == nil && !f.Running && f.Epoch != w.db.g.Epoch() {
			w.db.abort(r, ErrSuperseded)
		}
		stale = stale || r.err != nil
	}
	return stale
}

// yield resolves a circle of waits that is no cycle of queries, because it
// passes through a wait for a request's end: the youngest request begins again.
func (w *walk) yield(c *flight.Circle) {
	w.db.abort(w.db.requests[c.Youngest.ID], ErrSuperseded)
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
	ctx := w.req.ctx
	if w.cx.ctx != nil {
		ctx = w.cx.ctx
	}
	w.unlock()
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
	wait := w.db.board.WaitToken(from)
	for {
		w.sleep(wait)
		if w.db.board.Granted(wait) {
			return nil
		}
		if err := w.stop(); err != nil {
			w.db.board.Forgo(wait)
			return err
		}
	}
}

// panic makes p what n ended in, for this request.
func (r *request) panic(n graph.ID, p *PanicError) {
	if r.panics == nil {
		r.panics = map[graph.ID]*PanicError{}
	}
	r.panics[n] = p
}
