package store

import (
	"fmt"

	"github.com/zeebo/xxh3"
)

// image is what one save left. It does not change; a save makes another one.
// Both may use the same segments.
type image struct {
	seq    uint64 // of its record in the manifest; 0: there is nothing
	segs   []part
	byID   map[uint32]*segment
	tables [tables]*table // nil: the table has no pages
	meta   []byte
	metaAt span // in the last segment

	entries uint32
	live    uint32
	used    uint32
}

// part is a segment as an image uses it.
type part struct {
	*segment
	blobs int64 // bytes of keys and values that rows of the image point to
}

// name is what a record says of the segment.
func (p part) name() segName { return segName{p.id, p.size, p.sum, p.blobs} }

// table says where pages are. None is missing.
type table struct {
	size  uint32
	pages []pageRef
}

// pageRef is where a page is, and its checksum.
type pageRef struct {
	seg uint32
	at  uint32 // in units of align
	sum uint64
}

// nowhere is where a page is that no segment holds.
var nowhere = pageRef{}

func (p pageRef) offset() int64 { return int64(p.at) * align }

// newImage puts an image together from its segments and their directories, in
// the order in which they were written.
func newImage(seq uint64, segs []part, dirs []*directory) (*image, error) {
	img := &image{seq: seq, segs: segs, byID: make(map[uint32]*segment, len(segs))}
	if len(segs) == 0 {
		return img, nil
	}
	var pages uint64 // at most so many are there
	for i, s := range segs {
		if img.byID[s.id] != nil {
			return nil, damaged("%s is named twice", segmentName(s.id))
		}
		img.byID[s.id] = s.segment
		for _, r := range dirs[i].runs {
			pages += uint64(len(r.sums))
		}
	}
	last := dirs[len(dirs)-1]
	img.entries, img.live, img.used, img.metaAt = last.entries, last.live, last.used, last.meta
	for _, t := range last.tables {
		if uint64(t.count) > pages {
			return nil, damaged("pages are missing")
		}
		pages -= uint64(t.count)
		img.tables[t.table] = &table{t.size, make([]pageRef, t.count)}
	}
	for i, s := range segs {
		img.lay(s.id, dirs[i])
	}
	return img, img.check()
}

// lay puts the pages of one more segment over those before it.
func (img *image) lay(id uint32, d *directory) {
	var size [tables]uint32
	for _, t := range d.tables {
		size[t.table] = t.size
	}
	for _, r := range d.runs {
		t := img.tables[r.table]
		if t == nil || t.size != size[r.table] || int64(r.first) >= int64(len(t.pages)) {
			continue // cut off since
		}
		at, step := uint32(r.at/align), t.size/align
		pages := t.pages[r.first:]
		for i, sum := range r.sums[:min(len(r.sums), len(pages))] {
			pages[i] = pageRef{id, at, sum}
			at += step
		}
	}
}

func (img *image) check() error {
	for number, t := range img.tables {
		if t == nil {
			continue
		}
		for i, p := range t.pages {
			if p == nowhere {
				return damaged("page %d of table %d is missing", i, number)
			}
		}
	}
	rows := uint64(img.count(rowTable)) * rowsPerPage
	if uint64(img.entries) > rows || img.live > img.entries || uint64(img.used) > img.slots() {
		return damaged("there are fewer rows than entries")
	}
	return nil
}

// count is how many pages a table has.
func (img *image) count(table uint16) int {
	if t := img.tables[table]; t != nil {
		return len(t.pages)
	}
	return 0
}

// slots is how many places the index has.
func (img *image) slots() uint64 { return uint64(img.count(indexTable)) * slotsPerPage }

// shapes are the measures of all tables.
func (img *image) shapes() []shape {
	var all []shape
	for i, t := range img.tables {
		if t != nil && len(t.pages) > 0 {
			all = append(all, shape{uint16(i), t.size, uint32(len(t.pages))})
		}
	}
	return all
}

// directory is what the next directory says of the image, but for runs.
func (img *image) directory() directory {
	return directory{entries: img.entries, live: img.live, used: img.used, tables: img.shapes()}
}

// readPages reads n pages of a table that follow one another in a segment, and
// checks them.
func (img *image) readPages(t *table, first, n int, dst []byte) error {
	ref := t.pages[first]
	s := img.byID[ref.seg]
	if err := readFull(s.f, dst, ref.offset()); err != nil {
		return fmt.Errorf("%s: %w", segmentName(s.id), err)
	}
	for i := range n {
		if xxh3.Hash(dst[i*int(t.size):(i+1)*int(t.size)]) != t.pages[first+i].sum {
			return fmt.Errorf("%s: %w", segmentName(s.id), damaged("a page at %d is not the one that was written", t.pages[first+i].offset()))
		}
	}
	return nil
}

// together is how many pages, from first on and not above limit, follow one
// another in one segment.
func (t *table) together(first, limit int) int {
	n, ref := 1, t.pages[first]
	step := t.size / align
	for n < limit && t.pages[first+n].seg == ref.seg && t.pages[first+n].at == ref.at+uint32(n)*step {
		n++
	}
	return n
}

// eachRun reads all pages of a table that satisfy want, some at a time, in order.
func (img *image) eachPage(number uint16, want func(pageRef) bool, f func(page int, data []byte) error) error {
	t := img.tables[number]
	if t == nil {
		return nil
	}
	most := max(1, 1<<18/int(t.size))
	buf := make([]byte, most*int(t.size))
	for first := 0; first < len(t.pages); {
		if !want(t.pages[first]) {
			first++
			continue
		}
		n := t.together(first, min(most, len(t.pages)-first))
		if err := img.readPages(t, first, n, buf[:n*int(t.size)]); err != nil {
			return err
		}
		for i := range n {
			if err := f(first+i, buf[i*int(t.size):][:t.size]); err != nil {
				return err
			}
		}
		first += n
	}
	return nil
}

// row reads row n of a page.
func rowAt(page []byte, n uint32) *row {
	i := n % rowsPerPage * rowSize
	return (*row)(page[i : i+rowSize])
}

// far reads what lies at a place, with the head before it.
func (img *image) far(p place, head int64, dst []byte) ([]byte, error) {
	s := img.byID[p.seg]
	size := head + int64(p.size)
	if s == nil || !(span{at: p.at, size: size}).inside(s.size) {
		return nil, damaged("%d bytes at %d of %s lie outside", size, p.at, segmentName(p.seg))
	}
	if dst == nil {
		dst = make([]byte, size)
	}
	if err := readFull(s.f, dst, p.at); err != nil {
		return nil, fmt.Errorf("%s: %w", segmentName(s.id), err)
	}
	return dst, nil
}

// rowKey is the key of a row that is there.
func (img *image) rowKey(r *row) ([]byte, error) {
	if key, ok := r.inlineKey(); ok {
		return key, nil
	}
	p := r.keyPlace()
	b, err := img.far(p, keyHead, nil)
	if err != nil {
		return nil, err
	}
	if xxh3.Hash(b[keyHead:]) != le.Uint64(b) {
		return nil, damaged("the key at %d of %s is not the one that was written", p.at, segmentName(p.seg))
	}
	return b[keyHead:], nil
}

// rowValue is the value of a row that has one far away.
func (img *image) rowValue(r *row) ([]byte, xxh3.Uint128, error) {
	p := r.valuePlace()
	b, err := img.far(p, blobHead, nil)
	if err != nil {
		return nil, xxh3.Uint128{}, err
	}
	print, data := printOf(b), b[blobHead:]
	if headSum(b[:16], p.size) != le.Uint64(b[16:]) || xxh3.Hash128(data) != print {
		return nil, xxh3.Uint128{}, damaged("the value at %d of %s is not the one that was written", p.at, segmentName(p.seg))
	}
	return data, print, nil
}

// rowPrint is the fingerprint of the value of a row that has one.
func (img *image) rowPrint(r *row) (xxh3.Uint128, error) {
	if data, ok := r.inlineValue(); ok {
		return xxh3.Hash128(data), nil
	}
	if r.printOnly() {
		return r.print(), nil
	}
	p := r.valuePlace()
	if s := img.byID[p.seg]; s == nil || !(span{at: p.at, size: blobHead + int64(p.size)}).inside(s.size) {
		return xxh3.Uint128{}, damaged("a value at %d of %s lies outside", p.at, segmentName(p.seg))
	}
	var head [blobHead]byte
	if _, err := img.far(place{p.seg, p.at, 0}, blobHead, head[:]); err != nil {
		return xxh3.Uint128{}, err
	}
	if headSum(head[:16], p.size) != le.Uint64(head[16:]) {
		return xxh3.Uint128{}, damaged("the value at %d of %s is not the one that was written", p.at, segmentName(p.seg))
	}
	return printOf(head[:]), nil
}
