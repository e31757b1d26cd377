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
	apart  bool        // the lock was released, or something was settled, since it has looked at everything
	open   bool        // the lock is not held
	token  bool        // the walk has a token, which the caller has lent or a body has left
	wave   *wave       // that it has go up; nil: none
	ahead  []graph.ID  // what it has run ahead of a demand
	begun  int64       // when the body that runs has begun; 0: it is not timed
	over   bool        // the call has ended, and the token is no longer the walk's
}

// lock settles the front: who was away without the lock is about to change the graph.
// The body of a wave was called below its front; but that may have been settled since,
// and there may be another one. What is parked is no concern of a run that has met nothing of it.
func (w *walk) lock() {
	w.db.mu.Lock()
	w.open = false
	if !w.isBeside() && (w.wave == nil || w.db.wave != w.wave) {
		w.db.settleFront()
	}
}

func (w *walk) unlock() {
	w.apart = true
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
	w.vacate()
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
		at := w.stack.pop()
		if f := at.flight; f != nil {
			w.db.giveUp(f)
			if f.Run != nil {
				f.Reads.End()
			}
			w.db.unwatch(f)
		}
		w.db.finishFrame(at)
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
			if f, cause, err := w.steps(); f != nil || err != nil {
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

// manySteps is how many are taken before the walk looks whether it has to end.
const manySteps = 1 << 8

// steps goes on with the node on top of the stack, until one has to run, as step
// does; or until the stack is empty, or everything has to be looked at again.
func (w *walk) steps() (run *flight.Flight, cause graph.ID, err error) {
	w.apart = false
	for i := 0; i < manySteps && w.stack.depth > 0 && !w.apart; i++ {
		if run, cause, err = w.step(); run != nil || err != nil {
			break
		}
	}
	return run, cause, err
}

// step goes on with the node on top of the stack. It returns that if it has to run,
// and the read that is the cause.
func (w *walk) step() (run *flight.Flight, cause graph.ID, err error) {
	top, g := w.stack.top(), w.db.g
	epoch := &top.epoch
	if f := top.flight; f != nil {
		if f.Orphaned {
			w.db.finishFrame(w.stack.pop())
			return nil, 0, nil
		}
		if f.Rerun || f.Cycle != nil {
			return f, 0, nil
		}
		epoch = &f.Epoch
	}
	if *epoch != g.Epoch() {
		if w.mustRun(top.node) {
			return w.take(), 0, nil
		}
		*epoch = g.Epoch()
		w.readRecords()
		top = w.stack.top()
	}
	for records := w.stack.room.records; int(top.next) < len(records); top.next++ {
		rec := &records[top.next]
		if w.req.panicOf(rec.Child, w.base.View) != nil {
			return w.take(), rec.Child, nil // it would meet the panic, and may live with it
		}
		if !g.GreenFor(rec.Child, w.base.View) {
			run, err = w.enter(rec.Child)
			return run, 0, err
		}
		if g.Stamp(rec.Child) != rec.Seen {
			return w.take(), rec.Child, nil
		}
	}
	w.verified()
	return nil, 0, nil
}

// verified ends the verification of the node on top of the stack: nothing that
// it read has changed.
func (w *walk) verified() {
	n, records := w.stack.top().node, w.stack.room.records[w.stack.top().from:]
	w.db.finishFrame(w.stack.pop())
	w.proven(n, records)
}

// proven makes n green: nothing that it read has changed.
func (w *walk) proven(n graph.ID, records []graph.Record) {
	w.db.g.Verified(n, w.base.View, records)
	w.enlist(w.base.View, n, nil)
	w.db.g.NoteVerified(n, w.db.moment())
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
	db := w.db
	if w.stack.depth == 0 {
		w.base.Nested = true
	}
	if db.board.Busy(n) {
		from := w.from() // first: n may be on this stack
		return nil, w.await(from, db.board.Claimed(n))
	}
	if driver := db.reserved[n]; driver != nil && !w.caller().Below(driver) {
		return nil, w.await(w.from(), driver)
	}
	if holder := db.board.Holder(n); holder != nil && holder != w.req.Request {
		return nil, w.awaitEnd(w.from(), n, holder)
	}
	again := db.g.GreenFor(n, w.base.View)
	if !again && !w.mustRun(n) {
		db.board.Fold(n)
		w.push(n, nil)
		return nil, nil
	}
	f := w.claim(n, w.caller())
	f.Again = again
	return f, nil
}

// claim begins work on n, which nobody has, with a flight.
func (w *walk) claim(n graph.ID, caller *flight.Flight) *flight.Flight {
	f := w.newFlight(n, caller)
	w.push(n, f)
	return f
}

// newFlight makes a flight for a node that nobody has, or that is folded.
func (w *walk) newFlight(n graph.ID, caller *flight.Flight) *flight.Flight {
	f := w.db.board.Claim(n, caller)
	f.Epoch, f.Ctx = w.db.g.Epoch()-1, w.below() // no records yet
	return f
}

// below is what may end the calls below this one before the request ends; nil if
// there is nothing.
func (w *walk) below() context.Context {
	if ctx := w.ctx(); ctx != w.req.ctx {
		return ctx
	}
	return nil
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
