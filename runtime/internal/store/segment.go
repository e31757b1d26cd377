package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"
)

// segment is a file of an image, open for reading. It does not change.
type segment struct {
	id       uint32
	size     int64
	sum      uint64 // of the footer: what the manifest says it must be
	overhead int64  // bytes that are neither pages, keys, values nor meta
	f        File
}

func segmentName(id uint32) string { return fmt.Sprintf("seg-%08x", id) }

// segmentID is the number in a segment's name.
func segmentID(name string) (uint32, bool) {
	digits, ok := strings.CutPrefix(name, "seg-")
	if !ok || len(digits) != 8 {
		return 0, false
	}
	id, err := strconv.ParseUint(digits, 16, 32)
	return uint32(id), err == nil
}

// openSegment opens the segment that a record of the manifest names.
func openSegment(fsys FS, dir string, name segName) (*segment, *directory, error) {
	f, err := fsys.OpenFile(filepath.Join(dir, segmentName(name.id)), os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	s := &segment{id: name.id, size: name.size, sum: name.sum, f: f}
	d, err := s.readDirectory()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", segmentName(name.id), err), f.Close())
	}
	return s, d, nil
}

func (s *segment) readDirectory() (*directory, error) {
	info, err := s.f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != s.size || s.size < headerSize+footerSize {
		return nil, damaged("it has %d bytes, and should have %d", info.Size(), s.size)
	}
	b := make([]byte, headerSize+footerSize)
	if err := readFull(s.f, b[:headerSize], 0); err != nil {
		return nil, err
	}
	if err := checkHeader(b[:headerSize], s.id); err != nil {
		return nil, err
	}
	end := b[headerSize:]
	if err := readFull(s.f, end, s.size-footerSize); err != nil {
		return nil, err
	}
	foot, err := decodeFooter(end, s.size)
	if err != nil {
		return nil, err
	}
	if le.Uint64(end[footerSize-8:]) != s.sum {
		return nil, damaged("it is another one than the manifest names")
	}
	dir, err := readSpan(s.f, span{foot.at, foot.size, foot.sum}, s.size)
	if err != nil {
		return nil, err
	}
	s.overhead = s.size - foot.at + headerSize
	return decodeDirectory(dir, foot.at)
}

// builder writes a segment from its beginning to its end. The first error stays,
// and nothing is written after it.
type builder struct {
	fs   FS
	dir  string
	id   uint32
	f    File
	at   int64  // how much of the file has been written
	buf  []byte // what comes next
	dird directory
	err  error
}

// bufferSize is how much is written at a time.
const bufferSize = 1 << 20

// newBuilder makes a segment's file.
func newBuilder(fsys FS, dir string, id uint32) *builder {
	b := &builder{fs: fsys, dir: dir, id: id}
	f, err := fsys.OpenFile(b.path(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		b.err = err
		return b
	}
	b.f = f
	b.buf = header(id)
	return b
}

func (b *builder) path() string { return filepath.Join(b.dir, segmentName(b.id)) }

// pos is where the next byte goes.
func (b *builder) pos() int64 { return b.at + int64(len(b.buf)) }

// write appends p.
func (b *builder) write(p []byte) {
	for len(p) > 0 && b.err == nil {
		if len(b.buf) == 0 && len(p) >= bufferSize { // big things go past the buffer
			b.out(p)
			return
		}
		n := min(len(p), bufferSize-len(b.buf))
		b.buf = append(b.buf, p[:n]...)
		p = p[n:]
		if len(b.buf) == bufferSize {
			b.flush()
		}
	}
}

func (b *builder) out(p []byte) {
	if _, err := b.f.WriteAt(p, b.at); err != nil {
		b.err = fmt.Errorf("writing %s: %w", b.path(), err)
		return
	}
	b.at += int64(len(p))
}

func (b *builder) flush() {
	if b.err == nil && len(b.buf) > 0 {
		b.out(b.buf)
		b.buf = b.buf[:0]
	}
}

var padding [align]byte

// pad brings the position to where something may begin.
func (b *builder) pad() {
	n := b.pos()
	if n > maxSegment && b.err == nil {
		b.err = fmt.Errorf("writing %s: more than %d bytes in one save", b.path(), int64(maxSegment))
	}
	b.write(padding[:padded(n)-n])
}

// page appends a page. If the same page is appended twice, the later one counts.
func (b *builder) page(table uint16, page uint32, data []byte, sum uint64) {
	b.pad()
	runs := b.dird.runs
	if n := len(runs); n > 0 {
		r := &runs[n-1]
		next := int64(len(r.sums))
		if r.table == table && int64(r.first)+next == int64(page) && r.at+next*int64(len(data)) == b.pos() {
			r.sums = append(r.sums, sum)
			b.write(data)
			return
		}
	}
	b.dird.runs = append(runs, run{table: table, first: page, at: b.pos(), sums: []uint64{sum}})
	b.write(data)
}

// key appends a key and returns where it is.
func (b *builder) key(key []byte) place {
	b.pad()
	p := place{seg: b.id, at: b.pos(), size: uint32(len(key))}
	var head [keyHead]byte
	le.PutUint64(head[:], xxh3.Hash(key))
	b.write(head[:])
	b.write(key)
	return p
}

// value appends a value with its fingerprint and returns where it is.
func (b *builder) value(value []byte, print xxh3.Uint128) place {
	b.pad()
	p := place{seg: b.id, at: b.pos(), size: uint32(len(value))}
	head := valueHead(print, p.size)
	b.write(head[:])
	b.write(value)
	return p
}

// finish writes meta and what the segment holds, and makes it all durable. The
// file stays open, for reading.
func (b *builder) finish(shape directory, meta []byte) (*segment, *directory, error) {
	b.pad()
	b.dird.clip(shape.tables)
	d := shape
	d.runs = b.dird.runs
	d.meta = span{b.pos(), int64(len(meta)), xxh3.Hash(meta)}
	b.write(meta)
	b.pad()
	at := b.pos()
	bytes := d.encode()
	b.write(bytes)
	end := footer{at, int64(len(bytes)), xxh3.Hash(bytes)}.encode()
	b.write(end)
	b.flush()
	if b.err == nil {
		if err := b.f.Sync(); err != nil {
			b.err = fmt.Errorf("writing %s: %w", b.path(), err)
		}
	}
	if b.err == nil {
		b.err = b.fs.SyncDir(b.dir)
	}
	if b.err != nil {
		return nil, nil, b.err
	}
	s := &segment{id: b.id, size: b.at, sum: le.Uint64(end[footerSize-8:]), overhead: b.at - at + headerSize, f: b.f}
	return s, &d, nil
}

// keep leaves the file where it is.
func (b *builder) keep() {
	b.f.Close()
	b.f = nil
}

// abort removes what was written.
func (b *builder) abort() {
	if b.f == nil {
		return
	}
	b.f.Close()
	b.fs.Remove(b.path())
	b.f = nil
}

// clip takes away the pages that a table has no more.
func (d *directory) clip(tables []shape) {
	count := make(map[uint16]uint32)
	for _, t := range tables {
		count[t.table] = t.count
	}
	kept := d.runs[:0]
	for _, r := range d.runs {
		n := count[r.table]
		if r.first >= n {
			continue
		}
		r.sums = r.sums[:min(len(r.sums), int(n-r.first))]
		kept = append(kept, r)
	}
	d.runs = kept
}
