package runtime

import (
	"context"
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A stack holds the nodes that a walk verifies, each because the one below it may
// depend on it. Most stacks hold one node, which is run: they need no memory.
//
// A node that is verified is folded: it has a claim, and no flight, as long as nobody
// wants to know more. The lock is held while a walk goes from node to node, and once
// it runs one of them, hardly ever somebody meets those below. Whoever does, or looks
// for a way along calls, has all that are folded unfolded first: see [DB.unfold]. So
// except in this file there is a flight for each node of each stack.
type stack struct {
	depth int
	only  frame // if there is no room: the one
	room  *room // nil until there are records, or a second frame
}

// A frame is one node that the walk verifies.
type frame struct {
	flight *flight.Flight // nil: it is folded
	epoch  uint64         // in place of the flight's, while there is none
	node   graph.ID
	from   uint32 // where its records begin; they are in order of the reads
	next   uint32 // the first record not found green yet
}

// A room is memory for stacks, one after the other.
type room struct {
	frames  []frame
	records []graph.Record // of all frames; those of the top come last

	// What the flights of its frames will have.
	base *flight.Flight  // who demands
	ctx  context.Context // nil: that of the request

	unfolded int // so many frames have flights, and each is the caller of the next
	listed   int // 1 + its place in DB.folded; 0: it has no frame that may be folded
}

// The rooms of a database are kept for stacks to come, unless they are large.
const (
	maxRooms = 8
	maxRoom  = 1 << 14
)

// top returns the top of a stack that is not empty. It moves at the next push.
func (s *stack) top() *frame {
	if s.room == nil {
		return &s.only
	}
	return &s.room.frames[len(s.room.frames)-1]
}

// push puts a node that is claimed on top of the stack. f is its flight; nil if it is
// folded.
func (w *walk) push(n graph.ID, f *flight.Flight) {
	s, g := &w.stack, w.db.g
	if s.depth++; s.room == nil && s.depth == 1 && f != nil {
		s.only = frame{flight: f, node: n}
		return
	}
	w.furnish()
	s.room.frames = append(roomy(s.room.frames), frame{flight: f, node: n, from: uint32(len(s.room.records)), epoch: g.Epoch() - 1})
	if f == nil && s.room.listed == 0 {
		w.db.folded = append(w.db.folded, s.room)
		s.room.listed = len(w.db.folded)
	}
}

// furnish gives the stack a room.
func (w *walk) furnish() {
	s, db := &w.stack, w.db
	if s.room != nil {
		return
	}
	if last := len(db.rooms) - 1; last < 0 {
		s.room = new(room)
	} else {
		s.room, db.rooms = db.rooms[last], db.rooms[:last]
	}
	s.room.base, s.room.ctx = w.base, w.below()
	if s.only.flight != nil {
		s.room.frames = append(s.room.frames, s.only)
		s.only = frame{}
	}
}

// vacate takes its room from the stack, which is empty.
func (w *walk) vacate() {
	r, db := w.stack.room, w.db
	if r == nil {
		return
	}
	w.stack.room = nil
	if at := r.listed; at > 0 {
		last := len(db.folded) - 1
		moved := db.folded[last]
		db.folded[at-1], moved.listed = moved, at
		db.folded[last], db.folded = nil, db.folded[:last]
	}
	r.base, r.ctx, r.unfolded, r.listed = nil, nil, 0, 0
	if len(db.rooms) < maxRooms && cap(r.frames) <= maxRoom && cap(r.records) <= maxRoom {
		db.rooms = append(db.rooms, r)
	}
}

// pop takes the top off, with its records. What it returns has to be ended.
func (s *stack) pop() frame {
	s.depth--
	if s.room == nil {
		f := s.only
		s.only = frame{}
		return f
	}
	s.forget()
	r, last := s.room, len(s.room.frames)-1
	f := r.frames[last]
	r.frames[last].flight, r.frames = nil, r.frames[:last]
	r.unfolded = min(r.unfolded, last)
	return f
}

// forget drops the records of the top.
func (s *stack) forget() {
	if s.room != nil {
		s.room.records = s.room.records[:s.top().from]
	}
}

// readRecords reads those of the top anew.
func (w *walk) readRecords() {
	w.furnish()
	w.stack.forget()
	top, r := w.stack.top(), w.stack.room
	top.next = top.from
	r.records = w.db.g.Records(top.node, roomy(r.records))
}

// roomy returns list with room for one more at least. It doubles: append would copy a
// long list five times until it is twice as long.
func roomy[T any](list []T) []T {
	if len(list) < cap(list) {
		return list
	}
	return slices.Grow(list, max(len(list), 16))
}

// caller returns the uppermost flight from which all down to the base are calls: it
// is, or will be when all is unfolded, above the top.
func (w *walk) caller() *flight.Flight {
	if r := w.stack.room; r != nil && r.unfolded > 0 {
		return r.frames[r.unfolded-1].flight
	}
	return w.base
}

// from returns the flight of the top, or the base if there is none.
func (w *walk) from() *flight.Flight {
	if w.stack.depth == 0 {
		return w.base
	}
	if w.stack.room != nil {
		w.db.unfoldRoom(w.stack.room)
	}
	return w.stack.top().flight
}

// take returns the flight of the top, which is to be run. It is made if the top is
// folded; what is below may stay so.
func (w *walk) take() *flight.Flight {
	top := w.stack.top()
	if top.flight == nil {
		top.flight = w.newFlight(top.node, w.caller())
		top.flight.Epoch = top.epoch
	}
	return top.flight
}

// finishFrame ends what pop has returned.
func (db *DB) finishFrame(f frame) {
	if f.flight != nil {
		db.board.End(f.flight)
	} else {
		db.board.Drop(f.node)
	}
}

// unfold makes flights for all nodes that are folded: what follows may look at them.
func (db *DB) unfold() {
	for _, r := range db.folded {
		db.unfoldRoom(r)
	}
}

func (db *DB) unfoldRoom(r *room) {
	if r.unfolded == len(r.frames) {
		return
	}
	caller := r.base
	if r.unfolded > 0 {
		caller = r.frames[r.unfolded-1].flight
	}
	for i := r.unfolded; i < len(r.frames); i++ {
		at := &r.frames[i]
		if at.flight == nil {
			at.flight = db.board.Claim(at.node, caller)
			at.flight.Epoch, at.flight.Ctx = at.epoch, r.ctx
		} else {
			db.board.Adopt(at.flight, caller)
		}
		caller = at.flight
	}
	r.unfolded = len(r.frames)
}
