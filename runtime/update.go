package runtime

import (
	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// A Tx collects the changes of one [DB.Update]. It is not to be used by several
// goroutines at once, nor after the update.
type Tx struct {
	db        *DB
	over      bool
	changes   []change          // in order of first use of the query
	next      bool              // begin a generation
	refreshed []func() graph.ID // under db.mu
}

// A change is what a Tx does to one input query.
type change interface {
	prepare()     // compares, without a lock: users' code may run. It pins the nodes
	release()     // lets go of them
	commit() bool // under db.mu; reports whether anything changed
}

// Update calls f, which sets inputs through the generated setters, and commits
// what it set as one new revision, or as none if nothing is different. If f
// returns an error or panics, nothing is set. Updates are serial; they do not
// wait for requests, which go on if the change touches nothing they have read.
// Update is ErrInQuery inside a query or an update.
func (db *DB) Update(f func(*Tx) error) error { return db.update(f, nil) }

// update also tells the generation that the update belongs to.
func (db *DB) update(f func(*Tx) error, generation *uint64) error {
	if insideQuery() {
		return ErrInQuery
	}
	if insideRequest() {
		db.ownUpdates.Add(1)
	}
	db.updating.Lock()
	defer db.updating.Unlock()
	active.Add(1)
	defer active.Add(-1)
	if db.closed.Load() {
		return ErrClosed
	}
	tx := &Tx{db: db}
	if err := tx.apply(f); err != nil {
		return err
	}
	defer tx.release()
	for _, c := range tx.changes {
		c.prepare()
	}
	if err := tx.commit(); err != nil {
		return err
	}
	if generation != nil {
		*generation = db.generation.Load()
	}
	return nil
}

// apply calls f.
//
//go:noinline
func (tx *Tx) apply(f func(*Tx) error) error {
	defer func() { tx.over = true }()
	return f(tx)
}

func (tx *Tx) release() {
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	for _, c := range tx.changes {
		c.release()
	}
}

// commit makes one new revision of what has changed. The graph does not follow
// before the next demand.
func (tx *Tx) commit() error {
	db := tx.db
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed.Load() {
		return ErrClosed
	}
	changed := false
	for _, c := range tx.changes {
		changed = c.commit() || changed
	}
	if tx.next {
		db.generation.Add(1)
		db.moved, changed = true, true
	}
	for _, find := range tx.refreshed {
		if n := find(); n != 0 && (db.g.State(n).Kind() != graph.Never || db.board.Claimed(n) != nil) {
			db.refresh = append(db.refresh, n)
			changed = true
		}
	}
	if changed {
		db.revision.Add(1)
		shake.Point()
		db.tell()
		if db.news != nil {
			close(db.news)
			db.news = nil
		}
	}
	return nil
}

// NextGeneration begins a new generation with this update: the outside world
// may have changed.
func (tx *Tx) NextGeneration() {
	tx.check()
	tx.next = true
}

// check panics if the update is over.
func (tx *Tx) check() {
	if tx.over {
		panic("querygen: a Tx is used after its update")
	}
}

// flush makes the graph follow the committed revision; under mu. It costs what
// the changes may affect. No user's code runs.
func (db *DB) flush() {
	db.follow()
	db.settleFront()
}

// follow brings what was set into the graph. What it affects is above the front
// then, for [walk.goUp] or [DB.settleFront]. While iterations are in progress there is
// none: they may be taken back at any time.
func (db *DB) follow() {
	rev := db.revision.Load()
	if db.flushed.Load() == rev {
		return
	}
	if db.wave != nil || len(db.iterations) > 0 {
		db.settleFront()
	}
	for _, k := range db.dirty {
		k.flush()
	}
	db.dirty = db.dirty[:0]
	if db.moved {
		db.moved = false
		old := db.g.Stamp(db.counter)
		db.g.NewStamp(db.counter)
		db.g.Mark(db.counter, old) // no wave would run what reads it
	}
	for _, n := range db.refresh {
		db.orphan(n)
		db.g.Demand(n)
	}
	db.refresh = db.refresh[:0]
	if d := db.disk; d != nil && !d.resumed {
		d.resume()
	}
	// What a member of a cycle has read says nothing about when the cycle goes.
	// The same holds for a body that lived with the panic of what it called.
	for n := range db.blind {
		db.disturb(n)
		db.g.Demand(n)
	}
	clear(db.blind)
	db.flushed.Store(rev)
	db.unparked = 0
	switch {
	case len(db.iterations) > 0:
		db.settleFront()
	case db.g.OnFront() == 0:
		db.rest()
	}
}

// tell ends the runs that have asked to be told when nobody wants them any more,
// and that have read what has changed. If there are any, the graph has to follow
// at once; it waits for nobody.
func (db *DB) tell() {
	if len(db.watchers) == 0 {
		return
	}
	db.flush()
	for f, life := range db.watchers {
		r := db.requests[f.Req.ID]
		if r == nil || db.advance(r, f) {
			continue
		}
		if f == r.Root {
			life.Cancel(ErrSuperseded)
		} else {
			db.drop(f)
		}
	}
}

// orphan takes n from whoever is at work on it, and from whoever has seen it
// panic: what comes of that is worthless.
func (db *DB) orphan(n graph.ID) {
	if f := db.board.Claimed(n); f != nil {
		db.drop(f)
	}
	for _, r := range db.requests {
		delete(r.panics, n)
	}
	db.disturb(n)
	for _, it := range db.iterations {
		delete(it.old, n)
	}
}
