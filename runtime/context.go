package runtime

import (
	"context"
	"fmt"
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
	flight *flight.Flight  // the run, or the root flight of the request
	buf    *flight.Buffer  // where its reads go
	ctx    context.Context // outside: the user's. In a request: what From derived it from, or nil
	inside bool            // outside of any request by its words, but made from a Context in one
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
	d.ctx = ctx
	return &d, true
}

// inQuery reports whether c belongs to the body of a query.
func (c *Context) inQuery() bool { return c.req != nil && c.flight.Node != 0 }

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
	c.flight.Looked.Store(true)
	return c.req.doneContext().Done()
}

// Err is nil until Done is closed.
func (c *Context) Err() error {
	if c.ctx != nil {
		return c.ctx.Err()
	}
	c.flight.Looked.Store(true)
	if c.req.stopped.Load() {
		return context.Canceled
	}
	return c.req.ctx.Err()
}

// Value returns nil inside a query.
func (c *Context) Value(key any) any {
	switch {
	case key == contextKey{}:
		return c
	case c.ctx != nil:
		return c.ctx.Value(key)
	case c.inQuery():
		// It has no values, but is how package context finds its own.
		return c.req.doneContext().Value(key)
	}
	if v := c.req.doneContext().Value(key); v != nil {
		return v
	}
	return c.req.ctx.Value(key)
}

// over reports, without a lock, that a call through c may not just go ahead.
func (c *Context) over() bool {
	return c.req.stopped.Load() || c.req.cancellable && c.req.ctx.Err() != nil || c.ctx != nil && c.ctx.Err() != nil
}

// late panics: c is used after its query has returned.
func (c *Context) late() {
	name := "the function that was given to Run, Do or Map"
	if c.inQuery() {
		name = c.db.node(c.flight.Node).String()
	}
	panic(fmt.Sprintf("querygen: the Context of %s is used after its end; the use:\n%s", name, debug.Stack()))
}

// valueless hides the values of a context and keeps its cancellation.
type valueless struct{ context.Context }

func (v valueless) Value(any) any { return nil }

// AfterFunc saves package context from starting a goroutine for each request.
func (v valueless) AfterFunc(f func()) func() bool { return context.AfterFunc(v.Context, f) }
