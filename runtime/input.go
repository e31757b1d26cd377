package runtime

import (
	"cmp"
	"slices"

	"querygen.dev/runtime/internal/graph"
)

// inputs are the values that are set of one input query. A value that was
// committed is in the graph only after the next flush: between two flushes it
// may go away and come back, and nothing has changed.
type inputs[K comparable, V any] struct {
	t       *table[K, V]
	byCell  map[*cell[K, V]]*setting[K, V] // guarded by db.mu
	pending []*setting[K, V]               // committed, not flushed
	ranks   uint64
}

// A setting is the state of one key that was set at least once.
type setting[K comparable, V any] struct {
	cell    *cell[K, V]
	rank    uint64      // order of first set
	set     bool        // as committed
	value   *outcome[V] // if set
	pending bool
	flushed bool   // set, as flushed
	left    uint64 // the revision in which it was last unset, as flushed
}

func newInputs[K comparable, V any](t *table[K, V]) *inputs[K, V] {
	return &inputs[K, V]{t: t, byCell: map[*cell[K, V]]*setting[K, V]{}}
}

// A sets is what a Tx has set of one input query.
type sets[K comparable, V any] struct {
	t     *table[K, V]
	byKey map[K]*assignment[K, V]
	order []*assignment[K, V]
}

// An assignment is the last set or unset of one key in a Tx.
type assignment[K comparable, V any] struct {
	key     K
	set     bool
	value   *outcome[V]
	cell    *cell[K, V]
	changes bool
}

// setsOf returns what tx has set of q, to be added to.
func setsOf[K comparable, V any](tx *Tx, q *Query[K, V]) *sets[K, V] {
	tx.check()
	t := tableOf(tx.db, q)
	for _, c := range tx.changes {
		if s, ok := c.(*sets[K, V]); ok && s.t == t {
			return s
		}
	}
	s := &sets[K, V]{t: t, byKey: map[K]*assignment[K, V]{}}
	tx.changes = append(tx.changes, s)
	return s
}

func (s *sets[K, V]) assign(k K, set bool, value *outcome[V]) {
	a := s.byKey[k]
	if a == nil {
		a = &assignment[K, V]{key: k}
		s.byKey[k] = a
		s.order = append(s.order, a)
	}
	a.set, a.value = set, value
}

// Set gives the input k the value v.
func (q *Query[K, V]) Set(tx *Tx, k K, v V) {
	setsOf(tx, q).assign(k, true, &outcome[V]{value: v})
}

// Unset takes the value of the input k away.
func (q *Query[K, V]) Unset(tx *Tx, k K) { setsOf(tx, q).assign(k, false, nil) }

// Lookup returns what the input k is set to, the Tx's own sets included.
func (q *Query[K, V]) Lookup(tx *Tx, k K) (value V, ok bool) {
	s := setsOf(tx, q)
	a := s.byKey[k]
	if a == nil {
		a = s.committed(k)
	}
	if a.set {
		value = a.value.value
	}
	return value, a.set
}

// committed returns what k was set to before the Tx.
func (s *sets[K, V]) committed(k K) *assignment[K, V] {
	c, ok := s.t.byKey.Load(k)
	if !ok {
		return &assignment[K, V]{}
	}
	s.t.db.mu.Lock()
	defer s.t.db.mu.Unlock()
	in := s.t.input.byCell[c]
	if in == nil {
		return &assignment[K, V]{}
	}
	return &assignment[K, V]{set: in.set, value: in.value}
}

// prepare finds out which assignments change anything. No other update can come
// between it and the commit.
func (s *sets[K, V]) prepare() {
	for _, a := range s.order {
		before := s.committed(a.key)
		switch {
		case !a.set:
			a.changes = before.set
		case before.set && s.t.sameOutcome(before.value, a.value):
			a.changes = false
		default:
			a.changes = true
		}
		if !a.changes {
			continue
		}
		a.cell = s.t.pinned(a.key)
		// Set back to what the graph has: the flush will see that by the stamp.
		if now := a.cell.out.Load(); a.set && s.t.sameOutcome(now, a.value) {
			if now.gone() {
				now = &outcome[V]{value: a.value.value, stamp: now.stamp}
			}
			a.value = now
		}
	}
}

// release is called under db.mu.
func (s *sets[K, V]) release() {
	for _, a := range s.order {
		if a.cell != nil {
			s.t.db.release(a.cell.id)
		}
	}
}

func (s *sets[K, V]) commit() bool {
	changed := false
	for _, a := range s.order {
		if a.changes {
			s.t.input.commit(a)
			changed = true
		}
	}
	return changed
}

func (in *inputs[K, V]) commit(a *assignment[K, V]) {
	s := in.byCell[a.cell]
	if s == nil {
		in.ranks++
		s = &setting[K, V]{cell: a.cell, rank: in.ranks}
		in.byCell[a.cell] = s
	} else if a.set && !s.set && !s.flushed && in.t.db.revision.Load() >= s.left+2*in.t.db.garbage.patience {
		in.ranks++
		s.rank = in.ranks // by now the node may be gone, and who knows
	}
	s.set, s.value = a.set, a.value
	if s.pending {
		return
	}
	s.pending = true
	if len(in.pending) == 0 {
		in.t.db.dirty = append(in.t.db.dirty, in.t)
	}
	in.pending = append(in.pending, s)
}

// flush brings what was committed into the graph; under db.mu.
func (in *inputs[K, V]) flush() {
	members := false
	for _, s := range in.pending {
		s.pending = false
		members = members || s.set != s.flushed
		in.apply(s)
		s.flushed = s.set
	}
	clear(in.pending)
	in.pending = in.pending[:0]
	if members && in.asked() {
		in.flushKeys()
	}
}

// settled reports whether the graph has, or may get, what c is set to. It is kept.
func (in *inputs[K, V]) settled(c *cell[K, V]) bool {
	s := in.byCell[c]
	return s != nil && (s.set || s.pending || s.flushed)
}

func (in *inputs[K, V]) apply(s *setting[K, V]) {
	db, n := in.t.db, s.cell.id
	switch {
	case s.set:
		db.orphan(n)
		db.assigned(n)
		delete(db.blind, n) // what its body did does not matter any more
		old := db.g.Stamp(n)
		now := &outcome[V]{value: s.value.value, stamp: s.value.stamp} // it costs nothing, since it stays
		if now.stamp == 0 || now.stamp != old {
			db.g.NoteSet(n, graph.MomentOf(db.revision.Load()))
			now.stamp = db.g.NewStamp(n)
			db.entered(n)
		}
		in.t.put(s.cell, now)
		db.g.Assign(n, old)
	case s.flushed:
		db.g.Demand(n) // now it is a pure query that has to run
		s.left = db.revision.Load()
		db.suspect(n)
	default: // it came and went
		s.left = db.revision.Load()
		db.suspect(n)
	}
}

// keysName is the name of the node that holds the keys of an input.
func keysName(input string) string { return input + ".Keys" }

// defineKeys defines the query of the keys of an input that are set. It has no
// body: flushes assign its outcome.
func defineKeys[K comparable](input string) *Query[struct{}, []K] {
	d := Definition{Name: keysName(input), Kind: KindPure}
	q := &Query[struct{}, []K]{query: query{def: d, keys: true}}
	q.equal = func(a, b []K) bool { return slices.Equal(a, b) }
	q.table = func(db *DB) keeper { return newTable(db, q) }
	q.describe = q.image
	register(&q.query)
	return q
}

// Keys returns the keys of the input that are set, in order of first set.
func (q *Query[K, V]) Keys(cx *Context) []K {
	t := tableOf(cx.db, q)
	tableOf(cx.db, q.listed)
	if !t.input.asked() {
		cx.db.mu.Lock()
		t.input.flushKeys()
		cx.db.mu.Unlock()
	}
	return slices.Clone(q.listed.Value(cx, struct{}{}))
}

// asked reports whether anybody has wanted the keys. Until then there is no list of
// them, which costs as much as there are.
func (in *inputs[K, V]) asked() bool {
	q := in.t.q.listed
	if q == nil {
		return false
	}
	list := *in.t.db.tables.Load()
	if int(q.index) >= len(list) || list[q.index] == nil {
		return false
	}
	_, ok := list[q.index].(*table[struct{}, []K]).lookup(struct{}{})
	return ok
}

// flushKeys assigns the node of the keys; under db.mu.
func (in *inputs[K, V]) flushKeys() {
	db := in.t.db
	t := db.tableOf(&in.t.q.listed.query).(*table[struct{}, []K])
	c := t.findLocked(struct{}{})
	var list []*setting[K, V]
	for _, s := range in.byCell {
		if s.flushed {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *setting[K, V]) int { return cmp.Compare(a.rank, b.rank) })
	keys := make([]K, len(list))
	for i, s := range list {
		keys[i] = s.cell.key
	}
	now := &outcome[[]K]{value: keys}
	old := db.g.Stamp(c.id)
	if !t.sameOutcome(c.out.Load(), now) {
		now.stamp = db.g.NewStamp(c.id)
		db.g.NoteSet(c.id, graph.MomentOf(db.revision.Load()))
		c.out.Store(now)
		db.entered(c.id)
	}
	db.g.Assign(c.id, old)
}

// listed reports whether the keys of the input are on the disk.
func (t *table[K, V]) listed() bool {
	if t.q.listed == nil {
		return false
	}
	t.db.tableOf(&t.q.listed.query)
	return t.input.asked()
}

func (t *table[K, V]) flushKeys() { t.input.flushKeys() }
