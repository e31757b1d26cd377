package runtime

import (
	"unsafe"

	"github.com/zeebo/xxh3"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/graph"
)

// A husk is what is left of a value. It takes the place of the error, which an
// outcome that is dropped has not.
type husk struct {
	print  codec.Fingerprint
	known  bool
	packed bool     // it is that of the whole outcome, as it is written to the disk
	node   graph.ID // whose outcome that is
}

func (h *husk) Error() string { return "querygen: the value was dropped" }

// of reports whether h is left of a value.
func (h *husk) of(print func() (codec.Fingerprint, bool)) bool {
	if !h.known {
		return false
	}
	p, ok := print()
	return ok && p == h.print
}

// print returns the fingerprint of a value if there is one: equal values, and no
// others, have equal ones. It may call methods of the value.
func (q *Query[K, V]) print(v *V) (p codec.Fingerprint, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	switch {
	case q.codecs.same:
		p, err := q.codecs.value.Fingerprint(v)
		return p, err == nil
	case q.plain:
		return plainPrint(v), true
	}
	return p, false
}

// An attic is what a table does for the memory.
type attic interface {
	whole(slot uint32) bool       // there is an outcome, and it has its value
	printed(slot uint32) bool     // the value is gone, and its fingerprint is there
	prints() bool                 // values have fingerprints
	measure(out any)              // sets the cost; without a lock
	droppable(slot uint32) uint32 // the cost of the value if it may be made again, else 0
	age(slot uint32) int          // how often the hand has gone round since it was demanded, at most fresh
	husk(out any) *husk           // without a lock: users' code may run
	drop(slot uint32, h *husk)
}

func (t *table[K, V]) put(c *cell[K, V], o *outcome[V]) {
	before, after := uint32(0), uint32(0)
	if old := c.out.Load(); old != nil {
		before = old.bytes()
	}
	if o != nil { // else it goes back to the time before its first outcome
		after = o.bytes()
	}
	t.db.memory.charge(before, after)
	if o == nil || !o.gone() {
		c.touch(t.db)
	}
	c.out.Store(o)
}

func (t *table[K, V]) whole(slot uint32) bool {
	return t.cell(slot).out.Load().whole()
}

func (t *table[K, V]) printed(slot uint32) bool {
	o := t.cell(slot).out.Load()
	return o != nil && o.gone() && o.husk().known && t.prints()
}

func (t *table[K, V]) prints() bool { return t.q.codecs.same || t.q.plain }

func (t *table[K, V]) measure(out any) {
	o := out.(*outcome[V])
	cost := int64(unsafe.Sizeof(*o)) + besideValue + t.q.sizeBehind(&o.value)
	if !o.plain() {
		cost += smallValue
	}
	o.weigh(cost)
}

func (t *table[K, V]) droppable(slot uint32) uint32 {
	d, c := &t.q.def, t.cell(slot)
	o := c.out.Load()
	switch {
	case o == nil || !o.plain():
	case !t.q.bound || t.q.hidden || t.q.rescue != noRescue || d.EqNever:
	case d.Kind == KindPure, d.Kind == KindInput && !t.input.settled(c):
		return max(o.bytes(), 1)
	}
	return 0
}

func (t *table[K, V]) age(slot uint32) int {
	used, age := t.cell(slot).used.Load(), 0
	for _, turn := range t.db.memory.turns {
		if later(turn, used) {
			age++
		}
	}
	return age
}

func (t *table[K, V]) husk(out any) *husk {
	o := out.(*outcome[V])
	if t.db.disk != nil && t.persists() {
		if p, ok := t.sumOf(o); ok {
			return &husk{print: p, known: true, packed: true}
		}
	}
	p, ok := t.q.print(&o.value)
	return &husk{print: p, known: ok}
}

// sumOf returns the fingerprint of an outcome as it is written to the disk.
func (t *table[K, V]) sumOf(o *outcome[V]) (codec.Fingerprint, bool) {
	data, err := t.q.encode(nil, o)
	if err != nil {
		return codec.Fingerprint{}, false
	}
	h := xxh3.Hash128(data)
	return codec.Fingerprint{Hi: h.Hi, Lo: h.Lo}, true
}

// sameHusk reports whether h is left of an outcome that is equal to o.
func (t *table[K, V]) sameHusk(h *husk, o *outcome[V]) bool {
	if !h.packed {
		return o.failure() == nil && h.of(func() (codec.Fingerprint, bool) { return t.q.print(&o.value) })
	}
	if h.of(func() (codec.Fingerprint, bool) { return t.sumOf(o) }) {
		return true
	}
	if t.q.codecs.same || !h.known || h.node == 0 {
		return false
	}
	old, err := t.db.disk.readAs(t, h) // a method Equal decides
	return err == nil && t.sameOutcome(old.(*outcome[V]), o)
}

func (t *table[K, V]) drop(slot uint32, h *husk) {
	c := t.cell(slot)
	t.put(c, leftOf(c.out.Load(), h))
}
