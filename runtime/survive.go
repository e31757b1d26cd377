package runtime

import (
	"fmt"
	"reflect"

	"querygen.dev/runtime/codec"
)

var errorCodec = codec.Type[error]{Encode: codec.EncodeError, Decode: codec.DecodeError}

// survives returns nil if err comes back from the disk exactly (promise 7), else
// why it does not. That there are codecs is not enough: those that types bring
// along may lose something. So the error is written and read, and compared.
func survives(err error) (flaw error) {
	if err == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil { // in a method of the error's
			flaw = fmt.Errorf("querygen: an error of type %T panics when it is written or read: %v", err, p)
		}
	}()
	data, flaw := errorCodec.Append(nil, &err)
	if flaw != nil {
		return flaw
	}
	again, flaw := errorCodec.Unmarshal(data)
	if flaw != nil {
		return fmt.Errorf("querygen: an error of type %T can be written but not read: %w", err, flaw)
	}
	if !equalErrors(err, again) || !sameSentinels(err, again) {
		return fmt.Errorf("querygen: an error of type %T is another one after it was written and read", err)
	}
	return nil
}

// sameSentinels reports whether errors.Is finds in b, which is equal to a, what
// it finds in a: what is not written by its content must be the same value.
func sameSentinels(a, b error) bool {
	if a == nil {
		return true
	}
	if !codec.ByContent(a) && !identical(a, b) {
		return false
	}
	switch x := a.(type) {
	case interface{ Unwrap() error }:
		return sameSentinels(x.Unwrap(), b.(interface{ Unwrap() error }).Unwrap())
	case interface{ Unwrap() []error }:
		as, bs := x.Unwrap(), b.(interface{ Unwrap() []error }).Unwrap()
		for i := range as {
			if !sameSentinels(as[i], bs[i]) {
				return false
			}
		}
	}
	return true
}

// identical is == for any two errors of one type.
func identical(a, b error) bool { return reflect.ValueOf(a).Comparable() && a == b }
