package codec

import "reflect"

// A Comparer is one comparison of two values.
type Comparer struct {
	work int
	seen map[pair]bool
}

// A pair is two things behind references: pointers, or for slices their ends.
type pair struct {
	a, b any
	n    int
}

// manyPairs is the number of comparisons behind references from which on each
// pair is remembered: a value that holds itself, or shares what it is made of in
// each of its levels, would be compared for ever. Most comparisons are smaller
// and pay only a counter.
const manyPairs = 1 << 12

// again reports whether the pair is being compared or was found equal: if it was
// not, the whole comparison has ended.
func (c *Comparer) again(p pair) bool {
	if c.seen == nil {
		c.seen = make(map[pair]bool)
	}
	if c.seen[p] {
		return true
	}
	c.seen[p] = true
	return false
}

// Enter counts a comparison behind pointers of a type that can hold itself, and
// reports whether it can be left out.
func Enter[T any](c *Comparer, a, b *T) bool {
	c.work++
	return c.work > manyPairs && c.again(pair{a: a, b: b})
}

// EnterSlice is Enter for slices of one length.
func EnterSlice[S ~[]E, E any](c *Comparer, a, b *S) bool {
	c.work++
	if c.work <= manyPairs || len(*a) == 0 || len(*a) != len(*b) {
		return false
	}
	return c.again(pair{&(*a)[0], &(*b)[0], len(*a)})
}

// EnterMap is Enter for maps.
func EnterMap[M ~map[K]V, K comparable, V any](c *Comparer, a, b *M) bool {
	c.work++
	if c.work <= manyPairs {
		return false
	}
	return c.again(pair{a: reflect.ValueOf(*a).UnsafePointer(), b: reflect.ValueOf(*b).UnsafePointer()})
}
