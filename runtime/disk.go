package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/store"
)

// A disk is what a database knows of the directory that it was opened in. There lies
// an image of the graph, which Open reads as a whole, and for each node the bytes of
// its key and of its outcome, which are read when somebody wants them:
//
//   - a node whose key was not read yet has no cell (graph.Unplaced); see place;
//   - a node whose outcome was not read yet has a husk in its place, as if the value
//     had been dropped for want of memory; see load.
//
// So the engine works on the graph as it would in memory, and what was not touched is
// not read.
type disk struct {
	db    *DB
	store *store.Store

	saving    sync.Mutex        // held while a save is in progress; taken before db.mu
	unsavable map[graph.ID]bool // guarded by it: nodes whose outcomes can't be written
	anew      bool              // guarded by it: nothing on the disk is of use
	other     bool              // guarded by it: what is there was made by other code

	// Guarded by db.mu.
	numbers  []string       // the names of queries, by the number that they have on the disk
	number   map[string]int // the same the other way round
	entries  map[graph.ID]bool
	written  map[graph.ID]bool   // those of entries that the save in progress writes
	bad      map[graph.ID]bool   // their values can't be read
	doomed   map[graph.ID]bool   // lost nodes, whose entries are deleted by the next save
	moves    uint64              // what Moves of the graph was when it was saved
	scanned  map[uint32]bool     // tables of which all nodes have cells
	strays   map[graph.ID]uint32 // lost nodes among those of other queries, with their slots
	resumed  bool                // there was a flush
	unset    []graph.ID          // inputs that were set when the graph was saved; until the first flush
	again    []graph.ID          // nodes that have to run; until the first flush
	listings []lister            // inputs of which somebody has asked for the keys; until the first flush

	stop chan struct{} // ends saving now and then
	done chan struct{}
}

// A lister is a table of inputs.
type lister interface {
	listed() bool // the list is on the disk
	flushKeys()
}

// Open returns a database with the results that an earlier process has saved in dir,
// which is made if it is not there. What is set belongs to the open database and not
// to the directory: all inputs are unset, and a new generation has begun. Setting an input
// to what it was set to last time changes nothing, and is best done in one Update
// before the first demand: what is not set by then is known to have changed.
//
// Nothing of an earlier process is used unless the code that made it is the same
// (see docs/generator-fingerprints.md), and so are Go, the system, and the modules
// that the program is built from. What can't be read is made again; Options.Logger is
// told why. So the error is nil unless there can't be a directory.
//
// Several processes may open one directory. The first one that saves is the one that
// writes, until it is closed; see [DB.Save].
func Open(dir string, opts Options) (*DB, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	s, err := store.Open(dir, store.Options{
		Logger: opts.Logger, ReadOnly: opts.ReadOnly, WaitLock: opts.WaitLock, Budget: opts.DiskBudget,
	})
	if err != nil {
		return nil, fmt.Errorf("querygen: opening the cache in %s: %w", dir, err)
	}
	db, err := restore(s, opts)
	if err != nil {
		opts.Logger.Warn("querygen: the cache is not used: it can't be read", "dir", dir, "error", err)
		db = empty(s, opts)
		db.disk.anew = true
	}
	db.disk.begin(opts.SaveEvery)
	return db, nil
}

// empty returns a database that has nothing from the disk.
func empty(s *store.Store, opts Options) *DB {
	db := newDB(opts, graph.New())
	db.disk = newDisk(db, s)
	db.disk.resumed = true // there is nothing that was set
	db.g.Track()
	db.count()
	db.provide(opts.Services)
	return db
}

func newDisk(db *DB, s *store.Store) *disk {
	return &disk{
		db: db, store: s, number: map[string]int{},
		entries: map[graph.ID]bool{}, bad: map[graph.ID]bool{}, strays: map[graph.ID]uint32{}, scanned: map[uint32]bool{}, doomed: map[graph.ID]bool{}, unsavable: map[graph.ID]bool{},
		stop: make(chan struct{}), done: make(chan struct{}),
	}
}

// begin saves now and then.
func (d *disk) begin(every time.Duration) {
	if every <= 0 {
		close(d.done)
		return
	}
	go func() {
		defer close(d.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-d.stop:
				return
			case <-tick.C:
				if err := d.save(context.Background()); err != nil {
					d.complain(err)
				}
			}
		}
	}()
}

func (d *disk) complain(err error) {
	level := slog.LevelWarn
	if errors.Is(err, ErrLocked) {
		level = slog.LevelInfo // somebody else does it
	}
	d.db.opts.Logger.Log(context.Background(), level, "querygen: the cache was not saved", "error", err)
}

// close saves for the last time. Nothing runs any more.
func (d *disk) close() error {
	close(d.stop)
	<-d.done
	if d.db.opts.ReadOnly {
		return d.store.Close()
	}
	err := d.save(context.Background())
	if errors.Is(err, ErrLocked) {
		d.complain(err)
		err = nil
	}
	return errors.Join(err, d.store.Close())
}

// lacks reports whether a node may be green without its value.
func (db *DB) lacks() bool { return db.memory.budget > 0 || db.disk != nil }

// entered notes that the key or the outcome of n is not what is on the disk; under mu.
func (db *DB) entered(n graph.ID) {
	if db.disk != nil {
		db.disk.entries[n] = true
	}
}

// current reports whether the outcome of n is the one on the disk; under mu.
func (d *disk) current(n graph.ID) bool { return !d.entries[n] && !d.written[n] && !d.bad[n] }
