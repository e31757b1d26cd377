package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/store"
)

// An imageMeta is what is saved beside the pages of the graph.
type imageMeta struct {
	Revision    uint64
	Generation  uint64
	Counter     graph.ID
	Nodes       int
	Edges       int
	Records     int
	FreeRecords uint32
	Highest     map[graph.ID]uint32

	Build       string // of the program that has saved it
	Environment string
	Queries     []imageQuery // by their numbers
	Set         []graph.ID   // inputs
	Again       []graph.ID   // nodes that have to run, whatever the graph says
}

// An imageQuery says what the results of a query depend on besides what it has read.
// Everything is comparable.
type imageQuery struct {
	Name    string
	Key     string // schemas
	Value   string
	Code    string
	Version string
	Options string
}

// numbers of tables on the disk that are those of no query.
const (
	lostNumber    = ^uint32(0) - 2
	strangeNumber = ^uint32(0) - 3
	counterNumber = graph.NoTable
)

// restore returns a database with what is in the store; an error says that it can't
// be used.
func restore(s *store.Store, opts Options) (*DB, error) {
	var m imageMeta
	data := s.Meta()
	if data == nil {
		return empty(s, opts), nil
	}
	if err := msgpack.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	head := graph.Head{Nodes: m.Nodes, Edges: m.Edges, Records: m.Records, FreeRecords: m.FreeRecords, Highest: m.Highest}
	g, err := graph.FromImage(head)
	if err != nil {
		return nil, err
	}
	db := newDB(opts, g)
	d := newDisk(db, s)
	db.disk = d
	tables, changed := d.recognize(&m)
	if err := fill(g, s, head, tables); err != nil {
		return nil, err
	}
	if m.Counter == 0 || int(m.Counter) > g.Nodes() {
		return nil, errors.New("there is no generation in it")
	}
	db.counter = m.Counter
	db.revision.Store(m.Revision + 2) // the graph is still at the one before
	db.generation.Store(m.Generation + 1)
	db.flushed.Store(m.Revision + 1)
	db.settledAt.Store(m.Revision + 1)
	db.calmAt.Store(0)
	db.moved = true
	g.Track()
	d.suspectOf(changed)
	d.unset = inside(m.Set, g)
	d.again = inside(append(d.again, m.Again...), g)
	db.provide(opts.Services)
	d.unprovided()
	d.relist()
	d.moves = g.Moves()
	return db, nil
}

// fill reads the pages of the graph.
func fill(g *graph.Graph, s *store.Store, head graph.Head, tables []uint32) error {
	table := func(number uint32) uint32 {
		switch {
		case number == counterNumber:
			return graph.NoTable
		case number < uint32(len(tables)):
			return tables[number]
		case number == strangeNumber:
			return strange.index
		}
		return lost.index
	}
	for p := range graph.Parts {
		count := head.Pages(p)
		if have, size := s.Pages(uint8(p)); have < count || count > 0 && size != p.PageSize() {
			return fmt.Errorf("part %d has %d pages of %d bytes, want %d of %d", p, have, size, count, p.PageSize())
		}
		err := s.ReadColumn(uint8(p), func(page int, data []byte) error {
			if page >= count {
				return nil
			}
			return g.SetPage(p, page, data, table)
		})
		if err != nil {
			return err
		}
	}
	return g.Loaded()
}

// inside leaves out what is no node.
func inside(list []graph.ID, g *graph.Graph) []graph.ID {
	kept := list[:0]
	for _, n := range list {
		if n > 0 && int(n) <= g.Nodes() && g.Has(n) {
			kept = append(kept, n)
		}
	}
	return kept
}

// recognize compares the queries of the image with those of the program. It returns
// the tables by number, and the numbers of those whose code is another one.
func (d *disk) recognize(m *imageMeta) (tables []uint32, changed map[uint32]bool) {
	changed = map[uint32]bool{}
	t := newTrust(m)
	for i, was := range m.Queries {
		table := lost.index
		if q := lookupQuery(was.Name); q != nil && q.describe != nil {
			table = strange.index
			if now := q.describe(); now.Key == was.Key && d.db.tableOf(q).persists() {
				table = q.index
				changed[table] = now != was || !t.trusts(q)
				d.other = d.other || changed[table]
			}
		}
		d.numbers = append(d.numbers, was.Name)
		d.number[was.Name] = i
		tables = append(tables, table)
	}
	d.db.tableOf(&lost.query)
	d.db.tableOf(&strange.query)
	return tables, changed
}

// suspectOf finds the nodes that have to run because their code is another one.
func (d *disk) suspectOf(changed map[uint32]bool) {
	for table, is := range changed {
		if is {
			d.db.g.Of(table, func(n graph.ID) { d.again = append(d.again, n) })
		}
	}
	var lone []graph.ID
	for _, table := range []uint32{lost.index, strange.index} {
		d.db.g.Of(table, func(n graph.ID) { lone = append(lone, n) })
	}
	d.clear(lone)
}

// clear removes lost nodes that nobody has read. Of the others those have to run that
// have read nothing: perhaps they were assigned.
func (d *disk) clear(list []graph.ID) {
	g := d.db.g
	for len(list) > 0 {
		n := list[len(list)-1]
		list = list[:len(list)-1]
		table, _ := g.Place(n)
		if !g.Has(n) || !isLost(table) {
			continue
		}
		d.doomed[n] = true // to be deleted: another node may have its key
		children := g.Reads(n, nil)
		switch {
		case !g.AnyReader(n, anybody):
			g.Free(n)
			list = append(list, children...)
		case len(children) == 0, table == strange.index:
			d.again = append(d.again, n)
		}
	}
}

// relist finds the inputs of which somebody has asked for the keys.
func (d *disk) relist() {
	for _, q := range queriesOf(KindInput) {
		if l, ok := d.db.tableOf(q).(lister); ok && l.listed() {
			d.listings = append(d.listings, l)
		}
	}
}

// unprovided finds the services that are not there any more.
func (d *disk) unprovided() {
	for i, name := range d.numbers {
		q := lookupQuery(name)
		if _, ok := d.db.services[name]; q == nil || q.bound || q.keys || ok {
			continue
		}
		if n, ok := d.store.Find(binary.AppendUvarint(nil, uint64(i))); ok {
			d.again = append(d.again, inside([]graph.ID{graph.ID(n)}, d.db.g)...)
		}
	}
}

// resume is called by the first flush, when what was set by then is in the graph: inputs
// that were set and are not have changed, and so have others; under mu.
func (d *disk) resume() {
	db := d.db
	for _, n := range d.unset {
		k, slot := db.keeper(n)
		if !k.assigned(slot) {
			db.g.Demand(n)
			db.suspect(n)
		}
	}
	for _, n := range d.again {
		if k, slot := db.placed(n); k == nil || !k.assigned(slot) {
			db.g.Demand(n)
		}
	}
	for _, l := range d.listings {
		l.flushKeys()
	}
	d.unset, d.again, d.listings, d.resumed = nil, nil, nil, true
}

// placed is keeper for a node that may have no cell yet: then it is nil.
func (db *DB) placed(n graph.ID) (keeper, uint32) {
	table, slot := db.g.Place(n)
	if table == graph.NoTable || !db.g.Has(n) {
		return nil, 0
	}
	if k := (*db.tables.Load())[table]; k.seated(slot) {
		return k, slot
	}
	return nil, 0
}

// load brings the outcome of f's node from the disk, whose value is wanted; f ends with
// it. It returns false if it is not there: then the node runs. It lets go of the lock
// without settling the front, since it changes nothing in the graph.
func (w *walk) load(f *flight.Flight) bool {
	n, db := f.Node, w.db
	k, slot := db.keeper(n)
	husk := k.outcome(slot)
	if db.disk == nil || k.whole(slot) || !db.disk.current(n) {
		return false
	}
	w.unlock()
	out, err := db.disk.read(k, n)
	db.mu.Lock()
	w.open = false
	if err != nil {
		db.disk.bad[n] = true
		return false
	}
	if !f.Orphaned && k.outcome(slot) == husk {
		k.lay(slot, k.stamped(out, db.g.Stamp(n)))
		db.loaded.Add(1)
		w.report(Load, n)
	}
	db.finishFrame(w.stack.pop())
	return true
}

var errNoValue = errors.New("querygen: there is no value of it on the disk")

// readAs returns the outcome that h is left of.
func (d *disk) readAs(k keeper, h *husk) (any, error) {
	if p, ok := d.store.Print(uint32(h.node)); !ok || (codec.Fingerprint{Hi: p.Hi, Lo: p.Lo}) != h.print {
		return nil, errNoValue
	}
	return d.read(k, h.node)
}

// read returns the outcome of n that is on the disk; without the lock.
func (d *disk) read(k keeper, n graph.ID) (out any, err error) {
	data, ok := d.store.Value(uint32(n))
	if !ok {
		return nil, errNoValue
	}
	defer func() {
		if p := recover(); p != nil { // in a method of the value's
			err = fmt.Errorf("querygen: decoding panics: %v", p)
		}
	}()
	return k.unpack(data)
}
