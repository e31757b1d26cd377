package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/zeebo/xxh3"
)

// docs/cache-format.md has these byte by byte.
const (
	formatVersion = 1

	headerSize = 32 // of a segment
	footerSize = 40 // of a segment
	align      = 8  // of everything in a segment

	rowSize     = 32
	rowsPerPage = 128
	rowPage     = rowSize * rowsPerPage

	slotsPerPage = 128
	indexPage    = 8 * slotsPerPage

	blobHead = 24 // fingerprint and checksum before a value
	keyHead  = 8  // checksum before a key

	maxPageSize = 1 << 20
	maxSegment  = (1<<32 - 1) * align // positions are counted in units of align
)

// The tables of an image: the caller's columns, and two of our own.
const (
	rowTable   = 256
	indexTable = 257
	tables     = 258
)

var (
	segmentMagic  = [8]byte{'q', 'g', 's', 'e', 'g', '\r', '\n', 0x1a}
	footerMagic   = [8]byte{'q', 'g', 's', 'e', 'g', 'e', 'n', 'd'}
	manifestMagic = [8]byte{'q', 'g', 'm', 'a', 'n', '\r', '\n', 0x1a}
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian // of fingerprints, as xxh3 has them
)

// errDamaged says that bytes are not what was written.
var errDamaged = errors.New("damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

// nativeOrder is what this machine makes of a mark. The columns are the caller's
// memory as it is, so that a machine of the other order can't use them.
func nativeOrder() (mark [4]byte) {
	binary.NativeEndian.PutUint32(mark[:], 0x01020304)
	return mark
}

// opening is the common beginning of a file: magic, version, order of bytes.
func opening(dst []byte, magic [8]byte) []byte {
	dst = append(dst, magic[:]...)
	dst = le.AppendUint32(dst, formatVersion)
	mark := nativeOrder()
	return append(dst, mark[:]...)
}

// checkOpening returns an error unless b begins as opening has it.
func checkOpening(b []byte, magic [8]byte) error {
	switch mark := nativeOrder(); {
	case len(b) < 16 || [8]byte(b) != magic:
		return damaged("it is not a file of this cache")
	case le.Uint32(b[8:]) != formatVersion:
		return damaged("it has version %d of the format, this program reads %d", le.Uint32(b[8:]), formatVersion)
	case [4]byte(b[12:]) != mark:
		return damaged("it comes from a machine with another order of bytes")
	}
	return nil
}

// header is the beginning of the segment id.
func header(id uint32) []byte {
	b := opening(make([]byte, 0, headerSize), segmentMagic)
	b = le.AppendUint64(b, uint64(id))
	return le.AppendUint64(b, xxh3.Hash(b))
}

func checkHeader(b []byte, id uint32) error {
	if err := checkOpening(b, segmentMagic); err != nil {
		return err
	}
	if len(b) < headerSize || le.Uint64(b[24:]) != xxh3.Hash(b[:24]) || le.Uint64(b[16:]) != uint64(id) {
		return damaged("its header is not the one that was written")
	}
	return nil
}

// footer says where the directory of a segment is. Its last eight bytes are its
// checksum, and the name by which the manifest knows what the segment holds.
type footer struct {
	at, size int64
	sum      uint64 // of the directory
}

func (f footer) encode() []byte {
	b := append(make([]byte, 0, footerSize), footerMagic[:]...)
	b = le.AppendUint64(b, uint64(f.at))
	b = le.AppendUint64(b, uint64(f.size))
	b = le.AppendUint64(b, f.sum)
	return le.AppendUint64(b, xxh3.Hash(b))
}

// decodeFooter decodes the footer of a segment of so many bytes.
func decodeFooter(b []byte, size int64) (footer, error) {
	if len(b) != footerSize || [8]byte(b) != footerMagic || le.Uint64(b[32:]) != xxh3.Hash(b[:32]) {
		return footer{}, damaged("its footer is not one")
	}
	f := footer{at: int64(le.Uint64(b[8:])), size: int64(le.Uint64(b[16:])), sum: le.Uint64(b[24:])}
	end := size - footerSize
	if f.at < headerSize || f.size < 0 || f.at > end || f.size > end-f.at {
		return footer{}, damaged("its directory lies outside")
	}
	return f, nil
}

// padded is n, rounded up to the next place where something may begin.
func padded(n int64) int64 { return (n + align - 1) &^ (align - 1) }

// span is a place in a segment and what its bytes add up to.
type span struct {
	at, size int64
	sum      uint64
}

// inside tells whether the span lies within so many bytes.
func (s span) inside(size int64) bool {
	return s.at >= 0 && s.size >= 0 && s.at <= size && s.size <= size-s.at
}

// readSpan reads and checks what was written at s, in a file of so many bytes.
func readSpan(f io.ReaderAt, s span, size int64) ([]byte, error) {
	if !s.inside(size) {
		return nil, damaged("%d bytes at %d lie outside", s.size, s.at)
	}
	b := make([]byte, s.size)
	if err := readFull(f, b, s.at); err != nil {
		return nil, err
	}
	if xxh3.Hash(b) != s.sum {
		return nil, damaged("%d bytes at %d are not those that were written", s.size, s.at)
	}
	return b, nil
}

// readFull fills b from a place in a file. A file that ends before is damaged.
func readFull(f io.ReaderAt, b []byte, at int64) error {
	n, err := f.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return damaged("the file ends within %d bytes at %d", len(b), at)
	}
	return err
}

// reader takes numbers from bytes that nobody vouches for. Once it has failed
// everything is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return le.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return le.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return le.Uint64(b)
	}
	return 0
}

// i64 is a number that must not be negative.
func (r *reader) i64() int64 {
	v := r.u64()
	if v > math.MaxInt64 {
		r.bad = true
		return 0
	}
	return int64(v)
}

// count is a number of things that take at least size bytes each, so that no
// more is ever allocated than there are bytes.
func (r *reader) count(size int) int {
	n := r.u32()
	if uint64(n)*uint64(size) > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n)
}
