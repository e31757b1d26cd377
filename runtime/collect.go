package runtime

import (
	"reflect"
	"slices"
	"sync"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// Collect returns the values of type T that the query of t and everything below
// it have emitted, in the order in which they would be if all of it ran now, one
// after the other: what a query emits before a call comes before what is emitted
// below that call. Each node counts once, where it is met first. Nodes that are
// up to date do not run for it. The list is shared and must not be written to; it
// is nil if there is nothing.
//
// The error is what t.Get would return; what was emitted comes with it, except
// if the error is that of a cycle: a member of one emits nothing, and hides what
// is below it. Panics pass through as in a call.
//
// Inside a query Collect is a read, of the list and the error alone: its reader
// runs again if one of them is another than before, and not if t's value is.
// Outside of any request it is one.
func Collect[T, R any](cx *Context, t Task[R]) ([]T, error) {
	if t.q == nil {
		return nil, errNoTask
	}
	n := t.q.find(cx.db, t.key)
	defer func() {
		cx.db.mu.Lock()
		defer cx.db.mu.Unlock()
		cx.db.release(n)
	}()
	return collectorOf[T]().Get(cx, n)
}

// Collecting is done by queries that users do not see. Their keys are nodes of
// the database:
//
//   - the trace of a node is what its last run emitted and read, in order;
//   - the failure of a node is the error that it ended in, without its value;
//   - a collector follows the traces down from a node, and makes one list.
//
// So a change of values below runs neither collectors nor their readers, and one
// of an emission runs the collectors above it, whose cost is the number of nodes
// that they reach. There is one thing that reads and stamps do not tell: a node
// may run and end in an equal outcome, and have emitted or read something else.
// Then its trace is told to be read again, see [DB.finish].
//
// A collector has a list of its own of what it has met, so it ends whatever the
// traces say, and its depth is on the heap.
var (
	traces   = defineHidden[*trace]()
	failures = defineHidden[struct{}]()
)

func init() { // as variables they would depend on themselves
	traces.equal = func(a, b *trace) bool { return slices.Equal(a.steps, b.steps) }
	traces.Bind(nil, func(cx *Context, n graph.ID) (*trace, error) { return cx.trace(n) })
	failures.Bind(nil, func(cx *Context, n graph.ID) (struct{}, error) {
		out, err := cx.db.settle(cx, n, nil, cx.db.disk != nil) // there an error may lie as well
		if p, ok := err.(*PanicError); ok {
			throw(cx, p)
		}
		if err == nil {
			err = out.(interface{ failure() error }).failure()
		}
		return struct{}{}, err
	})
}

// defineHidden defines a query about nodes that is of the engine's own.
func defineHidden[V any]() *Query[graph.ID, V] {
	q := &Query[graph.ID, V]{query: query{def: Definition{Kind: KindPure, Params: 1, Fails: true, NoPersist: true}, hidden: true}}
	q.equal = equality[V](&q.def)
	q.table = func(db *DB) keeper { return newTable(db, q) }
	register(&q.query)
	return q
}

// collectors holds a query for each type that is collected.
var collectors sync.Map // from reflect.Type to *Query[graph.ID, []T]

func collectorOf[T any]() *Query[graph.ID, []T] {
	t := reflect.TypeFor[T]()
	if q, ok := collectors.Load(t); ok {
		return q.(*Query[graph.ID, []T])
	}
	collecting.Lock()
	defer collecting.Unlock()
	if q, ok := collectors.Load(t); ok {
		return q.(*Query[graph.ID, []T])
	}
	q := defineHidden[[]T]()
	q.equal = func(a, b []T) bool { return slices.EqualFunc(a, b, equalityOf[T]()) }
	q.Bind(nil, collect[T])
	collectors.Store(t, q)
	return q
}

// collecting is held while a collector is defined.
var collecting sync.Mutex

// collect is the body of collectors.
func collect[T any](cx *Context, root graph.ID) ([]T, error) {
	_, failure := failures.Get(cx, root)
	var list []T
	err := cx.follow(root, func(v any) {
		if e, ok := v.(*emitted[T]); ok {
			list = append(list, e.value)
		}
	})
	if err != nil {
		return nil, err
	}
	return slices.Clip(list), failure
}

// follow calls yield with what was emitted below root.
func (c *Context) follow(root graph.ID, yield func(any)) error {
	met := map[graph.ID]bool{}
	var stack [][]traceStep // what is left to follow
	next := []traceStep{{node: root}}
	for len(next) > 0 || len(stack) > 0 {
		if len(next) == 0 {
			next, stack = stack[len(stack)-1], stack[:len(stack)-1]
			continue
		}
		step := next[0]
		next = next[1:]
		if step.node == 0 {
			yield(step.value)
			continue
		}
		if met[step.node] {
			continue
		}
		met[step.node] = true
		t, err := traces.Get(c, step.node)
		if err != nil {
			return err
		}
		if len(next) > 0 {
			stack = append(stack, next)
		}
		next = t.steps
	}
	return nil
}

// A trace is what a run has read and emitted, in order. The nodes are those of
// users' queries that have bodies; where a run has collected below a node, it
// is that node.
type trace struct{ steps []traceStep }

// A traceStep is a node that was read, or a value that was emitted: the same one
// as before if it is equal.
type traceStep struct {
	node  graph.ID
	value any // a *emitted
}

// trace brings n up to date, and returns its trace.
func (c *Context) trace(n graph.ID) (*trace, error) {
	for {
		if _, err := c.settle(n); err != nil {
			return nil, err
		}
		c.db.mu.Lock()
		if c.flight.Rev.Load() == c.db.revision.Load() { // n is still green at it: F5
			t := c.db.trace(n)
			c.db.mu.Unlock()
			return t, nil
		}
		c.db.mu.Unlock()
	}
}

// settle brings n up to date and returns its outcome, in which the value may be
// missing.
func (c *Context) settle(n graph.ID) (any, error) {
	out, err := c.db.settle(c, n, nil, false)
	if p, ok := err.(*PanicError); ok {
		throw(c, p)
	}
	return out, err
}

// trace returns the trace of n, which is up to date; under mu.
func (db *DB) trace(n graph.ID) *trace {
	t, left := &trace{}, db.emitted[n]
	if db.silent[n] {
		return t
	}
	emit := func(until int) {
		for len(left) > 0 && left[0].At <= until {
			t.steps = append(t.steps, traceStep{value: left[0].Value})
			left = left[1:]
		}
	}
	for i, child := range db.calls(n) {
		emit(i)
		if k, _ := db.keeper(child); k != nil && k.query().bound {
			t.steps = append(t.steps, traceStep{node: db.subject(child)})
		}
	}
	emit(int(^uint(0) >> 1))
	return t
}

// traceOf returns the node of n's trace, 0 if nobody has asked for it; under mu.
func (db *DB) traceOf(n graph.ID) graph.ID {
	list := *db.tables.Load()
	if i := int(traces.index); i < len(list) && list[i] != nil {
		if c, ok := list[i].(*table[graph.ID, *trace]).byKey.Load(n); ok {
			return c.id
		}
	}
	return 0
}

// hidden reports whether n is of a query that users do not see.
func (db *DB) hidden(n graph.ID) bool {
	t, _ := db.g.Place(n)
	return t != graph.NoTable && db.g.Has(n) && (*db.tables.Load())[t].query().hidden
}

// subject returns the node that a hidden node is about, and any other node itself.
func (db *DB) subject(n graph.ID) graph.ID {
	if k, slot := db.keeper(n); k != nil && k.query().hidden {
		return k.key(slot).(graph.ID)
	}
	return n
}

// seen returns the flights of nodes that users see.
func (db *DB) seen(flights []*flight.Flight) []*flight.Flight {
	return slices.DeleteFunc(slices.Clone(flights), func(f *flight.Flight) bool { return db.hidden(f.Node) })
}
