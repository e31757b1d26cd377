package flight

import (
	"context"
	"fmt"
	"sync/atomic"

	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// A Flight is one node being verified or run by one request. The root flight of
// a request has node 0 and stands for the code outside any query.
//
// A flight is used again for another node, see [Board.End]; so only who has the
// lock, or the body's own goroutine, may look at one. What a Context needs without
// the lock, or may be asked for when the body has returned, is in the Run.
type Flight struct {
	*Run    // nil until the body is about to start
	Node    graph.ID
	Req     *Request
	Parent  *Flight // whose call demanded it; nil for a root
	Running bool    // the body has started; else it is being verified

	// For is the node that is demanded, if the flight brings a change up to it; else 0.
	For graph.ID

	// Ctx ends the calls below the one that demanded this flight, because its
	// caller had derived a context; nil if there is none but the request's.
	Ctx context.Context

	// View is what is green for the calls of the flight. Iteration is its last
	// number while the body is run again and again until nothing changes; else 0.
	View      graph.View
	Iteration uint64

	Depth int    // bodies that run below it on the way from the root
	Epoch uint64 // of the graph, when verification last began with the first read

	// Cycle is the error of the first cycle the flight was found on. From then
	// on every further call returns it, so that the outcome does not depend on
	// who was asked first.
	Cycle error
	// Awaited says that the cycle was found while the flight was being verified.
	// Its body still runs, and meets the cycle at the first call of a member.
	Awaited bool

	Fleeting bool   // the cycle depends on something that is good for one request only
	Rerun    bool   // it was being verified, and has to run
	Again    bool   // the node was green, and only its value was missing
	Decided  bool   // the outcome is settled while the body is still at work
	Nested   bool   // it has demanded what was not up to date
	Orphaned bool   // the node was taken away; the outcome is dropped
	Panicked error  // how it ended, for those who wait: a panic
	Revision uint64 // in which Cycle was found, or the body panicked
	Aside    bool   // it runs for verification alone, and is on no board
	Kept     bool   // somebody may look at it after its end: it is not used again

	placed bool   // it has one of the places of Limit
	Limit  *Limit // of its query; nil: none
	Forced error  // what the run ends in, whatever its body makes of it

	// Before is what the node's last run emitted.
	Before []Emission

	claim             uint32  // its number on the board, while it has its node
	first, next, prev *Flight // children in progress
	queues            *queues // nil as long as nobody waits
}

// A Run is the part of a flight that its body knows. It belongs to that one body
// for ever: a goroutine that the body has left behind may come with it at any time.
type Run struct {
	Of    *Flight // nil once the flight may be that of another node; guarded by the lock of the database
	Reads *Buffer // what the body has read

	// Rev is the revision that all reads of the body so far belong to. It moves
	// on under the lock, while they hold.
	Rev atomic.Uint64

	// Above is the Ctx of the flight.
	Above context.Context

	// Life is what the body looks at to learn that nobody wants the run any
	// more; nil until it asks.
	Life atomic.Pointer[Life]

	// Front bounds what the body may be handed without a lock while the graph
	// follows a change: nodes lower than Front-1. 0 stands for all nodes.
	Front atomic.Uint32

	Node      graph.ID
	calls     int32       // in progress
	Halted    atomic.Bool // calls must take the slow path: Cycle or Forced is set; or all demands are verified
	SawAbort  atomic.Bool // the body was told that its request has ended
	Transient atomic.Bool // the body saw a call give up: do not remember what it makes of it
	Looked    atomic.Bool // the body may know through its Context that its request has ended
	Token     bool        // it has a token
}

// Start makes r, which is new, the run of f, with a buffer for what it reads.
func (f *Flight) Start(r *Run, reads *Buffer) {
	r.Of, r.Node, r.Reads, r.Above = f, f.Node, reads, f.Ctx
	f.Run, f.Running = r, true
}

// A Life is a context and what ends it.
type Life struct {
	Ctx    context.Context
	Cancel context.CancelCauseFunc
}

// A Request is one use of the database from outside any query.
type Request struct {
	ID      uint64 // later requests have greater ones
	Root    *Flight
	held    []graph.ID
	waits   []*Wait // all waits of its flights
	waiters []*Wait // those who wait for its end
}

// NewRequest makes a request with its root flight. id must grow.
func NewRequest(id uint64) *Request {
	r := &Request{ID: id}
	r.Root = &Flight{Req: r, View: graph.NewView(id)}
	r.Root.Start(new(Run), new(Buffer))
	return r
}

// A Wait is a call that waits for a flight, for the end of a request, for a
// token or for a place.
type Wait struct {
	From    *Flight
	on      *Flight
	end     *Request
	place   *Limit
	granted bool // the token or the place has come
	woken   bool // who waits looks at everything again, and asks before it waits again
	ch      chan struct{}
}

// Done is signalled once when what was waited for may have happened, or when
// the request of the waiting flight was told to look up.
func (w *Wait) Done() <-chan struct{} { return w.ch }

func (w *Wait) wake() {
	w.woken = true
	shake.Point()
	select {
	case w.ch <- struct{}{}:
	default:
	}
}

// Board is the state of all flights of a database.
type Board struct {
	// Unfold makes flights for the nodes that were folded. It is called before
	// anybody can tell the difference; nil if there never are any.
	Unfold func()

	g      *graph.Graph
	claims []*Flight // those that have their nodes, by the number in [graph.Graph.Claim]; nil: the number is free
	unused []uint32  // free numbers; 0 is nobody's
	rest   []*Flight // to be used again
	holds  map[graph.ID]*Request
	free   int // tokens
	queue  []*Wait

	limits  map[uint32]*Limit // by query
	crowded []*Limit          // those with a queue
}

// NewBoard returns a board for the nodes of g with n tokens.
func NewBoard(g *graph.Graph, n int) *Board {
	return &Board{g: g, claims: make([]*Flight, named), holds: map[graph.ID]*Request{}, limits: map[uint32]*Limit{}, free: n}
}

// End ends f, gives back its token and its place, and wakes those who wait for it.
// The caller must not look at f any more, which may be that of another node next,
// unless it is Kept.
func (b *Board) End(f *Flight) {
	if f.Run != nil {
		if f.Token {
			f.Token = false
			b.ReleaseToken()
		}
		b.leavePlace(f)
	}
	if !f.Orphaned {
		b.leave(f)
	}
	f.unlink()
	for _, w := range f.waiters() {
		w.wake()
	}
	b.retire(f)
}

// Orphan takes the node of f away from it: f goes on, and what it ends in is
// dropped. Its calls that wait are told, and those who wait for it.
func (b *Board) Orphan(f *Flight) {
	if f.Orphaned {
		return
	}
	f.Orphaned = true
	if f.Aside {
		return // it has no node
	}
	b.leave(f)
	for _, w := range f.waiters() {
		w.wake()
	}
	b.Nudge(f)
}

// Nudge tells the calls of f that wait to look up.
func (b *Board) Nudge(f *Flight) {
	for _, w := range f.waits() {
		w.wake()
	}
}

// Hold gives n to r until r ends.
func (b *Board) Hold(n graph.ID, r *Request) {
	if b.holds[n] != r {
		b.holds[n] = r
		r.held = append(r.held, n)
	}
}

// Holder returns the request that holds n, or nil.
func (b *Board) Holder(n graph.ID) *Request { return b.holds[n] }

// EndRequest lets go of what r holds and wakes those who wait for its end.
func (b *Board) EndRequest(r *Request) {
	for _, n := range r.held {
		if b.holds[n] == r {
			delete(b.holds, n)
		}
	}
	for _, w := range r.waiters {
		w.wake()
	}
	r.waiters = nil
}

// Wake tells all waiting calls of r to look up, because r is to end.
func (b *Board) Wake(r *Request) {
	for _, w := range r.waits {
		w.wake()
	}
}

// Children calls yield for each call of f in progress that has a flight.
func (f *Flight) Children(yield func(*Flight) bool) {
	for c := f.first; c != nil; c = c.next {
		if !yield(c) {
			return
		}
	}
}

// Idle returns an error unless the board is as it was when it was made, with n
// tokens: for tests, while nothing runs.
func (b *Board) Idle(n int) error {
	claims := len(b.claims) - named - len(b.unused)
	for n := range b.g.Nodes() {
		if *b.g.Claim(graph.ID(n + 1)) == folded {
			claims++
		}
	}
	if claims != 0 || len(b.holds) != 0 || len(b.queue) != 0 || b.free != n {
		return fmt.Errorf("%d claims, %d holds, %d waits for tokens, %d of %d tokens are left over",
			claims, len(b.holds), len(b.queue), b.free, n)
	}
	for _, l := range b.limits {
		if len(l.held) != 0 || len(l.queue) != 0 {
			return fmt.Errorf("%d places are held, %d waited for", len(l.held), len(l.queue))
		}
	}
	return nil
}

// Below reports whether f is top or was demanded by it, directly or not.
func (f *Flight) Below(top *Flight) bool {
	for ; f != nil; f = f.Parent {
		if f == top {
			return true
		}
	}
	return false
}
