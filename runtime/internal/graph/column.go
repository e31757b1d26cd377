package graph

import "sync/atomic"

const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
	chunkMask = chunkSize - 1
)

// Column is a growing array of T that is never copied: growth adds a chunk, so
// pointers into it stay valid, and readers need no lock against growth.
type Column[T any] struct {
	chunks atomic.Pointer[[]*[chunkSize]T]
	size   int
}

// Len is the number of elements.
func (c *Column[T]) Len() int { return c.size }

// At returns the address of element i, which must exist.
func (c *Column[T]) At(i uint32) *T {
	return &(*c.chunks.Load())[i>>chunkBits][i&chunkMask]
}

// Grow makes room for at least n elements; new ones are zero.
func (c *Column[T]) Grow(n int) {
	if n <= c.size {
		return
	}
	c.size = n
	var have []*[chunkSize]T
	if p := c.chunks.Load(); p != nil {
		have = *p
	}
	need := (n + chunkSize - 1) >> chunkBits
	if need <= len(have) {
		return
	}
	// Appending in place is safe for readers: they hold the old, shorter slice.
	more := have
	for len(more) < need {
		more = append(more, new([chunkSize]T))
	}
	c.chunks.Store(&more)
}
