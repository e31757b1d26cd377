package store

import (
	"context"
	"maps"
	"slices"
)

// rewrite writes what is alive in the segments from one on into a single one.
// Keys and values are moved, and checked, without being looked into. With a
// budget, the values go that were of no use for longest.
func (s *Store) rewrite(ctx context.Context, img *image, from int, budget int64) (*image, error) {
	out := newBuilder(s.fs, s.dir, s.nextID.Add(1)-1)
	next, err := s.rewriteTo(ctx, out, img, from, budget)
	if err != nil {
		out.abort()
	}
	return next, err
}

func (s *Store) rewriteTo(ctx context.Context, out *builder, img *image, from int, budget int64) (*image, error) {
	if out.err != nil {
		return nil, out.err
	}
	mv := mover{ctx: ctx, s: s, img: ahead(img), out: out, young: make(map[uint32]bool)}
	for _, p := range img.segs[from:] {
		mv.young[p.id] = true
	}
	if budget > 0 {
		if err := mv.choose(budget); err != nil {
			return nil, err
		}
	}
	for number := range uint16(tables) {
		if err := mv.table(number); err != nil {
			return nil, err
		}
	}
	d := img.directory()
	d.seq = s.journal.seq + 1
	seg, whole, err := out.finish(d, img.meta)
	if err != nil {
		return nil, err
	}
	kept := *img
	kept.segs, kept.byID = slices.Clone(img.segs[:from]), make(map[uint32]*segment)
	for _, p := range kept.segs {
		kept.byID[p.id] = p.segment
	}
	next, err := kept.with(seg, whole, img.meta, mv.live, nil)
	if err != nil {
		return nil, err
	}
	next.seq = img.seq
	return next, nil
}

// mover moves what lies in some segments.
type mover struct {
	ctx   context.Context
	s     *Store
	img   *image
	out   *builder
	young map[uint32]bool // the segments that go
	live  int64           // bytes of keys and values that were moved

	// Values that were last of use before this save go, and those of this save
	// whose number is below.
	since  uint32
	sinceN uint32

	first uint32   // page of rows
	rows  [][]byte // pages from first on that wait to be written
}

// rowsAtOnce is how many pages of rows wait until they are written, so that those
// that follow one another stay together though keys and values come between.
const rowsAtOnce = 1 << 10

func (mv *mover) table(number uint16) error {
	want := func(p pageRef) bool { return mv.young[p.seg] }
	err := mv.img.eachPage(number, want, func(page int, data []byte) error {
		if page%256 == 0 && mv.ctx.Err() != nil {
			return context.Cause(mv.ctx)
		}
		if mv.out.err != nil {
			return mv.out.err
		}
		if number == rowTable {
			return mv.page(uint32(page), data)
		}
		mv.out.page(number, uint32(page), data, mv.img.tables[number].pages[page].sum)
		return nil
	})
	mv.flush()
	return err
}

// page moves a page of rows, and what they point to.
func (mv *mover) page(page uint32, data []byte) error {
	data = slices.Clone(data)
	for i := range uint32(rowsPerPage) {
		r := rowAt(data, i)
		if !r.valid() {
			return damaged("row %d makes no sense", page*rowsPerPage+i)
		}
		if err := mv.row(page*rowsPerPage+i, r); err != nil {
			return err
		}
	}
	if len(mv.rows) == rowsAtOnce || page != mv.first+uint32(len(mv.rows)) {
		mv.flush()
		mv.first = page
	}
	mv.rows = append(mv.rows, data)
	return nil
}

func (mv *mover) flush() {
	for i, data := range mv.rows {
		mv.out.page(rowTable, mv.first+uint32(i), data, sumOf(data))
	}
	mv.first += uint32(len(mv.rows))
	mv.rows = mv.rows[:0]
}

func (mv *mover) row(n uint32, r *row) error {
	if r.farKey() && mv.young[r.keyPlace().seg] {
		key, err := mv.img.rowKey(r)
		if err != nil {
			return err
		}
		r.setFarKey(mv.out.key(key))
		mv.live += keyBytes(uint32(len(key)))
	}
	if !r.farValue() {
		return nil
	}
	used := mv.used(n, r)
	if used < mv.since || used == mv.since && n < mv.sinceN {
		print, err := mv.img.rowPrint(r)
		if err == nil {
			r.setPrint(print)
		}
		return err
	}
	r.setUsed(used)
	if !mv.young[r.valuePlace().seg] {
		return nil
	}
	value, print, err := mv.img.rowValue(r)
	if err != nil {
		return err
	}
	r.setFarValue(mv.out.value(value, print), used)
	mv.live += valueBytes(uint32(len(value)))
	return nil
}

// used is when a value was last of use.
func (mv *mover) used(n uint32, r *row) uint32 {
	if mv.s.usage.marked(n) {
		return uint32(mv.s.journal.seq + 1)
	}
	return r.used()
}

// choose decides which values go, so that nine tenths of the budget are left: the
// next save should not have to choose again.
func (mv *mover) choose(budget int64) error {
	live, _ := mv.img.measure()
	over := live - budget/10*9
	size := make(map[uint32]int64) // by save in which they were of use
	each := func(f func(n, used uint32, size int64)) error {
		all := func(pageRef) bool { return true }
		return mv.img.eachPage(rowTable, all, func(page int, data []byte) error {
			for i := range uint32(rowsPerPage) {
				if n, r := uint32(page)*rowsPerPage+i, rowAt(data, i); r.farValue() {
					f(n, mv.used(n, r), valueBytes(r.valuePlace().size))
				}
			}
			return nil
		})
	}
	if err := each(func(_, used uint32, n int64) { size[used] += n }); err != nil {
		return err
	}
	if len(size) == 0 {
		return errNoValues
	}
	for _, used := range slices.Sorted(maps.Keys(size)) {
		mv.since = used
		if size[used] > over {
			break
		}
		over -= size[used]
		mv.since++ // all of them
	}
	return each(func(n, used uint32, size int64) {
		if used == mv.since && over > 0 {
			over -= size
			mv.sinceN = n + 1
		}
	})
}

// ahead is the image, for one who reads most of it: what lies behind what was
// read last is read along.
func ahead(img *image) *image {
	all := *img
	all.byID = make(map[uint32]*segment, len(img.byID))
	for id, s := range img.byID {
		seg := *s
		seg.f = &aheadFile{File: s.f}
		all.byID[id] = &seg
	}
	return &all
}

// aheadFile reads ahead, for one goroutine.
type aheadFile struct {
	File
	buf []byte // what was read along, from at on
	at  int64
	end int64 // of what was read last
}

const readAhead = 1 << 16

func (f *aheadFile) ReadAt(b []byte, at int64) (int, error) {
	size := int64(len(b))
	if at >= f.at && at+size <= f.at+int64(len(f.buf)) {
		f.end = at + size
		return copy(b, f.buf[at-f.at:]), nil
	}
	near := at >= f.end && at < f.end+readAhead
	f.end = at + size
	if !near || size >= readAhead {
		return f.File.ReadAt(b, at)
	}
	if f.buf == nil {
		f.buf = make([]byte, readAhead)
	}
	n, err := f.File.ReadAt(f.buf[:readAhead], at)
	f.buf, f.at = f.buf[:n], at
	if int64(n) < size {
		return copy(b, f.buf), err
	}
	return copy(b, f.buf), nil
}
