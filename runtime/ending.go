package runtime

import (
	goruntime "runtime"
	"runtime/debug"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// An ending is what a body ended in.
type ending struct {
	how   how
	out   any // the outcome
	err   error
	same  bool   // equal to the outcome before
	than  any    // that outcome
	text  string // a run that should have been equal, and is not
	panic *PanicError

	passing bool // the error says that it is not to be remembered
	kept    bool // an iteration has stored it
	final   bool // an iteration has ended: whether the reads hold says nothing any more
	kind    EventKind
	reads   []graph.Read // complete once it has returned

	emitted     []flight.Emission
	sameEmitted bool // equal to what was emitted before
}

type how uint8

const (
	neither  how = iota // the body is running, or left by runtime.Goexit
	returned            // with values or an error
	panicked
)

// levels is how many bodies nest in the stack of one goroutine. Go bounds a stack at
// a gigabyte, and going beyond cannot be recovered from.
const levels = 5000

// hop is execute on a fresh goroutine.
func (db *DB) hop(cx *Context, k keeper, slot uint32, e *ending) {
	there := new(ending)
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.execute(cx, k, slot, there)
	}()
	<-done
	*e = *there
	if e.how == neither {
		goruntime.Goexit() // as the body did
	}
}

// execute runs the body, and looks at what it ends in: comparing values and asking
// errors is users' code too. No lock is held. It recovers everything but Goexit.
// Nested runs are nested calls of it, so it and its callers are sparing with the
// stack; e is empty.
//
//go:noinline
func (db *DB) execute(cx *Context, k keeper, slot uint32, e *ending) {
	ran := false
	defer func() {
		if e.how == returned {
			return
		}
		if v := recover(); v != nil {
			db.caught(cx, k, slot, e, v, ran)
		}
	}()
	e.out, e.err = k.run(cx, slot)
	ran = true
	if err := cx.forced(); err != nil {
		if p, ok := err.(*PanicError); ok {
			panic(p)
		}
		e.out, e.err = k.fail(err), err
	}
	db.judge(cx, k, slot, e)
}

// judge looks at an outcome that a run ends in.
func (db *DB) judge(cx *Context, k keeper, slot uint32, e *ending) {
	db.compare(e, cx.flight.Of, k, slot)
	e.passing = transient(e.err)
	e.reads, e.emitted, e.sameEmitted = cx.emissions()
	e.how = returned
}

// caught is what a run ends in that was left by a panic with v, in its body or
// afterwards. An unwinding of the body is an outcome; and what has to come of the run
// does, whatever the panic was.
func (db *DB) caught(cx *Context, k keeper, slot uint32, e *ending, v any, afterwards bool) {
	err := cx.forced()
	_, panics := v.(*PanicError)
	u, unwinds := v.(*unwinding)
	switch {
	case err != nil && !panics:
		db.insist(cx, k, slot, e, err)
	case unwinds && !afterwards:
		db.fails(cx, k, slot, e, u.err)
	default:
		db.panicked(cx, e, v)
	}
}

// insist is what a body ends in that has panicked, though what it returns would
// not have mattered.
func (db *DB) insist(cx *Context, k keeper, slot uint32, e *ending, err error) {
	if p, ok := err.(*PanicError); ok {
		db.panicked(cx, e, p)
		return
	}
	db.fails(cx, k, slot, e, err)
}

// fails is what a run ends in whose outcome is an error.
func (db *DB) fails(cx *Context, k keeper, slot uint32, e *ending, err error) {
	defer func() {
		if e.how == returned {
			return
		}
		if v := recover(); v != nil {
			db.panicked(cx, e, v)
		}
	}()
	*e = ending{out: k.fail(err), err: err}
	db.judge(cx, k, slot, e)
}

// panicked is the ending of a run that has panicked with v.
func (db *DB) panicked(cx *Context, e *ending, v any) {
	p, ok := v.(*PanicError)
	if !ok {
		p = &PanicError{Value: v, Queries: cx.stack(), Stack: debug.Stack()}
	}
	*e = ending{how: panicked, panic: p, err: p}
}

// compare compares the outcome with the one that the node has, and measures it if
// that counts; without the lock.
func (db *DB) compare(e *ending, f *flight.Flight, k keeper, slot uint32) {
	e.than = k.outcome(slot)
	e.same = k.alike(e.than, e.out)
	if db.memory.budget > 0 && !(e.same && k.whole(slot)) {
		k.measure(e.out)
	}
	if f.Again && !e.same {
		e.text = k.text(e.out)
	}
}

// forced returns what the run has to end in, whatever its body made of it. Whoever
// decides that also halts the run.
func (c *Context) forced() error {
	if !c.flight.Halted.Load() {
		return nil
	}
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	if c.flight.Of.Cycle != nil {
		return c.flight.Of.Cycle
	}
	return c.flight.Of.Forced
}
