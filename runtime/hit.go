package runtime

import (
	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// hit returns the outcome of a node that is green for everybody, and records
// the read; nil if there is more to do. state is where the state of the node is. It
// takes no lock.
//
// Inside a run the read is recorded first; then the outcome must still be what it was,
// and the run must be of the newest revision.
//
//   - The flush of a newer revision begins after the revision has moved on: if it
//     has not by now, the outcome is of the run's revision.
//   - Whoever moves the run on, after the revision, looks at its reads first. So if
//     the revision has not moved on by now, this read will be among them.
//   - Whoever takes a value away looks at the reads of all runs next. So if it is
//     there by now, this read will be among them.
//
// Else the read stays recorded, as if the update had come after it: the same node is
// demanded next. That is left to who is quick; an update that the run could know
// of does not end it for what it is about to read.
func hit[K comparable, V any](cx *Context, c *cell[K, V], state *graph.Word, q *query) *outcome[V] {
	if cx.req == nil {
		return hitOutside(cx, c, state, q)
	}
	db, rev := cx.db, cx.flight.Rev.Load()
	shake.Point()
	front := cx.flight.Front.Load()
	if cx.flight.Halted.Load() || cx.mayEnd() && cx.over() || !state.GreenBelow(front-1) || front != 0 && db.mayBeStale(c.id) {
		return nil
	}
	c.touch(db)
	shake.Point()
	out := c.out.Load()
	if !out.whole() || db.revision.Load() != rev {
		return nil
	}
	shake.Point()
	if !cx.buf.Hit(c.id, out.stamp, &db.hitsInside) {
		return nil
	}
	shake.Point()
	if c.out.Load() != out || db.revision.Load() != rev {
		cx.buf.Miss()
		return nil
	}
	if q.hidden {
		cx.buf.Miss()
	}
	if db.opts.OnEvent != nil {
		c.tellHit(db, q, rev)
	}
	return out
}

// hitOutside is hit outside of any request. The cell is touched before the outcome is
// looked at: see garbage. If the revision has not moved on by then, the outcome is
// the one of which the state spoke: what is stored while a newer
// one is brought up may be good for a request, or for an iteration, alone.
func hitOutside[K comparable, V any](cx *Context, c *cell[K, V], state *graph.Word, q *query) *outcome[V] {
	db := cx.db
	rev := db.revision.Load()
	shake.Point()
	if !db.settled(rev) && !db.calmBeside(c.id, rev) || !state.Green() || cx.ends && cx.ctx.Err() != nil || nested(cx) {
		return nil
	}
	c.touch(db)
	shake.Point()
	out := c.out.Load()
	shake.Point()
	if !out.whole() || db.revision.Load() != rev {
		return nil
	}
	if !q.hidden {
		db.hits.Inc()
	}
	if db.opts.OnEvent != nil {
		c.tellHit(db, q, rev)
	}
	return out
}
