package graph

import (
	"sync/atomic"
	"unsafe"
)

const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
	chunkMask = chunkSize - 1
)

// Column is a growing array of T that is never copied: growth adds a chunk, so
// pointers into it stay valid, and readers need no lock against growth.
type Column[T any] struct {
	first  unsafe.Pointer  // of chunks, for readers; written by atomic steps
	chunks []*[chunkSize]T // for the one who grows it
	size   int
}

// Len is the number of elements.
func (c *Column[T]) Len() int { return c.size }

// At returns the address of element i, which must exist: nothing looks whether it
// does. Who knows of an element knows the list that its chunk is in.
func (c *Column[T]) At(i uint32) *T {
	chunk := unsafe.Add(atomic.LoadPointer(&c.first), uintptr(i>>chunkBits)*unsafe.Sizeof(uintptr(0)))
	return &(*(**[chunkSize]T)(chunk))[i&chunkMask]
}

// Grow makes room for at least n elements; new ones are zero.
func (c *Column[T]) Grow(n int) {
	if n <= c.size {
		return
	}
	c.size = n
	need := (n + chunkSize - 1) >> chunkBits
	if need <= len(c.chunks) {
		return
	}
	// Appending in place is safe for readers: they don't know of elements that are
	// not there yet.
	for len(c.chunks) < need {
		c.chunks = append(c.chunks, new([chunkSize]T))
	}
	atomic.StorePointer(&c.first, unsafe.Pointer(unsafe.SliceData(c.chunks)))
}

// A side holds what few nodes have. It has room for a group of nodes when one of
// them gets something, and takes a pointer for each group until then. It is guarded
// like all of the graph.
type side[T any] struct{ groups []*[sideGroup]T }

const (
	sideBits  = 8
	sideGroup = 1 << sideBits
)

// get returns the element of n; nil if nobody in its group has one.
func (s *side[T]) get(n ID) *T {
	if at := int(n >> sideBits); at < len(s.groups) && s.groups[at] != nil {
		return &s.groups[at][n%sideGroup]
	}
	return nil
}

// make is get that makes room.
func (s *side[T]) make(n ID) *T {
	at := int(n >> sideBits)
	for len(s.groups) <= at {
		s.groups = append(s.groups, nil)
	}
	if s.groups[at] == nil {
		s.groups[at] = new([sideGroup]T)
	}
	return &s.groups[at][n%sideGroup]
}
