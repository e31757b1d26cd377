package runtime

import (
	"cmp"
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// closeCycle gives the flights, each of which demands the next and the last one
// the first, the error they will end in; under mu. Bodies that run learn of it
// at their next call, or from the one that is in progress. Those that are being
// verified would run into the cycle if they ran: the reads before the one in
// progress have been found unchanged. They do run, and meet it at the first call
// of a member.
func (db *DB) closeCycle(flights []*flight.Flight) {
	err := db.cycleOf(flights)
	fleeting := slices.ContainsFunc(flights, db.fleeting)
	for _, f := range flights {
		f.Fleeting = f.Fleeting || fleeting
		if f.Cycle != nil {
			// The first cycle stays. A body that was on its way to it has met
			// another one before, and goes nowhere either.
			f.Awaited = f.Awaited && !f.Running
			continue
		}
		f.Cycle, f.Revision = err, db.flushed.Load()
		if f.Running {
			f.Halted.Store(true)
		} else {
			f.Awaited = true
		}
	}
}

// cycleOf describes a cycle, rotated so that it does not show where it was
// entered.
func (db *DB) cycleOf(flights []*flight.Flight) *CycleError {
	visible := db.seen(flights)
	nodes := make([]Node, len(visible))
	least, leastKey := 0, ""
	for i, f := range visible {
		nodes[i] = db.node(f.Node)
		key := formatKey(nodes[i].Query, nodes[i].Key)
		if i == 0 || cmp.Or(cmp.Compare(nodes[i].Query, nodes[least].Query), cmp.Compare(key, leastKey)) < 0 {
			least, leastKey = i, key
		}
	}
	err := &CycleError{
		Nodes:   append(slices.Clone(nodes[least:]), nodes[:least]...),
		db:      db.serial,
		members: make(map[memberName]int, len(flights)),
	}
	for i, f := range flights {
		err.members[db.memberName(f.Node)] = i
	}
	return err
}

// A memberName says which node is meant, whatever its number is: an error may
// outlive the nodes that it names, and those come back with other numbers.
type memberName struct {
	query *query
	about *query // of a hidden one: the query of the node that it is about
	key   any
}

func (db *DB) memberName(n graph.ID) memberName {
	k, slot := db.keeper(n)
	if q := k.query(); q.hidden {
		k, slot := db.keeper(db.subject(n))
		return memberName{q, k.query(), k.key(slot)}
	}
	return memberName{query: k.query(), key: k.key(slot)}
}

// place returns the place of n in the cycle, if n is one of its nodes.
func (e *CycleError) place(db *DB, n graph.ID) (at int, ok bool) {
	if e.db != db.serial {
		return 0, false
	}
	at, ok = e.members[db.memberName(n)]
	return at, ok
}

// joins reports whether the outcome err of node n says that the caller of n is
// on a cycle, which was found when an earlier run of the caller was on it, one
// that was not stored. Then the caller ends in the same error.
func (c *Context) joins(n graph.ID, err error) bool {
	cycle, ok := err.(*CycleError)
	if !ok || !c.inQuery() {
		return false
	}
	at, member := cycle.place(c.db, c.flight.Node)
	if next, ok := cycle.place(c.db, n); !member || !ok || next != (at+1)%len(cycle.members) {
		return false
	}
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	if f := c.flight.Of; f != nil && f.Cycle == nil {
		f.Cycle, f.Revision = err, f.Rev.Load()
		f.Fleeting = c.db.g.State(n)&graph.Tainted != 0
		f.Halted.Store(true)
	}
	return true
}

// fleeting reports whether what has led f onto a cycle may be gone in the next
// request, though the revision is the same.
func (db *DB) fleeting(f *flight.Flight) bool {
	impure := func(n graph.ID) bool { return db.g.State(n)&graph.Tainted != 0 }
	if !f.Running {
		return impure(f.Node)
	}
	if k, _ := db.keeper(f.Node); k.query().def.Kind == KindAlways {
		return true
	}
	// A panic that the body has lived with is not remembered.
	return !f.Reads.All(func(r graph.Read) bool { return r.Stamp != neverStamp && !impure(r.Node) })
}
