package codec

import (
	"encoding"
	"fmt"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// Types with methods of their own. Two of their values are equal if the methods
// write equal bytes.

// EncodeMsgpack writes what the method EncodeMsgpack writes.
func EncodeMsgpack[T any, P interface {
	*T
	msgpack.CustomEncoder
}](e *Encoder, v *T) {
	inner := getEncoder()
	defer func() {
		inner.m.Reset(&inner.out) // the method may have changed settings
		inner.put()
	}()
	inner.m.SetSortMapKeys(true) // for what the method leaves to msgpack
	if err := P(v).EncodeMsgpack(inner.m); err != nil {
		e.fail(failure[T]("EncodeMsgpack", err))
	}
	e.m.EncodeBytes(inner.out.data)
}

// DecodeMsgpack reads by the method DecodeMsgpack.
func DecodeMsgpack[T any, P interface {
	*T
	msgpack.CustomDecoder
}](d *Decoder, v *T) {
	decodeBy[T](d, "DecodeMsgpack", func(b []byte) error {
		inner := getDecoder(b)
		defer func() {
			inner.m.Reset(&inner.in)
			inner.put()
		}()
		err := P(v).DecodeMsgpack(inner.m)
		if err == nil && inner.in.left() > 0 {
			return errTrailing
		}
		return err
	})
}

// EqualMsgpack compares what EncodeMsgpack writes.
func EqualMsgpack[T any, P interface {
	*T
	msgpack.CustomEncoder
}](_ *Comparer, a, b *T) bool {
	return sameBytes(a, b, EncodeMsgpack[T, P])
}

// EncodeBinary writes what MarshalBinary returns.
func EncodeBinary[T any, P interface {
	*T
	encoding.BinaryMarshaler
}](e *Encoder, v *T) {
	b, err := P(v).MarshalBinary()
	e.own(b, err, "MarshalBinary", v)
}

// DecodeBinary reads by UnmarshalBinary.
func DecodeBinary[T any, P interface {
	*T
	encoding.BinaryUnmarshaler
}](d *Decoder, v *T) {
	decodeBy[T](d, "UnmarshalBinary", P(v).UnmarshalBinary)
}

// EqualBinary compares what MarshalBinary returns.
func EqualBinary[T any, P interface {
	*T
	encoding.BinaryMarshaler
}](_ *Comparer, a, b *T) bool {
	return sameBytes(a, b, EncodeBinary[T, P])
}

// EncodeText writes what MarshalText returns.
func EncodeText[T any, P interface {
	*T
	encoding.TextMarshaler
}](e *Encoder, v *T) {
	b, err := P(v).MarshalText()
	e.own(b, err, "MarshalText", v)
}

// DecodeText reads by UnmarshalText.
func DecodeText[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](d *Decoder, v *T) {
	decodeBy[T](d, "UnmarshalText", P(v).UnmarshalText)
}

// EqualText compares what MarshalText returns.
func EqualText[T any, P interface {
	*T
	encoding.TextMarshaler
}](_ *Comparer, a, b *T) bool {
	return sameBytes(a, b, EncodeText[T, P])
}

// own writes what a method has returned. Nil bytes are no bytes.
func (e *Encoder) own(b []byte, err error, method string, v any) {
	if err != nil {
		e.fail(fmt.Errorf("codec: %s of %T: %w", method, v, err))
	}
	if b == nil {
		b = []byte{}
	}
	e.m.EncodeBytes(b)
}

// decodeBy reads a []byte and gives a copy to a method, which may keep it. A
// method that panics about bytes it has not written itself only fails.
func decodeBy[T any](d *Decoder, method string, f func([]byte) error) {
	b, ok := d.bytes()
	if !ok {
		d.fail(errShape)
		return
	}
	defer func() {
		if p := recover(); p != nil {
			d.fail(failure[T](method, fmt.Errorf("panic: %v", p)))
		}
	}()
	if err := f(append([]byte(nil), b...)); err != nil {
		d.fail(failure[T](method, err))
	}
}

// EncodeTime writes a time: its instant, and the offset and name of its zone.
// The rest of the zone and the monotonic clock are not part of it.
func EncodeTime(e *Encoder, v *time.Time) {
	name, offset := v.Zone()
	e.Fields(4)
	e.m.EncodeInt(v.Unix())
	e.m.EncodeInt(int64(v.Nanosecond()))
	e.m.EncodeInt(int64(offset))
	e.text(name)
}

// DecodeTime reads a time.
func DecodeTime(d *Decoder, v *time.Time) {
	var (
		sec         int64
		nsec, shift int32
		name        string
	)
	d.Fields(4)
	DecodeInt(d, &sec)
	DecodeInt(d, &nsec)
	DecodeInt(d, &shift)
	DecodeString(d, &name)
	if d.err != nil {
		return
	}
	*v = time.Unix(sec, int64(nsec)).UTC()
	if name != "UTC" || shift != 0 {
		*v = v.In(time.FixedZone(name, int(shift)))
	}
}

// EqualTime compares two times.
func EqualTime(_ *Comparer, a, b *time.Time) bool {
	an, ao := a.Zone()
	bn, bo := b.Zone()
	return a.Equal(*b) && ao == bo && an == bn
}
