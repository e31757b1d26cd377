package runtime

import (
	"hash/maphash"
	"math/bits"
	"reflect"
	"sync/atomic"
	"unsafe"

	"querygen.dev/runtime/internal/graph"
)

// An index finds the cell of a key. Readers take no lock; Store and Delete are
// called under db.mu.
//
// It is a hash table with open addressing, whose places hold numbers of cells: 4
// bytes for each, of which a quarter to five eighths are free. The keys are in the
// cells. A place has room for more than a number, so it also holds some bits of the
// hash, and hardly ever is a key looked at in vain.
//
//   - A place is written once, from 0. So who goes from place to place until one
//     is 0 meets each key that was there when it began.
//   - Delete leaves the place as it is: there is no cell at that number, or it has
//     another key by then. Such places are counted as taken, and left out when the
//     table is made anew.
//   - A new table is complete before it can be seen. Who still looks at the old one
//     may miss keys that came later, and has to look again under the lock anyway,
//     before it makes a cell for a key that it has not found.
type index[K comparable, V any] struct {
	places atomic.Pointer[places]
	cells  graph.Column[atomic.Pointer[cell[K, V]]] // by slot; written under db.mu
	width  int8                                     // of K in bytes, if that is 0 or K is an integer that is its own hash; else -1
	seed   maphash.Seed
}

// places is one table. A place is 0, or 1 + a slot in the lower bits, as many as
// the number of a place has, and a part of the hash above them.
type places struct {
	bits  uint8 // 1<<bits places
	taken int   // guarded by db.mu
	list  []atomic.Uint32
}

const fewestPlaces = 3 // bits

func newPlaces(bits uint8) *places {
	return &places{bits: bits, list: make([]atomic.Uint32, 1<<bits)}
}

// most is how many places may be taken.
func (p *places) most() int { return len(p.list) - len(p.list)/4 }

// home returns where a hash belongs, and what is above the number of the cell there.
// Hashes that differ in the lowest three bits only are neighbours.
func (p *places) home(hash uint64) (at, tag uint32) {
	low, top := uint32(hash)&7, uint32(hash>>35)
	return top>>(32-p.bits)<<3 | low, (top ^ low) << p.bits
}

func (x *index[K, V]) init() {
	x.width = -1
	t := reflect.TypeFor[K]()
	switch t.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		x.width = int8(t.Size())
	}
	if t.Size() == 0 {
		x.width = 0
	}
	x.seed = maphash.MakeSeed()
	x.places.Store(newPlaces(fewestPlaces))
}

// hash returns the hash of a key. Integers that follow each other are mostly
// neighbours, so those who go through them stay within few cache lines.
func (x *index[K, V]) hash(k K) uint64 {
	var n uint64
	switch x.width {
	case 0:
	case 4:
		n = uint64(*(*uint32)(unsafe.Pointer(&k)))
	case 8:
		n = *(*uint64)(unsafe.Pointer(&k))
	default:
		return maphash.Comparable(x.seed, k)
	}
	return n>>3*0x9e3779b97f4a7c15&^7 | n&7
}

// Load returns the cell of k, if there is one.
func (x *index[K, V]) Load(k K) (*cell[K, V], bool) {
	p := x.places.Load()
	at, tag := p.home(x.hash(k))
	last := uint32(len(p.list) - 1)
	for {
		place := p.list[at&last].Load()
		if place == 0 {
			return nil, false
		}
		if slot := place ^ tag; slot <= last {
			if c := x.cells.At(slot - 1).Load(); c != nil && c.key == k {
				return c, true
			}
		}
		at++
	}
}

// at returns the cell at a slot, nil if there is none.
func (x *index[K, V]) at(slot uint32) *cell[K, V] { return x.cells.At(slot).Load() }

// Store puts a cell whose key is not there into a slot.
func (x *index[K, V]) Store(slot uint32, c *cell[K, V]) {
	x.cells.Grow(int(slot) + 1)
	x.cells.At(slot).Store(c)
	p := x.places.Load()
	if p.taken == p.most() || int(slot)+1 >= len(p.list) { // from a disk they come in any order
		x.renew()
		return
	}
	p.put(x.hash(c.key), slot)
}

func (p *places) put(hash uint64, slot uint32) {
	at, tag := p.home(hash)
	last := uint32(len(p.list) - 1)
	for p.list[at&last].Load() != 0 {
		at++
	}
	p.list[at&last].Store(tag ^ (slot + 1))
	p.taken++
}

// Delete takes the cell at a slot away.
func (x *index[K, V]) Delete(slot uint32) { x.cells.At(slot).Store(nil) }

// renew makes a table of what is there, with room for half as much again. Each
// number of a cell has to fit into the number of a place.
func (x *index[K, V]) renew() {
	slots := x.cells.Len()
	p := newPlaces(max(fewestPlaces, uint8(bits.Len(uint(slots+slots/2)))))
	for slot := range uint32(slots) {
		if c := x.at(slot); c != nil {
			p.put(x.hash(c.key), slot)
		}
	}
	x.places.Store(p)
}
