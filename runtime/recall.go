package runtime

import (
	"sync/atomic"
	"unsafe"
)

// The key of a Task is an interface, so that tasks of all queries with one result
// are of one type, and == compares them. It points to a copy of the key, of which
// we say where it lies: in a remembering. That is how a Task remembers its node
// although it is a value, and equal to others that remember none.
type remembering[K comparable, V any] struct {
	key  K
	memo atomic.Pointer[memo[K, V]]
}

// A memo says which cell a task has found in a database. It keeps the cell alive,
// and what that holds, but not the database, which is there by its number alone. The
// node may be gone: who uses a cell always has to see to that.
type memo[K comparable, V any] struct {
	serial uint64 // of the database; 0: the task was used once, in whichever
	cell   *cell[K, V]
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
	*dataOf(&key) = unsafe.Pointer(&remembering[K, V]{key: k})
	return key
}

// recall returns the cell of a key that remember has made. Most tasks are used
// once, so one does not remember its node before it is used again.
func (q *Query[K, V]) recall(db *DB, key any) *cell[K, V] {
	if q.inWord {
		return tableOf(db, q).find(key.(K))
	}
	at := memoOf[K, V](key)
	was := at.Load()
	if was != nil && was.serial == db.serial {
		return was.cell
	}
	c := tableOf(db, q).find(key.(K))
	if was == nil {
		at.Store(q.once)
	} else {
		at.Store(&memo[K, V]{db.serial, c})
	}
	return c
}

// note replaces what is remembered of a database, if it is another cell.
func (q *Query[K, V]) note(db *DB, key any, c *cell[K, V]) {
	if q.inWord {
		return
	}
	at := memoOf[K, V](key)
	if was := at.Load(); was != nil && was.serial == db.serial && was.cell != c {
		at.Store(&memo[K, V]{db.serial, c})
	}
}

func memoOf[K comparable, V any](key any) *atomic.Pointer[memo[K, V]] {
	return &(*remembering[K, V])(*dataOf(&key)).memo
}
