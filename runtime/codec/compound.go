package codec

import (
	"bytes"
	"slices"
	"unique"
	"unsafe"
)

// EncodeBytes writes a []byte.
func EncodeBytes[T ~[]byte](e *Encoder, v *T) { e.m.EncodeBytes(*v) }

// DecodeBytes reads a []byte.
func DecodeBytes[T ~[]byte](d *Decoder, v *T) {
	b, ok := d.bytes()
	if !ok {
		*v = nil
		return
	}
	*v = append(make(T, 0, len(b)), b...)
}

// EqualBytes compares two []byte.
func EqualBytes[T ~[]byte](_ *Comparer, a, b *T) bool {
	return (*a == nil) == (*b == nil) && bytes.Equal(*a, *b)
}

// EncodeByteArray writes an array of bytes.
func EncodeByteArray(e *Encoder, v []byte) { e.m.EncodeBytes(v) }

// DecodeByteArray reads an array of bytes.
func DecodeByteArray(d *Decoder, v []byte) {
	if b, _ := d.bytes(); copy(v, b) != len(v) || len(b) != len(v) {
		d.fail(errShape)
	}
}

// EncodeSlice writes a slice.
func EncodeSlice[S ~[]E, E any](e *Encoder, v *S, elem func(*Encoder, *E)) {
	if *v == nil {
		e.m.EncodeNil()
		return
	}
	EncodeArray(e, *v, elem)
}

// DecodeSlice reads a slice.
func DecodeSlice[S ~[]E, E any](d *Decoder, v *S, elem func(*Decoder, *E)) {
	n := d.arrayLen()
	if n < 0 || !d.enter() {
		return
	}
	defer d.leave()
	s := make(S, 0, d.room(n, unsafe.Sizeof(*new(E))))
	for i := range n {
		s = append(s, *new(E))
		if elem(d, &s[i]); d.err != nil {
			return
		}
	}
	*v = s
}

// EqualSlice compares two slices.
func EqualSlice[S ~[]E, E any](c *Comparer, a, b *S, elem func(c *Comparer, a, b *E) bool) bool {
	if (*a == nil) != (*b == nil) || len(*a) != len(*b) {
		return false
	}
	if unsafe.SliceData(*a) == unsafe.SliceData(*b) {
		return true
	}
	if !c.enter() {
		x, y := *a, *b // what a and b point at may change its place
		c.later = append(c.later, func() bool { return EqualArray(c, x, y, elem) })
		return true
	}
	defer c.leave()
	return EqualArray(c, *a, *b, elem)
}

// EqualPlainSlice compares two slices of a type for which == means equal bytes.
func EqualPlainSlice[S ~[]E, E comparable](_ *Comparer, a, b *S) bool {
	return (*a == nil) == (*b == nil) && slices.Equal(*a, *b)
}

// EncodeArray writes an array.
func EncodeArray[E any](e *Encoder, v []E, elem func(*Encoder, *E)) {
	if !e.enter() {
		return
	}
	e.arrayLen(len(v))
	for i := range v {
		elem(e, &v[i])
	}
	e.leave()
}

// DecodeArray reads an array.
func DecodeArray[E any](d *Decoder, v []E, elem func(*Decoder, *E)) {
	d.Fields(len(v))
	for i := range v {
		if d.err != nil {
			return
		}
		elem(d, &v[i])
	}
}

// EqualArray compares two arrays of one length.
func EqualArray[E any](c *Comparer, a, b []E, elem func(c *Comparer, a, b *E) bool) bool {
	for i := range a {
		if !elem(c, &a[i], &b[i]) {
			return false
		}
	}
	return true
}

// EncodePointer writes a pointer: nil, or an array of one. Without the array a
// pointer to a nil slice would be a nil pointer.
func EncodePointer[P ~*E, E any](e *Encoder, v *P, elem func(*Encoder, *E)) {
	if *v == nil {
		e.m.EncodeNil()
		return
	}
	if !e.enter() {
		return
	}
	e.link((*E)(*v))
	e.arrayLen(1)
	elem(e, *v)
	e.leave()
}

// DecodePointer reads a pointer.
func DecodePointer[P ~*E, E any](d *Decoder, v *P, elem func(*Decoder, *E)) {
	n := d.arrayLen()
	if n < 0 || !d.enter() {
		return
	}
	defer d.leave()
	if n != 1 {
		d.fail(errShape)
		return
	}
	*v = new(E)
	elem(d, *v)
}

// EqualPointer compares what two pointers point at.
func EqualPointer[P ~*E, E any](c *Comparer, a, b *P, elem func(c *Comparer, a, b *E) bool) bool {
	if *a == nil || *b == nil || *a == *b {
		return *a == *b
	}
	return nested(c, *a, *b, elem)
}

// EncodeHandle writes a unique.Handle as a pointer to its value.
func EncodeHandle[E comparable](e *Encoder, v *unique.Handle[E], elem func(*Encoder, *E)) {
	var p *E
	if *v != (unique.Handle[E]{}) {
		value := v.Value()
		p = &value
	}
	EncodePointer(e, &p, elem)
}

// DecodeHandle reads a unique.Handle.
func DecodeHandle[E comparable](d *Decoder, v *unique.Handle[E], elem func(*Decoder, *E)) {
	var p *E
	DecodePointer(d, &p, elem)
	if p != nil && d.err == nil {
		*v = unique.Make(*p)
	}
}
