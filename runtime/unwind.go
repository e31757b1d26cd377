package runtime

import (
	"reflect"
	goruntime "runtime"
)

// Functions without an error result are left by panics, which the engine
// recovers where it called a body. Such a panic must not be raised where nobody
// recovers it: in a goroutine that a query started. Whether somebody does, and
// whether the caller is inside a query at all, is read off the stack of the
// goroutine: it costs nothing until somebody asks.

// unwinding carries an error through functions without an error result. It is
// an error itself for a body that recovers it.
type unwinding struct{ err error }

func (u *unwinding) Error() string { return u.err.Error() }
func (u *unwinding) Unwrap() error { return u.err }

// unwind leaves a function without an error result; it does not return.
func unwind(cx *Context, err error) {
	if cx.req == nil {
		panic(err)
	}
	if !recovered() {
		cx.force(err)
	}
	panic(&unwinding{err})
}

// throw is unwind for the panic of a query.
func throw(cx *Context, p *PanicError) {
	if cx.req != nil && !recovered() {
		cx.force(p)
	}
	panic(p)
}

// recovered reports whether a panic would reach a function of the engine. A
// coroutine of iter.Pull hands panics on to the goroutine that called next, and
// would hand on a Goexit as well.
func recovered() bool { return onStack(recovering) || onCoroutine() }

// onCoroutine reports whether the outermost function of the stack is that of a
// coroutine.
func onCoroutine() bool {
	for pcs := make([]uintptr, 64); ; pcs = make([]uintptr, 8*len(pcs)) {
		n := goruntime.Callers(0, pcs)
		if n == len(pcs) {
			continue
		}
		for _, pc := range pcs[max(0, n-3):n] {
			if f := goruntime.FuncForPC(pc - 1); f != nil && f.Name() == "runtime.corostart" {
				return true
			}
		}
		return false
	}
}

// force ends the goroutine, which the engine did not start, and makes err what
// its run ends in.
func (c *Context) force(err error) {
	c.db.mu.Lock()
	if f := c.flight.Of; f != nil && f.Forced == nil {
		f.Forced = err
		f.Halted.Store(true)
	}
	c.db.mu.Unlock()
	goruntime.Goexit()
}

// entry returns the entry of a function that is never inlined.
func entry(f any) uintptr { return reflect.ValueOf(f).Pointer() }

// The entries of the functions through which the engine calls users' code: those
// that recover an unwinding; those that mean to be inside of something that may
// not begin a request or an update.
var recovering, querying, requesting []uintptr

func init() { // as variables they would depend on themselves
	query := []uintptr{entry((*DB).execute), entry((*mapping).branch)}
	recovering = append(query[:2:2], entry((*DB).call))
	querying = append(query[:2:2], entry((*Tx).apply))
	requesting = append(recovering[:3:3], entry((*Tx).apply))
}

// insideQuery reports whether this goroutine runs the body of a query or of an
// update.
func insideQuery() bool { return active.Load() != 0 && onStack(querying) }

// insideRequest reports also the functions given to Run and Do.
func insideRequest() bool { return active.Load() != 0 && onStack(requesting) }

// nested reports whether a call through cx, outside by its words, comes from
// inside a request.
func nested(cx *Context) bool { return cx.inside || insideRequest() }

// onStack reports whether one of the functions is on the goroutine's stack. The
// innermost ones are looked at first, so that it is cheap to be deep inside.
func onStack(entries []uintptr) bool {
	var near [32]uintptr
	n := goruntime.Callers(2, near[:])
	if found(near[:n], entries) || n < len(near) {
		return found(near[:n], entries)
	}
	for size := 1024; ; size *= 8 {
		far := make([]uintptr, size)
		n := goruntime.Callers(2+len(near), far)
		if found(far[:n], entries) {
			return true
		}
		if n < size {
			return false
		}
	}
}

func found(pcs, entries []uintptr) bool {
	for _, pc := range pcs {
		f := goruntime.FuncForPC(pc - 1)
		if f == nil {
			continue
		}
		at := f.Entry()
		for _, e := range entries {
			if at == e {
				return true
			}
		}
	}
	return false
}
