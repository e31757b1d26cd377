package codec

import "fmt"

// Nil writes an interface without a value.
func (e *Encoder) Nil() { e.m.EncodeNil() }

// EncodeImplementation writes the value of an interface: the name of its type,
// then the value.
func EncodeImplementation[T any](e *Encoder, name string, v *T, encode func(*Encoder, *T)) {
	if !e.enter() {
		return
	}
	e.Fields(2)
	e.text(name)
	encode(e, v)
	e.leave()
}

// Unlisted fails, because the type of v is not among the implementations that
// were listed.
func (e *Encoder) Unlisted(v any) {
	e.fail(fmt.Errorf("codec: %T is not listed in Implementations", v))
}

// Implementation reads the name of the type in an interface; "" is nil.
func (d *Decoder) Implementation() string {
	switch n := d.arrayLen(); {
	case n < 0 || d.err != nil:
		return ""
	case n != 2:
		d.fail(errShape)
		return ""
	}
	var name string
	if DecodeString(d, &name); name == "" {
		d.fail(errShape)
	}
	return name
}

// DecodeImplementation reads the value that follows the name.
func DecodeImplementation[T any](d *Decoder, decode func(*Decoder, *T)) T {
	v := new(T)
	if d.enter() {
		decode(d, v)
	}
	d.leave()
	return *v
}

// Unlisted fails, because there is no type of that name.
func (d *Decoder) Unlisted() { d.fail(errShape) }

// EqualImplementation compares the values of one concrete type behind two
// interfaces.
func EqualImplementation[T any](c *Comparer, a, b *T, equal func(c *Comparer, a, b *T) bool) bool {
	return nested(c, a, b, equal)
}
