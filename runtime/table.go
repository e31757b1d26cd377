package runtime

import (
	"sync/atomic"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/graph"
)

// A cell holds the key and the current outcome of one node.
type cell[K comparable, V any] struct {
	core[V]
	key K
}

// A core is what a cell is to those who don't know the type of the key.
type core[V any] struct {
	id   graph.ID
	used atomic.Uint32              // when it was last demanded, by DB.clock
	out  atomic.Pointer[outcome[V]] // nil until the first outcome; written under db.mu
}

// touch notes a demand. It writes only if the clock has moved since the last one,
// which it does only where something is looked for that may go. The time of the cell
// never goes back, however late a goroutine is.
func (c *core[V]) touch(db *DB) {
	now := db.clock.Load()
	for used := c.used.Load(); later(now, used); used = c.used.Load() {
		c.used.CompareAndSwap(used, now)
	}
}

// later reports whether a is after b on a clock that may go round.
func later(a, b uint32) bool { return int32(a-b) > 0 }

// A table holds the cells of one query in one database.
type table[K comparable, V any] struct {
	db    *DB
	q     *Query[K, V]
	byKey index[K, V]
	input *inputs[K, V] // nil unless the query is an input
}

// keeper is a table as the engine sees it: without types. Outcomes are passed
// as any and are *outcome[V] inside.
type keeper interface {
	query() *query
	key(slot uint32) any
	node(cell any) Node // describes it; without a lock
	outcome(slot uint32) any
	take(slot uint32) any                              // is outcome for somebody who has demanded it
	run(cx *Context, slot uint32) (out any, err error) // runs the body; out may be the current outcome
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

	attic
	grave
	shelf
}

func newTable[K comparable, V any](db *DB, q *Query[K, V]) *table[K, V] {
	t := &table[K, V]{db: db, q: q}
	t.byKey.init()
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
	return makeTable(db, q)
}

func makeTable[K comparable, V any](db *DB, q *Query[K, V]) *table[K, V] {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.tableOf(&q.query).(*table[K, V])
}

// find returns the cell of k, and makes it if there is none.
func (t *table[K, V]) find(k K) *cell[K, V] {
	if c, ok := t.byKey.Load(k); ok {
		return c
	}
	return t.findSlowly(k)
}

func (t *table[K, V]) findSlowly(k K) *cell[K, V] {
	t.db.mu.Lock()
	defer t.db.mu.Unlock()
	return t.findLocked(k)
}

// pinned is find for those who keep the cell while they have no lock.
func (t *table[K, V]) pinned(k K) *cell[K, V] {
	t.db.mu.Lock()
	defer t.db.mu.Unlock()
	c := t.findLocked(k)
	t.db.pin(c.id)
	return c
}

func (t *table[K, V]) findLocked(k K) *cell[K, V] {
	if c, ok := t.lookup(k); ok {
		return c
	}
	n := t.db.g.Add(t.q.index)
	_, slot := t.db.g.Place(n)
	c := &cell[K, V]{core: core[V]{id: n}, key: k}
	c.used.Store(t.db.clock.Load())
	if t.q.hidden {
		t.db.unseen++
	}
	t.byKey.Store(slot, c)
	t.db.entered(c.id)
	return c
}

// cell returns what is at a slot.
func (t *table[K, V]) cell(slot uint32) *cell[K, V] { return t.byKey.at(slot) }

func (t *table[K, V]) query() *query { return &t.q.query }

func (t *table[K, V]) key(slot uint32) any {
	if t.q.def.Params == 0 {
		return nil
	}
	return t.cell(slot).key
}

func (t *table[K, V]) node(of any) Node {
	node := Node{Query: t.q.def.Name, Pos: t.q.position()}
	if t.q.def.Params > 0 {
		node.Key = of.(*cell[K, V]).key
	}
	return node
}

func (t *table[K, V]) outcome(slot uint32) any { return t.cell(slot).out.Load() }

func (t *table[K, V]) take(slot uint32) any {
	c := t.cell(slot)
	c.touch(t.db)
	return c.out.Load()
}

func (t *table[K, V]) run(cx *Context, slot uint32) (any, error) {
	if t.q.body == nil {
		panic("querygen: query " + t.q.def.Name + " was demanded before the init of its package had bound it")
	}
	c := t.cell(slot)
	v, err := t.q.body(cx, c.key)
	if err == nil && t.q.plain && t.db.memory.budget == 0 {
		if old := c.out.Load(); old.whole() && old.plain() && t.q.equal(old.value, v) {
			return old, nil // no need to make another one
		}
	}
	return endedIn(v, err), err
}

func (t *table[K, V]) spare(cx *Context, slot uint32) any {
	v, err := t.q.spare(cx, t.cell(slot).key)
	return endedIn(v, err)
}

func (t *table[K, V]) fail(err error) any {
	var none V
	return endedIn(none, err)
}

func (t *table[K, V]) alike(a, b any) bool {
	return t.sameOutcome(a.(*outcome[V]), b.(*outcome[V]))
}

func (t *table[K, V]) sameOutcome(a, b *outcome[V]) bool {
	switch {
	case a == nil || t.q.def.EqNever:
		return false
	case a == b:
		return true
	case a.gone():
		return t.sameHusk(a.husk(), b)
	}
	return equalErrors(a.failure(), b.failure()) && t.q.same(&a.value, &b.value)
}

func (t *table[K, V]) commit(slot uint32, out any, stamp uint32) {
	o := out.(*outcome[V])
	if o.stamp != 0 { // it can be seen, with that stamp
		o = o.clone()
	}
	o.stamp = stamp
	c := t.cell(slot)
	if !t.onDisk(c, stamp) {
		t.db.entered(c.id)
	}
	t.put(c, o)
	t.db.memory.pay(stepsForValue)
}

func (t *table[K, V]) restore(slot uint32, out any) {
	c := t.cell(slot)
	t.put(c, out.(*outcome[V]))
	t.db.entered(c.id)
}

func (t *table[K, V]) flush() {
	if t.input != nil {
		t.input.flush()
	}
}
