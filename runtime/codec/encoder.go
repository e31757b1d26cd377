package codec

import (
	"errors"
	"fmt"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// maxDepth bounds the nesting of pointers, slices and maps, so that neither a
// value that holds itself nor hostile bytes can overflow the stack, from which
// Go does not recover.
const maxDepth = 10_000

// manyLinks is the number of pointers in one value from which on each is
// remembered. A value may share pointers: it is written with copies, and it is
// none of our business. But copies of copies grow exponentially, so in a value
// of that size a pointer that comes again is an error.
const manyLinks = 1 << 16

// Errors of values that can't be encoded.
var (
	ErrDepth  = errors.New("codec: nested deeper than 10,000 levels, or the value holds itself")
	ErrShared = errors.New("codec: a large value that shares pointers can't be written, it would be copied again and again")
)

// An Encoder writes one value. The first error is kept and ends the work.
type Encoder struct {
	m      *msgpack.Encoder // writes to out
	out    buffer
	err    error
	depth  int
	errors int // of the errors alone
	links  int
	seen   map[any]bool // from manyLinks on
	// Scratch space of the maps that are being written, innermost last.
	entries []entry
	sorted  []byte
}

// A buffer takes what msgpack writes, and never fails.
type buffer struct{ data []byte }

func (b *buffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	return len(p), nil
}

func (b *buffer) WriteByte(c byte) error {
	b.data = append(b.data, c)
	return nil
}

var encoders = sync.Pool{New: func() any {
	e := &Encoder{}
	e.m = msgpack.NewEncoder(&e.out)
	return e
}}

func getEncoder() *Encoder { return encoders.Get().(*Encoder) }

// maxKept bounds the buffers that are kept for the next value.
const maxKept = 1 << 20

func (e *Encoder) put() {
	if cap(e.out.data) > maxKept || cap(e.sorted) > maxKept || cap(e.entries) > maxKept/64 {
		return
	}
	e.out.data, e.entries = e.out.data[:0], e.entries[:0]
	e.err, e.depth, e.errors, e.links, e.seen = nil, 0, 0, 0, nil
	encoders.Put(e)
}

func (e *Encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// enter goes down one level; false says to turn back.
func (e *Encoder) enter() bool {
	if e.depth++; e.depth > maxDepth {
		e.fail(ErrDepth)
	}
	return e.err == nil
}

func (e *Encoder) leave() { e.depth-- }

// link notes a pointer, see manyLinks.
func (e *Encoder) link(p any) {
	if e.links++; e.links < manyLinks {
		return
	}
	if e.seen == nil {
		e.seen = make(map[any]bool)
	}
	if e.seen[p] {
		e.fail(ErrShared)
	}
	e.seen[p] = true
}

// Fields begins a struct of n fields, which must follow.
func (e *Encoder) Fields(n int) { e.arrayLen(n) }

// Most heads are a single byte, and those are written here: msgpack writes by
// way of an interface, which takes several times as long.

// small writes the head low+n if n, which it has bits for, is below limit.
func (e *Encoder) small(low byte, n, limit int) bool {
	if n >= limit {
		return false
	}
	e.out.data = append(e.out.data, low|byte(n))
	return true
}

func (e *Encoder) arrayLen(n int) {
	if !e.small(msgpcode.FixedArrayLow, n, 16) {
		e.m.EncodeArrayLen(n)
	}
}

func (e *Encoder) mapLen(n int) {
	if !e.small(msgpcode.FixedMapLow, n, 16) {
		e.m.EncodeMapLen(n)
	}
}

func (e *Encoder) text(s string) {
	if e.small(msgpcode.FixedStrLow, len(s), 32) {
		e.out.data = append(e.out.data, s...)
	} else {
		e.m.EncodeString(s)
	}
}

// failure makes an error of what a method of a user's type has said.
func failure[T any](what string, err error) error {
	return fmt.Errorf("codec: %s of %T: %w", what, *new(T), err)
}
