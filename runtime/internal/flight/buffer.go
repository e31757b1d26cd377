package flight

import (
	"slices"

	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// A Buffer collects the reads of a body in the order in which they end, and what
// it emits. The branches of a Map have buffers of their own, which are joined in
// key order.
type Buffer struct {
	mu      shake.Mutex
	ended   bool
	reads   []graph.Read  // guarded by mu
	emitted []Emission    // guarded by mu
	subs    []*Buffer     // branches in progress; guarded by mu
	spare   [4]graph.Read // first room for reads
}

// An Emission is a value that a body has emitted, and its place: At reads come
// before it.
type Emission struct {
	At    int
	Value any
}

// Lock keeps everybody else from adding to the buffer. What a body is handed
// and the record that it was handed it are one step, or a request could be
// moved on to a new revision between the two.
func (b *Buffer) Lock()   { b.mu.Lock() }
func (b *Buffer) Unlock() { b.mu.Unlock() }

// Ended reports, under the lock, whether the body has returned.
func (b *Buffer) Ended() bool { return b.ended }

// Closed is Ended for those who do not have the lock.
func (b *Buffer) Closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

// Add adds a read, under the lock.
func (b *Buffer) Add(n graph.ID, stamp uint32) {
	if k := len(b.reads); k > 0 && b.reads[k-1].Node == n {
		return
	}
	switch {
	case b.reads == nil:
		b.reads = b.spare[:0]
	case len(b.reads) == cap(b.reads) && len(b.reads) >= compactFrom:
		b.compact()
	}
	b.reads = append(b.reads, graph.Read{Node: n, Stamp: stamp})
}

// Emit adds a value, under the lock.
func (b *Buffer) Emit(v any) { b.emitted = append(b.emitted, Emission{len(b.reads), v}) }

// Emitted returns a copy of what was emitted.
func (b *Buffer) Emitted() []Emission {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.emitted)
}

// compactFrom is the length from which a buffer looks for repetitions before it
// grows.
const compactFrom = 256

// compact removes reads that repeat an earlier one: a body that reads a few nodes
// over and over must not fill the memory. It is called when the buffer is full;
// unless it makes much room, the buffer doubles, so the cost is constant for each
// read.
func (b *Buffer) compact() {
	seen := make(map[graph.Read]bool, len(b.reads))
	at, next := 0, 0 // reads looked at; the first emission behind them
	b.reads = slices.DeleteFunc(b.reads, func(r graph.Read) bool {
		for ; next < len(b.emitted) && b.emitted[next].At <= at; next++ {
			b.emitted[next].At = len(seen)
		}
		at++
		again := seen[r]
		seen[r] = true
		return again
	})
	for ; next < len(b.emitted); next++ {
		b.emitted[next].At = len(seen)
	}
	if len(b.reads) > cap(b.reads)/2 {
		b.reads = slices.Grow(b.reads, cap(b.reads))
	}
}

// Branch makes n buffers whose reads will be joined.
func (b *Buffer) Branch(n int) []*Buffer {
	b.mu.Lock()
	defer b.mu.Unlock()
	branches := make([]*Buffer, n)
	for i := range branches {
		branches[i] = new(Buffer)
	}
	b.subs = append(b.subs, branches...)
	return branches
}

// Join ends the branches and adds their reads and emissions in order.
func (b *Buffer) Join(branches []*Buffer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gone := make(map[*Buffer]bool, len(branches))
	for _, s := range branches {
		gone[s] = true
		for _, e := range s.Emitted() {
			b.emitted = append(b.emitted, Emission{len(b.reads) + e.At, e.Value})
		}
		b.reads = append(b.reads, s.End()...)
	}
	kept := b.subs[:0]
	for _, s := range b.subs {
		if !gone[s] {
			kept = append(kept, s)
		}
	}
	clear(b.subs[len(kept):])
	b.subs = kept
}

// End closes the buffer and returns what it holds.
func (b *Buffer) End() []graph.Read {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	return b.reads
}

// Reads returns a copy of the reads so far.
func (b *Buffer) Reads() []graph.Read {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.reads)
}

// All reports whether ok holds for each read so far, those of the branches in
// progress included.
func (b *Buffer) All(ok func(graph.Read) bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.reads {
		if !ok(r) {
			return false
		}
	}
	for _, s := range b.subs {
		if !s.All(ok) {
			return false
		}
	}
	return true
}
