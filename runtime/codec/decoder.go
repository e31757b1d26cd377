package codec

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// A Decoder reads one value. The first error is kept; behind it all reads
// return nothing, so that generated code need not look.
type Decoder struct {
	m      *msgpack.Decoder // reads from in
	in     input
	err    error
	depth  int
	errors int    // of the errors alone
	chunk  []byte // of which short strings are made; what is in it never changes
}

// An input hands out bytes to msgpack. Only heads of values are read by way of
// it: msgpack allocates what a length promises, and these lengths may lie.
type input struct {
	data []byte
	pos  int
}

func (in *input) left() int { return len(in.data) - in.pos }

func (in *input) Read(p []byte) (int, error) {
	n := copy(p, in.data[in.pos:])
	in.pos += n
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (in *input) ReadByte() (byte, error) {
	if in.pos == len(in.data) {
		return 0, io.ErrUnexpectedEOF
	}
	in.pos++
	return in.data[in.pos-1], nil
}

func (in *input) UnreadByte() error {
	if in.pos == 0 {
		return errors.New("codec: nothing to unread")
	}
	in.pos--
	return nil
}

var decoders = sync.Pool{New: func() any {
	d := &Decoder{}
	d.m = msgpack.NewDecoder(&d.in)
	return d
}}

func getDecoder(data []byte) *Decoder {
	d := decoders.Get().(*Decoder)
	d.in = input{data: data}
	return d
}

func (d *Decoder) put() {
	d.in, d.err, d.depth, d.errors, d.chunk = input{}, nil, 0, 0, nil
	decoders.Put(d)
}

func (d *Decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.in.pos = len(d.in.data) // nothing more to read
}

var (
	errLength = errors.New("codec: a length beyond the data")
	errShape  = errors.New("codec: not what this type is written as")
)

func (d *Decoder) enter() bool {
	if d.depth++; d.depth > maxDepth {
		d.fail(ErrDepth)
	}
	return d.err == nil
}

func (d *Decoder) leave() { d.depth-- }

// head returns what msgpack has read, or 0 and keeps the error.
func head[N any](d *Decoder, n N, err error) N {
	if err != nil {
		d.fail(fmt.Errorf("codec: %w", err))
	}
	if d.err != nil {
		return *new(N)
	}
	return n
}

// Most heads are a single byte, and those are read here: a call of msgpack by way
// of its reader takes ten times as long.

// next returns the next byte without reading it; one that msgpack never writes
// if there is none.
func (d *Decoder) next() byte {
	if d.in.left() == 0 {
		return 0xc1
	}
	return d.in.data[d.in.pos]
}

// arrayLen reads the length of an array, -1 for nil. Each element takes at least
// one byte.
func (d *Decoder) arrayLen() int {
	if c := d.next(); msgpcode.IsFixedArray(c) {
		d.in.pos++
		return d.bounded(int(c&msgpcode.FixedArrayMask), 1)
	}
	n, err := d.m.DecodeArrayLen()
	return d.bounded(head(d, n, err), 1)
}

func (d *Decoder) mapLen() int {
	if c := d.next(); msgpcode.IsFixedMap(c) {
		d.in.pos++
		return d.bounded(int(c&msgpcode.FixedMapMask), 2)
	}
	n, err := d.m.DecodeMapLen()
	return d.bounded(head(d, n, err), 2)
}

// bounded checks a length against what is left of the data.
func (d *Decoder) bounded(n, each int) int {
	if n > d.in.left()/each {
		d.fail(errLength)
		return 0
	}
	return n
}

// room is how many elements of that size memory is asked for at once, where n
// are promised. A promise costs its writer one byte for each element, however
// large that is in memory: what goes beyond has to be read first.
func (d *Decoder) room(n int, size uintptr) int {
	if size == 0 {
		return n
	}
	return min(n, 4+8*d.in.left()/int(size))
}

// bytes reads a string or a []byte without copying it; ok is false for nil.
func (d *Decoder) bytes() (b []byte, ok bool) {
	n := 0
	if c := d.next(); msgpcode.IsFixedString(c) {
		d.in.pos++
		n = int(c & msgpcode.FixedStrMask)
	} else {
		var err error
		n, err = d.m.DecodeBytesLen()
		n = head(d, n, err)
	}
	n = d.bounded(n, 1)
	if n < 0 || d.err != nil {
		return nil, false
	}
	d.in.pos += n
	return d.in.data[d.in.pos-n : d.in.pos], true
}

// Bounds of the strings that lie together in a chunk. One that outlives all
// others keeps its chunk alive, so chunks are small.
const (
	shortString = 64
	chunkSize   = 1 << 10
)

// text makes a string of b. A value has many short ones, and making each by
// itself is most of the work of decoding.
func (d *Decoder) text(b []byte) string {
	switch {
	case len(b) == 0:
		return ""
	case len(b) > shortString:
		return string(b)
	case len(b) > cap(d.chunk)-len(d.chunk):
		d.chunk = make([]byte, 0, min(chunkSize, len(b)+d.in.left()))
	}
	start := len(d.chunk)
	d.chunk = append(d.chunk, b...)
	return unsafe.String(&d.chunk[start], len(b))
}

// Fields reads the head of a struct of n fields.
func (d *Decoder) Fields(n int) {
	if d.arrayLen() != n && d.err == nil {
		d.fail(errShape)
	}
}
