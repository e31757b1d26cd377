package flight

import (
	"slices"
	"sync/atomic"

	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// A Buffer collects the reads of a body in the order in which they end, and what
// it emits. The branches of a Map have buffers of their own, which are joined in
// key order.
//
// Reads that find their node green are added without the lock, by [Buffer.Hit].
type Buffer struct {
	first [firstReads]uint64            // the reads while they are that few; written by atomic steps
	list  atomic.Pointer[readList]      // later
	ended atomic.Bool                   // set under mu
	slow  int32                         // entries that came by Add; guarded by mu
	extra atomic.Int64                  // hits without an entry of their own, less entries that are no hits; far below 0 once hits are counted
	count atomic.Pointer[atomic.Uint64] // where hits are counted

	mu    shake.Mutex
	reads []graph.Read           // once it has ended; guarded by mu
	few   [firstReads]graph.Read // first room for them
	rare  *rarities              // guarded by mu
}

// rarities are what most buffers have none of.
type rarities struct {
	emitted []Emission
	subs    []*Buffer // branches in progress
	gone    int       // entries that repeated earlier ones, and were removed
}

// An Emission is a value that a body has emitted, and its place: At reads come
// before it.
type Emission struct {
	At    int
	Value any
}

// Lock keeps branches, emissions, and the end of the buffer from coming in between.
// It does not keep reads out.
func (b *Buffer) Lock()   { b.mu.Lock() }
func (b *Buffer) Unlock() { b.mu.Unlock() }

// Ended reports whether the body has returned.
func (b *Buffer) Ended() bool { return b.ended.Load() }

// Closed is Ended.
func (b *Buffer) Closed() bool { return b.ended.Load() }

// Hit adds a read that is a hit, and reports whether it is recorded: not if the body
// has returned. When it returns true, whoever looks at the reads from now on meets
// it. hits is where such reads are counted at the end; see Miss.
//
// What is written out here is add, for a list with room that nobody else is writing
// to just now.
func (b *Buffer) Hit(n graph.ID, stamp uint32, hits *atomic.Uint64) bool {
	read, l := entry(n, stamp), b.list.Load()
	for l != nil && !b.ended.Load() && b.count.Load() != nil {
		from := l.from.Load()
		if int(from) == len(l.entries) {
			break
		}
		line := (*[lineReads]uint64)(l.entries[from:])
		for i := range line {
			have := atomic.LoadUint64(&line[i])
			if have == 0 {
				if atomic.CompareAndSwapUint64(&line[i], 0, read) {
					return true
				}
				return b.hit(read, hits)
			}
			if have == read {
				b.also(1)
				return true
			}
			if have == endOfReads {
				return false
			}
		}
		l.from.CompareAndSwap(from, from+lineReads)
	}
	return b.hit(read, hits)
}

func (b *Buffer) hit(read uint64, hits *atomic.Uint64) bool {
	if b.count.Load() == nil {
		b.count.Store(hits)
	}
	for {
		switch b.add(read) {
		case taken:
			return true
		case there:
			b.also(1)
			return true
		case ended:
			return false
		}
		b.mu.Lock()
		b.grow()
		b.mu.Unlock()
	}
}

// Miss says that a Hit was none. The read stays where it is.
func (b *Buffer) Miss() { b.also(-1) }

// also counts hits that have no entry, or takes some back that have.
func (b *Buffer) also(n int64) {
	if b.extra.Add(n) < counted/2 {
		b.count.Load().Add(uint64(n))
	}
}

// Add adds a read, under the lock, unless the body has returned. It is no hit, or
// was counted.
func (b *Buffer) Add(n graph.ID, stamp uint32) {
	for {
		switch b.add(entry(n, stamp)) {
		case taken:
			b.slow++
			return
		case there, ended:
			return
		}
		b.grow()
	}
}

// more returns what most buffers do without, under the lock.
func (b *Buffer) more() *rarities {
	if b.rare == nil {
		b.rare = new(rarities)
	}
	return b.rare
}

// Emit adds a value, under the lock.
func (b *Buffer) Emit(v any) {
	r := b.more()
	r.emitted = append(r.emitted, Emission{b.taken(), v})
}

// Emitted returns a copy of what was emitted.
func (b *Buffer) Emitted() []Emission {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rare == nil {
		return nil
	}
	return slices.Clone(b.rare.emitted)
}

// Branch makes n buffers whose reads will be joined.
func (b *Buffer) Branch(n int) []*Buffer {
	b.mu.Lock()
	defer b.mu.Unlock()
	branches := make([]*Buffer, n)
	for i := range branches {
		branches[i] = new(Buffer)
	}
	r := b.more()
	r.subs = append(r.subs, branches...)
	return branches
}

// Join ends the branches and adds their reads and emissions in order.
func (b *Buffer) Join(branches []*Buffer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gone := make(map[*Buffer]bool, len(branches))
	for _, s := range branches {
		gone[s] = true
		b.append(s.End(), s.Emitted())
	}
	r := b.more()
	kept := r.subs[:0]
	for _, s := range r.subs {
		if !gone[s] {
			kept = append(kept, s)
		}
	}
	clear(r.subs[len(kept):])
	r.subs = kept
}

// append adds what a branch has read and emitted.
func (b *Buffer) append(reads []graph.Read, emitted []Emission) {
	for i := 0; ; i++ {
		for len(emitted) > 0 && emitted[0].At <= i {
			b.Emit(emitted[0].Value)
			emitted = emitted[1:]
		}
		if i == len(reads) {
			return
		}
		b.Add(reads[i].Node, reads[i].Stamp)
	}
}

// End closes the buffer and returns the reads that it holds.
func (b *Buffer) End() []graph.Read {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.end()
}

// Close is End, and Emitted.
func (b *Buffer) Close() (reads []graph.Read, emitted []Emission) {
	b.mu.Lock()
	defer b.mu.Unlock()
	reads = b.end()
	if b.rare != nil {
		emitted = slices.Clone(b.rare.emitted)
	}
	return reads, emitted
}

func (b *Buffer) end() []graph.Read {
	if b.ended.Swap(true) {
		return b.reads
	}
	entries := b.entries()
	for n := b.taken(); n < len(entries) && !atomic.CompareAndSwapUint64(&entries[n], 0, endOfReads); n++ {
	}
	b.reads = b.copied(b.few[:0])
	b.tell()
	return b.reads
}

// tell counts the hits.
func (b *Buffer) tell() {
	hits := int64(len(b.reads)-int(b.slow)) + b.extra.Swap(counted)
	if b.rare != nil {
		hits += int64(b.rare.gone)
	}
	if count := b.count.Load(); count != nil && hits != 0 {
		count.Add(uint64(hits))
	}
}

// Reads returns a copy of the reads so far.
func (b *Buffer) Reads() []graph.Read {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.copied(nil)
}

// All reports whether ok holds for each read so far, those of the branches in
// progress included.
func (b *Buffer) All(ok func(graph.Read) bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.each(ok) {
		return false
	}
	if b.rare == nil {
		return true
	}
	for _, s := range b.rare.subs {
		if !s.All(ok) {
			return false
		}
	}
	return true
}
