package codec

import (
	"bytes"
	"errors"

	"github.com/zeebo/xxh3"
)

// A Type is what is known of one type: generated code fills it in. The
// functions take pointers only to spare copies; they keep none.
type Type[T any] struct {
	Encode func(*Encoder, *T)
	Decode func(*Decoder, *T) // into a zero value
	Equal  func(c *Comparer, a, b *T) bool
	// Schema is a hash of the type's shape. Bytes that were written under
	// another schema must not be decoded by this codec.
	Schema string
}

// A Fingerprint stands for the bytes of a value. It is the same in every
// process and on every machine. It is no defence against somebody who makes
// values collide on purpose.
type Fingerprint struct{ Hi, Lo uint64 }

// Append appends the bytes of v to dst. On an error it returns dst as it was.
func (t *Type[T]) Append(dst []byte, v *T) ([]byte, error) {
	e := getEncoder()
	defer e.put()
	t.Encode(e, v)
	if e.err != nil {
		return dst, e.err
	}
	return append(dst, e.out.data...), nil
}

// Fingerprint returns the fingerprint of v's bytes.
func (t *Type[T]) Fingerprint(v *T) (Fingerprint, error) {
	e := getEncoder()
	defer e.put()
	t.Encode(e, v)
	if e.err != nil {
		return Fingerprint{}, e.err
	}
	h := xxh3.Hash128(e.out.data)
	return Fingerprint{h.Hi, h.Lo}, nil
}

var errTrailing = errors.New("codec: there is more than one value in the data")

// Unmarshal decodes data, which must hold one value and nothing else. The value
// shares no memory with data.
func (t *Type[T]) Unmarshal(data []byte) (T, error) {
	d := getDecoder(data)
	defer d.put()
	v := new(T)
	t.Decode(d, v)
	if d.err == nil && d.in.left() > 0 {
		d.err = errTrailing
	}
	if d.err != nil {
		return *new(T), d.err
	}
	return *v, nil
}

// Same tells whether two values have equal bytes.
func (t *Type[T]) Same(a, b *T) bool {
	c := new(Comparer)
	return t.Equal(c, a, b) && c.rest()
}

// sameBytes compares by encoding: for types that only their own methods know.
// Values that can't be encoded are equal to none.
func sameBytes[T any](a, b *T, encode func(*Encoder, *T)) bool {
	x, y := getEncoder(), getEncoder()
	defer x.put()
	defer y.put()
	encode(x, a)
	encode(y, b)
	return x.err == nil && y.err == nil && bytes.Equal(x.out.data, y.out.data)
}
