package codec

import (
	"bytes"
	"slices"
	"unsafe"
)

// An entry is where the bytes of one key and its value lie in the buffer.
type entry struct{ start, value, end int }

type mapEntry[K comparable, V any] struct {
	key   K
	value V
}

// EncodeMap writes a map, sorted by the bytes of its entries. The key comes
// first in them: only keys that are NaN need the value to be told apart.
//
// The entries are written as the map yields them and sorted where they lie.
func EncodeMap[M ~map[K]V, K comparable, V any](e *Encoder, v *M, key func(*Encoder, *K), value func(*Encoder, *V)) {
	if *v == nil {
		e.m.EncodeNil()
		return
	}
	if !e.enter() {
		return
	}
	e.mapLen(len(*v))
	base := len(e.entries)
	at := new(mapEntry[K, V]) // the functions take addresses: one for all
	for at.key, at.value = range *v {
		start := len(e.out.data)
		key(e, &at.key)
		mid := len(e.out.data)
		value(e, &at.value)
		e.entries = append(e.entries, entry{start, mid, len(e.out.data)})
	}
	e.sortEntries(e.entries[base:])
	e.entries = e.entries[:base]
	e.leave()
}

// sortEntries puts the entries, which lie behind each other at the end of the
// buffer, in order.
func (e *Encoder) sortEntries(list []entry) {
	if len(list) < 2 || e.err != nil {
		return
	}
	data, start := e.out.data, list[0].start
	compare := func(a, b entry) int {
		if c := bytes.Compare(data[a.start:a.value], data[b.start:b.value]); c != 0 {
			return c
		}
		return bytes.Compare(data[a.value:a.end], data[b.value:b.end])
	}
	if slices.IsSortedFunc(list, compare) {
		return
	}
	slices.SortFunc(list, compare)
	e.sorted = e.sorted[:0]
	for _, x := range list {
		e.sorted = append(e.sorted, data[x.start:x.end]...)
	}
	copy(data[start:], e.sorted)
}

// DecodeMap reads a map.
func DecodeMap[M ~map[K]V, K comparable, V any](d *Decoder, v *M, key func(*Decoder, *K), value func(*Decoder, *V)) {
	n := d.mapLen()
	if n < 0 || !d.enter() {
		return
	}
	defer d.leave()
	// A map takes up to twice the memory of its entries.
	m := make(M, d.room(n, 2*(unsafe.Sizeof(*new(K))+unsafe.Sizeof(*new(V))+1)))
	at := new(mapEntry[K, V])
	for range n {
		*at = mapEntry[K, V]{}
		key(d, &at.key)
		if value(d, &at.value); d.err != nil {
			return
		}
		m[at.key] = at.value
	}
	if len(m) != n {
		d.fail(errShape) // a key comes twice
		return
	}
	*v = m
}

// EqualMap compares two maps whose keys are equal by == if and only if their
// bytes are equal.
func EqualMap[M ~map[K]V, K comparable, V any](c *Comparer, a, b *M, value func(c *Comparer, a, b *V) bool) bool {
	if (*a == nil) != (*b == nil) || len(*a) != len(*b) {
		return false
	}
	if !c.enter() {
		x, y := *a, *b
		c.later = append(c.later, func() bool { return equalEntries(c, x, y, value) })
		return true
	}
	defer c.leave()
	return equalEntries(c, *a, *b, value)
}

func equalEntries[M ~map[K]V, K comparable, V any](c *Comparer, a, b M, value func(c *Comparer, a, b *V) bool) bool {
	var (
		at = new(struct{ x, y V })
		k  K
		ok bool
	)
	for k, at.x = range a {
		if at.y, ok = b[k]; !ok || !value(c, &at.x, &at.y) {
			return false
		}
	}
	return true
}

// EqualEncoded compares the bytes of two values: for maps whose keys hold
// floats, or know themselves what they are written as.
func EqualEncoded[T any](a, b *T, encode func(*Encoder, *T)) bool { return sameBytes(a, b, encode) }
