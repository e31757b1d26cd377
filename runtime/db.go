package runtime

import (
	"context"
	"log/slog"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/shake"
)

// Options configure a database. The zero value is useful.
type Options struct {
	// Parallelism bounds the bodies that run at one time; a body that waits for
	// another does not count. Zero or less stands for GOMAXPROCS.
	Parallelism int

	// NoRunAhead has nothing run before the code that demands it does. Else a
	// change goes up from the inputs at the next demand: nodes below what is demanded
	// that are known to be cheap may run before it is certain that their readers
	// will ask for them. What they end in is seen only by who does. Stats.Wasted counts
	// those that nobody asked for. See docs/engine.md.
	NoRunAhead bool

	// OnEvent is told what happens. It is called from several goroutines at
	// once, with no lock held, before the demand that caused the event returns,
	// and must not demand anything itself. When nil, events cost nothing.
	OnEvent func(Event)

	// Verify finds queries that are impure, and values that were written to after a
	// query has returned them. See VerifyMode.
	Verify VerifyMode

	// MemoryBudget bounds what the values in the database cost, in bytes; 0 stands
	// for no limit. When there is more, values that were not demanded for a while
	// are dropped, and made again by a run of their query when they are demanded:
	// first those that other queries have read, which may never be asked for again,
	// then the rest. A dropped value still cuts off: what is remembered of it is a
	// fingerprint, and a change of what it was made of that leaves it as it was
	// still runs none of its readers. A node that no other has read, and that was not
	// demanded for long, goes as a whole. Dropping changes no result.
	//
	// The cost of a value is an estimate of its memory, taken once: what several
	// values share is counted for each, and of a long slice or map a sample is
	// measured. A value with the option identity, or with a method Equal and no codec,
	// counts without what it points at. Keys, and what the engine knows of each node
	// (about 80 bytes, and 12 for each read), do not count.
	//
	// These stay: what is set from outside; results of rerun queries and those of
	// cycle= and eq=never; errors; what a running request has already made again once,
	// until it ends. A result that can only be compared with itself (the option identity,
	// or one without a codec) goes when the values of all that have read it are gone.
	// So the limit may be exceeded, by these, and by what the bodies that run are
	// about to return.
	MemoryBudget int64

	// Services are what [Service.Of] returns in this database.
	Services []Provision

	// What follows is for databases on a disk; see Open.

	// Logger is told what went wrong with the cache; nil stands for slog.Default.
	Logger *slog.Logger

	// SaveEvery is how often the cache is saved, besides by Save and Close; 0: never.
	SaveEvery time.Duration

	// DiskBudget bounds the bytes that the cache takes on the disk; 0 stands for no limit.
	// When there is more, the values that were not used for the longest time go.
	DiskBudget int64

	// WaitLock has Save wait for another process that writes to the same directory,
	// instead of ending in ErrLocked.
	WaitLock bool

	// ReadOnly opens a cache that is never written to.
	ReadOnly bool
}

// A DB is a database of queries and their results, in memory. Its methods may
// be called from any number of goroutines. See the package documentation for
// the model.
type DB struct {
	opts   Options
	serial uint64 // of the database in the process
	disk   *disk  // nil: it is in memory

	// revision counts committed changes; flushed is how far the inputs in the graph
	// have followed, settledAt how far all of it has: the front is gone. The graph
	// follows at the first demand after a change, and all of it between two flushes
	// is of one revision.
	revision   atomic.Uint64
	flushed    atomic.Uint64
	settledAt  atomic.Uint64
	calmAt     atomic.Uint64          // the same, as long as demands from outside may look at the graph as it is; else 0
	beside     atomic.Pointer[beside] // what is parked; nil: nothing
	closed     atomic.Bool
	done       chan struct{} // closed with it
	generation atomic.Uint64
	clock      atomic.Uint32 // tells what was demanded when; see cell.touch

	services map[string]Provision // by name; never changed
	verifier *verifier            // nil: Options.Verify is off

	tables atomic.Pointer[[]keeper] // by index of the query

	updating   sync.Mutex    // makes updates serial; taken before mu
	ownUpdates atomic.Uint64 // updates from inside a Run or Do

	mu         shake.Mutex // guards what follows, and the graph except states
	g          *graph.Graph
	board      *flight.Board
	requests   map[uint64]*request
	lastID     uint64
	idle       *sync.Cond                      // signalled when a request ends
	counter    graph.ID                        // the node of the generation counter
	moved      bool                            // the generation has moved since the last flush
	watchers   map[*flight.Flight]*flight.Life // runs whose bodies look at the end of their Context
	refresh    []graph.ID                      // nodes to run at their next demand
	blind      map[graph.ID]bool               // nodes whose reads do not tell when they change; they run in each revision
	iterations map[uint64]*iteration           // in progress
	reserved   map[graph.ID]*flight.Flight     // for calls below a driver
	headOf     map[graph.ID][]uint64           // the iterations in which a node is a head
	heads      mentions                        // by the node that was iterated: others whose reads are only that
	emitted    map[graph.ID][]flight.Emission  // what the last runs of nodes have emitted
	called     mentions                        // what nodes have called, where the graph says something else
	silent     map[graph.ID]bool               // nodes on cycles: their traces are empty
	unseen     int                             // nodes of hidden queries
	iterates   bool                            // there are queries with cycle=fixpoint
	dirty      []keeper                        // tables with sets that are not flushed
	unparked   int                             // how often nodes were unparked in this revision
	rooms      []*room                         // for stacks to come
	folded     []*room                         // of stacks with nodes that may be folded
	news       chan struct{}                   // closed at the next revision; nil: nobody waits for it
	wave       *wave                           // going up; nil: none
	costs      []cost                          // of bodies, by index of the query
	memory     memory
	garbage    garbage
	counts     counts

	hits       tally
	hitsInside atomic.Uint64 // in runs that have ended, or in requests
	loaded     atomic.Uint64
}

// counts are those of [Stats] that are counted under the lock.
type counts struct{ runs, verified, cutoffs, wasted uint64 }

// serials counts databases.
var serials atomic.Uint64

// New returns an empty database in memory.
func New(opts Options) *DB {
	db := newDB(opts, graph.New())
	db.count()
	db.provide(opts.Services)
	return db
}

// newDB returns a database of revision 1, without a generation.
func newDB(opts Options, g *graph.Graph) *DB {
	if opts.Parallelism <= 0 {
		opts.Parallelism = goruntime.GOMAXPROCS(0)
	}
	db := &DB{
		opts:       opts,
		serial:     serials.Add(1),
		g:          g,
		board:      flight.NewBoard(g, opts.Parallelism),
		done:       make(chan struct{}),
		watchers:   map[*flight.Flight]*flight.Life{},
		requests:   map[uint64]*request{},
		blind:      map[graph.ID]bool{},
		iterations: map[uint64]*iteration{},
		reserved:   map[graph.ID]*flight.Flight{},
		headOf:     map[graph.ID][]uint64{},
		heads:      newMentions(),
		emitted:    map[graph.ID][]flight.Emission{},
		called:     newMentions(),
		silent:     map[graph.ID]bool{},
		verifier:   newVerifier(opts.Verify),
	}
	db.board.Unfold = db.unfold
	db.idle = sync.NewCond(&db.mu)
	db.memory.init(opts.MemoryBudget)
	db.garbage.init()
	db.tables.Store(&[]keeper{})
	db.revision.Store(1)
	db.generation.Store(1)
	db.flushed.Store(1)
	db.settledAt.Store(1)
	db.calm()
	return db
}

// count makes the node of the generation counter.
func (db *DB) count() {
	db.counter = db.g.Add(graph.NoTable)
	db.g.NewStamp(db.counter)
	db.g.Assign(db.counter, 0)
}

// Context returns a Context outside any query. Each call of a query through it
// is a request of its own, which ends when ctx is done.
func (db *DB) Context(ctx context.Context) *Context {
	cx := &Context{db: db, ctx: ctx, ends: ctx.Done() != nil}
	if outer, ok := From(ctx); ok && outer.req != nil {
		cx.inside = true
	}
	cx.bare = !cx.ends && !cx.inside && db.opts.OnEvent == nil
	return cx
}

// Revision counts the changes of inputs and generations; it begins with 1.
func (db *DB) Revision() uint64 { return db.revision.Load() }

// NextGeneration begins a new generation and returns its number: the outside
// world may have changed. It panics with ErrInQuery inside a query or an update, and with
// ErrClosed when the database is closed.
func (db *DB) NextGeneration() uint64 {
	var now uint64
	err := db.update(func(tx *Tx) error {
		tx.NextGeneration()
		return nil
	}, &now)
	if err != nil {
		panic(err)
	}
	return now
}

// Save writes to the disk what has changed since the last time, all of it or nothing; a
// database in memory has nothing to write. What is written is of one moment; others may
// go on meanwhile. The first process that saves to a directory is the one that does, until
// it closes its database or ends: for others Save is ErrLocked, whose text has the number
// of that process, or waits with Options.WaitLock. After another error the directory is as
// it was, the database can be used, and the next Save tries again.
func (db *DB) Save(ctx context.Context) error {
	if cx, ok := From(ctx); insideQuery() || ok && cx.inQuery() {
		return ErrInQuery
	}
	switch {
	case db.closed.Load():
		return ErrClosed
	case db.disk == nil:
		return nil
	}
	return db.disk.save(ctx)
}

// Close ends what runs with ErrClosed and waits for it; then it saves. All later calls
// end in ErrClosed; a second Close is nil.
func (db *DB) Close() error {
	if insideRequest() {
		return ErrInQuery
	}
	if !db.shut() {
		return nil
	}
	if db.verifier != nil {
		db.lastLook()
	}
	if db.disk != nil {
		return db.disk.close()
	}
	return nil
}

// shut ends what runs, and reports whether it is the first to do so.
func (db *DB) shut() (first bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	first = db.closed.CompareAndSwap(false, true)
	db.calmAt.Store(0)
	if b := db.beside.Load(); b != nil {
		db.beside.Store(&beside{sets: b.sets})
	}
	if first {
		close(db.done)
	}
	for _, r := range db.requests {
		db.abort(r, ErrClosed)
	}
	for len(db.requests) > 0 {
		db.idle.Wait()
	}
	return first
}

// Stats are counts since the database was made.
type Stats struct {
	Nodes    int    // that exist
	Runs     uint64 // bodies started
	Hits     uint64 // demands that found their node green at once
	Verified uint64 // nodes found green by looking at their reads, without a run
	Cutoffs  uint64 // runs that ended in an outcome equal to the one before
	Wasted   uint64 // runs ahead of a demand that nobody has asked for, see Options.NoRunAhead
	Dropped  uint64 // values that were dropped, see Options.MemoryBudget
	Bytes    int64  // what the values cost by now; 0 without a MemoryBudget
	Loaded   uint64 // values that were read from the disk; see Open
	Disk     int64  // bytes of the cache on the disk, without what was replaced since; see Open

	Collected uint64 // nodes that are gone: of inputs that were unset, or for Options.MemoryBudget
}

// Stats returns the counts. They are exact when nothing is running.
func (db *DB) Stats() Stats {
	db.mu.Lock()
	nodes := db.g.Live() - 1 - db.unseen // the generation counter is not a user's
	dropped, bytes, collected := db.memory.dropped, db.memory.used, db.garbage.collected
	counts := db.counts
	db.mu.Unlock()
	disk := int64(0)
	if db.disk != nil {
		disk = db.disk.store.Stats().Live
	}
	return Stats{
		Disk:     disk,
		Nodes:    nodes,
		Runs:     counts.runs,
		Hits:     db.hits.Value() + db.hitsInside.Load(),
		Verified: counts.verified,
		Loaded:   db.loaded.Load(),
		Cutoffs:  counts.cutoffs,
		Wasted:   counts.wasted,
		Dropped:  dropped,
		Bytes:    bytes,

		Collected: collected,
	}
}

// settled reports whether a demand from outside may look at the graph as it is, if
// rev is the newest revision.
func (db *DB) settled(rev uint64) bool { return db.calmAt.Load() == rev }

// calm notes that the graph is settled, for hits from outside. Those of a database that
// is closed, or that verifies all demands, take the long way; under mu.
func (db *DB) calm() {
	if !db.closed.Load() && !db.verifiesAll() {
		db.calmAt.Store(db.settledAt.Load())
	}
}

// moment is that of the revision of the graph.
func (db *DB) moment() graph.Moment { return graph.MomentOf(db.flushed.Load()) }

// tableOf is tableOf for those who do not know the types; under mu.
func (db *DB) tableOf(q *query) keeper {
	list := *db.tables.Load()
	if int(q.index) >= len(list) {
		registry.RLock()
		more := make([]keeper, len(registry.list))
		registry.RUnlock()
		copy(more, list)
		list = more
	}
	if list[q.index] == nil {
		list = append([]keeper(nil), list...)
		list[q.index] = q.table(db)
		db.iterates = db.iterates || q.rescue == fixpoint
		db.tables.Store(&list)
	}
	return list[q.index]
}

// keeper returns who keeps node n, and where; nil for the generation counter, and
// for nodes that are gone.
func (db *DB) keeper(n graph.ID) (keeper, uint32) {
	t, slot := db.g.Place(n)
	if t == graph.NoTable || !db.g.Has(n) {
		return nil, 0
	}
	k := (*db.tables.Load())[t]
	if db.disk != nil && !k.seated(slot) {
		return db.seat(n, k, slot)
	}
	return k, slot
}

// node describes n to users; a hidden node as the one that it is about. It calls
// none of their code.
func (db *DB) node(n graph.ID) Node {
	if n == 0 {
		return Node{}
	}
	k, slot := db.keeper(n)
	if k == nil {
		return Node{Query: "generation"}
	}
	q := k.query()
	if q.hidden {
		return db.node(db.subject(n))
	}
	return Node{Query: q.def.Name, Key: k.key(slot), Pos: q.position()}
}
