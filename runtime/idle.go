package runtime

import (
	"bytes"
	"maps"
	"slices"

	"github.com/vmihailenco/msgpack/v5"

	"querygen.dev/runtime/internal/graph"
)

// A process that finds everything as the one before has left it moves the generation on,
// runs what is to be run in each, and verifies the rest: all of which ends in what was
// there. Nothing of it is of use to the next process, which does the same, so nothing
// is written.

// onDisk reports whether an outcome that c ends in, which has this stamp, is on the disk already:
// what is there has the same stamp, so it is equal, and nobody has found that it can't be read.
func (t *table[K, V]) onDisk(c *cell[K, V], stamp uint32) bool {
	old := c.out.Load()
	if t.db.disk == nil || old == nil || !old.gone() || old.stamp != stamp {
		return false
	}
	return old.husk().packed && t.db.disk.current(c.id)
}

// idle reports whether the image on the disk says all that there is to say, but for
// when things were last looked at; under mu.
func (d *disk) idle() bool {
	db := d.db
	if len(d.entries) > 0 || db.flushed.Load() != db.revision.Load() || db.g.Pending() || d.store.Damaged() {
		return false
	}
	var was imageMeta
	if data := d.store.Meta(); data == nil || msgpack.Unmarshal(data, &was) != nil || !d.sameMeta(&was) {
		return false
	}
	changed := map[graph.Part]map[int]bool{graph.Nodes: {}, graph.Edges: {}, graph.Blocks: {}}
	db.g.Changed(func(p graph.Part, page int) {
		if pages := changed[p]; pages != nil { // there are no records
			pages[page] = true
		}
	})
	for p, pages := range changed {
		if !d.samePages(p, pages) {
			return false
		}
	}
	return true
}

// sameMeta compares what is beside the pages. Without records it does not matter which
// places for them are free.
func (d *disk) sameMeta(was *imageMeta) bool {
	head, again := d.db.g.Head(), d.uncertain()
	for n := range d.unsavable {
		again = append(again, n)
	}
	slices.Sort(again)
	return was.Counter == d.db.counter && was.Nodes == head.Nodes && was.Edges == head.Edges &&
		maps.Equal(was.Highest, head.Highest) && was.Environment == environment() &&
		slices.Equal(was.Queries, d.described()) && slices.Equal(was.Set, d.assigned()) &&
		slices.Equal(was.Again, slices.Compact(again))
}

// samePages compares pages with those on the disk.
func (d *disk) samePages(p graph.Part, pages map[int]bool) bool {
	if len(pages) == 0 {
		return true
	}
	left, same := len(pages), true
	var buf []byte
	counter := d.db.counter
	err := d.store.EachPage(uint8(p), func(page int) bool { return pages[page] }, func(page int, was []byte) {
		left--
		buf = d.db.g.AppendPage(buf[:0], p, page, d.numberOfTable)
		if p == graph.Nodes {
			graph.Timeless(buf, page, counter)
			graph.Timeless(was, page, counter)
		}
		same = same && bytes.Equal(buf, was)
	})
	return err == nil && left == 0 && same
}
