package codec

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
)

// Errors are written exactly or not at all: what is decoded has the same concrete
// types, texts and exported fields in its whole tree, and errors.Is and errors.As
// answer the same. There are two ways in which an error can be written:
//
//   - A sentinel is one that code compares with, by errors.Is or ==. It is
//     written as its name and read as the very same value.
//   - A type of error is written by its name, its schema and its content.
//
// An error of neither sort can't be written. Above all that is what errors.New
// returns, and fmt.Errorf without a %w: nothing tells whether some package holds
// it in a variable that errors.Is will be asked about.

// maxErrors bounds the nesting of errors. The text of an error is often made of
// the texts below it, so a deep tree costs the square of its depth.
const maxErrors = 100

var errorCodecs = struct {
	sync.RWMutex
	sentinels map[error]string // "": one that has no name
	byName    map[string]error
	types     map[reflect.Type]*errorCodec
	byKey     map[string]*errorCodec
}{
	sentinels: make(map[error]string),
	byName:    make(map[string]error),
	types:     make(map[reflect.Type]*errorCodec),
	byKey:     make(map[string]*errorCodec),
}

// An errorCodec is the codec of one type of errors.
type errorCodec struct {
	key    string // name and schema: what was written under another one is never read by this
	encode func(*Encoder, error)
	decode func(*Decoder) error
}

// sentinelKey marks the names of sentinels; no type has such a name.
const sentinelKey = "="

// NameSentinel gives a sentinel its name. A sentinel may have several names: it
// is written under the first and read under all.
func NameSentinel(name string, sentinel error) {
	if name == "" || !hashable(sentinel) {
		panic(fmt.Sprintf("querygen: the error %q has no name, is nil or can't be compared", name))
	}
	errorCodecs.Lock()
	defer errorCodecs.Unlock()
	if other := errorCodecs.byName[name]; other != nil && other != sentinel {
		panic(fmt.Sprintf("querygen: two errors are registered as %q", name))
	}
	errorCodecs.byName[name] = sentinel
	if errorCodecs.sentinels[sentinel] == "" {
		errorCodecs.sentinels[sentinel] = name
	}
}

// MarkSentinel says that code may compare with err, a package variable: unless it
// gets a name, it is not written, even if there is a codec of its type.
func MarkSentinel(err error) {
	if !hashable(err) {
		return
	}
	errorCodecs.Lock()
	defer errorCodecs.Unlock()
	if _, known := errorCodecs.sentinels[err]; !known {
		errorCodecs.sentinels[err] = ""
	}
}

// hashable tells the errors that can be keys of a map, and that == finds again.
func hashable(err error) bool { return err != nil && reflect.ValueOf(err).Comparable() && err == err }

// DefineError makes t the codec of the errors of type E. The name is the type's,
// with the import path. Of several codecs of one type the first writes.
func DefineError[E error](name string, t Type[E]) {
	defineError(reflect.TypeFor[E](), &errorCodec{
		key: name + " " + t.Schema,
		encode: func(e *Encoder, err error) {
			v := err.(E)
			t.Encode(e, &v)
		},
		decode: func(d *Decoder) error {
			v := new(E)
			t.Decode(d, v)
			return *v
		},
	})
}

func defineError(t reflect.Type, c *errorCodec) {
	errorCodecs.Lock()
	defer errorCodecs.Unlock()
	if errorCodecs.types[t] == nil {
		errorCodecs.types[t] = c
	}
	if errorCodecs.byKey[c.key] == nil {
		errorCodecs.byKey[c.key] = c
	}
}

// lookupError returns how err is written: as a sentinel, by its type, or not.
func lookupError(err error) (name string, sentinel bool, c *errorCodec) {
	comparable := hashable(err)
	errorCodecs.RLock()
	defer errorCodecs.RUnlock()
	if comparable {
		if name, sentinel = errorCodecs.sentinels[err]; sentinel {
			return name, true, nil
		}
	}
	return "", false, errorCodecs.types[reflect.TypeOf(err)]
}

// ByContent reports whether err is written by its content. Any other error can
// only be itself again.
func ByContent(err error) bool {
	_, _, c := lookupError(err)
	return c != nil
}

// EncodeError writes an error with all that it wraps.
func EncodeError(e *Encoder, v *error) {
	err := *v
	if err == nil {
		e.m.EncodeNil()
		return
	}
	if e.errors++; e.errors > maxErrors {
		e.fail(ErrDepth)
	}
	if e.enter() {
		e.error(err)
	}
	e.leave()
	e.errors--
}

func (e *Encoder) error(err error) {
	name, sentinel, c := lookupError(err)
	e.Fields(2)
	switch {
	case name != "":
		e.text(sentinelKey)
		e.text(name)
	case sentinel:
		e.fail(fmt.Errorf("codec: an error in a variable (%T) is not registered by RegisterError", err))
	case c != nil:
		e.text(c.key)
		c.encode(e, err)
	default:
		e.fail(fmt.Errorf("codec: an error of type %T has no codec and is not registered by RegisterError", err))
	}
}

var errUnknownError = errors.New("codec: an error that this program does not know")

// DecodeError reads an error.
func DecodeError(d *Decoder, v *error) {
	n := d.arrayLen()
	if n < 0 || d.err != nil {
		return
	}
	if d.errors++; d.errors > maxErrors {
		d.fail(ErrDepth)
	}
	if n != 2 {
		d.fail(errShape)
	}
	if d.enter() {
		*v = d.error()
	}
	d.leave()
	d.errors--
}

func (d *Decoder) error() error {
	var key, name string
	DecodeString(d, &key)
	if key == sentinelKey {
		DecodeString(d, &name)
	}
	errorCodecs.RLock()
	c, sentinel := errorCodecs.byKey[key], errorCodecs.byName[name]
	errorCodecs.RUnlock()
	switch {
	case d.err != nil:
	case key == sentinelKey && sentinel != nil:
		return sentinel
	case c != nil:
		return c.decode(d)
	default:
		d.fail(errUnknownError)
	}
	return nil
}

// EqualError compares what two errors are written as. One that can't be written
// is equal to none.
func EqualError(_ *Comparer, a, b *error) bool {
	if *a == nil || *b == nil {
		return *a == nil && *b == nil
	}
	return sameBytes(a, b, EncodeError)
}
