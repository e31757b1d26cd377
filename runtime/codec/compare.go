package codec

import "reflect"

// A Comparer is one comparison of two values. It begins in [Type.Same]; the
// functions that it is handed to answer for what they have looked at, and may
// leave the rest for later.
type Comparer struct {
	work  int
	seen  map[pair]bool
	depth int
	later []func() bool // must all be true as well
}

// maxNested bounds how deep comparisons call each other. What lies deeper waits
// until they have returned, so that a list of any length is compared on a small
// stack.
const maxNested = 1000

// enter goes down one level, which [Comparer.leave] ends; false says that what
// is there has to be put off: appended to later, and taken for equal so far.
func (c *Comparer) enter() bool {
	if c.depth == maxNested {
		return false
	}
	c.depth++
	return true
}

func (c *Comparer) leave() { c.depth-- }

// nested compares what lies behind two pointers.
func nested[T any](c *Comparer, a, b *T, equal func(c *Comparer, a, b *T) bool) bool {
	if !c.enter() {
		c.later = append(c.later, func() bool { return equal(c, a, b) })
		return true
	}
	defer c.leave()
	return equal(c, a, b)
}

// rest compares what was put off.
func (c *Comparer) rest() bool {
	for len(c.later) > 0 {
		last := len(c.later) - 1
		next := c.later[last]
		c.later = c.later[:last]
		if c.depth = 0; !next() {
			return false
		}
	}
	return true
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
