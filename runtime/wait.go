package runtime

import (
	"cmp"
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// await waits until other, which has the node that from demands, is done. If
// other waits for from in turn, that is a cycle, and nobody waits.
func (w *walk) await(from, other *flight.Flight) error {
	if c := w.db.board.Path(other, from); c != nil {
		if !c.Requests {
			w.db.closeCycle(c.Flights)
			return nil
		}
		if w.yield(c) {
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
	if c := w.db.board.PathEnd(holder, from); c != nil && w.yield(c) {
		return nil
	}
	w.report(Wait, n)
	w.block(w.db.board.WaitEnd(from, holder))
	return nil
}

// yield resolves a circle of waits that is no cycle of queries, because it
// passes through a wait for a request's end: the youngest request begins again.
// It reports whether that is this one.
func (w *walk) yield(c *flight.Circle) bool {
	youngest := w.db.requests[c.Youngest.ID]
	if youngest == nil {
		youngest = w.req
	}
	w.db.abort(youngest, ErrSuperseded)
	return youngest == w.req
}

// block sleeps until the wait is signalled or the request's context is done. The
// caller looks at everything again.
func (w *walk) block(wait *flight.Wait) {
	w.db.board.GiveAway(w.base)
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

// token waits for a token. It may be woken for an abort that turns out to be
// none of this walk's; it keeps its place then.
func (w *walk) token(wait *flight.Wait) error {
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
	for _, f := range flights {
		if f.Cycle != nil {
			continue // the first cycle stays
		}
		f.Cycle = err
		if f.Running {
			f.Halted.Store(true)
		} else {
			f.CycleNodes = members
		}
	}
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
