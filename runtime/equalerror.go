package runtime

import "reflect"

var errorType = reflect.TypeFor[error]()

// equalErrors compares errors as outcomes (promise 7): concrete types, texts and
// exported fields of the whole Unwrap tree.
func equalErrors(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if cycle, ok := a.(*CycleError); ok {
		other, ok := b.(*CycleError)
		return ok && other.same(cycle)
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if va.Type() != vb.Type() || a.Error() != b.Error() {
		return false
	}
	return equalExported(va, vb) && equalTrees(a, b)
}

func equalTrees(a, b error) bool {
	switch x := a.(type) {
	case interface{ Unwrap() error }:
		return equalErrors(x.Unwrap(), b.(interface{ Unwrap() error }).Unwrap())
	case interface{ Unwrap() []error }:
		as, bs := x.Unwrap(), b.(interface{ Unwrap() []error }).Unwrap()
		if len(as) != len(bs) {
			return false
		}
		for i := range as {
			if !equalErrors(as[i], bs[i]) {
				return false
			}
		}
	}
	return true
}

// equalExported compares what others can read of an error: the fields of a
// struct or of one behind a pointer, else the value.
func equalExported(a, b reflect.Value) bool {
	if a.Kind() == reflect.Pointer {
		if a.IsNil() || b.IsNil() || a.UnsafePointer() == b.UnsafePointer() {
			return a.UnsafePointer() == b.UnsafePointer()
		}
		a, b = a.Elem(), b.Elem()
	}
	if a.Kind() != reflect.Struct {
		return new(comparer).equal(a, b)
	}
	for i := range a.NumField() {
		f := a.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		x, y := a.Field(i), b.Field(i)
		if f.Type == errorType {
			ex, _ := x.Interface().(error)
			ey, _ := y.Interface().(error)
			if !equalErrors(ex, ey) {
				return false
			}
			continue
		}
		if !new(comparer).equal(x, y) {
			return false
		}
	}
	return true
}
