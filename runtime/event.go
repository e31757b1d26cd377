package runtime

import (
	"time"

	"querygen.dev/runtime/internal/graph"
)

// EventKind says what an Event reports.
type EventKind uint8

const (
	Run       EventKind = iota + 1 // the body of a query starts
	Changed                        // a run ended in its first outcome or in another one than before
	Cutoff                         // a run ended in an outcome equal to the one before: readers stay green
	Verified                       // a node was found green by its reads, without a run
	Hit                            // a demand found its node green at once
	Wait                           // a demand waits for another one's run, or for the end of a request
	Cancel                         // a run ended without an outcome: aborted, or by a panic
	Violation                      // a query is impure, or a value was written to; Err is a *VerifyError. See Options.Verify
	Load                           // the value of a node was read from the disk; see Open
	Save                           // the cache was written to the disk; it has no node
	Again                          // the body of a query starts only because its value was dropped, see Options.MemoryBudget
)

func (k EventKind) String() string {
	switch k {
	case Run:
		return "run"
	case Changed:
		return "changed"
	case Cutoff:
		return "cutoff"
	case Verified:
		return "verified"
	case Hit:
		return "hit"
	case Wait:
		return "wait"
	case Cancel:
		return "cancel"
	case Violation:
		return "violation"
	case Again:
		return "again"
	case Load:
		return "load"
	case Save:
		return "save"
	}
	return "event"
}

// An Event tells one thing that happened to a node.
type Event struct {
	Kind       EventKind
	Query      string // the node's query and key, as in Node
	Key        any
	Cause      Node // of Run: the first read that had changed; zero if there is none to blame
	Revision   uint64
	Generation uint64
	Start      time.Time     // of the run that starts or has ended; else of the event
	Duration   time.Duration // of the run that has ended, the queries it called included
	Err        error         // of a run that has ended in an error; of a Violation, the *VerifyError
	Done       int           // how much of Total is done; both are zero for events without progress
	Total      int
}

// event makes an event about n.
func (db *DB) event(kind EventKind, n graph.ID) Event {
	return db.eventAbout(kind, db.node(n))
}

func (db *DB) eventAbout(kind EventKind, node Node) Event {
	return Event{
		Kind: kind, Query: node.Query, Key: node.Key,
		Revision: db.flushed.Load(), Generation: db.generation.Load(),
		Start: time.Now(),
	}
}

// tellHit reports a hit. There is no lock: the node may be gone by now.
func (c *cell[K, V]) tellHit(db *DB, q *query, revision uint64) {
	if q.hidden {
		return
	}
	node := Node{Query: q.def.Name, Pos: q.position()}
	if q.def.Params > 0 {
		node.Key = c.key
	}
	e := db.eventAbout(Hit, node)
	e.Revision = revision
	db.opts.OnEvent(e)
}
