package runtime

import (
	"fmt"
	"time"
)

// CheckInvariants returns the first violation of the graph's invariants. It
// must be called while nothing runs.
func CheckInvariants(db *DB) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.flush()
	if err := db.g.Check(); err != nil {
		return err
	}
	if err := db.board.Idle(db.opts.Parallelism); err != nil {
		return err
	}
	if n := len(db.requests); n != 0 {
		return fmt.Errorf("%d requests have not ended", n)
	}
	return nil
}

// HandleCount is how many values of a type have handles, or had until just now.
func HandleCount[T any]() int {
	h := handlesOf[T]()
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.bySum)
}

// TraceLength is how many reads and emissions the trace of a node has. Unlike a
// collector it looks at nothing before.
func TraceLength[T any](cx *Context, t Task[T]) int {
	trace, _ := traces.Get(cx, t.q.find(cx.db, t.key))
	return len(trace.steps)
}

// Aside reports whether cx belongs to a run for verification only.
func Aside(cx *Context) bool { return cx.aside != nil }

// SetAsideFor bounds how long such a run is waited for, until undo is called.
func SetAsideFor(d time.Duration) (undo func()) {
	before := asideFor.Swap(int64(d))
	return func() { asideFor.Store(before) }
}

// Parallelism is what Options.Parallelism came to be.
func (db *DB) Parallelism() int { return db.opts.Parallelism }
