package runtime

import (
	"reflect"
	"slices"
)

// maps compares maps, whose keys == does not always tell apart as bits do.
func (c *comparer) maps(a, b reflect.Value) bool {
	if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
		return false
	}
	if a.UnsafePointer() == b.UnsafePointer() {
		return true
	}
	if c.began(a, b) {
		return true
	}
	floats := hasFloat(a.Type().Key())
	for it := a.MapRange(); it.Next(); {
		if floats && holdsFloat(it.Key()) {
			continue
		}
		other := b.MapIndex(it.Key())
		if !other.IsValid() || !c.sofar(it.Value(), other) {
			return false
		}
	}
	return !floats || c.floatKeys(a, b)
}

// hasFloat reports whether == on values of type t may take different bits as equal.
func hasFloat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128, reflect.Interface:
		return true
	case reflect.Array:
		return hasFloat(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if hasFloat(f.Type) {
				return true
			}
		}
	}
	return false
}

// holdsFloat is hasFloat for a key, which may have something in an interface.
func holdsFloat(k reflect.Value) bool {
	switch k.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	case reflect.Interface:
		return !k.IsNil() && holdsFloat(k.Elem())
	case reflect.Array:
		for i := range k.Len() {
			if holdsFloat(k.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for i := range k.NumField() {
			if holdsFloat(k.Field(i)) {
				return true
			}
		}
	}
	return false
}

// floatKeys compares the entries of maps whose keys cannot be looked up by their
// bits: zero has two signs, and NaN is never found. They are rare, and few.
func (c *comparer) floatKeys(a, b reflect.Value) bool {
	keys, free := b.MapRange(), []reflect.Value{}
	values := []reflect.Value{}
	for keys.Next() {
		if !holdsFloat(keys.Key()) {
			continue
		}
		free, values = append(free, keys.Key()), append(values, keys.Value())
	}
	for it := a.MapRange(); it.Next(); {
		if !holdsFloat(it.Key()) {
			continue
		}
		i := slices.IndexFunc(free, func(k reflect.Value) bool {
			// A key that differs must not end this comparison, nor leave traces in it.
			alone := comparer{identity: c.identity}
			return k.IsValid() && alone.equal(it.Key(), k)
		})
		if i < 0 || !c.sofar(it.Value(), values[i]) {
			return false
		}
		free[i] = reflect.Value{}
	}
	return true
}
