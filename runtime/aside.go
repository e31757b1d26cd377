package runtime

import (
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// An aside is a run of a body that leaves no trace, for [Options.Verify]. It has
// a flight of its own, which is on no board: nobody waits for it, it holds
// nothing, and its calls end at once. They are answered with what is green.
type aside struct {
	flight *flight.Flight
	rev    uint64 // that all answers are of
	stamp  uint32 // of the outcome to compare with
	end    ending
	left   atomic.Bool // its body is still at work, and nobody waits for it any more

	// guarded by db.mu; they stay as they are once it is closed
	closed  bool  // nobody waits for it any more
	over    bool  // it can't be judged
	strange *Node // what it has called and is not green; nil: nothing
}

// errAside is what calls of an aside end in that have no answer.
var errAside = errors.New("querygen: there is no answer for a query that is verified")

// asideFor bounds how long an aside is waited for.
var asideFor atomic.Int64 // a time.Duration

func init() { asideFor.Store(int64(10 * time.Second)) }

// aside runs the body of n, which is green for cx, aside; nil if it is not one
// that can be compared. The goroutine is another one, since the body may never
// come back: it may wait for something that happens once.
func (db *DB) aside(cx *Context, n graph.ID) *aside {
	a := db.beginAside(cx, n)
	if a == nil {
		return nil
	}
	k, slot := db.keeper(n)
	side := &Context{db: db, req: cx.req, flight: a.flight.Run, buf: a.flight.Reads, aside: a, keeper: k, cell: k.cellAt(slot)}
	end := make(chan ending, 1)
	go func() {
		var e ending
		defer func() { // also if the body ends the goroutine
			end <- e
			db.mu.Lock()
			defer db.mu.Unlock()
			db.unpin(n)
		}()
		db.execute(side, k, slot, &e)
	}()
	patience := time.NewTimer(time.Duration(asideFor.Load()))
	defer patience.Stop()
	select {
	case a.end = <-end:
	case <-patience.C:
		a.left.Store(true)
	}
	a.flight.Reads.End()
	db.mu.Lock()
	defer db.mu.Unlock()
	db.unwatch(a.flight)
	a.closed = true
	a.flight.Orphaned = true // its Context, should it be asked, is done
	if a.end.how == neither && a.strange == nil {
		a.over = true
	}
	return a
}

// beginAside returns the aside of n if what it ends in can be compared.
func (db *DB) beginAside(cx *Context, n graph.ID) *aside {
	db.mu.Lock()
	defer db.mu.Unlock()
	k, slot := db.keeper(n)
	by := cx.flight.Of
	if k == nil || by == nil { // by: a call that its body has left behind
		return nil
	}
	if by.View.Iterated() || cx.req.err != nil || db.revision.Load() != db.settledAt.Load() {
		return nil
	}
	q := k.query()
	switch d := &q.def; {
	case q.hidden, !q.bound, d.Kind != KindPure, d.EqNever, d.Identity, d.Limit > 0, q.rescue == fixpoint:
		return nil
	case db.memory.budget > 0 && !k.prints(), !k.whole(slot) && !k.printed(slot):
		return nil // there may be nothing to compare it with
	case db.blind[n], db.g.State(n)&graph.Volatile != 0, !db.g.GreenFor(n, by.View):
		return nil
	}
	f := &flight.Flight{
		Node: n, Req: by.Req, Parent: by, View: by.View, Depth: by.Depth + 1, Aside: true, Before: db.emitted[n],
	}
	f.Start(new(flight.Run), new(flight.Buffer))
	f.Halted.Store(true) // its calls take the way on which they are answered
	db.pin(n)
	f.Rev.Store(db.flushed.Load())
	return &aside{flight: f, rev: db.flushed.Load(), stamp: db.g.Stamp(n)}
}

// answer answers a call of an aside.
func (db *DB) answer(cx *Context, n graph.ID, cell any) (any, error) {
	if cx.buf.Closed() {
		cx.late() // panics
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	a := cx.aside
	k, slot := db.keeper(n)
	switch {
	case a.closed, a.over, a.strange != nil:
	case cell != nil && (k == nil || !k.holds(slot, cell)):
		return nil, errGone
	case db.revision.Load() != a.rev, cx.req.err != nil:
		a.over = true
	case !db.g.GreenFor(n, a.flight.View):
		node := db.node(n)
		a.strange = &node
	default:
		out := k.outcome(slot)
		if !k.whole(slot) {
			a.over = true // its value was dropped, and nothing is made again for this
			return nil, errAside
		}
		if k.query().rescue == fixpoint && out.(interface{ failure() error }).failure() != nil {
			a.over = true // perhaps it has not settled; its readers saw something else
			return nil, errAside
		}
		cx.buf.Lock()
		cx.buf.Add(n, db.g.Stamp(n))
		cx.buf.Unlock()
		k.take(slot)
		return out, nil
	}
	return nil, errAside
}

// place tells an outcome from another one of the same node.
func (t *table[K, V]) place(out any) (at uintptr, stamp uint32) {
	o := out.(*outcome[V])
	return reflect.ValueOf(o).Pointer(), o.stamp
}

// sum hashes the value of an outcome, as far as equality goes by it. It returns
// false if nobody can write to the value, or if it may change by itself.
func (t *table[K, V]) sum(out any) (codec.Fingerprint, bool) {
	o := out.(*outcome[V])
	if o.gone() || t.q.def.Identity || !writable(reflect.TypeFor[V]()) {
		return codec.Fingerprint{}, false
	}
	if t.q.codecs.same {
		sum, err := t.q.codecs.value.Fingerprint(&o.value)
		return sum, err == nil
	}
	if hasEqual[V]() || partsHaveEqual[V](&t.q.def) {
		return codec.Fingerprint{}, false
	}
	sum := contentSum(reflect.ValueOf(&o.value).Elem())
	return codec.Fingerprint{Hi: sum.Hi, Lo: sum.Lo}, true
}

// sameContent reports whether two outcomes that are not equal differ only in what
// has no content, such as funcs, or in what may change by itself.
func (t *table[K, V]) sameContent(a, b any) bool {
	x, y := a.(*outcome[V]), b.(*outcome[V])
	if !equalErrors(x.failure(), y.failure()) || t.q.codecs.same || hasEqual[V]() || partsHaveEqual[V](&t.q.def) {
		return false
	}
	return guarded(reflect.TypeFor[V]()) || contentSum(reflect.ValueOf(&x.value).Elem()) == contentSum(reflect.ValueOf(&y.value).Elem())
}

// text writes an outcome for a report.
func (t *table[K, V]) text(out any) string {
	const most = 400
	o := out.(*outcome[V])
	if o.gone() {
		return "a value that was dropped"
	}
	if err := o.failure(); err != nil {
		return fmt.Sprintf("the error %v", err) // which may panic
	}
	b := newBounded(most)
	b.add(reflect.ValueOf(&o.value).Elem())
	if b.full {
		return string(b.text) + "..."
	}
	return string(b.text)
}
