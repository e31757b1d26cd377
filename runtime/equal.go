package runtime

import (
	"bytes"
	"math"
	"reflect"
	"time"
	"unsafe"
)

// Equality of outcomes (promise 3): that of the encoded bytes. Floats compare
// by bits, nil and empty differ, pointers by what they point at, a time by
// instant, offset and zone name.
//
// Results that have a codec are compared by generated code, see
// [Query.PersistValue]. This here is for the others, whose values are never
// written: those of persist=no, eq=never, identity and rerun:always.

// equality returns how values of type V are compared.
func equality[V any](d *Definition) func(a, b V) bool {
	t := reflect.TypeFor[V]()
	if d.EqNever {
		return func(a, b V) bool { return false }
	}
	if hasEqual[V]() {
		return equalByMethod[V]
	}
	if partsHaveEqual[V](d) {
		return equalParts[V](d)
	}
	if plain(t) {
		return func(a, b V) bool { return any(a) == any(b) }
	}
	return func(a, b V) bool {
		c := comparer{identity: d.Identity}
		return c.equal(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
	}
}

// hasEqual reports whether V itself says what equal means. That of time.Time
// ignores the zone, and does not count.
func hasEqual[V any]() bool {
	t := reflect.TypeFor[V]()
	return t != timeType && t.Implements(reflect.TypeFor[interface{ Equal(V) bool }]())
}

// equalByMethod asks the method Equal of the result type itself, except about
// nil, which the method need not know.
func equalByMethod[V any](a, b V) bool {
	if isNil(reflect.ValueOf(a)) || isNil(reflect.ValueOf(b)) {
		return isNil(reflect.ValueOf(a)) == isNil(reflect.ValueOf(b))
	}
	return any(a).(interface{ Equal(V) bool }).Equal(b)
}

// partsHaveEqual reports whether one of several results says itself what equal
// means.
func partsHaveEqual[V any](d *Definition) bool {
	if d.Results > 1 {
		for f := range reflect.TypeFor[V]().Fields() {
			if ownEqual(f.Type) {
				return true
			}
		}
	}
	return false
}

// ownEqual is hasEqual for a type that is known by reflection only.
func ownEqual(t reflect.Type) bool {
	m, ok := t.MethodByName("Equal")
	if !ok || t == timeType {
		return false
	}
	if t.Kind() == reflect.Interface {
		return m.Type == reflect.FuncOf([]reflect.Type{t}, []reflect.Type{boolType}, false)
	}
	return m.Type == reflect.FuncOf([]reflect.Type{t, t}, []reflect.Type{boolType}, false)
}

// equalParts compares the struct of several results: each of them as if it were
// the only one.
func equalParts[V any](d *Definition) func(a, b V) bool {
	var own []bool
	for f := range reflect.TypeFor[V]().Fields() {
		own = append(own, ownEqual(f.Type))
	}
	return func(a, b V) bool {
		c := comparer{identity: d.Identity}
		x, y := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()
		for i, own := range own {
			x, y := x.Field(i), y.Field(i)
			switch {
			case !own:
				if !c.equal(x, y) {
					return false
				}
			case isNilPart(x) || isNilPart(y):
				if isNilPart(x) != isNilPart(y) {
					return false
				}
			case !x.MethodByName("Equal").Call([]reflect.Value{y})[0].Bool():
				return false
			}
		}
		return true
	}
}

// isNilPart is isNil for a value that may be an interface with a nil pointer in it.
func isNilPart(v reflect.Value) bool {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return isNil(v)
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true // a nil interface
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return v.IsNil()
	}
	return false
}

var (
	timeType = reflect.TypeFor[time.Time]()
	boolType = reflect.TypeFor[bool]()
)

// plain reports whether == on values of type t is equality of bytes.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return true
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if f.Name == "_" || !plain(f.Type) {
				return false
			}
		}
		return true
	}
	return false
}

// A comparer compares two values.
type comparer struct {
	identity bool           // pointers are equal only to themselves
	seen     map[visit]bool // values may be cyclic
	depth    int
	later    [][2]reflect.Value // must be equal as well
}

// maxNested bounds how deep comparisons call each other. What lies deeper waits
// until they have returned, so that a list of any length is compared on a small
// stack.
const maxNested = 1000

// visit is a pair of pointers under comparison. Slices may begin at one place and
// differ in length.
type visit struct {
	a, b uintptr
	len  int
	t    reflect.Type
}

// equal compares a and b all the way down.
func (c *comparer) equal(a, b reflect.Value) bool {
	for {
		c.depth = 0
		if !c.sofar(a, b) {
			return false
		}
		last := len(c.later) - 1
		if last < 0 {
			return true
		}
		a, b = c.later[last][0], c.later[last][1]
		c.later = c.later[:last]
	}
}

// sofar is equal without what is put off.
func (c *comparer) sofar(a, b reflect.Value) bool {
	if c.depth == maxNested {
		c.later = append(c.later, [2]reflect.Value{a, b})
		return true
	}
	c.depth++
	ok := c.level(a, b)
	c.depth--
	return ok
}

func (c *comparer) level(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.String:
		return a.String() == b.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return a.Int() == b.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return a.Uint() == b.Uint()
	case reflect.Float32, reflect.Float64:
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Complex64, reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		return math.Float64bits(real(x)) == math.Float64bits(real(y)) && math.Float64bits(imag(x)) == math.Float64bits(imag(y))
	case reflect.Struct:
		return c.fields(a, b)
	case reflect.Array:
		return c.elems(a, b)
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		if a.Type().Elem().Kind() == reflect.Uint8 {
			return bytes.Equal(a.Bytes(), b.Bytes())
		}
		return a.UnsafePointer() == b.UnsafePointer() || c.mayNest(a) && c.began(a, b) || c.elems(a, b)
	case reflect.Map:
		return c.maps(a, b)
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() || a.UnsafePointer() == b.UnsafePointer() {
			return a.UnsafePointer() == b.UnsafePointer()
		}
		return !c.identity && (c.began(a, b) || c.sofar(a.Elem(), b.Elem()))
	case reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		if a.Elem().Type() != b.Elem().Type() {
			return false
		}
		return c.sofar(a.Elem(), b.Elem())
	case reflect.Func:
		return a.IsNil() && b.IsNil()
	default: // channels, unsafe pointers
		return a.Equal(b)
	}
}

// began reports whether a and b are being compared already further up.
func (c *comparer) began(a, b reflect.Value) bool {
	v := visit{a: a.Pointer(), b: b.Pointer(), t: a.Type()}
	if a.Kind() == reflect.Slice {
		v.len = a.Len()
	}
	if c.seen[v] {
		return true
	}
	if c.seen == nil {
		c.seen = map[visit]bool{}
	}
	c.seen[v] = true
	return false
}

// mayNest tells the slices that can hold themselves.
func (c *comparer) mayNest(a reflect.Value) bool {
	k := a.Type().Elem().Kind()
	return a.Len() > 0 && (k == reflect.Interface || k == reflect.Slice)
}

func (c *comparer) fields(a, b reflect.Value) bool {
	if a.Type() == timeType {
		return equalTime(a, b)
	}
	for i := range a.NumField() {
		if a.Type().Field(i).Name != "_" && !c.sofar(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}

func equalTime(a, b reflect.Value) bool {
	x, y := *timeAt(a), *timeAt(b)
	if !x.Equal(y) {
		return false
	}
	nx, ox := x.Zone()
	ny, oy := y.Zone()
	return nx == ny && ox == oy
}

// timeAt returns a time that may lie in an unexported field, which reflection
// does not hand out.
func timeAt(v reflect.Value) *time.Time {
	if v.CanAddr() {
		return (*time.Time)(v.Addr().UnsafePointer())
	}
	t := new(time.Time)
	if v.CanInterface() {
		*t = v.Interface().(time.Time)
		return t
	}
	// Without an address its parts are all there is to read.
	to := reflect.ValueOf(t).Elem()
	for i := range v.NumField() {
		p := to.Field(i).Addr().UnsafePointer()
		switch f := v.Field(i); f.Kind() {
		case reflect.Uint64:
			*(*uint64)(p) = f.Uint()
		case reflect.Int64:
			*(*int64)(p) = f.Int()
		case reflect.Pointer:
			*(*unsafe.Pointer)(p) = f.UnsafePointer()
		}
	}
	return t
}

func (c *comparer) elems(a, b reflect.Value) bool {
	for i := range a.Len() {
		if !c.sofar(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}
