package runtime

import (
	"encoding/binary"
	"math"
	"reflect"

	"github.com/zeebo/xxh3"
)

// contentSum returns a hash of what v holds: values that a comparer takes for
// equal have equal sums. It is the same in every process, as far as v holds
// nothing that is not: funcs and channels count as nil or not nil.
func contentSum(v reflect.Value) xxh3.Uint128 {
	h := &summer{hops: sumHops}
	h.add(v)
	return h.to.Sum128()
}

// A summer writes values in a form that is the same for equal ones.
type summer struct {
	to    xxh3.Hasher
	depth int // pointers, slices, maps and interfaces on the way here
	hops  int // how many more may be followed
}

// A value may be cyclic, and small as it is be huge when what is shared in it is
// seen as often as it occurs. So it is looked at only so deep, and so far. Values
// that differ beyond that have equal sums; it takes comparing to tell them apart.
const (
	sumDepth = 1000
	sumHops  = 1 << 20
)

func (h *summer) word(w uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], w)
	h.to.Write(b[:])
}

func (h *summer) text(s string) {
	h.word(uint64(len(s)))
	h.to.WriteString(s)
}

// bit writes whether something is there, and returns it.
func (h *summer) bit(there bool) bool {
	if there {
		h.word(1)
	} else {
		h.word(0)
	}
	return there
}

func (h *summer) add(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		h.bit(v.Bool())
	case reflect.String:
		h.text(v.String())
	case reflect.Float32, reflect.Float64:
		h.word(math.Float64bits(v.Float()))
	case reflect.Complex64, reflect.Complex128:
		h.word(math.Float64bits(real(v.Complex())))
		h.word(math.Float64bits(imag(v.Complex())))
	case reflect.Struct:
		h.fields(v)
	case reflect.Array:
		h.elems(v)
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		if h.depth < sumDepth && h.hops > 0 && h.bit(!v.IsNil()) {
			h.depth++
			h.hops--
			h.below(v)
			h.depth--
		}
	case reflect.Func:
		h.bit(!v.IsNil())
	case reflect.Chan, reflect.UnsafePointer: // equal only to themselves
	default:
		if v.CanInt() {
			h.word(uint64(v.Int()))
		} else {
			h.word(v.Uint())
		}
	}
}

// below adds what lies behind a v that is not nil.
func (h *summer) below(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		h.word(uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			h.to.Write(v.Bytes())
			return
		}
		h.elems(v)
	case reflect.Map:
		h.entries(v)
	case reflect.Interface:
		h.text(v.Elem().Type().String())
		h.add(v.Elem())
	case reflect.Pointer:
		h.add(v.Elem())
	}
}

func (h *summer) fields(v reflect.Value) {
	if v.Type() == timeType {
		t := *timeAt(v)
		name, offset := t.Zone()
		h.word(uint64(t.Unix()))
		h.word(uint64(t.Nanosecond()))
		h.word(uint64(offset))
		h.text(name)
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).Name != "_" {
			h.add(v.Field(i))
		}
	}
}

func (h *summer) elems(v reflect.Value) {
	for i := range v.Len() {
		h.add(v.Index(i))
	}
}

// entries adds the entries of a map, in any order.
func (h *summer) entries(v reflect.Value) {
	var lo, hi uint64
	share := h.hops / (v.Len() + 1) // the same for each, since they come in any order
	h.hops = share
	for it := v.MapRange(); it.Next(); {
		entry := &summer{depth: h.depth, hops: share}
		entry.add(it.Key())
		entry.add(it.Value())
		sum := entry.to.Sum128()
		lo, hi = lo+sum.Lo, hi+sum.Hi
	}
	h.word(uint64(v.Len()))
	h.word(lo)
	h.word(hi)
}
