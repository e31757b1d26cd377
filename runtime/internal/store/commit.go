package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Commit makes what was given to the writer, and meta, the image, or leaves
// everything as it was: then the error says why. If nothing has changed, nothing
// is written. It ends the writer.
//
// If somebody else has saved since the store was opened, before it became the
// writer, the whole image is written, and takes the place of theirs.
func (w *Writer) Commit(ctx context.Context, meta []byte) error {
	if w.done {
		return fmt.Errorf("saving the cache: %w", ErrClosed)
	}
	defer w.Abort()
	err := w.err
	if err == nil {
		err = w.commitInTurn(ctx, meta)
	}
	if errors.Is(err, errDamaged) {
		w.s.warn(err, "the cache is damaged, and used as far as it goes")
	}
	if err != nil {
		return fmt.Errorf("saving the cache: %w", err)
	}
	return nil
}

func (w *Writer) commitInTurn(ctx context.Context, meta []byte) error {
	if err := w.s.take(ctx); err != nil {
		return err
	}
	defer w.s.give()
	return w.commit(ctx, meta)
}

func (w *Writer) commit(ctx context.Context, meta []byte) (err error) {
	s, base := w.s, w.base()
	from := base // what is written is put on top of it
	if s.behind && len(base.segs) > 0 && !w.reset {
		// The manifest names others' segments, and ours may be gone.
		if from, err = s.rewrite(ctx, base, 0, 0); err != nil {
			return err
		}
		defer func() {
			if err != nil {
				s.discard(from.segs[0].segment, err)
			}
		}()
	}
	next, err := w.apply(ctx, from, meta)
	if err != nil || next == nil {
		return err
	}
	if w.drops != s.drops.Load() && !w.reset {
		return damaged("what the save builds on could not be read")
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err = s.publish(next); err != nil {
		if errors.Is(err, errUnclear) {
			w.out.keep()
		}
		return err
	}
	w.out = nil // it is the image's now
	s.open.Store(0)
	s.install(base, next, w.reset)
	s.tidy(ctx)
	return nil
}

// apply writes the segment of the save. The image is nil if nothing has changed.
func (w *Writer) apply(ctx context.Context, base *image, meta []byte) (*image, error) {
	d, err := w.shapes(base)
	if err != nil {
		return nil, err
	}
	m := merge{w: w, base: base, d: d, dead: make(map[uint32]int64)}
	if err := m.rows(ctx); err != nil {
		return nil, err
	}
	if !m.index.empty() {
		pages, used, err := m.index.apply(w.s, base, w.builder())
		if err != nil {
			return nil, err
		}
		d.used = used
		d.setShape(shape{indexTable, indexPage, uint32(pages)})
	}
	first := w.reset || base.seq == 0 || w.s.behind
	if w.out == nil && !first && bytes.Equal(meta, base.meta) && slices.Equal(d.tables, base.shapes()) {
		return nil, nil
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	seg, whole, err := w.builder().finish(*d, meta)
	if err != nil {
		return nil, err
	}
	return base.with(seg, whole, meta, m.live, m.dead)
}

// shapes is what the tables are after the save, but for rows and index.
func (w *Writer) shapes(base *image) (*directory, error) {
	d := base.directory()
	d.seq = w.s.journal.seq + 1
	for _, column := range w.touched {
		c := &w.columns[column]
		for page := c.kept; page < c.count; page++ {
			if !c.wrote(int(page)) {
				return nil, fmt.Errorf("column %d has no page %d", column, page)
			}
		}
		d.setShape(shape{uint16(column), c.size, c.count})
	}
	return &d, nil
}

// setShape replaces the measures of a table.
func (d *directory) setShape(t shape) {
	i, found := slices.BinarySearchFunc(d.tables, t.table, func(have shape, table uint16) int {
		return int(have.table) - int(table)
	})
	switch {
	case found && t.count == 0:
		d.tables = slices.Delete(d.tables, i, i+1)
	case found:
		d.tables[i] = t
	case t.count > 0:
		d.tables = slices.Insert(d.tables, i, t)
	}
}

// with is the image with one more segment on top. live is what rows point to in
// it, dead what they pointed to in the others and do no more.
func (img *image) with(seg *segment, d *directory, meta []byte, live int64, dead map[uint32]int64) (*image, error) {
	next := &image{
		byID: maps.Clone(img.byID), meta: bytes.Clone(meta), metaAt: d.meta,
		entries: d.entries, live: d.live, used: d.used,
	}
	if next.meta == nil {
		next.meta = []byte{} // nil is for no image
	}
	if next.byID == nil {
		next.byID = make(map[uint32]*segment)
	}
	next.byID[seg.id] = seg
	for _, p := range img.segs {
		p.blobs = max(0, p.blobs-dead[p.id])
		next.segs = append(next.segs, p)
	}
	next.segs = append(next.segs, part{seg, live})
	for _, t := range d.tables {
		pages := make([]pageRef, t.count)
		if old := img.tables[t.table]; old != nil && old.size == t.size {
			copy(pages, old.pages)
		}
		next.tables[t.table] = &table{t.size, pages}
	}
	next.lay(seg.id, d)
	return next, next.check()
}

// merge lays what a writer knows of rows over those that there are.
type merge struct {
	w     *Writer
	base  *image
	d     *directory
	index indexEdit
	live  int64            // bytes in the new segment that rows point to
	dead  map[uint32]int64 // by segment: bytes that they pointed to
}

// rows writes the pages of rows that change. There are no holes among them.
func (m *merge) rows(ctx context.Context) error {
	if len(m.w.edits) == 0 {
		return nil
	}
	numbers := slices.Sorted(maps.Keys(m.w.edits))
	have := uint32(m.base.count(rowTable))
	pages := max(have, numbers[len(numbers)-1]+1)
	for page := have; page < pages; page++ {
		if m.w.edits[page] == nil {
			m.w.edits[page] = new(edit)
			numbers = append(numbers, page)
		}
	}
	slices.Sort(numbers)
	for i, page := range numbers {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := m.page(page, m.w.edits[page], page >= have); err != nil {
			return err
		}
	}
	m.d.setShape(shape{rowTable, rowPage, pages})
	return nil
}

// remember notes in the rows of a page which values were read since Open. It is
// no reason to write a page.
func (m *merge) remember(number uint32, data []byte) {
	u := &m.w.s.usage
	for i := range uint32(rowsPerPage) {
		if r := rowAt(data, i); r.farValue() && u.marked(number*rowsPerPage+i) {
			r.setUsed(uint32(m.d.seq))
		}
	}
}

var noRows [rowPage]byte

func (m *merge) page(number uint32, e *edit, isNew bool) error {
	old := noRows[:]
	if !isNew {
		var err error
		if old, err = m.w.s.rows.page(m.base, rowTable, number); err != nil {
			return err
		}
	}
	data := *(*[rowPage]byte)(old)
	err := ones(&e.set, func(i uint32) error {
		return m.row(number*rowsPerPage+i, e, i, rowAt(old, i), rowAt(data[:], i))
	})
	if err != nil {
		return err
	}
	if isNew || !bytes.Equal(old, data[:]) {
		m.remember(number, data[:])
		m.w.builder().page(rowTable, number, data[:], sumOf(data[:]))
	}
	return nil
}

// row makes entry n what the writer wants, in to, and keeps the books.
func (m *merge) row(n uint32, e *edit, i uint32, old, to *row) error {
	*to = e.rows[i]
	if hasBit(&e.keepKey, i) {
		to[0] = old[0]
		copy(to.key(), old.key())
	}
	if hasBit(&e.keepValue, i) {
		to[1] = old[1]
		copy(to.value(), old.value())
	} else if to.farValue() {
		to.setUsed(uint32(m.d.seq))
	}
	if *to == *old {
		return nil
	}
	m.count(old, to)
	if to.there() {
		m.d.entries = max(m.d.entries, n+1)
	}
	if old[0] == to[0] && bytes.Equal(old.key(), to.key()) {
		return nil
	}
	if old.there() {
		m.d.live--
		key, err := m.base.rowKey(old)
		if err != nil {
			return err
		}
		m.index.remove = append(m.index.remove, newSlot(tagOf(key), n))
	}
	if to.there() {
		m.d.live++
		m.index.add = append(m.index.add, newSlot(e.tags[i], n))
	}
	return nil
}

// count moves bytes from the living to the dead and back, as rows point to them.
func (m *merge) count(old, to *row) {
	each := func(r *row, sign int64) {
		if r.farKey() {
			p := r.keyPlace()
			m.point(p.seg, sign*keyBytes(p.size))
		}
		if r.farValue() {
			p := r.valuePlace()
			m.point(p.seg, sign*valueBytes(p.size))
		}
	}
	each(old, -1)
	each(to, +1)
}

func (m *merge) point(seg uint32, n int64) {
	if m.w.out != nil && seg == m.w.out.id {
		m.live += n
	} else {
		m.dead[seg] -= n
	}
}
