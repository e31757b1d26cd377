package codec

import (
	"errors"
	"math"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The basic kinds, each with all the types that are made of it. A type's own
// range is checked when it is read.

type signed interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64
}

type unsigned interface {
	~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

var errRange = errors.New("codec: a number beyond the range of its type")

// EncodeInt writes a signed integer.
func EncodeInt[T signed](e *Encoder, v *T) {
	if n := int64(*v); n < 0 || !e.small(0, int(min(n, 128)), 128) {
		e.m.EncodeInt(n)
	}
}

// DecodeInt reads a signed integer.
func DecodeInt[T signed](d *Decoder, v *T) {
	if c := d.next(); msgpcode.IsFixedNum(c) {
		d.in.pos++
		*v = T(int8(c))
		return
	}
	n, err := d.m.DecodeInt64()
	n = head(d, n, err)
	if *v = T(n); int64(*v) != n {
		d.fail(errRange)
	}
}

// EncodeUint writes an unsigned integer.
func EncodeUint[T unsigned](e *Encoder, v *T) { e.m.EncodeUint(uint64(*v)) }

// DecodeUint reads an unsigned integer.
func DecodeUint[T unsigned](d *Decoder, v *T) {
	if c := d.next(); c <= msgpcode.PosFixedNumHigh {
		d.in.pos++
		*v = T(c)
		return
	}
	n, err := d.m.DecodeUint64()
	n = head(d, n, err)
	if *v = T(n); uint64(*v) != n {
		d.fail(errRange)
	}
}

// EncodeBool writes a boolean.
func EncodeBool[T ~bool](e *Encoder, v *T) { e.m.EncodeBool(bool(*v)) }

// DecodeBool reads a boolean.
func DecodeBool[T ~bool](d *Decoder, v *T) {
	if c := d.next(); c == msgpcode.True || c == msgpcode.False {
		d.in.pos++
		*v = c == msgpcode.True
		return
	}
	b, err := d.m.DecodeBool()
	*v = T(head(d, b, err))
}

// EncodeString writes a string. It need not be UTF-8.
func EncodeString[T ~string](e *Encoder, v *T) { e.text(string(*v)) }

// DecodeString reads a string.
func DecodeString[T ~string](d *Decoder, v *T) {
	b, ok := d.bytes()
	if !ok {
		d.fail(errShape)
	}
	*v = T(d.text(b))
}

// Floats keep their bits, the payload of a NaN among them. They are never
// written as integers.

// EncodeFloat writes a float64 or a float32.
func EncodeFloat[T ~float32 | ~float64](e *Encoder, v *T) {
	if unsafe.Sizeof(*v) == 4 {
		e.m.EncodeFloat32(float32(*v))
	} else {
		e.m.EncodeFloat64(float64(*v))
	}
}

// DecodeFloat reads a float64 or a float32.
func DecodeFloat[T ~float32 | ~float64](d *Decoder, v *T) {
	if unsafe.Sizeof(*v) == 4 {
		f, err := d.m.DecodeFloat32()
		*v = T(head(d, f, err))
	} else {
		f, err := d.m.DecodeFloat64()
		*v = T(head(d, f, err))
	}
}

// EqualFloat compares bits.
func EqualFloat[T ~float32 | ~float64](_ *Comparer, a, b *T) bool {
	if unsafe.Sizeof(*a) == 4 {
		return sameBits32(float32(*a), float32(*b))
	}
	return sameBits64(float64(*a), float64(*b))
}

// EncodeComplex writes a complex number as its two parts.
func EncodeComplex[T ~complex64 | ~complex128](e *Encoder, v *T) {
	e.Fields(2)
	if unsafe.Sizeof(*v) == 8 {
		c := complex64(*v)
		e.m.EncodeFloat32(real(c))
		e.m.EncodeFloat32(imag(c))
		return
	}
	c := complex128(*v)
	e.m.EncodeFloat64(real(c))
	e.m.EncodeFloat64(imag(c))
}

// DecodeComplex reads a complex number.
func DecodeComplex[T ~complex64 | ~complex128](d *Decoder, v *T) {
	d.Fields(2)
	if unsafe.Sizeof(*v) == 8 {
		var re, im float32
		DecodeFloat(d, &re)
		DecodeFloat(d, &im)
		*v = T(complex(re, im))
		return
	}
	var re, im float64
	DecodeFloat(d, &re)
	DecodeFloat(d, &im)
	*v = T(complex(re, im))
}

// EqualComplex compares the bits of both parts.
func EqualComplex[T ~complex64 | ~complex128](_ *Comparer, a, b *T) bool {
	if unsafe.Sizeof(*a) == 8 { // not widened, which would change a NaN
		x, y := complex64(*a), complex64(*b)
		return sameBits32(real(x), real(y)) && sameBits32(imag(x), imag(y))
	}
	x, y := complex128(*a), complex128(*b)
	return sameBits64(real(x), real(y)) && sameBits64(imag(x), imag(y))
}

func sameBits32(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
func sameBits64(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// EqualPlain compares a type for which == means equal bytes.
func EqualPlain[T comparable](_ *Comparer, a, b *T) bool { return *a == *b }
