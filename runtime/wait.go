package runtime

import (
	"cmp"
	"context"
	"slices"

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

// closeCycle gives the flights, each of which demands the next and the last one
// the first, the error they will end in; under mu. Bodies that run learn of it
// at their next call, or from the one that is in progress. Those that are being
// verified would run into the cycle if they ran: the reads before the one in
// progress have been found unchanged. They do run, and meet it at the first call
// of a member.
func (db *DB) closeCycle(flights []*flight.Flight) {
	nodes := make([]Node, len(flights))
	members := make([]graph.ID, len(flights))
	for i, f := range flights {
		nodes[i] = db.node(f.Node)
		members[i] = f.Node
	}
	err := &CycleError{Nodes: smallestFirst(nodes)}
	fleeting := slices.ContainsFunc(flights, db.fleeting)
	for _, f := range flights {
		f.Fleeting = f.Fleeting || fleeting
		if f.Cycle != nil {
			continue // the first cycle stays
		}
		f.Cycle, f.Revision = err, db.flushed.Load()
		if f.Running {
			f.Halted.Store(true)
		} else {
			f.CycleNodes = members
		}
	}
}

// joins reports whether the outcome err of node n says that the caller of n is
// on a cycle, which was found when an earlier run of the caller was on it, one
// that was not stored. Then the caller ends in the same error.
func (c *Context) joins(n graph.ID, err error) bool {
	cycle, ok := err.(*CycleError)
	if !ok || !c.inQuery() {
		return false
	}
	me, child := c.db.node(c.flight.Node), c.db.node(n)
	at := slices.IndexFunc(cycle.Nodes, me.same)
	if at < 0 || !child.same(cycle.Nodes[(at+1)%len(cycle.Nodes)]) {
		return false
	}
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	f := c.flight
	if f.Cycle == nil {
		f.Cycle, f.Revision = err, c.req.rev.Load()
		f.Fleeting = c.db.g.State(n)&graph.Tainted != 0
		f.Halted.Store(true)
	}
	return true
}

func (n Node) same(m Node) bool { return n.Query == m.Query && n.Key == m.Key }

// fleeting reports whether what has led f onto a cycle may be gone in the next
// request, though the revision is the same.
func (db *DB) fleeting(f *flight.Flight) bool {
	impure := func(n graph.ID) bool { return db.g.State(n)&graph.Tainted != 0 }
	if !f.Running {
		return impure(f.Node)
	}
	if k, _ := db.keeper(f.Node); k.query().def.Kind == KindAlways {
		return true
	}
	return !f.Reads.All(func(r graph.Read) bool { return !impure(r.Node) })
}

// smallestFirst rotates a cycle so that it does not show where it was entered.
func smallestFirst(nodes []Node) []Node {
	least := 0
	for i := range nodes {
		if compareNodes(nodes[i], nodes[least]) < 0 {
			least = i
		}
	}
	return append(slices.Clone(nodes[least:]), nodes[:least]...)
}

func compareNodes(a, b Node) int {
	if c := cmp.Compare(a.Query, b.Query); c != 0 {
		return c
	}
	return cmp.Compare(formatKey(a.Query, a.Key), formatKey(b.Query, b.Key))
}
