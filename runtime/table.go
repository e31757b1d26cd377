package runtime

import (
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/graph"
)

// An outcome is what a run ended in. It is immutable once it can be seen. The
// stamp lies beside the value so that both can be read in one step.
type outcome[V any] struct {
	value V
	err   error
	stamp uint32
}

func (o *outcome[V]) failure() error { return o.err }

// A cell holds the key and the current outcome of one node.
type cell[K comparable, V any] struct {
	key K
	id  graph.ID
	out atomic.Pointer[outcome[V]] // nil until the first outcome; written under db.mu
}

// A table holds the cells of one query in one database.
type table[K comparable, V any] struct {
	db    *DB
	q     *Query[K, V]
	byKey *xsync.Map[K, *cell[K, V]]
	cells graph.Column[cell[K, V]] // grows under db.mu
	input *inputs[K, V]            // nil unless the query is an input
}

// keeper is a table as the engine sees it: without types. Outcomes are passed
// as any and are *outcome[V] inside.
type keeper interface {
	query() *query
	key(slot uint32) any
	outcome(slot uint32) any
	run(cx *Context, slot uint32) (out any, err error) // runs the body
	spare(cx *Context, slot uint32) any                // runs the function of the option cycle=
	fail(err error) any                                // an outcome without values
	alike(a, b any) bool                               // are two outcomes equal?
	commit(slot uint32, out any, stamp uint32)
	restore(slot uint32, out any) // makes an older outcome the current one
	flush()                       // applies what was set

	// For Options.Verify; see aside.go.
	place(out any) (at uintptr, stamp uint32)
	sum(out any) (sum codec.Fingerprint, ok bool)
	sameContent(a, b any) bool
	text(out any) string
}

func newTable[K comparable, V any](db *DB, q *Query[K, V]) *table[K, V] {
	t := &table[K, V]{db: db, q: q, byKey: xsync.NewMap[K, *cell[K, V]]()}
	if q.def.Kind == KindInput {
		t.input = newInputs(t)
	}
	return t
}

// tableOf returns the table of q in db. Tables are made at first use.
func tableOf[K comparable, V any](db *DB, q *Query[K, V]) *table[K, V] {
	if list := *db.tables.Load(); int(q.index) < len(list) {
		if t, ok := list[q.index].(*table[K, V]); ok {
			return t
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.tableOf(&q.query).(*table[K, V])
}

// find returns the cell of k, and makes it if there is none.
func (t *table[K, V]) find(k K) *cell[K, V] {
	if c, ok := t.byKey.Load(k); ok {
		return c
	}
	t.db.mu.Lock()
	defer t.db.mu.Unlock()
	return t.findLocked(k)
}

func (t *table[K, V]) findLocked(k K) *cell[K, V] {
	if c, ok := t.byKey.Load(k); ok {
		return c
	}
	slot := uint32(t.cells.Len())
	t.cells.Grow(t.cells.Len() + 1)
	c := t.cells.At(slot)
	c.key = k
	c.id = t.db.g.Add(t.q.index, slot)
	if t.q.hidden {
		t.db.unseen++
	}
	t.byKey.Store(k, c)
	return c
}

func (t *table[K, V]) query() *query { return &t.q.query }

func (t *table[K, V]) key(slot uint32) any {
	if t.q.def.Params == 0 {
		return nil
	}
	return t.cells.At(slot).key
}

func (t *table[K, V]) outcome(slot uint32) any { return t.cells.At(slot).out.Load() }

func (t *table[K, V]) run(cx *Context, slot uint32) (any, error) {
	if t.q.body == nil {
		panic("querygen: query " + t.q.def.Name + " was demanded before the init of its package had bound it")
	}
	v, err := t.q.body(cx, t.cells.At(slot).key)
	return &outcome[V]{value: v, err: err}, err
}

func (t *table[K, V]) spare(cx *Context, slot uint32) any {
	v, err := t.q.spare(cx, t.cells.At(slot).key)
	return &outcome[V]{value: v, err: err}
}

func (t *table[K, V]) fail(err error) any { return &outcome[V]{err: err} }

func (t *table[K, V]) alike(a, b any) bool {
	return t.sameOutcome(a.(*outcome[V]), b.(*outcome[V]))
}

func (t *table[K, V]) sameOutcome(a, b *outcome[V]) bool {
	return a != nil && !t.q.def.EqNever && equalErrors(a.err, b.err) && t.q.same(&a.value, &b.value)
}

func (t *table[K, V]) commit(slot uint32, out any, stamp uint32) {
	o := out.(*outcome[V])
	o.stamp = stamp
	t.cells.At(slot).out.Store(o)
}

func (t *table[K, V]) restore(slot uint32, out any) {
	t.cells.At(slot).out.Store(out.(*outcome[V]))
}

func (t *table[K, V]) flush() {
	if t.input != nil {
		t.input.flush()
	}
}
