package runtime

import (
	"context"
	"fmt"
	goruntime "runtime"
	"runtime/debug"
	"time"

	"querygen.dev/runtime/internal/flight"
)

// A Context is the first argument of every query: it says on whose behalf the
// query is called, and it is how the engine learns who reads what. It is a
// context.Context. Inside a query it has no deadline and hides the values of
// the request's context, because an outcome may depend only on keys, inputs and
// services; it is done when nobody wants the run any more.
//
// Goroutines that a query starts may use its Context until the query returns. A
// later use panics.
type Context struct {
	db     *DB
	req    *request        // nil outside of any request
	flight *flight.Run     // the run, or that of the code outside any query
	buf    *flight.Buffer  // where its reads go
	ctx    context.Context // outside: the user's. In a request: what From derived it from, or nil
	aside  *aside          // whose calls are answered from what there is; nil: an ordinary run
	bare   bool            // outside of any request, never done, and nobody is told of its hits

	// In a body: whose it is, also when the number of the node is another one's.
	keeper keeper
	cell   any

	ends   bool // ctx, if there is one, may be done one day
	spare  bool // of the function of cycle=
	inside bool // outside of any request by its words, but made from a Context in one
}

type contextKey struct{}

// From returns the Context that ctx was derived from, as by errgroup or
// context.WithTimeout, with the deadline and cancellation of ctx.
func From(ctx context.Context) (*Context, bool) {
	c, ok := ctx.Value(contextKey{}).(*Context)
	if !ok || context.Context(c) == ctx {
		return c, ok
	}
	d := *c
	d.ctx, d.ends, d.bare = ctx, true, false
	return &d, true
}

// inQuery reports whether c belongs to the body of a query.
func (c *Context) inQuery() bool { return c.keeper != nil }

// Deadline returns the deadline of a request; a query sees none.
func (c *Context) Deadline() (time.Time, bool) {
	switch {
	case c.ctx != nil:
		return c.ctx.Deadline()
	case c.inQuery():
		return time.Time{}, false
	}
	return c.req.ctx.Deadline()
}

// Done is closed when nobody wants the run any more.
func (c *Context) Done() <-chan struct{} {
	if c.ctx != nil {
		return c.ctx.Done()
	}
	return c.life().Ctx.Done()
}

// Err is nil until Done is closed.
func (c *Context) Err() error {
	if c.ctx != nil {
		return c.ctx.Err()
	}
	life := c.life()
	if c.req.ctx.Err() != nil {
		life.Cancel(context.Cause(c.req.ctx)) // Done may lag behind a little
	}
	return life.Ctx.Err()
}

// Value returns nil inside a query.
func (c *Context) Value(key any) any {
	switch {
	case key == contextKey{}:
		return c
	case c.req == nil || c.ctx != nil:
		return c.ctx.Value(key)
	}
	// It has no values, but is how package context finds its own.
	if v := c.life().Ctx.Value(key); v != nil || c.inQuery() {
		return v
	}
	return c.req.ctx.Value(key)
}

// life returns a context without values that ends when nobody wants the run any
// more. Once the body has it, the body may know of that end, and the run is
// watched: see [DB.tell]. It is made without a lock, since making and ending it
// may ask the Contexts that it is derived from.
func (c *Context) life() *flight.Life {
	run := c.flight
	run.Looked.Store(true)
	if l := run.Life.Load(); l != nil {
		return l
	}
	parent := run.Above
	if parent == nil {
		parent = c.req.ctx
	}
	l := lifeBelow(parent)
	if !run.Life.CompareAndSwap(nil, l) {
		l.Cancel(context.Canceled)
		return run.Life.Load()
	}
	c.db.watch(c.req, run, l)
	return l
}

func (db *DB) watch(r *request, run *flight.Run, l *flight.Life) {
	db.mu.Lock()
	defer db.mu.Unlock()
	switch {
	case r.err != nil:
		l.Cancel(r.err)
	case run.Of == nil, run.Of.Orphaned, run.Reads.Closed():
		l.Cancel(context.Canceled)
	default:
		db.watchers[run.Of] = l
	}
}

// unwatch ends the life of a run that ends; under mu.
func (db *DB) unwatch(f *flight.Flight) {
	if len(db.watchers) == 0 {
		return
	}
	if l := db.watchers[f]; l != nil {
		l.Cancel(context.Canceled)
		delete(db.watchers, f)
	}
}

// mayEnd reports whether over has to be asked.
func (c *Context) mayEnd() bool {
	return c.req.cancellable || c.ctx != nil || c.flight.Above != nil || c.req.stopped.Load()
}

// over reports, without a lock, that a call through c may not just go ahead.
func (c *Context) over() bool {
	return c.req.stopped.Load() || c.req.cancellable && c.req.ctx.Err() != nil ||
		c.ctx != nil && c.ctx.Err() != nil || c.flight.Above != nil && c.flight.Above.Err() != nil
}

// late panics: c is used after its query has returned.
//
// A body that was verified, and was not waited for, is not to blame: it ends
// quietly, and so does what it has started.
func (c *Context) late() {
	if c.aside != nil && c.aside.left.Load() {
		goruntime.Goexit()
	}
	name := "the function that was given to Run, Do or Map"
	if c.inQuery() {
		name = c.keeper.node(c.cell).String()
	}
	if c.spare {
		panic("querygen: the function of the option cycle= of " + name + " calls a query; it has to make do with its arguments")
	}
	panic(fmt.Sprintf("querygen: the Context of %s is used after its end; the use:\n%s", name, debug.Stack()))
}

// lifeBelow returns a context without values that ends with its parent, for the
// same cause.
func lifeBelow(parent context.Context) *flight.Life {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := context.AfterFunc(parent, func() { cancel(context.Cause(parent)) })
	return &flight.Life{Ctx: ctx, Cancel: func(cause error) {
		stop()
		cancel(cause)
	}}
}
