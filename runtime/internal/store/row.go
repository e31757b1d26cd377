package store

import (
	"github.com/zeebo/xxh3"
)

// row is what an entry is on disk. Byte 0 says what its key is, byte 1 its value;
// bytes 2 to 15 are the key or where it is, bytes 16 to 31 the value, where it is,
// or its fingerprint. A row of zeros is no entry.
type row [rowSize]byte

const (
	keyNone   = 0  // no entry
	keyInline = 1  // and the length above it
	keyFar    = 16 // in a segment

	valueNone   = 0
	valueInline = 1  // and the length above it
	valuePrint  = 18 // only the fingerprint
	valueFar    = 19 // in a segment

	maxInlineKey   = 14
	maxInlineValue = 16
)

// place is where a key or a value lies: the segment, the position, and the
// length, without what stands before it.
type place struct {
	seg  uint32
	at   int64
	size uint32
}

func (r *row) there() bool     { return r[0] != keyNone }
func (r *row) farKey() bool    { return r[0] == keyFar }
func (r *row) farValue() bool  { return r[1] == valueFar }
func (r *row) key() []byte     { return r[2:16] } // with r[0], all there is of a key
func (r *row) value() []byte   { return r[16:] }  // with r[1], all there is of a value
func (r *row) printOnly() bool { return r[1] == valuePrint }

// valid tells whether the row can have been written.
func (r *row) valid() bool {
	if r[0] == keyNone {
		return *r == row{}
	}
	return r[0] <= keyFar && r[1] <= valueFar
}

// inlineKey is the key if it is in the row.
func (r *row) inlineKey() ([]byte, bool) {
	if r[0] < keyInline || r[0] > keyInline+maxInlineKey {
		return nil, false
	}
	return r[2 : 2+r[0]-keyInline], true
}

// inlineValue is the value if it is in the row.
func (r *row) inlineValue() ([]byte, bool) {
	if r[1] < valueInline || r[1] > valueInline+maxInlineValue {
		return nil, false
	}
	return r[16 : 16+r[1]-valueInline], true
}

func (r *row) setInlineKey(key []byte) {
	r[0] = keyInline + byte(len(key))
	copy(r.key(), key)
}

func (r *row) setInlineValue(value []byte) {
	r[1] = valueInline + byte(len(value))
	copy(r.value(), value)
}

func (r *row) setPrint(print xxh3.Uint128) {
	r[1] = valuePrint
	b := print.Bytes()
	copy(r.value(), b[:])
}

func (r *row) print() xxh3.Uint128 { return printOf(r.value()) }

// printOf is the fingerprint that b begins with.
func printOf(b []byte) xxh3.Uint128 {
	return xxh3.Uint128{Hi: be.Uint64(b), Lo: be.Uint64(b[8:])}
}

func (r *row) setFarKey(p place) {
	r[0] = keyFar
	r.key()[12], r.key()[13] = 0, 0
	putPlace(r.key(), p)
}

// setFarValue says where the value is, and when it was last of use.
func (r *row) setFarValue(p place, used uint32) {
	r[1] = valueFar
	putPlace(r.value(), p)
	le.PutUint32(r[28:], used)
}

func (r *row) keyPlace() place   { return getPlace(r.key()) }
func (r *row) valuePlace() place { return getPlace(r.value()) }
func (r *row) used() uint32      { return le.Uint32(r[28:]) }
func (r *row) setUsed(u uint32)  { le.PutUint32(r[28:], u) }

func putPlace(b []byte, p place) {
	le.PutUint32(b, p.seg)
	le.PutUint32(b[4:], uint32(p.at/align))
	le.PutUint32(b[8:], p.size)
}

func getPlace(b []byte) place {
	return place{le.Uint32(b), int64(le.Uint32(b[4:])) * align, le.Uint32(b[8:])}
}

// keyBytes and valueBytes are what a key and a value of this length take in a
// segment.
func keyBytes(size uint32) int64   { return padded(keyHead + int64(size)) }
func valueBytes(size uint32) int64 { return padded(blobHead + int64(size)) }

// valueHead stands before a value: its fingerprint, and a checksum of that and
// the length, so that the fingerprint can be read alone.
func valueHead(print xxh3.Uint128, size uint32) (head [blobHead]byte) {
	b := print.Bytes()
	copy(head[:], b[:])
	le.PutUint64(head[16:], headSum(head[:16], size))
	return head
}

func headSum(print []byte, size uint32) uint64 {
	return xxh3.HashSeed(print, uint64(size))
}

// tagOf is what the index knows of a key: it says where to begin to look, and
// keeps most keys that are not looked for from being read.
func tagOf(key []byte) uint32 { return uint32(xxh3.Hash(key) >> 32) }
