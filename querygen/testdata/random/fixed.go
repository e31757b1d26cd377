// Package random is what the property test of the codecs is about: this file,
// and a file of random types made of what is declared here.
package random

import (
	"encoding/binary"
	"errors"

	"github.com/vmihailenco/msgpack/v5"
)

type (
	B    bool
	I    int
	I8   int8
	I32  int32
	U    uint
	U8   uint8
	U16  uint16
	F    float64
	F32  float32
	C    complex64
	S    string
	Bs   []byte
	Base struct {
		ID   int
		Name string
	}
)

type Pair[A, B any] struct {
	First  A
	Second B
}

type List[T any] struct {
	Head T
	Tail *List[T]
}

type Tree[K comparable, V any] struct {
	Left, Right *Tree[K, V]
	Values      map[K]V
}

// Text has a codec of its own.
type Text struct{ s string }

func (t Text) MarshalText() ([]byte, error)  { return []byte(t.s), nil }
func (t *Text) UnmarshalText(b []byte) error { t.s = string(b); return nil }

// Binary has one that fails.
type Binary struct{ n uint32 }

func (b Binary) MarshalBinary() ([]byte, error) {
	return binary.BigEndian.AppendUint32(nil, b.n), nil
}

func (b *Binary) UnmarshalBinary(data []byte) error {
	if len(data) != 4 {
		return errors.New("not four bytes")
	}
	b.n = binary.BigEndian.Uint32(data)
	return nil
}

// Own has one in msgpack, of several values.
type Own struct {
	n int
	m map[string]string
}

func (o *Own) EncodeMsgpack(enc *msgpack.Encoder) error {
	return enc.EncodeMulti(int64(o.n), o.m)
}

func (o *Own) DecodeMsgpack(dec *msgpack.Decoder) error { return dec.DecodeMulti(&o.n, &o.m) }
