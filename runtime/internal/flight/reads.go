package flight

import (
	"math/bits"
	"slices"
	"sync/atomic"

	"querygen.dev/runtime/internal/graph"
)

// A readList holds reads that were added without a lock. Its entries are written
// once, from 0, in order. So who has seen an entry that is 0 knows that there is
// nothing behind it, and a list that is full stays as it is; another one is used
// instead, which has the same reads. When there will be no more reads, the entry
// behind the last one says so.
type readList struct {
	entries []uint64      // written by atomic steps
	from    atomic.Uint32 // all entries before this one are written
}

const (
	firstReads = 4
	lineReads  = 8 // entries that are looked at together, for room or for the same read
	endOfReads = ^uint64(0)
	counted    = -1 << 62 // what extra is set to
)

// entry is a read as a list holds it. No node is 0.
func entry(n graph.ID, stamp uint32) uint64 { return uint64(stamp)<<32 | uint64(n) }

type added uint8

const (
	full  added = iota // there is no room
	taken              // an entry of its own
	there              // the same read was added not long ago
	ended              // there will be no more
)

// add adds a read.
func (b *Buffer) add(read uint64) added {
	if b.ended.Load() {
		return ended
	}
	l := b.list.Load()
	if l == nil {
		return addTo(b.first[:], read)
	}
	for {
		from := l.from.Load()
		if int(from) == len(l.entries) {
			return full
		}
		if a := addTo(l.entries[from:from+lineReads], read); a != full {
			return a
		}
		l.from.CompareAndSwap(from, from+lineReads)
	}
}

// addTo looks for room among some entries, and for the same read.
func addTo(entries []uint64, read uint64) added {
	for i := range entries {
		at := &entries[i]
		have := atomic.LoadUint64(at)
		if have == 0 {
			if atomic.CompareAndSwapUint64(at, 0, read) {
				return taken
			}
			have = atomic.LoadUint64(at)
		}
		switch have {
		case read:
			return there
		case endOfReads:
			return ended
		}
	}
	return full
}

// entries are all entries, under the lock: they may be written to, and do not move.
func (b *Buffer) entries() []uint64 {
	if l := b.list.Load(); l != nil {
		return l.entries
	}
	return b.first[:]
}

// taken is the number of reads, under the lock.
func (b *Buffer) taken() int {
	entries := b.entries()
	n := 0
	if l := b.list.Load(); l != nil {
		n = int(l.from.Load())
	}
	for n < len(entries) {
		if have := atomic.LoadUint64(&entries[n]); have == 0 || have == endOfReads {
			break
		}
		n++
	}
	return n
}

// each calls f with all reads so far, under the lock, until that returns false.
func (b *Buffer) each(f func(graph.Read) bool) bool {
	entries := b.entries()
	for i := range entries {
		have := atomic.LoadUint64(&entries[i])
		if have == 0 || have == endOfReads {
			return true
		}
		if !f(graph.Read{Node: graph.ID(have), Stamp: uint32(have >> 32)}) {
			return false
		}
	}
	return true
}

// copied appends the reads so far to list, under the lock.
func (b *Buffer) copied(list []graph.Read) []graph.Read {
	list = slices.Grow(list, b.taken())
	b.each(func(r graph.Read) bool {
		list = append(list, r)
		return true
	})
	return list
}

// compactFrom is the length from which a buffer looks for repetitions before it
// grows.
const compactFrom = 1024

// grow makes room, under the lock, if the list is full. Reads that repeat an earlier
// one are removed from a long list: a body that reads a few nodes over and over must
// not fill the memory. Unless that makes much room, the list grows by a factor, so
// the cost is constant for each read.
func (b *Buffer) grow() {
	old := b.entries()
	if b.ended.Load() || b.taken() < len(old) {
		return // meanwhile
	}
	l, n := &readList{}, len(old)
	if n < compactFrom {
		l.entries = make([]uint64, 4*n)
		for i := range old {
			l.entries[i] = atomic.LoadUint64(&old[i])
		}
	} else {
		l.entries = make([]uint64, 2*n)
		if n = b.compact(l.entries); n <= len(old)/2 {
			l.entries = l.entries[:len(old)]
		}
	}
	l.from.Store(uint32(n / lineReads * lineReads))
	b.list.Store(l)
}

// compact copies the reads without repetitions, moves the emissions along, and
// returns how many reads are left.
func (b *Buffer) compact(to []uint64) int {
	old, met := b.entries(), newReadSet(len(to))
	left, next := 0, 0 // next is the first emission that was not moved
	move := func(until int) {
		if b.rare == nil {
			return
		}
		for e := b.rare.emitted; next < len(e) && e[next].At <= until; next++ {
			e[next].At = left
		}
	}
	for i := range old {
		move(i)
		if read := atomic.LoadUint64(&old[i]); met.add(read) {
			to[left] = read
			left++
		}
	}
	move(len(old))
	if left < len(old) {
		b.more().gone += len(old) - left
	}
	return left
}

// A readSet is a set of entries, with open addressing.
type readSet struct {
	list  []uint64
	shift int
}

// newReadSet returns a set with room for half as many entries as a power of two.
func newReadSet(size int) readSet {
	return readSet{make([]uint64, size), bits.LeadingZeros64(uint64(size)) + 1}
}

// add adds an entry, and reports whether it is new.
func (s readSet) add(read uint64) bool {
	for i := read * 0x9e3779b97f4a7c15 >> s.shift; ; i++ {
		switch at := &s.list[i&uint64(len(s.list)-1)]; *at {
		case 0:
			*at = read
			return true
		case read:
			return false
		}
	}
}
