package runtime

import (
	"errors"
	"reflect"

	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// A Task is a query and a key: a call that has not been made. Tasks are
// comparable, and may be keys themselves. Two tasks are equal if their queries
// and keys are. The zero Task belongs to no query.
//
// A Task that is used more than once remembers its node in the database that it was
// last used with, so that demanding it again does not look the key up. It keeps what
// that node holds alive, but not the database.
type Task[T any] struct {
	q   caller[T]
	key any // made by Query.remember
}

// A caller is a Query without the type of its key.
type caller[T any] interface {
	call(cx *Context, key any) (T, error)
	locate(db *DB, key any) (n graph.ID, cell any)
	find(db *DB, key any) graph.ID // makes it if there is none, and pins it
	name() string
}

// call is Get for a key that remembers its node.
func (q *Query[K, V]) call(cx *Context, key any) (V, error) {
	c, state := q.recall(cx.db, &key)
	out := hit(cx, c, state, &q.query)
	if out != nil && out.plain() {
		return out.value, nil
	}
	t := tableOf(cx.db, q)
	if out == nil {
		c = t.find(key.(K)) // what was remembered may be gone for good
		q.note(cx.db, &key, c)
	}
	return t.get(cx, c, out)
}

func (q *Query[K, V]) name() string { return q.def.Name }

func (q *Query[K, V]) locate(db *DB, key any) (graph.ID, any) {
	t := tableOf(db, q)
	db.mu.Lock()
	defer db.mu.Unlock()
	c, ok := t.lookup(key.(K))
	if !ok {
		return 0, nil
	}
	return c.id, c
}

func (q *Query[K, V]) find(db *DB, key any) graph.ID {
	return tableOf(db, q).pinned(key.(K)).id
}

var errNoTask = errors.New("querygen: the zero Task belongs to no query")

// Get demands the task's result, as a call of the query would.
//
// What is written out here is hit, for a Context that is bare and a task that knows
// its node: no call comes in between, and no type of a key. All else is left to hit.
func (t Task[T]) Get(cx *Context) (T, error) {
	if !cx.bare || t.q == nil || queryOf(&t.q).inWord {
		return t.get(cx)
	}
	db, m := cx.db, memoOf[T](&t.key).Load()
	if m == nil || m.serial != db.serial || active.Load() != 0 {
		return t.get(cx)
	}
	rev, c := db.revision.Load(), m.cell
	shake.Point()
	if !db.settled(rev) || !m.state.Green() || db.clock.Load() != c.used.Load() { // else it has to be touched
		return t.get(cx)
	}
	shake.Point()
	out := c.out.Load()
	shake.Point()
	if out == nil || !out.plain() || db.revision.Load() != rev {
		return t.get(cx)
	}
	db.hits.Inc()
	return out.value, nil
}

func (t Task[T]) get(cx *Context) (T, error) {
	if t.q == nil {
		var zero T
		return zero, errNoTask
	}
	return t.q.call(cx, t.key)
}

// tasker lets a Task be formatted without knowing its type.
type tasker interface{ node() Node }

func (t Task[T]) node() Node {
	if t.q == nil {
		return Node{}
	}
	return Node{Query: t.q.name(), Key: t.key}
}

// String returns the call: rates.file("a.json").
func (t Task[T]) String() string {
	n := t.node()
	if q := lookupQuery(n.Query); q != nil && q.def.Params == 0 {
		n.Key = nil
	}
	return n.String()
}

// asTask formats v if it is a Task.
func asTask(v reflect.Value) (string, bool) {
	if !v.Type().Implements(reflect.TypeFor[tasker]()) {
		return "", false
	}
	if v.CanInterface() {
		return v.Interface().(interface{ String() string }).String(), true
	}
	return "task", true
}

// State is what is known about a node.
type State uint8

const (
	StateNever State = iota // it has not run
	StateClean              // up to date; if it reads something impure, for one request only
	StateDirty              // something below it may have changed
	StateMust               // it runs at its next demand
)

func (s State) String() string {
	return [...]string{"never", "clean", "dirty", "must"}[s]
}

// NodeInfo describes one node of a database.
type NodeInfo struct {
	State      State
	Reads      []Node // of the last run, in the order they happened
	Readers    int    // nodes that read it in their last run
	RanAt      uint64 // the revision of its last run; 0: none
	VerifiedAt uint64 // the last revision in which it was run, set, or found green by its reads
	ChangedAt  uint64 // the revision in which its outcome last became another one
}

// Inspect describes the node of a task as of the newest revision. It runs
// nothing.
func Inspect[T any](db *DB, t Task[T]) NodeInfo {
	if t.q == nil {
		return NodeInfo{}
	}
	n, cell := t.q.locate(db, t.key)
	if cell == nil {
		return NodeInfo{}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.flush()
	if k, slot := db.keeper(n); k == nil || !k.holds(slot, cell) {
		return NodeInfo{} // it is gone
	}
	times, now := db.g.Times(n), db.flushed.Load()
	info := NodeInfo{
		State:   State(db.g.State(n).Kind()),
		Readers: db.g.Readers(n, func(reader graph.ID) bool { return !db.hidden(reader) }),
		RanAt:   times.Ran.Revision(now), VerifiedAt: times.Verified.Revision(now), ChangedAt: times.Changed.Revision(now),
	}
	for _, child := range db.g.Reads(n, nil) {
		if child != db.counter {
			info.Reads = append(info.Reads, db.node(child))
		}
	}
	return info
}
