package flight

import "querygen.dev/runtime/internal/graph"

const (
	folded = 1 // the claim of a node that is being verified, and has no flight
	named  = 2 // claims from here on are those of flights
)

// Claimed returns the flight that has n, or nil.
func (b *Board) Claimed(n graph.ID) *Flight {
	claim := b.g.Claim(n)
	if *claim == folded {
		b.Unfold()
	}
	return b.claims[*claim]
}

// Busy reports whether somebody has n, with or without a flight.
func (b *Board) Busy(n graph.ID) bool { return *b.g.Claim(n) != 0 }

// Fold claims n, which nobody has, without a flight: a [Board.Claim] makes one, and
// Drop ends it without.
func (b *Board) Fold(n graph.ID) { *b.g.Claim(n) = folded }

// Drop ends the claim of a node that is folded.
func (b *Board) Drop(n graph.ID) { *b.g.Claim(n) = 0 }

// manyClaims is the most numbers that are kept while nobody needs them.
const manyClaims = 1 << 10

// take gives f its node, which nobody has.
func (b *Board) take(f *Flight) {
	if last := len(b.unused) - 1; last >= 0 {
		f.claim, b.unused = b.unused[last], b.unused[:last]
		b.claims[f.claim] = f
	} else {
		f.claim = uint32(len(b.claims))
		b.claims = append(b.claims, f)
	}
	*b.g.Claim(f.Node) = f.claim
}

// leave takes its node from f.
func (b *Board) leave(f *Flight) {
	*b.g.Claim(f.Node) = 0
	b.claims[f.claim] = nil
	b.unused = append(b.unused, f.claim)
	if len(b.unused) > manyClaims && len(b.unused) == len(b.claims)-named {
		b.claims, b.unused = make([]*Flight, named), nil // what was that deep is over
	}
}

// Each calls f for each flight that has its node.
func (b *Board) Each(f func(*Flight)) {
	for _, c := range b.claims {
		if c != nil {
			f(c)
		}
	}
}

// Claim begins a flight of node n, which nobody has, or which was folded, demanded by
// parent.
func (b *Board) Claim(n graph.ID, parent *Flight) *Flight {
	f := b.rested()
	f.Node, f.Req, f.Parent, f.View, f.Depth = n, parent.Req, parent, parent.View, parent.Depth
	if parent.Running {
		f.Depth++
	}
	b.take(f)
	f.link()
	return f
}

// Adopt makes f a call of parent, which stands between it and the flight that it was
// a call of so far.
func (b *Board) Adopt(f, parent *Flight) {
	if f.Parent == parent {
		return
	}
	f.unlink()
	f.Parent = parent
	f.link()
}

// link makes f a child of its parent, unlink ends that.
func (f *Flight) link() {
	f.next = f.Parent.first
	if f.next != nil {
		f.next.prev = f
	}
	f.Parent.first = f
}

func (f *Flight) unlink() {
	switch {
	case f.prev != nil:
		f.prev.next = f.next
	case f.Parent != nil && f.Parent.first == f:
		f.Parent.first = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	}
	f.next, f.prev = nil, nil
}

// maxRest bounds how many flights wait to be used again: about as many as
// verification has in hand where it is not deep.
const maxRest = 256

// rested returns an empty flight. New ones are made some at a time: a deep chain that
// is verified needs as many as it has nodes.
func (b *Board) rested() *Flight {
	if len(b.rest) == 0 {
		block := new([8]Flight)
		for i := range block {
			b.rest = append(b.rest, &block[i])
		}
	}
	last := len(b.rest) - 1
	f := b.rest[last]
	b.rest = b.rest[:last]
	return f
}

// retire lets f, which has ended, be used again if nobody can have it in hand: its
// node was not taken away, no call of its body is in progress, nobody waits for it
// and no circle that was found leads through it. The Run is told.
func (b *Board) retire(f *Flight) {
	switch {
	case f.Kept, f.Orphaned, f.Aside, f.Decided, f.Cycle != nil, f.Panicked != nil, f.first != nil:
		return
	case len(f.waits())+len(f.waiters()) > 0, f.Run != nil && f.Run.calls > 0:
		return
	}
	if f.Run != nil {
		f.Run.Of = nil
	}
	*f = Flight{}
	if len(b.rest) < maxRest {
		b.rest = append(b.rest, f)
	}
}
