package runtime

import (
	"context"
	"runtime/debug"
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A rescue is how the nodes of a query get out of a cycle.
type rescue uint8

const (
	noRescue rescue = iota // they end in the CycleError
	fallback               // they take the value of another function
	fixpoint               // they run until nothing changes
)

func (db *DB) rescueOf(n graph.ID) rescue {
	k, _ := db.keeper(n)
	return k.query().rescue
}

// onCycle deals with a cycle of calls, which the call of the last flight to the
// first would close. The caller looks at everything again, or, if the answer is
// false, waits for the first flight.
func (w *walk) onCycle(c *flight.Circle) (settled bool) {
	marked := func(f *flight.Flight) bool { return w.db.rescueOf(f.Node) == fallback }
	elsewhere := func(f *flight.Flight) bool { return f.Req != w.req.Request }
	switch {
	case !slices.ContainsFunc(c.Flights, marked):
		w.db.closeCycle(c.Flights)
	case slices.ContainsFunc(c.Flights, elsewhere) && slices.ContainsFunc(c.Flights, w.db.fleeting):
		// What is good for one request only is settled for one request at a time.
		w.yield(c)
		return false
	default:
		w.fallBack(c.Flights, marked)
	}
	return true
}

// fallBack gives the marked flights on a cycle what their functions say, and the
// others go on with that. Each unfinished node waits for one other, so whatever
// is demanded first leads into the same cycle, and the values don't depend on it.
//
// The outcome of a marked flight is settled here and now: its body may be in the
// very call that is waiting for it. The body learns it at its next call.
func (w *walk) fallBack(flights []*flight.Flight, marked func(*flight.Flight) bool) {
	first, from := flights[0], flights[len(flights)-1]
	rev := w.db.flushed.Load()
	spares := make([]ending, len(flights))
	w.unlock()
	for i, f := range flights {
		if marked(f) {
			spares[i] = w.db.spare(f)
		}
	}
	w.lock()
	c := w.db.board.Path(first, from)
	if c == nil || w.db.flushed.Load() != rev || !slices.Equal(c.Flights, flights) {
		return
	}
	for i, s := range spares {
		if s.how == panicked { // they would not agree in the next request otherwise
			for k := range spares {
				spares[k] = spares[i]
			}
			break
		}
	}
	fleeting := slices.ContainsFunc(flights, w.db.fleeting)
	last := 0
	for i, f := range flights {
		if marked(f) {
			f.Fleeting = f.Fleeting || fleeting
			w.decide(f, &spares[i])
			last = i
		}
	}
	if marked(first) {
		return // the one who asks has the answer
	}
	// Who was called on the way from the last marked flight to here can't go on:
	// what they wait for is below them. They are called again when it is there.
	w.dropCalls(flights, last)
}

// spare calls the function of cycle= for a flight, without the lock.
func (db *DB) spare(f *flight.Flight) (e ending) {
	defer func() {
		if e.how == returned {
			return
		}
		if v := recover(); v != nil {
			e = ending{how: panicked, panic: &PanicError{Value: v, Queries: db.stack(f), Stack: debug.Stack()}}
		}
	}()
	db.mu.Lock()
	k, slot := db.keeper(f.Node)
	cx := &Context{db: db, req: db.requests[f.Req.ID], flight: new(flight.Run), buf: new(flight.Buffer), ctx: context.Background(), spare: true, keeper: k, cell: k.cellAt(slot)}
	db.mu.Unlock()
	cx.buf.End() // it may call nothing
	e.out = k.spare(cx, slot)
	db.compare(&e, f, k, slot)
	e.how = returned
	return e
}

// decide settles the outcome of a flight, whatever its body makes of it.
func (w *walk) decide(f *flight.Flight, e *ending) {
	n, rev := f.Node, w.db.flushed.Load()
	f.Decided = true
	defer w.db.drop(f)
	if e.how == panicked {
		f.Panicked, f.Revision = e.panic, rev
		w.db.requests[f.Req.ID].panic(n, e.panic, rev, w.db.unsure(), f.View.Innermost())
		return
	}
	if !f.Running {
		w.db.outdone(n)
	}
	before := w.before(f.View, n)
	kind := w.store(n, e, e.same)
	// Nothing tells when the cycle goes: the node runs in each revision. So only
	// what it has read for sure counts.
	var reads []graph.Read
	if f.Running {
		reads, _ = withoutPanics(f.Reads.Reads())
	}
	w.db.blind[n] = true
	if f.Fleeting {
		w.db.board.Hold(n, f.Req)
	}
	w.db.finish(f, f.View, e, reads, f.Fleeting)
	if f.Fleeting {
		w.db.g.Move(n, f.View.Innermost())
	}
	w.enlist(f.View, n, before)
	w.report(kind, n)
}
