package store

import "github.com/zeebo/xxh3"

// The manifest is a list of records, each of which names all segments of an
// image. The last one that is whole counts. What follows it was cut off by a
// crash, or is damaged: the next save puts it right.
const (
	manifestName  = "MANIFEST"
	manifestTemp  = "MANIFEST.tmp"
	manifestHead  = 16
	recordHead    = 16      // length, checksum of the head, number
	recordTail    = 8       // checksum
	manifestLimit = 1 << 16 // a longer manifest is written anew by the next save
	manifestMax   = 1 << 20 // a longer one is none
)

// record is what a save leaves in the manifest.
type record struct {
	seq    uint64 // counts the saves in this directory
	nextID uint32 // above the numbers of all segments that were ever named
	segs   []segName
}

// segName is what a record says of a segment.
type segName struct {
	id    uint32
	size  int64
	sum   uint64 // the footer's
	blobs int64  // bytes of keys and values in it that rows point to
}

const segNameSize = 28

// appendRecord appends the record, framed.
func appendRecord(dst []byte, r *record) []byte {
	from := len(dst)
	size := uint32(8 + segNameSize*len(r.segs))
	dst = le.AppendUint32(dst, size)
	dst = le.AppendUint32(dst, recordSum(size, r.seq))
	dst = le.AppendUint64(dst, r.seq)
	dst = le.AppendUint32(dst, r.nextID)
	dst = le.AppendUint32(dst, uint32(len(r.segs)))
	for _, s := range r.segs {
		dst = le.AppendUint32(dst, s.id)
		dst = le.AppendUint64(dst, uint64(s.size))
		dst = le.AppendUint64(dst, s.sum)
		dst = le.AppendUint64(dst, uint64(s.blobs))
	}
	return le.AppendUint64(dst, xxh3.Hash(dst[from:]))
}

// recordSum is the checksum of a record's head. By it a record is told from other
// bytes without all that may follow being added up.
func recordSum(size uint32, seq uint64) uint32 {
	var b [12]byte
	le.PutUint32(b[:], size)
	le.PutUint64(b[4:], seq)
	return uint32(xxh3.Hash(b[:]))
}

// decodeRecord decodes the record that b begins with, and returns its length.
func decodeRecord(b []byte) (r record, n int, ok bool) {
	if len(b) < recordHead+recordTail {
		return r, 0, false
	}
	size, seq := le.Uint32(b), le.Uint64(b[8:])
	if uint64(size) > uint64(len(b)-recordHead-recordTail) || le.Uint32(b[4:]) != recordSum(size, seq) {
		return r, 0, false
	}
	n = recordHead + int(size)
	if xxh3.Hash(b[:n]) != le.Uint64(b[n:]) {
		return r, 0, false
	}
	in := reader{b: b[recordHead:n]}
	r.seq = seq
	r.nextID = in.u32()
	r.segs = make([]segName, in.count(segNameSize))
	for i := range r.segs {
		r.segs[i] = segName{id: in.u32(), size: in.i64(), sum: in.u64(), blobs: in.i64()}
		in.bad = in.bad || r.segs[i].id >= r.nextID
	}
	return r, n + recordTail, !in.bad && len(in.b) == 0
}

// decodeManifest returns the last record of a manifest that is whole, and where
// it ends. Something broken before it is passed over: each record stands alone.
func decodeManifest(b []byte) (last record, end int, err error) {
	if err := checkOpening(b, manifestMagic); err != nil {
		return record{}, 0, err
	}
	for at := manifestHead; at < len(b); {
		r, n, ok := decodeRecord(b[at:])
		if !ok {
			at++
			continue
		}
		at += n
		if end == 0 || r.seq > last.seq {
			last, end = r, at
		}
	}
	if end == 0 {
		return record{}, 0, damaged("it has no record that is whole")
	}
	return last, end, nil
}
