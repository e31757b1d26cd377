package runtime

import (
	"reflect"
	"sync"
	"unsafe"

	"querygen.dev/runtime/codec"
)

// What a value costs is what lies behind its pointers, slices, strings and maps,
// estimated: shared parts are counted where they are met, of long slices and maps
// a sample is looked at, and the whole takes a bounded time.
//
// Nothing is read that comparing the value would not read, since it may change
// under a lock that only its owner knows: the unexported fields of what has a codec
// are passed over, and what is compared by identity or a method of its own is not
// looked into.
type sizer struct {
	exported bool // look at exported fields only
	left     int  // parts that may be looked at
	depth    int
	seen     map[unsafe.Pointer]bool
}

const (
	sizeParts  = 2000
	sizeDepth  = 500
	sizeSample = 32 // elements of a slice or map
)

// sizeBehind estimates what lies behind v.
func (q *Query[K, V]) sizeBehind(v *V) int64 {
	t := reflect.TypeFor[V]()
	if flat(t) {
		return 0
	}
	s := &sizer{left: sizeParts, exported: q.codecs.value != nil}
	if !s.exported && (q.def.Identity || q.def.EqNever || hasEqual[V]() || partsHaveEqual[V](&q.def)) {
		s.left = 1
		if t.Kind() == reflect.Struct {
			s.left += t.NumField()
		}
	}
	return s.behind(reflect.ValueOf(v).Elem())
}

// flats remembers the answers of flat.
var flats sync.Map // from reflect.Type to bool

// flat reports whether values of type t have nothing behind them.
func flat(t reflect.Type) bool {
	switch k := t.Kind(); {
	case k <= reflect.Complex128:
		return true
	case k == reflect.Array:
		return flat(t.Elem())
	case k != reflect.Struct:
		return false
	}
	if known, ok := flats.Load(t); ok {
		return known.(bool)
	}
	all := true
	for f := range t.Fields() {
		all = all && flat(f.Type)
	}
	flats.Store(t, all)
	return all
}

func (s *sizer) behind(v reflect.Value) int64 {
	if s.left <= 0 || s.depth > sizeDepth || flat(v.Type()) {
		return 0
	}
	s.left--
	s.depth++
	defer func() { s.depth-- }()
	switch v.Kind() {
	case reflect.String:
		return int64(v.Len())
	case reflect.Slice:
		if v.IsNil() || s.again(v.UnsafePointer()) {
			return 0
		}
		return int64(v.Cap())*int64(v.Type().Elem().Size()) + s.elems(v)
	case reflect.Array:
		return s.elems(v)
	case reflect.Struct:
		return s.fields(v)
	case reflect.Pointer:
		if v.IsNil() || s.again(v.UnsafePointer()) {
			return 0
		}
		return int64(v.Type().Elem().Size()) + s.behind(v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return int64(v.Elem().Type().Size()) + s.behind(v.Elem())
	case reflect.Map:
		return s.entries(v)
	}
	return 0
}

// again reports whether p was met before.
func (s *sizer) again(p unsafe.Pointer) bool {
	if s.seen[p] {
		return true
	}
	if s.seen == nil {
		s.seen = map[unsafe.Pointer]bool{}
	}
	s.seen[p] = true
	return false
}

func (s *sizer) fields(v reflect.Value) int64 {
	sum := int64(0)
	for i := range v.NumField() {
		if !s.exported || v.Type().Field(i).IsExported() {
			sum += s.behind(v.Field(i))
		}
	}
	return sum
}

func (s *sizer) elems(v reflect.Value) int64 {
	n := v.Len()
	if n == 0 || flat(v.Type().Elem()) {
		return 0
	}
	looked := min(n, sizeSample)
	sum := int64(0)
	for i := range looked {
		sum += s.behind(v.Index(i * n / looked))
	}
	return sum * int64(n) / int64(looked)
}

// entryRoom is what an entry of a map takes beside its key and value.
const entryRoom = 8

func (s *sizer) entries(v reflect.Value) int64 {
	n := int64(v.Len())
	if n == 0 || s.again(v.UnsafePointer()) {
		return 0
	}
	t := v.Type()
	room := n * (int64(t.Key().Size()+t.Elem().Size()) + entryRoom)
	if flat(t.Key()) && flat(t.Elem()) {
		return room
	}
	sum, looked := int64(0), int64(0)
	for it := v.MapRange(); looked < sizeSample && it.Next(); looked++ {
		sum += s.behind(it.Key()) + s.behind(it.Value())
	}
	return room + sum*n/max(looked, 1)
}

// plainPrint is the fingerprint of a value of a plain type.
func plainPrint[V any](v *V) codec.Fingerprint {
	sum := contentSum(reflect.ValueOf(v).Elem())
	return codec.Fingerprint{Hi: sum.Hi, Lo: sum.Lo}
}
