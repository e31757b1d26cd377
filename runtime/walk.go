package runtime

import (
	"context"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A walk is the work of one goroutine for one demand: a stack of nodes that it
// verifies, each because the one below it may depend on it. The stack is
// explicit, so that verification goes as deep as the graph. Runs do nest in the
// goroutine's own stack.
//
// The methods of a walk are called with db.mu locked unless they say otherwise.
type walk struct {
	db     *DB
	cx     *Context
	req    *request
	base   *flight.Flight // who demands
	cell   any            // of the node that is demanded, if the caller had no lock when finding it
	value  bool           // the value is wanted, and may have been dropped
	stack  stack
	events []Event     // to be reported without the lock
	green  *[]graph.ID // nodes found green without a run; nil: nobody asks
	busy   bool        // the node was not green when it was demanded
	open   bool        // the lock is not held
	token  bool        // the walk has a token, which the caller has lent or a body has left
	wave   *wave       // that it has go up; nil: none
	ahead  []graph.ID  // what it has run ahead of a demand
	begun  int64       // when the body that runs has begun; 0: it is not timed
	over   bool        // the call has ended, and the token is no longer the walk's
}

// lock settles the front: who was away without the lock is about to change the graph.
// The body of a wave was called below its front; but that may have been settled since,
// and there may be another one.
func (w *walk) lock() {
	w.db.mu.Lock()
	w.open = false
	if w.wave == nil || w.db.wave != w.wave {
		w.db.settleFront()
	}
}

func (w *walk) unlock() {
	events := w.events
	w.events = nil
	w.open = true
	w.db.mu.Unlock()
	for _, e := range events {
		w.db.tellEvent(e)
	}
}

// leave ends the walk, also when the goroutine is unwinding.
func (w *walk) leave() {
	w.wave = nil
	if w.open {
		w.lock()
	}
	w.abandon()
	w.db.vacate(&w.stack)
	if !w.over {
		w.db.board.Resume(w.base, w.token) // an ending run can do without
	}
	w.unlock()
	if w.over && w.db.memory.pressed.Load() {
		w.db.relieve()
	}
}

// abandon lets go of all nodes on the stack as they are.
func (w *walk) abandon() {
	for w.stack.depth > 0 {
		f := w.stack.pop()
		w.db.giveUp(f)
		if f.Run != nil {
			f.Reads.End()
		}
		w.db.unwatch(f)
		w.db.board.End(f)
	}
}

// report remembers an event until the lock is released.
func (w *walk) report(kind EventKind, n graph.ID) {
	if w.db.opts.OnEvent != nil && !w.db.hidden(n) {
		w.events = append(w.events, w.db.event(kind, n))
	}
}

// read records the read of n, which is green, and returns its outcome.
func (w *walk) read(n graph.ID) any {
	w.cx.buf.Lock()
	w.cx.buf.Add(n, w.db.g.Stamp(n))
	w.cx.buf.Unlock()
	k, slot := w.db.keeper(n)
	return k.take(slot)
}

// stop returns why the walk has to end, if it has to.
func (w *walk) stop() error {
	switch {
	case w.req.err != nil:
	case w.req.ctx.Err() != nil:
		w.db.abort(w.req, context.Cause(w.req.ctx))
	case w.cx.ctx != nil && w.cx.ctx.Err() != nil:
		// The body's own deadline: the request goes on, but what the body makes
		// of it is not remembered.
		w.base.Transient.Store(true)
		return context.Cause(w.cx.ctx)
	case w.base.Ctx != nil && w.base.Ctx.Err() != nil:
		w.base.SawAbort.Store(true) // the deadline of somebody further up
		return context.Cause(w.base.Ctx)
	case w.db.advance(w.req, w.base):
		return nil
	}
	w.base.SawAbort.Store(true)
	if w.req.err == nil {
		return ErrSuperseded // for this run; whoever called it calls again
	}
	return w.req.err
}

// ctx is what may end the wait of this walk.
func (w *walk) ctx() context.Context {
	switch {
	case w.cx.ctx != nil:
		return w.cx.ctx
	case w.base.Ctx != nil:
		return w.base.Ctx
	}
	return w.req.ctx
}

// next brings n up to date as far as that goes without a run. It returns the flight
// that has to run before it can go on, which is on top of the stack, and the read
// that is the cause, 0 if there is none to blame. If it returns neither a flight nor
// an error, the stack is empty, n is green for the request, and the lock has been held
// since that was seen.
//
// The run is left to the caller, so that less is on the stack while it lasts.
func (w *walk) next(n graph.ID) (f *flight.Flight, cause graph.ID, err error) {
	for {
		if err := w.meetFront(n); err != nil {
			return nil, 0, err
		}
		if err := w.stop(); err != nil {
			return nil, 0, err
		}
		if w.stack.depth > 0 {
			if f, cause, err := w.step(); f != nil || err != nil {
				return f, cause, err
			}
			continue
		}
		if w.lost(n) {
			return nil, 0, errGone
		}
		if w.meetsCycle(n) {
			return nil, 0, w.base.Cycle
		}
		if p := w.req.panicOf(n, w.base.View); p != nil {
			return nil, 0, p
		}
		if w.db.g.GreenFor(n, w.base.View) && !(w.value && w.db.isGone(n)) {
			w.hit(n)
			return nil, 0, nil
		}
		w.busy = true
		if f, err := w.enter(n); f != nil || err != nil {
			return f, 0, err
		}
	}
}

// hit notes that n was green when it was demanded, if it was.
func (w *walk) hit(n graph.ID) {
	if w.busy {
		return
	}
	if !w.db.hidden(n) {
		w.db.hits.Inc()
		w.report(Hit, n)
	}
	w.found(n)
}

// meetsCycle reports whether the caller is on a cycle, and may not go on.
func (w *walk) meetsCycle(n graph.ID) bool {
	f := w.base
	if f.Cycle == nil {
		return false
	}
	if _, member := f.Cycle.(*CycleError).place(w.db, n); f.Awaited && !member {
		return false
	}
	f.Awaited = false // from now on
	return true
}

// step goes on with the node on top of the stack. It returns that if it has to run,
// and the read that is the cause.
func (w *walk) step() (run *flight.Flight, cause graph.ID, err error) {
	f, g := w.stack.top.flight, w.db.g
	if f.Orphaned {
		w.stack.pop()
		w.db.board.End(f)
		return nil, 0, nil
	}
	if f.Rerun || f.Cycle != nil {
		return f, 0, nil
	}
	if f.Epoch != g.Epoch() {
		if w.mustRun(f.Node) {
			return f, 0, nil
		}
		w.db.readRecords(&w.stack)
		f.Epoch = g.Epoch()
	}
	for top := &w.stack.top; top.next < len(w.stack.room.records); top.next++ {
		rec := w.stack.room.records[top.next]
		if w.req.panicOf(rec.Child, w.base.View) != nil {
			return f, rec.Child, nil // it would meet the panic, and may live with it
		}
		if !g.GreenFor(rec.Child, w.base.View) {
			run, err = w.enter(rec.Child)
			return run, 0, err
		}
		if g.Stamp(rec.Child) != rec.Seen {
			return f, rec.Child, nil
		}
	}
	w.verified(f)
	return nil, 0, nil
}

// verified ends the verification of the node on top of the stack: nothing that
// it read has changed.
func (w *walk) verified(f *flight.Flight) {
	n, records := f.Node, w.stack.room.records[w.stack.top.from:]
	w.stack.pop()
	w.db.board.End(f)
	w.proven(n, records)
}

// proven makes n green: nothing that it read has changed.
func (w *walk) proven(n graph.ID, records []graph.Record) {
	w.db.g.Verified(n, w.base.View, records)
	w.enlist(w.base.View, n, nil)
	w.db.g.Times(n).Verified = w.db.moment()
	if !w.db.hidden(n) {
		w.db.counts.verified++
	}
	w.report(Verified, n)
	w.found(n)
}

// found notes that n was found green without a run.
func (w *walk) found(n graph.ID) {
	if w.green != nil {
		*w.green = append(*w.green, n)
	}
}

// enter begins work on n, which is not green, on behalf of the top of the stack:
// it waits for somebody who has it, or claims it to verify it, or, if it returns the
// flight, to run it. If it is green, its value was dropped, and is made again. Meanwhile
// it is still green for all who want to know nothing else.
func (w *walk) enter(n graph.ID) (run *flight.Flight, err error) {
	from := w.base
	if w.stack.depth > 0 {
		from = w.stack.top.flight
	} else {
		from.Nested = true
	}
	if other := w.db.board.Claimed(n); other != nil {
		return nil, w.await(from, other)
	}
	if driver := w.db.reserved[n]; driver != nil && !from.Below(driver) {
		return nil, w.await(from, driver)
	}
	if holder := w.db.board.Holder(n); holder != nil && holder != w.req.Request {
		return nil, w.awaitEnd(from, n, holder)
	}
	f := w.claim(n, from)
	f.Again = w.db.g.GreenFor(n, w.base.View)
	if f.Again || w.mustRun(n) {
		return f, nil
	}
	return nil, nil
}

// claim begins work on n, which nobody has.
func (w *walk) claim(n graph.ID, from *flight.Flight) *flight.Flight {
	f := w.db.board.Claim(n, from)
	f.Epoch = w.db.g.Epoch() - 1 // no records yet
	if ctx := w.ctx(); ctx != w.req.ctx {
		f.Ctx = ctx
	}
	w.db.push(&w.stack, f)
	return f
}

// mustRun reports whether there is nothing to verify.
func (w *walk) mustRun(n graph.ID) bool {
	s := w.db.g.State(n)
	if s.Kind() == graph.Never || s.Kind() == graph.Must {
		return true
	}
	return s&graph.Volatile != 0 && !w.db.g.RanFor(n, w.base.View)
}

// resume ends the call: the body that made it goes on, and needs a place and a
// token again.
func (w *walk) resume() error {
	w.over = true
	token := w.token
	w.token = false
	if !w.db.board.Resume(w.base, token) {
		return nil
	}
	if err := w.takePlace(w.base); err != nil {
		return err
	}
	if err := w.takeToken(w.base); err != nil {
		return err
	}
	w.db.board.Grant(w.base)
	return nil
}
