package runtime

import (
	"context"
	"errors"
	"sync"
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
	cancellable bool          // ctx may be done one day
	rev         atomic.Uint64 // moves on only if nothing that the request has read has changed; under db.mu
	stopped     atomic.Bool   // err is set
	err         error         // why it has to end; guarded by db.mu

	// panics are the outcomes, for this request only, of the nodes whose bodies
	// panicked; guarded by db.mu.
	panics map[graph.ID]*PanicError

	doneOnce sync.Once
	done     context.Context // made when somebody asks; canceled when the request ends
	cancel   context.CancelCauseFunc
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
	db.flush()
	db.lastID++
	r := &request{Request: flight.NewRequest(db.lastID), db: db, ctx: ctx, cancellable: ctx.Done() != nil}
	r.rev.Store(db.flushed.Load())
	db.requests[r.ID] = r
	active.Add(1)
	return r, nil
}

// end ends a request: what it held is free.
func (db *DB) end(r *request) {
	r.Root.Reads.End()
	db.mu.Lock()
	db.board.EndRequest(r.Request)
	delete(db.requests, r.ID)
	active.Add(-1)
	db.idle.Broadcast()
	db.mu.Unlock()
	r.doneOnce.Do(func() {}) // nobody makes one any more
	if r.cancel != nil {
		r.cancel(context.Canceled)
	}
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
	r.doneOnce.Do(func() {})
	if r.cancel != nil {
		r.cancel(err)
	}
}

// ended is the done context of a request that ended before anybody asked.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// doneContext returns a context without values that is canceled when r ends.
func (r *request) doneContext() context.Context {
	r.doneOnce.Do(func() {
		r.done, r.cancel = context.WithCancelCause(valueless{r.ctx})
	})
	if r.done == nil {
		return ended
	}
	return r.done
}

// context returns the Context of the code outside any query.
func (r *request) context() *Context {
	return &Context{db: r.db, req: r, flight: r.Root, buf: r.Root.Reads}
}

// advance brings r to the newest revision if nothing that it has read has
// changed, else aborts it; under mu. Reads that may have changed count as
// changed: to find out would mean to run what r might not reach.
func (db *DB) advance(r *request) {
	if r.rev.Load() == db.revision.Load() {
		return
	}
	db.flush()
	if !db.unchanged(r, r.Root) {
		db.abort(r, ErrSuperseded)
		return
	}
	clear(r.panics) // of older revisions, and nobody has seen them
	r.rev.Store(db.flushed.Load())
}

// unchanged reports whether all reads of the runs of r below f still hold.
// Flights that verify need no look: they see by the epoch that marks have come.
func (db *DB) unchanged(r *request, f *flight.Flight) bool {
	todo := []*flight.Flight{f}
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if f.Orphaned || f.Reads != nil && !f.Reads.All(func(read graph.Read) bool { return db.holds(r, read) }) {
			return false
		}
		for c := range f.Children {
			todo = append(todo, c)
		}
	}
	return true
}

// holds reports whether the child of a read is green at the stamp that was seen.
func (db *DB) holds(r *request, read graph.Read) bool {
	return db.g.GreenFor(read.Node, r.ID) && db.g.Stamp(read.Node) == read.Stamp
}

// Run calls f as one request: all that f reads is of one revision. It returns
// f's error, or what ended the request: the cause of ctx's end, ErrSuperseded
// if an update changed something that f had read before it was through,
// ErrClosed, or the *PanicError of a query. f may start goroutines; they must
// not use its Context after f has returned.
func (db *DB) Run(ctx context.Context, f func(*Context) error) error {
	_, err := db.within(ctx, f)
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
		overtaken, err := db.within(ctx, f)
		if !overtaken || own == maxOwn {
			return err
		}
		if db.ownUpdates.Load() != before {
			own++
		}
	}
}

// within calls f in a request of its own.
func (db *DB) within(ctx context.Context, f func(*Context) error) (overtaken bool, err error) {
	if outer, ok := From(ctx); ok && (outer.req != nil || outer.inside) {
		return false, ErrInQuery
	}
	if insideRequest() {
		return false, ErrInQuery
	}
	r, err := db.begin(ctx)
	if err != nil {
		return false, err
	}
	defer db.end(r)
	err = db.call(r, f)
	db.mu.Lock()
	defer db.mu.Unlock()
	root := r.Root
	if root.SawAbort.Load() || r.err != nil && root.Looked.Load() {
		return errors.Is(r.err, ErrSuperseded), r.err
	}
	if cause := context.Cause(ctx); cause != nil && root.Looked.Load() {
		return false, cause
	}
	if root.Forced != nil {
		return false, root.Forced
	}
	return false, err
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
