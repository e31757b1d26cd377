package runtime

import (
	"reflect"
	"slices"
	"sync"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// Emit adds v to what the query that cx belongs to emits: a diagnostic, a
// symbol, a file to be written, something that callers far above want to have
// and those between should not have to pass on. [Collect] gathers it. What a run
// has emitted belongs to its node as its outcome does: it is there again without
// a run as long as the node is up to date. A later run replaces it; one that
// panics, or that is ended because nobody wants it any more, emits nothing.
//
// v is kept as it is given and must not be written to afterwards. Emit may be
// called from several goroutines of a query; their order is then that of the
// calls, and should not matter. In a [Map] it is that of the keys. Emit panics
// outside of queries, where there is nothing that v could belong to.
func Emit[T any](cx *Context, v T) {
	if cx.req == nil || !cx.inQuery() {
		panic("querygen: Emit is called outside any query; what is emitted belongs to the result of one")
	}
	cx.buf.Lock()
	ended := cx.buf.Ended()
	if !ended {
		cx.buf.Emit(&emitted[T]{v})
	}
	cx.buf.Unlock()
	if ended {
		cx.late()
	}
}

// An emitted is one emission, behind a flight.Emission.
type emitted[T any] struct{ value T }

// equal compares emissions as outcomes are compared.
func (e *emitted[T]) equal(other any) bool {
	o, ok := other.(*emitted[T])
	return ok && equalityOf[T]()(e.value, o.value)
}

// equalities holds an equality for each type that is emitted.
var equalities sync.Map // from reflect.Type to func(a, b T) bool

func equalityOf[T any]() func(a, b T) bool {
	t := reflect.TypeFor[T]()
	eq, ok := equalities.Load(t)
	if !ok {
		eq, _ = equalities.LoadOrStore(t, equality[T](&Definition{}))
	}
	return eq.(func(a, b T) bool)
}

// emissions ends the reads of the run of cx, and returns them, what it has emitted,
// and whether that is equal to what the run before had. No lock is held: comparing is
// users' code.
func (c *Context) emissions() (reads []graph.Read, list []flight.Emission, same bool) {
	reads, list = c.flight.Reads.Close()
	before := c.flight.Of.Before
	if len(list)+len(before) == 0 {
		return reads, nil, true
	}
	list = placed(reads, list)
	return reads, list, slices.EqualFunc(list, before, func(a, b flight.Emission) bool {
		return a.At == b.At && a.Value.(interface{ equal(any) bool }).equal(b.Value)
	})
}

// placed says of each emission how many of the node's reads come before it: in
// the list that the graph keeps, which has no repetitions and no panics.
func placed(reads []graph.Read, list []flight.Emission) []flight.Emission {
	seen, i := map[graph.ID]bool{}, 0
	for k := range list {
		for ; i < list[k].At; i++ {
			if reads[i].Stamp != neverStamp {
				seen[reads[i].Node] = true
			}
		}
		list[k].At = len(seen)
	}
	return list
}

// finish stores the reads and emissions of a run in a view that has an outcome;
// under mu.
func (db *DB) finish(f *flight.Flight, v graph.View, e *ending, reads []graph.Read, volatile bool) {
	before := db.callsOf(f.Node)
	db.g.Finish(f.Node, v, reads, volatile)
	db.called.delete(f.Node)
	// Which calls of a member were recorded depends on where the cycle was met.
	db.emits(f.Node, e, f.Cycle != nil || f.Decided, before)
}

// emits stores what a run of n has emitted, whose calls are stored. If the
// outcome is equal to the one before, readers of the node notice nothing, but
// those of its trace have to. before is what it called before.
func (db *DB) emits(n graph.ID, e *ending, silent bool, before []graph.ID) {
	if !e.sameEmitted {
		db.emitted[n] = e.emitted
		if len(e.emitted) == 0 {
			delete(db.emitted, n)
		}
	}
	was := db.silent[n]
	if silent {
		db.silent[n] = true
	} else if was {
		delete(db.silent, n)
	}
	trace := db.traceOf(n)
	if trace != 0 && (silent != was || !e.sameEmitted || !slices.Equal(before, db.callsOf(n))) {
		db.retrace(trace)
	}
}

// callsOf returns what the last run of n has called, in order; nil if nobody has
// asked for its trace.
func (db *DB) callsOf(n graph.ID) []graph.ID {
	if db.traceOf(n) == 0 {
		return nil
	}
	return db.calls(n)
}

func (db *DB) calls(n graph.ID) []graph.ID {
	if called, ok := db.called.lists[n]; ok {
		return called
	}
	return db.g.Reads(n, nil)
}

// setCalls notes what n has called where the graph holds something else.
func (db *DB) setCalls(n graph.ID, reads []graph.Read) {
	var called []graph.ID
	seen := map[graph.ID]bool{}
	for _, r := range reads {
		if r.Stamp != neverStamp && !seen[r.Node] {
			seen[r.Node] = true
			called = append(called, r.Node)
		}
	}
	db.called.set(n, called)
}

// assigned forgets what the body of node n has read and emitted, before n is set
// from outside.
func (db *DB) assigned(n graph.ID) {
	trace := db.traceOf(n)
	if trace != 0 && (len(db.emitted[n]) > 0 || len(db.calls(n)) > 0) {
		db.orphan(trace)
		db.g.Demand(trace)
	}
	delete(db.emitted, n)
	db.called.delete(n)
	delete(db.silent, n)
}

// retrace makes the trace of a node that has just run be read again. It reads
// nothing else and is not green, since the node was not; so it has a record of the
// node, unless it has to run anyway, or the node was green and has run for its
// value alone. Somebody may be at work on it.
func (db *DB) retrace(trace graph.ID) {
	if db.g.State(trace).Green() {
		db.g.Demand(trace)
	}
	db.g.Spoil(trace)
	f := db.board.Claimed(trace)
	switch {
	case f == nil:
	case !f.Running:
		f.Epoch = db.g.Epoch() - 1 // its records have changed
	case !f.Reads.All(func(graph.Read) bool { return false }):
		db.drop(f) // it has read the node, and what there was before
	}
}
