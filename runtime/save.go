package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/zeebo/xxh3"

	"querygen.dev/runtime/internal/graph"
	"querygen.dev/runtime/internal/store"
)

// A page is a copy of one that has changed.
type page struct {
	part graph.Part
	at   int
	data []byte
}

// A record is a node whose key and outcome are to be written. If there is no keeper, it
// is gone.
type record struct {
	n    graph.ID
	k    keeper
	cell any
	out  any
	set  bool // from outside
}

// A capture is what a save writes: all of one moment.
type capture struct {
	meta    imageMeta
	whole   bool // all has to be written anew, since what is on the disk is damaged
	pages   []page
	entries []record
}

// save writes what has changed since the last one.
func (d *disk) save(ctx context.Context) error {
	d.saving.Lock()
	defer d.saving.Unlock()
	if d.db.opts.ReadOnly {
		return errReadOnly
	}
	if !d.touched() {
		return nil
	}
	err := d.saveOnce(ctx)
	if err != nil && d.store.Damaged() && !errors.Is(err, ErrLocked) {
		err = d.saveOnce(ctx) // all of it, now that this is known
	}
	return err
}

func (d *disk) saveOnce(ctx context.Context) error {
	w, err := d.store.Begin(ctx)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w (%w)", ErrLocked, err)
	}
	if err != nil {
		return fmt.Errorf("querygen: %w", err)
	}
	start := time.Now()
	c := d.capture()
	if err = d.write(ctx, w, c); err != nil {
		err = fmt.Errorf("querygen: %w", err)
	}
	d.settle(c, err)
	if tell := d.db.opts.OnEvent; tell != nil {
		tell(Event{
			Kind: Save, Revision: c.meta.Revision, Generation: c.meta.Generation,
			Start: start, Duration: time.Since(start), Err: err,
		})
	}
	return err
}

// touched reports whether there is anything to save: an outcome, or what a node has read.
// That nodes were found up to date, or have to be looked at, is not: the next process
// will find out again, as this one has.
func (d *disk) touched() bool {
	d.db.mu.Lock()
	defer d.db.mu.Unlock()
	if !d.resumed {
		return false // nobody has looked at anything
	}
	d.db.flush()
	return len(d.entries) > 0 || d.moves != d.db.g.Moves() || d.anew || d.other || d.store.Damaged()
}

// capture takes what is to be written. From then on changes are for the next save.
func (d *disk) capture() *capture {
	db := d.db
	db.mu.Lock()
	defer db.mu.Unlock()
	db.flush()
	c := &capture{whole: d.store.Damaged() || d.anew}
	d.numberAll()
	if c.whole {
		db.g.UnsavedAll()
	}
	head := db.g.Head()
	c.meta = imageMeta{
		Revision: db.revision.Load(), Generation: db.generation.Load(), Counter: db.counter,
		Nodes: head.Nodes, Edges: head.Edges, Records: head.Records, FreeRecords: head.FreeRecords, Highest: head.Highest,
		Build: program(), Environment: environment(), Set: d.assigned(),
	}
	db.g.Changed(func(p graph.Part, at int) {
		c.pages = append(c.pages, page{p, at, db.g.AppendPage(nil, p, at, d.numberOfTable)})
	})
	db.g.Saved()
	d.moves = db.g.Moves()
	for n := range d.doomed {
		d.entries[n] = true
	}
	clear(d.doomed)
	if c.whole { // what is in memory need not be read
		for n := graph.ID(1); int(n) <= db.g.Nodes(); n++ {
			if k, _ := db.placed(n); k != nil {
				d.entries[n] = true
			}
		}
	}
	for n := range d.entries {
		e := record{n: n}
		if k, slot := db.keeper(n); k != nil && k.persists() {
			e.k, e.cell, e.out, e.set = k, k.cellAt(slot), k.outcome(slot), k.assigned(slot)
		}
		c.entries = append(c.entries, e)
	}
	slices.SortFunc(c.entries, func(a, b record) int { return int(a.n) - int(b.n) })
	d.entries, d.written = map[graph.ID]bool{}, d.entries
	c.meta.Again = d.uncertain()
	return c
}

// settle ends a save: what was written is on the disk, or will be tried again.
func (d *disk) settle(c *capture, err error) {
	d.db.mu.Lock()
	defer d.db.mu.Unlock()
	if err != nil {
		d.moves--
		for n := range d.written {
			d.entries[n] = true
		}
		for _, p := range c.pages {
			d.db.g.Unsaved(p.part, p.at)
		}
	} else {
		d.anew, d.other = false, false
		for n := range d.written {
			delete(d.bad, n)
		}
	}
	d.written = nil
}

// write writes a capture; without a lock.
func (d *disk) write(ctx context.Context, w *store.Writer, c *capture) error {
	if c.whole {
		w.Reset()
		if !d.anew {
			d.copy(w, c)
		}
	}
	for _, p := range c.pages {
		w.Page(uint8(p.part), p.at, p.data)
	}
	var p packed
	for _, e := range c.entries {
		p.of(e)
		delete(d.unsavable, e.n)
		n := uint32(e.n)
		switch {
		case len(p.key) == 0:
			w.Delete(n)
		case p.how == packAll:
			w.Put(n, p.key, p.value)
		case p.how == packPrint:
			w.PutPrint(n, p.key, p.print)
		default:
			w.PutKey(n, p.key)
			if p.how == packNothing {
				d.unsavable[e.n] = true
			}
		}
	}
	for n := range d.unsavable {
		c.meta.Again = append(c.meta.Again, n)
	}
	slices.Sort(c.meta.Again)
	c.meta.Again = slices.Compact(c.meta.Again)
	c.meta.Queries = d.described()
	meta, err := msgpack.Marshal(&c.meta)
	if err != nil {
		w.Abort()
		return err
	}
	return w.Commit(ctx, meta)
}

// copy writes again what can still be read of nodes that c does not write.
func (d *disk) copy(w *store.Writer, c *capture) {
	next := c.entries
	for n := uint32(1); n < uint32(c.meta.Nodes); n++ {
		if len(next) > 0 && uint32(next[0].n) == n {
			next = next[1:]
			continue
		}
		key, ok := d.store.Key(n)
		if !ok {
			continue // it is lost
		}
		if value, ok := d.store.Value(n); ok {
			w.Put(n, key, value)
		} else if print, ok := d.store.Print(n); ok {
			w.PutPrint(n, key, print)
		} else {
			w.PutKey(n, key)
		}
	}
}

// packed is an entry as it goes to the disk.
type packed struct {
	key, value []byte
	print      xxh3.Uint128
	how        packing
}

// of makes p the bytes of an entry. Encoding is users' code.
func (p *packed) of(e record) {
	p.key, p.value, p.how = p.key[:0], p.value[:0], packNothing
	if e.k == nil {
		return
	}
	defer func() {
		if recover() != nil {
			p.how = packNothing
		}
	}()
	var err error
	if p.key, err = e.k.keyBytes(p.key, e.cell); err != nil {
		p.key = p.key[:0]
		return
	}
	e.k.pack(p, e.out, e.set)
}

func (t *table[K, V]) keyBytes(buf []byte, of any) ([]byte, error) {
	return t.bytesOf(buf, of.(*cell[K, V]).key)
}

func (t *table[K, V]) pack(p *packed, out any, set bool) {
	o := out.(*outcome[V])
	d := &t.q.def
	comparable := d.NoPersist || d.Identity || d.Kind == KindAlways || set
	switch {
	case o == nil:
		p.how = packTrust // it has not run
		return
	case t.q.rescue != noRescue:
		return
	case o.gone():
		h := o.husk()
		if p.how = packTrust; h.packed && h.known {
			p.how, p.print = packPrint, xxh3.Uint128{Hi: h.print.Hi, Lo: h.print.Lo}
		}
		return
	}
	data, err := t.q.encode(p.value, o)
	switch {
	case err == nil && comparable:
		p.how, p.print = packPrint, xxh3.Hash128(data)
	case err == nil:
		p.how, p.value = packAll, data
	case o.failure() == nil && comparable:
		p.how = packTrust
	}
}

func (t *table[K, V]) unpack(data []byte) (any, error) {
	o, err := t.q.decode(data)
	return o, err
}

func (t *table[K, V]) stamped(out any, stamp uint32) any {
	o := out.(*outcome[V])
	o.stamp = stamp
	if t.db.memory.budget > 0 {
		t.measure(o)
	}
	return o
}

// lay puts what was read from the disk into its place.
func (t *table[K, V]) lay(slot uint32, out any) { t.put(t.cell(slot), out.(*outcome[V])) }

// assigned returns the inputs that are set.
func (d *disk) assigned() []graph.ID {
	var list []graph.ID
	for _, k := range *d.db.tables.Load() {
		if k != nil && k.query().def.Kind == KindInput {
			list = k.set(list)
		}
	}
	slices.Sort(list)
	return list
}

// uncertain returns the nodes of which the graph does not know all; under mu.
func (d *disk) uncertain() []graph.ID {
	db := d.db
	list := slices.Clone(d.again)
	for n := range db.emitted {
		list = append(list, n)
	}
	for n := range db.blind {
		list = append(list, n)
	}
	for n := range db.silent {
		list = append(list, n)
	}
	for n := range db.called.lists {
		list = append(list, n)
	}
	for n := range db.heads.lists {
		list = append(list, n)
	}
	for n := range db.headOf {
		list = append(list, n)
	}
	for n := range db.reserved {
		list = append(list, n)
	}
	for _, it := range db.iterations {
		for n := range it.nodes {
			list = append(list, n)
		}
	}
	return list
}

var errReadOnly = errors.New("querygen: the cache was opened with Options.ReadOnly, and is not saved")

// numberOfTable says by which number a table is known on the disk.
func (d *disk) numberOfTable(table uint32) uint32 {
	if table == graph.NoTable {
		return counterNumber
	}
	k := (*d.db.tables.Load())[table]
	switch {
	case k.persists():
		return uint32(d.number[k.query().def.Name])
	case k.query().hidden, table == strange.index:
		return strangeNumber // nobody will tell when it changes
	}
	return lostNumber
}

// described returns the queries by their numbers. Of one that the program does not
// know there is no node that is not lost.
func (d *disk) described() []imageQuery {
	list := make([]imageQuery, len(d.numbers))
	for i, name := range d.numbers {
		list[i] = imageQuery{Name: name}
		if q := lookupQuery(name); q != nil && q.describe != nil {
			list[i] = q.describe()
		}
	}
	return list
}
