package runtime

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// formatKey writes the arguments of a call as Go would, without type names. It
// calls no methods of the key: a key may be formatted while locks are held.
func formatKey(query string, key any) string {
	if key == nil {
		return ""
	}
	v := reflect.ValueOf(key)
	q := lookupQuery(query)
	if q == nil || q.def.Params < 2 || v.Kind() != reflect.Struct {
		return formatValue(v)
	}
	args := make([]string, v.NumField())
	for i := range args {
		args[i] = formatValue(v.Field(i))
	}
	return strings.Join(args, ", ")
}

func formatValue(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Struct:
		if t, ok := asTask(v); ok {
			return t
		}
		if v.Type().Implements(reflect.TypeFor[interface{ isHandle() }]()) {
			return formatHandle(v.Field(0))
		}
		return formatFields(v)
	case reflect.Array:
		elems := make([]string, v.Len())
		for i := range elems {
			elems[i] = formatValue(v.Index(i))
		}
		return "[" + strings.Join(elems, ", ") + "]"
	case reflect.Pointer, reflect.Interface: // inside of a unique.Handle and the like
		if v.IsNil() {
			return "nil"
		}
		return formatValue(v.Elem())
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		return strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits())
	}
	if v.CanInt() {
		return strconv.FormatInt(v.Int(), 10)
	}
	if v.CanUint() {
		return strconv.FormatUint(v.Uint(), 10)
	}
	return v.Type().String() // no key has one of these
}

func formatFields(v reflect.Value) string {
	t := v.Type()
	fields := make([]string, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i).Name + ": " + formatValue(v.Field(i))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// handleText is how long the text of a handle's value may be, in bytes.
const handleText = 60

// formatHandle writes the value of a handle, given the pointer in it. If that is
// too long, a hash of it tells it from others.
func formatHandle(e reflect.Value) string {
	if e.IsNil() {
		return "nil"
	}
	value, sum := e.Elem().Field(0), e.Elem().Field(1)
	b := newBounded(handleText)
	b.add(value)
	if !b.full && !b.cut {
		return string(b.text)
	}
	return fmt.Sprintf("%s...#%016x", strings.ToValidUTF8(string(b.text), ""), sum.Field(0).Uint())
}

// bounded is formatValue for what keys hold only by a handle, until there is
// enough text: the value may be large, and cyclic.
type bounded struct {
	text []byte
	full bool
	most int  // bytes of text
	hops int  // entries of maps that may be looked at
	cut  bool // there were more
}

// textHops bounds the entries of maps that are looked at: all are, to find those
// that come first, and what is shared in maps within maps is small and has very many.
const textHops = 1 << 16

func newBounded(most int) *bounded { return &bounded{most: most, hops: textHops} }

func (b *bounded) write(s string) {
	if left := b.most - len(b.text); len(s) > left {
		s, b.full = s[:left], true
	}
	b.text = append(b.text, s...)
}

func (b *bounded) add(v reflect.Value) {
	if b.full {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if t, ok := asTask(v); ok {
			b.write(t)
			return
		}
		b.list("{", "}", v.NumField(), func(i int) {
			b.write(v.Type().Field(i).Name + ": ")
			b.add(v.Field(i))
		})
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			b.write("nil")
			return
		}
		b.list("[", "]", v.Len(), func(i int) { b.add(v.Index(i)) })
	case reflect.Map:
		b.entries(v)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.write("nil")
			return
		}
		b.write("&") // makes the text longer: a cycle comes to its end
		b.add(v.Elem())
	default:
		b.write(formatValue(v))
	}
}

func (b *bounded) list(open, end string, n int, elem func(int)) {
	b.write(open)
	for i := 0; i < n && !b.full; i++ {
		if i > 0 {
			b.write(", ")
		}
		elem(i)
	}
	b.write(end)
}

// entries writes a map, its entries in the order of their texts.
func (b *bounded) entries(v reflect.Value) {
	if v.IsNil() {
		b.write("nil")
		return
	}
	if b.hops == 0 {
		b.cut = true
		b.write("{...}")
		return
	}
	var entries []string
	b.hops /= v.Len() + 1 // the same for each, since they come in any order
	for it := v.MapRange(); it.Next(); {
		e := &bounded{text: slices.Clone(b.text), most: b.most, hops: b.hops}
		at := len(e.text)
		e.add(it.Key())
		e.write(": ")
		e.add(it.Value())
		entries = append(entries, string(e.text[at:]))
		b.cut = b.cut || e.cut
	}
	slices.Sort(entries)
	b.list("{", "}", len(entries), func(i int) { b.write(entries[i]) })
}
