package runtime

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A request is one use of the database from outside any query. All that it
// reads is of one revision.
type request struct {
	*flight.Request
	db          *DB
	ctx         context.Context
	cancellable bool        // ctx may be done one day
	stopped     atomic.Bool // err is set

	// guarded by db.mu
	err    error                // why it has to end
	panics map[graph.ID]panicIn // outcomes for this request only
	over   chan struct{}        // closed at its end; nil: nobody asked
	after  <-chan struct{}      // what to wait for before it begins again
}

// A panicIn is the panic of a body in a revision, what the body had read, and
// the view it read in.
type panicIn struct {
	err   *PanicError
	rev   uint64
	reads []graph.Read
	view  uint64
}

// panic makes p what n ended in, for a view of this request, in revision rev.
func (r *request) panic(n graph.ID, p *PanicError, rev uint64, reads []graph.Read, view uint64) {
	if r.panics == nil {
		r.panics = map[graph.ID]panicIn{}
	}
	r.panics[n] = panicIn{p, rev, reads, view}
}

// panicOf returns the panic that n ended in, if it did in this revision.
func (r *request) panicOf(n graph.ID, v graph.View) *PanicError {
	if p, ok := r.panics[n]; ok && p.rev == r.db.flushed.Load() && v.Contains(p.view) {
		return p.err
	}
	return nil
}

// ending returns a channel that is closed when r has ended.
func (r *request) ending() <-chan struct{} {
	if r.over == nil {
		r.over = make(chan struct{})
	}
	return r.over
}

// active counts requests and updates in progress in the whole process. While it
// is zero, nobody can be inside one.
var active atomic.Int64

// begin begins a request at the newest revision.
func (db *DB) begin(ctx context.Context) (*request, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed.Load() {
		return nil, ErrClosed
	}
	db.follow()
	db.lastID++
	r := &request{Request: flight.NewRequest(db.lastID), db: db, ctx: ctx, cancellable: ctx.Done() != nil}
	r.Root.Rev.Store(db.flushed.Load())
	r.Root.Halted.Store(db.verifiesAll())
	if !db.isSettled() {
		r.Root.Front.Store(nothingBelow)
	}
	db.requests[r.ID] = r
	active.Add(1)
	return r, nil
}

// end ends a request: what it held is free.
func (db *DB) end(r *request) {
	db.endRequest(r)
	if db.memory.pressed.Load() {
		db.relieve()
	}
}

func (db *DB) endRequest(r *request) {
	r.Root.Reads.End()
	db.mu.Lock()
	defer db.mu.Unlock()
	db.unwatch(r.Root)
	db.board.EndRequest(r.Request)
	delete(db.requests, r.ID)
	active.Add(-1)
	if r.over != nil {
		close(r.over)
	}
	db.idle.Broadcast()
	db.memory.ended()
	db.collectGarbage()
}

// abort makes r end with err at its next call, and wakes it where it waits;
// under mu. The first reason stays.
func (db *DB) abort(r *request, err error) {
	if r.err != nil {
		return
	}
	r.err = err
	r.stopped.Store(true)
	db.board.Wake(r.Request)
	for f, life := range db.watchers {
		if f.Req == r.Request {
			life.Cancel(err)
		}
	}
}

// context returns the Context of the code outside any query.
func (r *request) context() *Context {
	return &Context{db: r.db, req: r, flight: r.Root.Run, buf: r.Root.Reads}
}

// advance brings the run f to the newest revision if nothing that it has read
// has changed, and reports whether it is there; under mu. Reads that may have
// changed count as changed: to find out would mean to run what f might not
// reach. A request whose own code was overtaken has to end; a run has to end
// alone, and whoever called it calls again.
func (db *DB) advance(r *request, f *flight.Flight) bool {
	if f.Orphaned {
		return false
	}
	if f.Rev.Load() == db.revision.Load() {
		return true
	}
	db.flush()
	if !db.undisturbed(r, f) {
		return false
	}
	if !f.Reads.All(func(read graph.Read) bool { return db.holds(r, f.View, read) }) {
		if f == r.Root {
			db.abort(r, ErrSuperseded)
		}
		return false
	}
	f.Rev.Store(db.flushed.Load())
	return true
}

// overtaken reports whether a run has read what has changed since.
func (db *DB) overtaken(f *flight.Flight) bool {
	r := db.requests[f.Req.ID]
	return f.Running && r != nil && f.Rev.Load() != db.flushed.Load() && !db.advance(r, f)
}

// drop takes its node away from a run that was overtaken, and tells its body.
func (db *DB) drop(f *flight.Flight) {
	db.giveUp(f)
	db.lose(f)
}

// lose is drop for a flight that drives no iteration.
func (db *DB) lose(f *flight.Flight) {
	db.board.Orphan(f)
	if life := db.watchers[f]; life != nil {
		life.Cancel(ErrSuperseded)
	}
}

func (db *DB) allHold(r *request, v graph.View, reads []graph.Read) bool {
	return !slices.ContainsFunc(reads, func(read graph.Read) bool { return !db.holds(r, v, read) })
}

// holds reports whether the child of a read is green at the stamp that was seen,
// or still panics.
func (db *DB) holds(r *request, v graph.View, read graph.Read) bool {
	if read.Stamp == neverStamp {
		return db.stillPanics(r, v, read.Node)
	}
	return db.g.GreenFor(read.Node, v) && db.g.Stamp(read.Node) == read.Stamp
}

// stillPanics reports whether n panics in this revision too: all that its body
// had read before still holds.
func (db *DB) stillPanics(r *request, v graph.View, n graph.ID) bool {
	p, ok := r.panics[n]
	if !ok || !v.Contains(p.view) {
		return false
	}
	rev := db.flushed.Load()
	if p.rev != rev && !db.allHold(r, v, p.reads) {
		return false
	}
	p.rev = rev
	r.panics[n] = p
	return true
}

// Run calls f as one request: all that f reads is of one revision. It returns
// f's error, or what ended the request: the cause of ctx's end, ErrSuperseded
// if an update changed something that f had read before it was through, or if
// it had to give way to an older request that was after the same always-queries
// in another order, ErrClosed, or the *PanicError of a query. f may start goroutines; they must
// not use its Context after f has returned.
func (db *DB) Run(ctx context.Context, f func(*Context) error) error {
	_, _, err := db.within(ctx, f)
	return err
}

// Do is [DB.Run] with a result. Overtaken by an update it begins again at the
// new revision, so f may be called several times.
func Do[T any](ctx context.Context, db *DB, f func(*Context) (T, error)) (T, error) {
	var result T
	err := db.again(ctx, func(cx *Context) error {
		var err error
		result, err = f(cx)
		return err
	})
	return result, err
}

// maxOwn bounds how often a Do begins again because of its own updates.
const maxOwn = 100

// again is Run that begins again when it was overtaken. A function that changes
// what it reads would go on for ever: it ends in ErrSuperseded.
func (db *DB) again(ctx context.Context, f func(*Context) error) error {
	for own := 0; ; {
		before := db.ownUpdates.Load()
		overtaken, after, err := db.within(ctx, f)
		if !overtaken || own == maxOwn {
			return err
		}
		pause(ctx, after)
		if db.ownUpdates.Load() != before {
			own++
		}
	}
}

// pause waits for the end of the request that an overtaken one gave way to.
func pause(ctx context.Context, after <-chan struct{}) {
	if after == nil {
		return
	}
	select {
	case <-after:
	case <-ctx.Done():
	}
}

// within calls f in a request of its own. If that was overtaken, after is what
// to wait for before the next try.
func (db *DB) within(ctx context.Context, f func(*Context) error) (overtaken bool, after <-chan struct{}, err error) {
	if outer, ok := From(ctx); ok && (outer.req != nil || outer.inside) {
		return false, nil, ErrInQuery
	}
	if insideRequest() {
		return false, nil, ErrInQuery
	}
	r, err := db.begin(ctx)
	if err != nil {
		return false, nil, err
	}
	defer db.end(r)
	err = db.call(r, f)
	db.mu.Lock()
	defer db.mu.Unlock()
	root := r.Root
	if root.SawAbort.Load() || r.err != nil && root.Looked.Load() {
		return errors.Is(r.err, ErrSuperseded), r.after, r.err
	}
	if cause := context.Cause(ctx); cause != nil && root.Looked.Load() {
		return false, nil, cause
	}
	if root.Forced != nil {
		return false, nil, root.Forced
	}
	return false, nil, err
}

// call calls f, turns the panics of queries into errors and lets f's own pass.
//
//go:noinline
func (db *DB) call(r *request, f func(*Context) error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *unwinding:
			err = v.err
		case *PanicError:
			err = v
		default:
			panic(v)
		}
	}()
	return f(r.context())
}
