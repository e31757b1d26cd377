package runtime

import (
	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// A stack holds the nodes that a walk verifies, each because the one below it may
// depend on it. Most stacks hold one node, which is run: they need no memory.
type stack struct {
	depth int
	top   frame
	room  *room // nil until there are records, or a second frame
}

// A frame is one node that the walk verifies.
type frame struct {
	flight *flight.Flight
	from   int // where its records begin; they are in order of the reads
	next   int // the first record not found green yet
}

// A room is memory for stacks, one after the other.
type room struct {
	below   []frame        // the top is elsewhere
	records []graph.Record // of all frames; those of the top come last
}

// The rooms of a database are kept for stacks to come, unless they are large.
const (
	maxRooms = 16
	maxRoom  = 1 << 12
)

// push puts f on top of a stack; under mu.
func (db *DB) push(s *stack, f *flight.Flight) {
	from := 0
	if s.depth > 0 {
		db.furnish(s)
		s.room.below = append(s.room.below, s.top)
		from = len(s.room.records)
	}
	s.depth++
	s.top = frame{flight: f, from: from}
}

// furnish gives a stack a room; under mu.
func (db *DB) furnish(s *stack) {
	if s.room != nil {
		return
	}
	last := len(db.rooms) - 1
	if last < 0 {
		s.room = new(room)
		return
	}
	s.room, db.rooms = db.rooms[last], db.rooms[:last]
}

// vacate takes its room from an empty stack; under mu.
func (db *DB) vacate(s *stack) {
	r := s.room
	s.room = nil
	if r != nil && len(db.rooms) < maxRooms && cap(r.below) <= maxRoom && cap(r.records) <= maxRoom {
		db.rooms = append(db.rooms, r)
	}
}

// pop takes the top off, with its records.
func (s *stack) pop() *flight.Flight {
	f := s.top.flight
	s.forget()
	s.top = frame{}
	if s.depth--; s.depth > 0 {
		below := s.room.below
		last := len(below) - 1
		s.top, below[last] = below[last], frame{}
		s.room.below = below[:last]
	}
	return f
}

// forget drops the records of the top.
func (s *stack) forget() {
	if s.room != nil {
		s.room.records = s.room.records[:s.top.from]
	}
}

// readRecords reads those of the top anew; under mu.
func (db *DB) readRecords(s *stack) {
	db.furnish(s)
	s.forget()
	s.top.next = s.top.from
	s.room.records = db.g.Records(s.top.flight.Node, s.room.records)
}
