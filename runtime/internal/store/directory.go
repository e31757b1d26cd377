package store

// directory says what pages a segment holds, and what the image was like when
// the segment was written. The directory of an image's last segment says how
// many pages each table has; where a page is, the last segment that holds it.
type directory struct {
	seq     uint64
	entries uint32 // highest number of an entry, and one
	live    uint32 // entries that are there
	used    uint32 // slots of the index that are not empty
	meta    span
	tables  []shape
	runs    []run
}

// shape is a table's number and measures.
type shape struct {
	table uint16
	size  uint32 // of a page
	count uint32
}

// run is a number of pages that follow one another, in the table as well as in
// the segment.
type run struct {
	table uint16
	first uint32
	at    int64
	sums  []uint64 // one for each page
}

const (
	shapeSize = 12
	runSize   = 20
)

func (d *directory) encode() []byte {
	var b []byte
	b = le.AppendUint64(b, d.seq)
	b = le.AppendUint32(b, d.entries)
	b = le.AppendUint32(b, d.live)
	b = le.AppendUint32(b, d.used)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint64(b, uint64(d.meta.at))
	b = le.AppendUint64(b, uint64(d.meta.size))
	b = le.AppendUint64(b, d.meta.sum)
	b = le.AppendUint32(b, uint32(len(d.tables)))
	for _, t := range d.tables {
		b = le.AppendUint16(b, t.table)
		b = le.AppendUint16(b, 0)
		b = le.AppendUint32(b, t.size)
		b = le.AppendUint32(b, t.count)
	}
	b = le.AppendUint32(b, uint32(len(d.runs)))
	for _, r := range d.runs {
		b = le.AppendUint16(b, r.table)
		b = le.AppendUint16(b, 0)
		b = le.AppendUint32(b, r.first)
		b = le.AppendUint64(b, uint64(r.at))
		b = le.AppendUint32(b, uint32(len(r.sums)))
		for _, sum := range r.sums {
			b = le.AppendUint64(b, sum)
		}
	}
	return b
}

// decodeDirectory decodes a directory and checks that it makes sense for a
// segment of so many bytes.
func decodeDirectory(b []byte, size int64) (*directory, error) {
	in := reader{b: b}
	d := &directory{seq: in.u64(), entries: in.u32(), live: in.u32(), used: in.u32()}
	in.u32()
	d.meta = span{in.i64(), in.i64(), in.u64()}
	d.tables = make([]shape, in.count(shapeSize))
	shapes := make(map[uint16]shape, len(d.tables))
	for i := range d.tables {
		t := shape{table: in.u16()}
		in.u16()
		t.size, t.count = in.u32(), in.u32()
		d.tables[i], shapes[t.table] = t, t
		in.bad = in.bad || !t.valid()
	}
	in.bad = in.bad || len(shapes) != len(d.tables) || !d.meta.inside(size)
	d.runs = make([]run, in.count(runSize))
	for i := range d.runs {
		r := run{table: in.u16()}
		in.u16()
		r.first, r.at = in.u32(), in.i64()
		r.sums = make([]uint64, in.count(8))
		for j := range r.sums {
			r.sums[j] = in.u64()
		}
		d.runs[i] = r
		in.bad = in.bad || !r.valid(shapes[r.table], size)
	}
	if in.bad || len(in.b) != 0 {
		return nil, damaged("its directory makes no sense")
	}
	return d, nil
}

func (t shape) valid() bool {
	switch {
	case t.table >= tables, t.size == 0, t.size > maxPageSize, t.size%align != 0:
		return false
	case t.table == rowTable:
		return t.size == rowPage && t.count <= 1<<32/rowsPerPage
	case t.table == indexTable:
		return t.size == indexPage
	}
	return true
}

// valid tells whether the pages of the run are of the table, and lie in a
// segment of so many bytes.
func (r *run) valid(t shape, size int64) bool {
	n := uint64(len(r.sums))
	if uint64(r.first)+n > uint64(t.count) || r.at%align != 0 || r.at < headerSize {
		return false
	}
	return span{at: r.at, size: int64(n) * int64(t.size)}.inside(size)
}
