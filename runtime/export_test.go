package runtime

import (
	"fmt"
	"time"

	"querygen.dev/runtime/internal/graph"
)

// CheckInvariants returns the first violation of the graph's invariants. It
// must be called while nothing runs.
func CheckInvariants(db *DB) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.follow()
	if err := db.g.Check(); err != nil {
		return err
	}
	if err := db.checkMemory(); err != nil {
		return err
	}
	if err := db.checkGarbage(); err != nil {
		return err
	}
	if err := db.board.Idle(db.opts.Parallelism); err != nil {
		return err
	}
	if n := len(db.requests); n != 0 {
		return fmt.Errorf("%d requests have not ended", n)
	}
	return nil
}

// checkMemory checks what is counted, and M2.
func (db *DB) checkMemory() error {
	used := int64(0)
	for n := graph.ID(1); int(n) <= db.g.Nodes(); n++ {
		if db.unplaced(n) {
			continue
		}
		k, slot := db.keeper(n)
		if k == nil {
			continue
		}
		cost, dropped := k.(interface{ cost(uint32) (uint32, bool) }).cost(slot)
		used += int64(cost)
		if dropped && !k.printed(slot) && db.disk == nil && !db.readersGone(n) {
			return fmt.Errorf("node %d is gone without a fingerprint, and a reader has its value", n)
		}
	}
	if db.memory.budget > 0 && used != db.memory.used {
		return fmt.Errorf("values cost %d bytes, %d were counted", used, db.memory.used)
	}
	return nil
}

// unplaced reports whether n is on the disk, and has no cell yet.
func (db *DB) unplaced(n graph.ID) bool {
	table, _ := db.g.Place(n)
	if table == graph.NoTable || !db.g.Has(n) || db.disk == nil {
		return false
	}
	k, _ := db.placed(n)
	_, stray := db.disk.strays[n]
	return k == nil && !stray
}

// checkGarbage checks that cells and nodes belong together, and that nothing is
// known of nodes that are gone.
func (db *DB) checkGarbage() error {
	there := map[graph.ID]bool{db.counter: true}
	for i, k := range *db.tables.Load() {
		if k == nil {
			continue
		}
		for n, slot := range k.(interface{ nodes() map[graph.ID]uint32 }).nodes() {
			if db.disk != nil && db.disk.strays[n] == slot && uint32(i) == strange.index {
				there[n] = true
				continue
			}
			if table, at := db.g.Place(n); int(table) != i || at != slot || there[n] {
				return fmt.Errorf("node %d is not where its cell says", n)
			}
			there[n] = true
		}
	}
	for n := graph.ID(1); int(n) <= db.g.Nodes(); n++ {
		if db.unplaced(n) {
			there[n] = true
		}
	}
	for n := range there {
		if subject := db.subject(n); !there[subject] {
			return fmt.Errorf("hidden node %d is about node %d, which is gone", n, subject)
		}
	}
	if len(there) != db.g.Live() {
		missing := ""
		for n := graph.ID(1); int(n) <= db.g.Nodes(); n++ {
			if table, slot := db.g.Place(n); db.g.Has(n) && !there[n] {
				missing += fmt.Sprint(" ", n, " of ", table, " at ", slot)
			}
		}
		return fmt.Errorf("%d nodes have cells, %d are there:%s", len(there), db.g.Live(), missing)
	}
	for n := range db.g.Nodes() + 1 {
		n := graph.ID(n)
		if there[n] {
			continue
		}
		if db.emitted[n] != nil || db.called.lists[n] != nil || db.called.times[n] > 0 || db.silent[n] || db.blind[n] || db.heads.lists[n] != nil || db.heads.times[n] > 0 || db.memory.stays[n] || db.garbage.pins[n] > 0 {
			return fmt.Errorf("something is known of node %d, which is gone", n)
		}
	}
	return nil
}

func (t *table[K, V]) nodes() map[graph.ID]uint32 {
	nodes := map[graph.ID]uint32{}
	for slot := range uint32(t.byKey.cells.Len()) {
		if c := t.cell(slot); c != nil {
			if found, ok := t.byKey.Load(c.key); !ok || found != c {
				continue
			}
			nodes[c.id] = slot
		}
	}
	return nodes
}

func (t *table[K, V]) cost(slot uint32) (bytes uint32, dropped bool) {
	if o := t.cell(slot).out.Load(); o != nil {
		return o.bytes(), o.gone()
	}
	return 0, false
}

// HandleCount is how many values of a type have handles, or had until just now.
func HandleCount[T any]() int {
	h := handlesOf[T]()
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.bySum)
}

// TraceLength is how many reads and emissions the trace of a node has. Unlike a
// collector it looks at nothing before.
func TraceLength[T any](cx *Context, t Task[T]) int {
	trace, _ := traces.Get(cx, t.q.find(cx.db, t.key))
	return len(trace.steps)
}

// Aside reports whether cx belongs to a run for verification only.
func Aside(cx *Context) bool { return cx.aside != nil }

// SetAsideFor bounds how long such a run is waited for, until undo is called.
func SetAsideFor(d time.Duration) (undo func()) {
	before := asideFor.Swap(int64(d))
	return func() { asideFor.Store(before) }
}

// Parallelism is what Options.Parallelism came to be.
func (db *DB) Parallelism() int { return db.opts.Parallelism }

// SetPatience makes garbage go after so many revisions.
func SetPatience(db *DB, revisions uint64) { db.garbage.patience = revisions }

// Remembers reports whether the task remembers a cell of db.
func Remembers[K comparable, V any](db *DB, q *Query[K, V], t Task[V]) bool {
	m := memoOf[V](&t.key).Load()
	return m != nil && m.serial == db.serial && m.cell != nil
}

// Exists reports whether there is a node of t.
func Exists[T any](db *DB, t Task[T]) bool {
	_, cell := t.q.locate(db, t.key)
	return cell != nil
}

// Existing returns the keys of all nodes.
func Existing(db *DB) map[any]bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	keys := map[any]bool{}
	for _, k := range *db.tables.Load() {
		if k != nil && !k.query().hidden {
			for _, slot := range k.(interface{ nodes() map[graph.ID]uint32 }).nodes() {
				keys[k.key(slot)] = true
			}
		}
	}
	return keys
}

// DBOf returns the database of a Context.
func DBOf(cx *Context) *DB { return cx.db }

// MakeCheap makes the engine believe that all bodies are cheap enough to run ahead.
func MakeCheap(db *DB) {
	db.mu.Lock()
	defer db.mu.Unlock()
	registry.RLock()
	defer registry.RUnlock()
	db.costs = make([]cost, len(registry.list))
	for i := range db.costs {
		db.costs[i] = cost{runs: 1, timed: costFirst}
	}
}

// NewVersion makes q a query with other code, as far as a disk knows.
func NewVersion[K comparable, V any](q *Query[K, V]) { q.def.Version += "+" }

// NewKeySchema makes the key of q one of another shape, as far as a disk knows.
func NewKeySchema[K comparable, V any](q *Query[K, V]) { q.codecs.key.Schema += "+" }

// Parked is the number of nodes that are parked.
func Parked(db *DB) int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.g.Parked()
}

// CalmFor reports whether a hit from outside takes no lock.
func CalmFor[T any](db *DB, t Task[T]) bool {
	n, _ := t.q.locate(db, t.key)
	return db.settled(db.Revision()) || db.calmBeside(n, db.Revision())
}
