package runtime

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// VerifyMode says how much of what queries and their callers have promised is
// looked into: that a query is a function of its key and of what it reads, and
// that nobody writes to values that a query has returned.
//
// A node that is found green is run again, aside: its calls are answered with the
// outcomes that the database has, so nothing else runs, nothing is recorded, and
// neither events nor [DB.Stats] tell of it. If its outcome is another one, or if
// it calls what the last run has not, that is reported. And a hash of each value
// is kept and compared when the value is handed out again.
//
// A report is an event of kind [Violation] whose Err is a [*VerifyError]; without
// [Options.OnEvent] it is logged by [slog.Default]. The program goes on with the
// value that the database has.
//
// Only pure queries are run again, and not all of them: those with eq=never,
// identity, limit= or cycle=fixpoint are not, with [Options.MemoryBudget] nor those
// whose values have neither codec nor == for equality, nor members of cycles, and what is
// good for one request only. A body that panics in the run aside, or is still
// at work after ten seconds, is not judged. Not hashed are values that nobody can write to, those
// with the option identity, those with a method Equal, and those that hold
// anything of package sync or sync/atomic and so look after themselves.
type VerifyMode uint8

const (
	// VerifyOff verifies nothing, and costs nothing.
	VerifyOff VerifyMode = iota
	// VerifySample looks at one node in sixteen, others in each database, and
	// not at demands that find their node green without a lock. It is meant for
	// programs at work.
	VerifySample
	// VerifyAll looks at each node once in each revision in which it is found
	// green, and at values whenever they are handed out, large ones less and
	// less often. It is meant for tests: each demand takes a lock.
	VerifyAll
	// VerifyNone is VerifyOff also where something else is the default, as in
	// package querytest.
	VerifyNone
)

// A VerifyError says that a query is impure, or that somebody has written to a
// value that a query has returned. See [VerifyMode].
type VerifyError struct {
	Node    Node
	Written bool // the value was written to; else the query is impure

	// Stored is the outcome that the database has. Again is that of another run
	// with the same reads; it is empty if there was none. Both are shortened, and
	// alike if the runs differ in what they emit.
	Stored, Again string

	Reads   []Node // of the run that was stored, in order
	Strange Node   // what only the other run has called; zero if there is no such node
}

// Error names the node, both values and the reads.
func (e *VerifyError) Error() string {
	var b strings.Builder
	switch {
	case e.Written:
		fmt.Fprintf(&b, "querygen: the value of %v was written to after it had been returned; it is shared, so copy it first. It is now %s", e.Node, e.Stored)
		if e.Again != "" {
			fmt.Fprintf(&b, ", and the query returns %s", e.Again)
		}
	case e.Strange != Node{}:
		fmt.Fprintf(&b, "querygen: %v is impure: it has returned %s, and in another run with the same reads it calls %v as well", e.Node, e.Stored, e.Strange)
	case e.Again == e.Stored: // the difference lies beyond what is written here, or in what it emits
		fmt.Fprintf(&b, "querygen: %v is impure: it has returned %s, and in another run with the same reads it returns or emits something else", e.Node, e.Stored)
	default:
		fmt.Fprintf(&b, "querygen: %v is impure: it has returned %s, and in another run with the same reads it returns %s", e.Node, e.Stored, e.Again)
	}
	if e.Node.Pos.IsValid() {
		fmt.Fprintf(&b, "\n\tquery: %v", e.Node.Pos)
	}
	b.WriteString("\n\treads:")
	for _, n := range e.Reads {
		fmt.Fprintf(&b, " %v", n)
	}
	if len(e.Reads) == 0 {
		b.WriteString(" none")
	}
	return b.String()
}

// A verifier is what a database knows for [Options.Verify].
type verifier struct {
	all  bool
	seed uint64

	mu   sync.Mutex
	ran  map[graph.ID]uint64    // the revision in which a node was last run aside
	sums map[graph.ID]*valueSum // of what was handed out
	told map[graph.ID]bool      // what was reported
}

// A valueSum is the hash of a node's value when it was first handed out. The
// stamp and the address tell whether the node still has that value.
type valueSum struct {
	stamp   uint32
	at      uintptr
	sum     codec.Fingerprint
	handed  uint64 // how often
	written bool   // known not to be what it was
}

func newVerifier(m VerifyMode) *verifier {
	if m != VerifySample && m != VerifyAll {
		return nil
	}
	return &verifier{
		all: m == VerifyAll, seed: rand.Uint64(),
		ran: map[graph.ID]uint64{}, sums: map[graph.ID]*valueSum{}, told: map[graph.ID]bool{},
	}
}

// verifiesAll reports whether each demand is looked at. Then none may take the way
// without a lock.
func (db *DB) verifiesAll() bool { return db.verifier != nil && db.verifier.all }

// picks reports whether a node is among those to be looked at.
func (v *verifier) picks(n graph.ID) bool {
	return v.all || (uint64(n)^v.seed)*0x9e3779b97f4a7c15>>60 == 0
}

// due reports whether node n is to be run aside in this revision, and takes note.
func (v *verifier) due(n graph.ID, rev uint64) bool {
	if !v.picks(n) {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	last := v.ran[n]
	v.ran[n] = rev
	return last != rev && !v.told[n]
}

// inspect looks at a demand of n on behalf of cx that is through: out is handed
// out, and the nodes in green were found green by it. No lock is held.
func (db *DB) inspect(cx *Context, n graph.ID, out any, green []graph.ID) {
	v := db.verifier
	if v.picks(n) {
		if k, _ := db.keeper(n); !v.intact(n, k, out) {
			e := &VerifyError{Node: db.node(n), Written: true, Stored: k.text(out)}
			if a := db.aside(cx, n); a != nil && a.end.how == returned && !a.over {
				e.Again = k.text(a.end.out)
			}
			db.accuse(n, e)
		}
	}
	for _, n := range green {
		if v.due(n, db.flushed.Load()) {
			db.verify(cx, n)
		}
	}
}

// intact notes that the value of n is handed out, and reports whether it is what
// it was the first time. It says so only once.
func (v *verifier) intact(n graph.ID, k keeper, out any) bool {
	v.mu.Lock()
	s := v.sums[n]
	at, stamp := k.place(out)
	fresh := s == nil || s.at != at || s.stamp != stamp
	if !fresh {
		s.handed++
	}
	// Values that are cheap to hash are so each time.
	skip := !fresh && (s.written || s.handed > 64 && s.handed&(s.handed-1) != 0)
	v.mu.Unlock()
	if skip {
		return true
	}
	sum, ok := k.sum(out)
	if !ok {
		return true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s = v.sums[n]
	if s == nil || s.at != at || s.stamp != stamp {
		v.sums[n] = &valueSum{stamp: stamp, at: at, sum: sum}
		return true
	}
	if s.sum == sum || s.written {
		return true
	}
	s.written = true
	return false
}

// forget makes what n hands out next count as the first, since its value was dropped.
func (v *verifier) forget(n graph.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.sums, n)
}

// gone makes n, which was removed, a number like any other.
func (v *verifier) gone(n graph.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.sums, n)
	delete(v.ran, n)
	delete(v.told, n)
}

// verify runs node n, which was green for cx a moment ago, aside, and compares.
func (db *DB) verify(cx *Context, n graph.ID) {
	db.mu.Lock()
	k, slot := db.keeper(n)
	if k == nil {
		db.mu.Unlock()
		return
	}
	db.pin(n)
	db.mu.Unlock()
	defer func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		db.unpin(n)
	}()
	a := db.aside(cx, n)
	if a == nil {
		return
	}
	db.mu.Lock()
	by := cx.flight.Of
	valid := by != nil && db.revision.Load() == a.rev && cx.req.err == nil && cx.req.ctx.Err() == nil &&
		db.g.GreenFor(n, by.View) && db.g.Stamp(n) == a.stamp
	stored := k.outcome(slot)
	reads := db.readsOf(n)
	db.mu.Unlock()
	if !valid {
		return
	}
	e := &VerifyError{Node: db.node(n), Reads: reads}
	switch {
	case a.strange != nil:
		e.Strange = *a.strange
	case a.over, a.end.how != returned, a.end.passing, a.flight.Transient.Load(), a.flight.SawAbort.Load():
		return
	case a.end.same && sameEmitted(a.end.emitted, a.flight.Before):
		return
	case a.end.same: // what it emits is not
		e.Again = k.text(stored)
	case k.sameContent(stored, a.end.out):
		return
	default:
		e.Again = k.text(a.end.out)
		e.Written = db.verifier.picks(n) && !db.verifier.intact(n, k, stored)
	}
	e.Stored = k.text(stored)
	db.accuse(n, e)
}

// sameEmitted compares emissions whatever their order, which for goroutines of
// a body is that of the calls.
func sameEmitted(a, b []flight.Emission) bool {
	const most = 1000
	if len(a) != len(b) || len(a) > most {
		return len(a) == len(b)
	}
	left := slices.Clone(b)
	for _, e := range a {
		i := slices.IndexFunc(left, func(o flight.Emission) bool {
			return e.Value.(interface{ equal(any) bool }).equal(o.Value)
		})
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// readsOf returns what the last run of n has read, as users see it.
func (db *DB) readsOf(n graph.ID) []Node {
	var list []Node
	for _, child := range db.g.Reads(n, nil) {
		if child != db.counter {
			list = append(list, db.node(child))
		}
	}
	return list
}

// accuse reports e, once for each node.
func (db *DB) accuse(n graph.ID, e *VerifyError) {
	if e.Reads == nil {
		db.mu.Lock()
		e.Reads = db.readsOf(n)
		db.mu.Unlock()
	}
	db.verifier.mu.Lock()
	told := db.verifier.told[n]
	db.verifier.told[n] = true
	db.verifier.mu.Unlock()
	if !told {
		db.tellEvent(db.violation(n, e))
	}
}

func (db *DB) violation(n graph.ID, e *VerifyError) Event {
	event := db.event(Violation, n)
	event.Err = e
	return event
}

// tellEvent hands an event out, without the lock. Without OnEvent there are only
// violations.
func (db *DB) tellEvent(e Event) {
	if db.opts.OnEvent == nil {
		slog.Error(e.Err.Error())
		return
	}
	db.opts.OnEvent(e)
}

// lastLook looks at all values that were handed out, once nothing runs any more.
func (db *DB) lastLook() {
	v := db.verifier
	v.mu.Lock()
	var list []graph.ID
	for n := range v.sums {
		list = append(list, n)
	}
	v.mu.Unlock()
	slices.Sort(list)
	for _, n := range list {
		db.mu.Lock()
		k, slot := db.keeper(n)
		if k == nil || db.g.Stamp(n) == 0 { // it was part of an iteration that was given up
			db.mu.Unlock()
			continue
		}
		out := k.outcome(slot)
		db.mu.Unlock()
		v.mu.Lock()
		if s := v.sums[n]; s != nil { // a sweep may not be over
			s.handed = 0
		}
		v.mu.Unlock()
		if !v.intact(n, k, out) {
			db.accuse(n, &VerifyError{Node: db.node(n), Written: true, Stored: k.text(out)})
		}
	}
}
