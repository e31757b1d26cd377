package runtime

import (
	"context"
	"iter"

	"querygen.dev/runtime/internal/graph"
)

// Watch yields what f returns, as [Do] would, and again after each update that
// changed something f had read: the reads are brought up to date in their order,
// and the first that differs makes f run again. It goes on after errors of f. It
// ends after yielding the cause of ctx's end, ErrClosed or, inside a query or an
// update, ErrInQuery; or when the loop over it ends.
//
//	for tree, err := range query.Watch(ctx, db, func(cx *query.Context) (*Tree, error) { return Parse(cx, file) }) {
//		...
//	}
func Watch[T any](ctx context.Context, db *DB, f func(*Context) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen := &watched{db: db}
		defer seen.release()
		for {
			v, err := Do(ctx, db, func(cx *Context) (T, error) {
				seen.begin(cx)
				defer seen.end(cx)
				return f(cx)
			})
			if end := db.over(ctx); end != nil {
				var zero T
				yield(zero, end)
				return
			}
			if !yield(v, err) || !seen.began() {
				return
			}
			if err := seen.wait(ctx, db); err != nil {
				var zero T
				yield(zero, err)
				return
			}
		}
	}
}

// watched are the reads of one run of a Watch's function.
type watched struct {
	db       *DB
	revision uint64
	reads    []graph.Read // of nodes that are pinned
}

func (w *watched) begin(cx *Context) {
	w.release()
	w.revision = cx.flight.Rev.Load()
}

// release lets go of the nodes.
func (w *watched) release() {
	w.db.mu.Lock()
	defer w.db.mu.Unlock()
	for _, r := range w.reads {
		w.db.unpin(r.Node)
	}
	w.reads = nil
}

// began reports whether the function was called: it is not inside a query.
func (w *watched) began() bool { return w.revision != 0 }

// end keeps what was read. If the request moved on meanwhile, all of it holds at
// the newer revision too.
func (w *watched) end(cx *Context) {
	w.reads = cx.buf.Reads()
	w.db.mu.Lock()
	defer w.db.mu.Unlock()
	for _, r := range w.reads {
		w.db.pin(r.Node)
	}
}

// wait returns when a revision has come in which one of the reads is another.
func (w *watched) wait(ctx context.Context, db *DB) error {
	for {
		news := db.newsAfter(w.revision)
		select {
		case <-news:
		case <-ctx.Done():
		case <-db.done:
		}
		if err := db.over(ctx); err != nil {
			return err
		}
		changed, err := Do(ctx, db, w.changed)
		if changed || err != nil {
			return db.over(ctx) // what f makes of an error is its own affair
		}
	}
}

// changed brings the reads up to date until one is found that has changed.
func (w *watched) changed(cx *Context) (bool, error) {
	w.revision = cx.flight.Rev.Load()
	for _, r := range w.reads {
		if r.Stamp == neverStamp {
			return true, nil
		}
		if _, err := cx.db.settle(cx, r.Node, nil, false); err != nil {
			return true, err
		}
		if cx.db.stamp(r.Node) != r.Stamp {
			return true, nil
		}
	}
	return false, nil
}

func (db *DB) stamp(n graph.ID) uint32 {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.g.Stamp(n)
}

// over returns why nothing more will come for ctx.
func (db *DB) over(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if db.closed.Load() {
		return ErrClosed
	}
	return nil
}

// newsAfter returns a channel that is closed when the revision is beyond rev.
func (db *DB) newsAfter(rev uint64) <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.revision.Load() > rev {
		return closedChan
	}
	if db.news == nil {
		db.news = make(chan struct{})
	}
	return db.news
}

var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
