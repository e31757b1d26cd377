package runtime

import (
	"context"
	"errors"
	goruntime "runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"querygen.dev/runtime/internal/flight"
)

// Map calls f for each key, side by side, and returns the values in key order.
// All keys run, also if some fail: their errors are joined in key order. If the
// request ends, that error comes alone. Inside a query, the reads count in key
// order, however the calls interleave. f gets a Context of its own for each
// call. Outside any request, Map is one request, as [Do].
func Map[K, V any](cx *Context, keys []K, f func(*Context, K) (V, error)) ([]V, error) {
	if cx.req == nil {
		if nested(cx) {
			return nil, ErrInQuery
		}
		return Do(cx.ctx, cx.db, func(cx *Context) ([]V, error) { return Map(cx, keys, f) })
	}
	values, errs := make([]V, len(keys)), make([]error, len(keys))
	m := &mapping{cx: cx, thrown: make([]any, len(keys))}
	m.body = func(cx *Context, i int) { values[i], errs[i] = f(cx, keys[i]) }
	m.all()
	err := errors.Join(errs...)
	if cx.flight.SawAbort.Load() || err != nil && cx.over() {
		return nil, cx.reason()
	}
	return values, err
}

// reason returns why a call of this run was aborted.
func (c *Context) reason() error {
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	switch {
	case c.req.err != nil:
		return c.req.err
	case c.req.ctx.Err() != nil:
		return context.Cause(c.req.ctx)
	case c.ctx != nil && c.ctx.Err() != nil:
		return context.Cause(c.ctx)
	case c.flight.Above != nil && c.flight.Above.Err() != nil:
		return context.Cause(c.flight.Above)
	}
	return ErrSuperseded
}

// A mapping is one Map in progress. Each key is a branch with a buffer for its
// reads. As many goroutines as bodies may run take branches from the list; the
// caller's is one of them.
type mapping struct {
	cx       *Context
	body     func(cx *Context, i int)
	branches []*flight.Buffer
	next     atomic.Int64
	thrown   []any // by branch: what it panicked with
	exited   atomic.Bool
}

func (m *mapping) all() {
	n := len(m.thrown)
	if n == 0 {
		return
	}
	if m.cx.buf.Closed() {
		m.cx.late()
	}
	m.branches = m.cx.buf.Branch(n)
	m.spread(min(n, m.cx.db.opts.Parallelism) - 1)
	for _, v := range m.thrown {
		if v != nil {
			m.rethrow(v)
		}
	}
	if m.exited.Load() {
		goruntime.Goexit()
	}
}

// spread works with that many helpers and waits for them, come what may.
func (m *mapping) spread(helpers int) {
	var wg sync.WaitGroup
	defer m.cx.buf.Join(m.branches)
	defer wg.Wait()
	for range helpers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m.work()
		}()
	}
	m.work()
}

func (m *mapping) work() {
	for {
		i := int(m.next.Add(1)) - 1
		if i >= len(m.thrown) {
			return
		}
		m.branch(i)
	}
}

// branch runs one key and keeps its panic.
//
//go:noinline
func (m *mapping) branch(i int) {
	ended := false
	defer func() {
		if ended {
			return
		}
		switch v := recover().(type) {
		case nil:
			m.exited.Store(true)
		case *unwinding, *PanicError:
			m.thrown[i] = v
		default:
			m.thrown[i] = &PanicError{Value: v, Queries: m.cx.stack(), Stack: debug.Stack()}
		}
	}()
	cx := *m.cx
	cx.buf = m.branches[i]
	m.body(&cx, i)
	ended = true
}

// rethrow goes on with the panic of a branch in the goroutine of the caller.
func (m *mapping) rethrow(v any) {
	if p, ok := v.(*PanicError); ok {
		throw(m.cx, p)
	}
	unwind(m.cx, v.(*unwinding).err)
}
