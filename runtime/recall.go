package runtime

import (
	"sync/atomic"
	"unsafe"

	"querygen.dev/runtime/internal/graph"
)

// The key of a Task is an interface, so that tasks of all queries with one result
// are of one type, and == compares them. It points to a copy of the key, of which
// we say where it lies: in a remembering. That is how a Task remembers its node
// although it is a value, and equal to others that remember none.
type remembering[K comparable, V any] struct {
	memo atomic.Pointer[memo[V]]
	key  K
}

// A memo says which cell a task has found in a database. It keeps the cell alive,
// and what that holds, and some states, but not the database, which is there by its
// number alone. The node may be gone: who uses a cell always has to see to that.
type memo[V any] struct {
	serial uint64      // of the database; 0: the task was used once, in whichever
	cell   *core[V]    // of a cell whose type the query knows
	state  *graph.Word // of its node
}

// dataOf returns the second word of an interface, which points to what is in it. A
// value that is nothing but a pointer lies in the word itself.
func dataOf(v *any) *unsafe.Pointer { return &(*[2]unsafe.Pointer)(unsafe.Pointer(v))[1] }

// inWord reports whether values of type K lie in the word: then the zero value does,
// and is nil.
func inWord[K comparable]() bool {
	var zero K
	v := any(zero)
	return *dataOf(&v) == nil
}

// remember returns k as the key of a Task.
func (q *Query[K, V]) remember(k K) any {
	if q.inWord {
		return k
	}
	var zero K
	key := any(zero) // for its type
	*dataOf(&key) = unsafe.Pointer(&(&remembering[K, V]{key: k}).key)
	return key
}

// queryOf returns what the query of a task begins with.
func queryOf[V any](q *caller[V]) *query {
	return (*query)((*[2]unsafe.Pointer)(unsafe.Pointer(q))[1]) // it is a *Query
}

// recall returns the cell of a key that remember has made, and where the state of its
// node is.
func (q *Query[K, V]) recall(db *DB, key *any) (*cell[K, V], *graph.Word) {
	if !q.inWord {
		if m := memoOf[V](key).Load(); m != nil && m.serial == db.serial {
			return (*cell[K, V])(unsafe.Pointer(m.cell)), m.state
		}
	}
	return q.recallSlowly(db, key)
}

// recallSlowly is recall for a task that does not remember its node. Most tasks are
// used once, so one does so only when it is used again.
func (q *Query[K, V]) recallSlowly(db *DB, key *any) (*cell[K, V], *graph.Word) {
	c := tableOf(db, q).find((*key).(K))
	state := db.g.Word(c.id)
	if q.inWord {
		return c, state
	}
	at := memoOf[V](key)
	if !at.CompareAndSwap(nil, q.once) {
		at.Store(&memo[V]{db.serial, &c.core, state})
	}
	return c, state
}

// note replaces what is remembered of a database, if it is another cell.
func (q *Query[K, V]) note(db *DB, key *any, c *cell[K, V]) {
	if q.inWord {
		return
	}
	at := memoOf[V](key)
	if was := at.Load(); was != nil && was.serial == db.serial && was.cell != &c.core {
		at.Store(&memo[V]{db.serial, &c.core, db.g.Word(c.id)})
	}
}

// memoOf returns where the memo of a key is: before the key. No type has to begin at
// a multiple of more bytes than a pointer, or is one at most.
func memoOf[V any](key *any) *atomic.Pointer[memo[V]] {
	return (*atomic.Pointer[memo[V]])(unsafe.Add(*dataOf(key), -int(unsafe.Sizeof(uintptr(0)))))
}
