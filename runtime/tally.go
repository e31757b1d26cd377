package runtime

import (
	"sync/atomic"
	"unsafe"
)

// A tally counts what happens in many goroutines at once, without making them wait
// for each other. Value is exact when nobody is counting.
//
// Each goroutine counts in one of several cells, which lie in cache lines of
// their own. Which one it is follows from where its stack is: so goroutines have
// different ones, most of the time, and no lookup is needed. That a stack may
// move, or that two goroutines share a cell, changes no count.
type tally struct {
	cells [1 << tallyBits]struct {
		n atomic.Uint64
		_ [56]byte // the rest of a cache line
	}
}

const tallyBits = 6

// Inc adds one.
func (t *tally) Inc() {
	var here byte
	const (
		stack = 11                 // stacks are at least 2 KB
		phi   = 0x9e3779b97f4a7c15 // spreads neighbours: 2^64 by the golden ratio
	)
	at := uint64(uintptr(unsafe.Pointer(&here))>>stack) * phi
	t.cells[at>>(64-tallyBits)].n.Add(1)
}

// Value is the sum.
func (t *tally) Value() (sum uint64) {
	for i := range t.cells {
		sum += t.cells[i].n.Load()
	}
	return sum
}
