package random

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"
	"unique"

	"querygen.dev/runtime/codec"
)

// check takes random values of a type round, and compares each with one that
// differs by one change, and with an unrelated one. What is equal is decided by
// same, which knows nothing of codecs.
func check[T any](t *testing.T, name string, c *codec.Type[T], values int) {
	r := rand.New(rand.NewPCG(1, uint64(len(name))))
	for i := range values {
		v, other := new(T), new(T)
		g := &generator{r, i % 12}
		g.fill(reflect.ValueOf(v).Elem(), 0)
		data, err := c.Append(nil, v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := c.Unmarshal(data)
		if err != nil {
			t.Fatalf("%s: %v of %+v", name, err, *v)
		}
		compare(t, name, c, v, &got, data)
		if !same(reflect.ValueOf(v).Elem(), reflect.ValueOf(&got).Elem()) {
			t.Fatalf("%s: %+v comes back as %+v", name, *v, got)
		}
		g.change(reflect.ValueOf(&got).Elem(), 0)
		compare(t, name, c, v, &got, data)
		g.fill(reflect.ValueOf(other).Elem(), 0)
		compare(t, name, c, v, other, data)
		damaged(t, name, c, r, data)
	}
}

// compare checks that bytes, fingerprints and Equal agree with same.
func compare[T any](t *testing.T, name string, c *codec.Type[T], a, b *T, data []byte) {
	t.Helper()
	want := same(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
	other, err := c.Append(nil, b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	x, _ := c.Fingerprint(a)
	y, _ := c.Fingerprint(b)
	if got := bytes.Equal(data, other); got != want || (x == y) != want {
		t.Fatalf("%s: equal is %v, of bytes %v, of fingerprints %v:\n%+v\n%+v", name, want, got, x == y, *a, *b)
	}
	if got := c.Same(a, b); got != want {
		t.Fatalf("%s: equal is %v, Equal says %v:\n%+v\n%+v", name, want, got, *a, *b)
	}
}

// damaged decodes bytes that have suffered. What comes of it must be a value, or
// an error.
func damaged[T any](t *testing.T, name string, c *codec.Type[T], r *rand.Rand, data []byte) {
	if len(data) == 0 {
		return
	}
	bad := bytes.Clone(data)
	bad[r.IntN(len(bad))] = byte(r.Uint32())
	if v, err := c.Unmarshal(bad[:r.IntN(len(bad)+1)]); err == nil {
		if _, err := c.Append(nil, &v); err != nil {
			t.Fatalf("%s: what was decoded can't be encoded: %v", name, err)
		}
	}
}

// A generator fills values. Its size bounds the lengths.
type generator struct {
	*rand.Rand
	size int
}

// special holds the types that are not what their fields are.
var special map[reflect.Type]func(g *generator) any

func init() {
	special = map[reflect.Type]func(g *generator) any{
		reflect.TypeFor[time.Time](): func(g *generator) any {
			t := time.Unix(g.Int64N(1<<34)-1<<33, g.Int64N(1e9)).UTC()
			if g.IntN(2) == 0 {
				t = t.In(time.FixedZone(g.text(), g.IntN(40000)-20000))
			}
			return t
		},
		reflect.TypeFor[netip.Addr](): func(g *generator) any {
			var b [16]byte
			g.fill(reflect.ValueOf(&b).Elem(), 0)
			return []netip.Addr{{}, netip.AddrFrom16(b), netip.AddrFrom4([4]byte(b[:4])), netip.AddrFrom16(b).WithZone("z")}[g.IntN(4)]
		},
		reflect.TypeFor[big.Int]():               func(g *generator) any { return *big.NewInt(g.Int64()) },
		reflect.TypeFor[Text]():                  func(g *generator) any { return Text{g.text()} },
		reflect.TypeFor[Binary]():                func(g *generator) any { return Binary{g.Uint32N(4)} },
		reflect.TypeFor[unique.Handle[string]](): func(g *generator) any { return unique.Make(g.text()) },
		reflect.TypeFor[Own](): func(g *generator) any {
			o := Own{n: g.IntN(3)}
			g.fill(reflect.ValueOf(&o.m).Elem(), 0)
			return o
		},
	}
}

func (g *generator) text() string {
	b := make([]byte, g.IntN(g.size+1))
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return string(b)
}

func (g *generator) number() uint64 { return g.Uint64() >> g.IntN(64) }

func (g *generator) float() float64 {
	list := []float64{0, math.Copysign(0, -1), math.NaN(), math.Float64frombits(0x7ff0000000000001), math.Inf(1), g.NormFloat64()}
	return list[g.IntN(len(list))]
}

// float32 is apart: widening would change a NaN.
func (g *generator) float32() float32 {
	list := []float32{0, float32(math.Copysign(0, -1)), math.Float32frombits(0x7fa00001), math.Float32frombits(0x7fe00001), g.Float32()}
	return list[g.IntN(len(list))]
}

// fill makes v a random value.
func (g *generator) fill(v reflect.Value, depth int) {
	if f := special[v.Type()]; f != nil {
		v.Set(reflect.ValueOf(f(g)))
		return
	}
	switch p := v.Addr().UnsafePointer(); v.Kind() {
	case reflect.Bool:
		v.SetBool(g.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(g.number()) * int64(1-2*g.IntN(2)))
		if g.IntN(8) == 0 {
			v.SetInt(math.MinInt64 >> (64 - 8*v.Type().Size()))
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(g.number())
	case reflect.Float32:
		*(*float32)(p) = g.float32()
	case reflect.Float64:
		v.SetFloat(g.float())
	case reflect.Complex64:
		*(*complex64)(p) = complex(g.float32(), g.float32())
	case reflect.Complex128:
		v.SetComplex(complex(g.float(), g.float()))
	case reflect.String:
		v.SetString(g.text())
	default:
		g.compound(v, depth)
	}
}

func (g *generator) compound(v reflect.Value, depth int) {
	n := g.IntN(g.size/(depth+1) + 2)
	none := depth > 6 || g.IntN(4) == 0
	v.SetZero()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "_" {
				g.fill(v.Field(i), depth+1)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			g.fill(v.Index(i), depth+1)
		}
	case reflect.Slice:
		if !none {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			g.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		if none {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			k, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			g.fill(k, depth+1)
			g.fill(x, depth+1)
			v.SetMapIndex(k, x)
		}
	case reflect.Pointer:
		if !none {
			v.Set(reflect.New(v.Type().Elem()))
			g.fill(v.Elem(), depth+1)
		}
	default:
		panic(v.Type())
	}
}

// change makes one part of v another random value, or perhaps the same.
func (g *generator) change(v reflect.Value, depth int) {
	kind := v.Kind()
	if special[v.Type()] == nil && g.IntN(8) > 0 {
		switch {
		case kind == reflect.Struct && v.NumField() > 0:
			if i := g.IntN(v.NumField()); v.Type().Field(i).Name != "_" {
				g.change(v.Field(i), depth+1)
			}
			return
		case kind == reflect.Pointer && !v.IsNil():
			g.change(v.Elem(), depth+1)
			return
		case (kind == reflect.Slice || kind == reflect.Array) && v.Len() > 0:
			g.change(v.Index(g.IntN(v.Len())), depth+1)
			return
		case kind == reflect.Map && v.Len() > 0:
			k := v.MapKeys()[0]
			x := reflect.New(v.Type().Elem()).Elem()
			if old := v.MapIndex(k); old.IsValid() { // a NaN is not found
				x.Set(old)
			}
			g.change(x, depth+1)
			v.SetMapIndex(k, x)
			return
		}
	}
	g.fill(v, depth)
}

// same compares two values by reflection.
func same(a, b reflect.Value) bool {
	if special[a.Type()] != nil {
		return sameSpecial(a.Interface(), b.Interface())
	}
	switch a.Kind() {
	case reflect.Float32:
		return math.Float32bits(float32Of(a)) == math.Float32bits(float32Of(b))
	case reflect.Float64:
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Complex64:
		x, y := complex64Of(a), complex64Of(b)
		return math.Float32bits(real(x)) == math.Float32bits(real(y)) && math.Float32bits(imag(x)) == math.Float32bits(imag(y))
	case reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		return math.Float64bits(real(x)) == math.Float64bits(real(y)) && math.Float64bits(imag(x)) == math.Float64bits(imag(y))
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).Name != "_" && !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Kind() == reflect.Slice && a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		return a.IsNil() == b.IsNil() && a.Len() == b.Len() && sameEntries(a, b)
	}
	return a.Equal(b)
}

// sameEntries pairs off the entries of two maps, by content: keys may be NaN.
func sameEntries(a, b reflect.Value) bool {
	keys := b.MapRange()
	type entry struct{ k, v reflect.Value }
	var left []entry
	for keys.Next() {
		left = append(left, entry{hold(keys.Key()), hold(keys.Value())})
	}
next:
	for it := a.MapRange(); it.Next(); {
		for i, e := range left {
			if same(hold(it.Key()), e.k) && same(hold(it.Value()), e.v) {
				left = append(left[:i], left[i+1:]...)
				continue next
			}
		}
		return false
	}
	return true
}

// hold gives a value an address.
func hold(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type()).Elem()
	p.Set(v)
	return p
}

func float32Of(v reflect.Value) float32     { return *(*float32)(hold(v).Addr().UnsafePointer()) }
func complex64Of(v reflect.Value) complex64 { return *(*complex64)(hold(v).Addr().UnsafePointer()) }

func sameSpecial(a, b any) bool {
	switch x := a.(type) {
	case time.Time:
		y := b.(time.Time)
		xn, xo := x.Zone()
		yn, yo := y.Zone()
		return x.Equal(y) && xn == yn && xo == yo
	case big.Int:
		y := b.(big.Int)
		return x.Cmp(&y) == 0
	case Own:
		y := b.(Own)
		return x.n == y.n && same(reflect.ValueOf(x.m), reflect.ValueOf(y.m))
	}
	return a == b
}
