package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/graph"
)

// A shelf is what a table does for the disk.
type shelf interface {
	keyBytes(buf []byte, cell any) ([]byte, error) // no lock is held, as in the next two: users' code may run
	pack(p *packed, out any, set bool)
	unpack(data []byte) (out any, err error)
	stamped(out any, stamp uint32) any // what was unpacked becomes an outcome of that stamp
	lay(slot uint32, out any)
	seated(slot uint32) bool
	seat(n graph.ID, slot uint32, key []byte) bool // makes the cell of a node; false if it can't be
	persists() bool
	assigned(slot uint32) bool      // it is an input that is set
	set(list []graph.ID) []graph.ID // appends these
}

// packing says how much of an outcome goes to the disk.
type packing uint8

const (
	packNothing packing = iota // it has to be made again in the next process
	packTrust                  // it is taken to be as before when it is made again
	packPrint                  // what is made again can be compared with it
	packAll
)

// persists reports whether nodes can be found again by another process.
func (t *table[K, V]) persists() bool {
	return !t.q.hidden && !isLost(t.q.index) && (t.q.codecs.key != nil || t.q.def.Params == 0)
}

func (t *table[K, V]) assigned(slot uint32) bool {
	return t.input != nil && t.input.settled(t.cell(slot))
}

func (t *table[K, V]) set(list []graph.ID) []graph.ID {
	for c, s := range t.input.byCell {
		if s.flushed {
			list = append(list, c.id)
		}
	}
	return list
}

// schemas are those of the key and of the outcome.
func (q *Query[K, V]) schemas() (key, value string) {
	if q.codecs.key != nil {
		key = q.codecs.key.Schema
	}
	if q.codecs.value != nil {
		value = q.codecs.value.Schema
	}
	return key, value
}

// bytesOf appends the bytes by which a key is known on the disk: the number of the
// query, and the key.
func (t *table[K, V]) bytesOf(buf []byte, k K) ([]byte, error) {
	number, ok := t.db.disk.number[t.q.def.Name]
	if !ok {
		return nil, errNoNumber
	}
	buf = binary.AppendUvarint(buf, uint64(number))
	if t.q.codecs.key == nil {
		return buf, nil
	}
	return t.q.codecs.key.Append(buf, &k)
}

var errNoNumber = errors.New("querygen: the query is not on the disk")

// lookup returns the cell of a key, if there is a node of it, also one that is on the disk
// and has none yet; under mu.
func (t *table[K, V]) lookup(k K) (*cell[K, V], bool) {
	if c, ok := t.byKey.Load(k); ok || t.db.disk == nil || !t.persists() {
		return c, ok
	}
	key, err := t.bytesOf(nil, k)
	if err != nil {
		return nil, false
	}
	n, slot, ok := t.db.disk.find(key, t)
	if !ok || !t.seat(n, slot, key) {
		return nil, false
	}
	return t.byKey.Load(k)
}

// find returns the node of a table that has a key on the disk, and has no cell yet.
func (d *disk) find(key []byte, k keeper) (n graph.ID, slot uint32, ok bool) {
	id, ok := d.store.Find(key)
	n = graph.ID(id)
	if !ok || n == 0 || int(n) > d.db.g.Nodes() || !d.db.g.Has(n) || d.entries[n] || d.written[n] {
		return 0, 0, false // who has an entry to be written has a cell, or is another node by now
	}
	table, slot := d.db.g.Place(n)
	if _, stray := d.strays[n]; stray || table != k.query().index || k.seated(slot) {
		return 0, 0, false
	}
	return n, slot, true
}

// seated reports whether there is a cell at a slot.
func (t *table[K, V]) seated(slot uint32) bool {
	return int(slot) < t.byKey.cells.Len() && t.cell(slot) != nil
}

func (t *table[K, V]) seat(n graph.ID, slot uint32, key []byte) bool {
	var k K
	_, skip := binary.Uvarint(key)
	if skip <= 0 {
		return false
	}
	if c := t.q.codecs.key; c != nil {
		var err error
		if k, err = c.Unmarshal(key[skip:]); err != nil {
			return false
		}
	}
	if _, twice := t.byKey.Load(k); twice {
		return false
	}
	db := t.db
	c := &cell[K, V]{core: core[V]{id: n}, key: k}
	c.used.Store(db.clock.Load())
	if stamp := db.g.Stamp(n); stamp != 0 {
		c.out.Store(leftOf(&outcome[V]{stamp: stamp}, t.shadow(n)))
	}
	t.byKey.Store(slot, c)
	return true
}

// shadow returns the husk of an outcome that is on the disk.
func (t *table[K, V]) shadow(n graph.ID) *husk {
	h := &husk{packed: true, node: n}
	if p, ok := t.db.disk.store.Print(uint32(n)); ok && !t.q.def.EqNever {
		h.print, h.known = codec.Fingerprint{Hi: p.Hi, Lo: p.Lo}, true
	}
	return h
}

// seat makes a cell for node n, which is on the disk, and returns who keeps it; under
// mu. What can't have one is a stray.
func (db *DB) seat(n graph.ID, k keeper, slot uint32) (keeper, uint32) {
	d := db.disk
	if isLost(k.query().index) {
		adopt(k, n, slot)
		return k, slot
	}
	at, stray := d.strays[n]
	if !stray {
		if key, ok := d.store.Key(uint32(n)); ok && k.seat(n, slot, key) {
			return k, slot
		}
	}
	k = db.tableOf(&strange.query)
	if !stray {
		at = db.g.NewSlot(strange.index)
		d.strays[n] = at
		adopt(k, n, at)
	}
	return k, at
}

// adopt makes the cell of a lost node.
func adopt(k keeper, n graph.ID, slot uint32) {
	t := k.(*table[graph.ID, struct{}])
	c := &cell[graph.ID, struct{}]{core: core[struct{}]{id: n}, key: n}
	c.used.Store(t.db.clock.Load())
	if stamp := t.db.g.Stamp(n); stamp != 0 {
		c.out.Store(leftOf(&outcome[struct{}]{stamp: stamp}, &husk{packed: true, node: n}))
	}
	t.byKey.Store(slot, c)
}

// lost are nodes whose query or key is not known to this program: they are what is left
// of queries that are gone, or whose keys can't be written. They are verified like
// others, but if one must run, it has changed: so who has read it runs as well, and reads
// something else. Those of strange are lost nodes that have changed anyway.
var (
	lost    = defineLost("lost")
	strange = defineLost("strange")
)

func defineLost(name string) *Query[graph.ID, struct{}] {
	q := &Query[graph.ID, struct{}]{query: query{
		def: Definition{Name: "querygen.dev/runtime." + name, Kind: KindPure, Params: 1, Fails: true, EqNever: true},
	}}
	q.equal = func(_, _ struct{}) bool { return false }
	q.table = func(db *DB) keeper { return newTable(db, q) }
	q.Bind(nil, func(_ *Context, n graph.ID) (struct{}, error) {
		return struct{}{}, fmt.Errorf("querygen: node %d of an earlier program", n)
	})
	register(&q.query)
	return q
}

// isLost reports whether a table is one of these.
func isLost(table uint32) bool { return table == lost.index || table == strange.index }
