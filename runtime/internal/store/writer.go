package store

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"

	"github.com/zeebo/xxh3"
)

// Writer collects what a save changes. It is for one goroutine. Nothing of it is
// to be seen before Commit, which ends it, as Abort does.
type Writer struct {
	s       *Store
	out     *builder // nil: nothing was written yet
	drops   uint32   // of the store, at Begin
	reset   bool
	done    bool
	err     error // the first one, for Commit
	edits   map[uint32]*edit
	last    *edit // edits[lastPage]
	lastNo  uint32
	columns [256]columnEdit
	touched []uint8 // columns that have an edit
}

// columnEdit is what becomes of a column.
type columnEdit struct {
	known bool // whether the rest is set
	size  uint32
	count uint32
	kept  uint32   // so many pages of the image are still of use
	have  []uint64 // bits: pages that this save has written
}

// edit is what becomes of the rows of one page.
type edit struct {
	set       [rowsPerPage / 64]uint64 // these rows
	keepKey   [rowsPerPage / 64]uint64 // have the key they had
	keepValue [rowsPerPage / 64]uint64 // have the value they had
	rows      [rowsPerPage]row
	tags      [rowsPerPage]uint32 // of their keys
}

// Begin begins a save. The store becomes the writer of its directory, if it is
// not, and stays it until Close. If somebody else is, the error is ErrLocked and
// says who; with Options.WaitLock, Begin waits, as long as ctx lets it.
//
// A store has one writer at a time: until it is committed or aborted, another
// Begin is ErrBusy.
func (s *Store) Begin(ctx context.Context) (*Writer, error) {
	if s.opts.ReadOnly {
		return nil, fmt.Errorf("%w: %s", ErrReadOnly, s.dir)
	}
	if s.closed.Load() {
		return nil, ErrClosed
	}
	if s.writing.Swap(true) {
		return nil, ErrBusy
	}
	if err := s.becomeWriter(ctx); err != nil {
		s.writing.Store(false)
		return nil, err
	}
	return &Writer{s: s, drops: s.drops.Load(), edits: make(map[uint32]*edit)}, nil
}

// becomeWriter gets the lock if the store has not got it. If it has, a compaction
// in the background goes on beside the writer, up to Commit.
func (s *Store) becomeWriter(ctx context.Context) error {
	if s.locked.Load() {
		return nil
	}
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.give()
	return s.lock(ctx)
}

// Reset makes the save begin with nothing: only what is given to the writer after
// it will be there. A store that is damaged is saved like this.
func (w *Writer) Reset() {
	if w.done {
		return
	}
	w.discard()
	*w = Writer{s: w.s, drops: w.s.drops.Load(), reset: true, edits: make(map[uint32]*edit)}
}

// base is the image that the save changes.
func (w *Writer) base() *image {
	if w.reset {
		return &image{}
	}
	return w.s.img.Load()
}

// builder is the segment that the save writes.
func (w *Writer) builder() *builder {
	if w.out == nil {
		id := w.s.nextID.Add(1) - 1
		w.s.open.Store(id) // before it is there: a compaction sweeps
		w.out = newBuilder(w.s.fs, w.s.dir, id)
	}
	return w.out
}

// Page gives a page of a column. A page that is already what it should be costs
// nothing. All pages of a column have one size, a multiple of 8, not above a
// megabyte, and none may be missing before the last one.
func (w *Writer) Page(column uint8, page int, data []byte) {
	if w.done {
		return
	}
	c := w.column(column)
	if c.count == 0 {
		c.size, c.kept = uint32(len(data)), 0
	}
	t := shape{table: uint16(column), size: uint32(len(data))}
	if len(data) > maxPageSize || !t.valid() || t.size != c.size || page < 0 || page > 1<<31-1 {
		w.fail(fmt.Errorf("page %d of column %d has %d bytes, those before %d", page, column, len(data), c.size))
		return
	}
	sum := sumOf(data)
	c.count = max(c.count, uint32(page)+1)
	if uint32(page) < c.kept && !c.wrote(page) {
		if t := w.base().tables[column]; t != nil && page < len(t.pages) && t.pages[page].sum == sum {
			return
		}
	}
	c.note(page)
	w.builder().page(uint16(column), uint32(page), data, sum)
}

// Truncate cuts a column off behind so many pages. A column without pages may get
// pages of another size.
func (w *Writer) Truncate(column uint8, pages int) {
	if w.done || pages < 0 {
		return
	}
	if c := w.column(column); pages < int(c.count) {
		c.count, c.kept = uint32(pages), min(c.kept, uint32(pages))
		for page := pages; page < 64*len(c.have); page++ {
			c.have[page/64] &^= 1 << (page % 64)
		}
	}
}

func (w *Writer) column(column uint8) *columnEdit {
	c := &w.columns[column]
	if !c.known {
		c.known = true
		w.touched = append(w.touched, column)
		if t := w.base().tables[column]; t != nil {
			c.size, c.count, c.kept = t.size, uint32(len(t.pages)), uint32(len(t.pages))
		}
	}
	return c
}

func (c *columnEdit) note(page int) {
	for len(c.have) <= page/64 {
		c.have = append(c.have, 0)
	}
	c.have[page/64] |= 1 << (page % 64)
}

func (c *columnEdit) wrote(page int) bool {
	return page/64 < len(c.have) && c.have[page/64]>>(page%64)&1 != 0
}

// Put gives entry n a key and a value. Both are copied.
func (w *Writer) Put(n uint32, key, value []byte) {
	e, old := w.key(n, key)
	if e == nil {
		return
	}
	i := n % rowsPerPage
	r := &e.rows[i]
	if len(value) <= maxInlineValue {
		r.setInlineValue(value)
		return
	}
	print := xxh3.Hash128(value)
	if old.farValue() && old.valuePlace().size == uint32(len(value)) {
		// An old value that can't be read, or not now, is written anew.
		if have, err := w.base().rowPrint(old); err == nil && have == print {
			setBit(&e.keepValue, i)
			return
		}
	}
	r.setFarValue(w.builder().value(value, print), 0)
}

// PutPrint gives entry n a key and the fingerprint of a value that is not kept.
func (w *Writer) PutPrint(n uint32, key []byte, print xxh3.Uint128) {
	if e, _ := w.key(n, key); e != nil {
		e.rows[n%rowsPerPage].setPrint(print)
	}
}

// PutKey gives entry n a key, and takes its value away.
func (w *Writer) PutKey(n uint32, key []byte) { w.key(n, key) }

// Delete takes entry n away.
func (w *Writer) Delete(n uint32) {
	if e, i := w.edit(n), n%rowsPerPage; e != nil {
		e.rows[i] = row{}
		clearBit(&e.keepKey, i)
		clearBit(&e.keepValue, i)
	}
}

// key begins the row of entry n with its key, and returns the row that it had.
func (w *Writer) key(n uint32, key []byte) (*edit, *row) {
	e, i := w.edit(n), n%rowsPerPage
	if e == nil {
		return nil, nil
	}
	r := &e.rows[i]
	*r = row{}
	clearBit(&e.keepKey, i)
	clearBit(&e.keepValue, i)
	old := new(row)
	base := w.base()
	if n < base.entries {
		err := w.s.read(func(img *image) (err error) { // it may be moved meanwhile
			*old, err = w.s.row(img, n)
			return err
		})
		if err != nil {
			w.fail(err)
			return nil, nil
		}
	}
	e.tags[i] = tagOf(key)
	if len(key) <= maxInlineKey {
		r.setInlineKey(key)
		return e, old
	}
	if old.farKey() && old.keyPlace().size == uint32(len(key)) {
		if have, err := base.rowKey(old); err == nil && bytes.Equal(have, key) {
			setBit(&e.keepKey, i)
			return e, old
		}
	}
	r.setFarKey(w.builder().key(key))
	return e, old
}

// edit is where what becomes of entry n is noted.
func (w *Writer) edit(n uint32) *edit {
	if w.done {
		return nil
	}
	if n > maxEntry {
		w.fail(fmt.Errorf("there can't be an entry %d", n))
		return nil
	}
	page := n / rowsPerPage
	if w.last == nil || w.lastNo != page {
		e := w.edits[page]
		if e == nil {
			e = new(edit)
			w.edits[page] = e
		}
		w.last, w.lastNo = e, page
	}
	setBit(&w.last.set, n%rowsPerPage)
	return w.last
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Abort ends the writer. Nothing is left of it.
func (w *Writer) Abort() {
	if !w.done {
		w.done = true
		w.discard()
		w.s.writing.Store(false)
	}
}

func (w *Writer) discard() {
	if w.out != nil {
		w.out.abort()
		w.out = nil
	}
	w.s.open.Store(0)
	w.edits, w.last = nil, nil
}

func setBit(b *[rowsPerPage / 64]uint64, i uint32)   { b[i/64] |= 1 << (i % 64) }
func clearBit(b *[rowsPerPage / 64]uint64, i uint32) { b[i/64] &^= 1 << (i % 64) }
func hasBit(b *[rowsPerPage / 64]uint64, i uint32) bool {
	return b[i/64]>>(i%64)&1 != 0
}

// ones does f for each bit that is set.
func ones(b *[rowsPerPage / 64]uint64, f func(i uint32) error) error {
	for w, word := range b {
		for ; word != 0; word &= word - 1 {
			if err := f(uint32(w*64 + bits.TrailingZeros64(word))); err != nil {
				return err
			}
		}
	}
	return nil
}
