package runtime

import (
	"context"

	"querygen.dev/runtime/internal/graph"
)

// demand brings node n up to date on behalf of cx, records the read and returns
// the outcome. The error says that the demand itself ended: *PanicError,
// *CycleError of the caller's own cycle, or what ended the request; or errGone if n
// is not the node of the cell any more, where there is one.
func (db *DB) demand(cx *Context, n graph.ID, cell any) (any, error) {
	switch {
	case cx.req == nil:
		return db.demandOutside(cx, n, cell)
	case db.verifier != nil:
		return db.settle(cx, n, cell, true)
	}
	// The rest is bring, once more: nested runs are nested calls of this.
	w := &walk{db: db, cx: cx, req: cx.req, cell: cell, value: db.lacks()}
	defer w.leave()
	w.call()
	for {
		f, cause, err := w.next(n)
		if f != nil {
			err = w.run(f, cause)
		}
		if f == nil || err != nil {
			return w.end(n, err)
		}
	}
}

// demandOutside is demand outside of any request.
func (db *DB) demandOutside(cx *Context, n graph.ID, cell any) (any, error) {
	if nested(cx) {
		return nil, ErrInQuery
	}
	for {
		out, overtaken, after, err := db.demandAlone(cx.ctx, n, cell)
		if !overtaken {
			return out, err
		}
		pause(cx.ctx, after)
	}
}

// demandAlone is a demand that is a request of its own.
func (db *DB) demandAlone(ctx context.Context, n graph.ID, cell any) (out any, overtaken bool, after <-chan struct{}, err error) {
	r, err := db.begin(ctx)
	if err != nil {
		return nil, false, nil, err
	}
	defer db.end(r)
	out, err = db.settle(r.context(), n, cell, true)
	if err == ErrSuperseded {
		db.mu.Lock()
		defer db.mu.Unlock()
		return nil, true, r.after, err
	}
	return out, false, nil, err
}

// settle is demand inside a request. If no value is wanted, it may be missing in
// the outcome.
func (db *DB) settle(cx *Context, n graph.ID, cell any, value bool) (any, error) {
	if cx.aside != nil {
		return db.answer(cx, n, cell)
	}
	var green *[]graph.ID
	if db.verifier != nil {
		green = new([]graph.ID)
	}
	out, err := db.bring(cx, n, cell, value, green)
	if err == nil && green != nil {
		db.inspect(cx, n, out, *green)
	}
	return out, err
}

// bring is settle without verification of what is found green: that is noted in
// green, unless it is nil.
func (db *DB) bring(cx *Context, n graph.ID, cell any, value bool, green *[]graph.ID) (any, error) {
	w := &walk{db: db, cx: cx, req: cx.req, cell: cell, value: value && db.lacks(), green: green}
	defer w.leave()
	w.call()
	for {
		f, cause, err := w.next(n)
		if f != nil {
			err = w.run(f, cause)
		}
		if f == nil || err != nil {
			return w.end(n, err)
		}
	}
}

// call begins the call: it takes the lock. It panics if the query has returned.
func (w *walk) call() {
	w.open, w.over = true, true // it has not begun
	// What cx was derived from may be made only now, and not under the lock: see
	// Context.life.
	_ = w.cx.over()
	w.db.mu.Lock()
	w.open = false
	if w.base = w.cx.flight.Of; w.base == nil || w.cx.buf.Closed() {
		w.unlock()
		w.cx.late() // panics
	}
	w.token, w.over = w.db.board.Suspend(w.base), false
}

// end ends the call, and returns what was demanded; err says why there is nothing.
func (w *walk) end(n graph.ID, err error) (any, error) {
	w.countWaste()
	if err == nil {
		out := w.read(n)
		return out, w.resume()
	}
	w.abandon()
	if err == errGone { // the body goes on
		if end := w.resume(); end != nil {
			return nil, end
		}
		return nil, err
	}
	if p, ok := err.(*PanicError); ok {
		k, slot := w.db.keeper(n)
		k.take(slot) // it was demanded
		w.cx.buf.Lock()
		w.cx.buf.Add(n, neverStamp)
		w.cx.buf.Unlock()
		_ = w.resume() // the panic comes first
		return nil, p
	}
	return nil, err
}

// neverStamp is a stamp that no outcome has. It is recorded for a read that
// ended in a panic: what the reader makes of it is not valid for long.
const neverStamp = ^uint32(0)
