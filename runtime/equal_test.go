package runtime

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"math"
	"net/netip"
	"runtime/debug"
	"testing"
	"time"
)

type equalPoint struct {
	X, Y int
	note string
}

type equalNode struct {
	Value int
	Next  *equalNode
}

type equalWhen struct {
	at time.Time
	by any
}

type modFive int

func (a modFive) Equal(b modFive) bool { return a%5 == b%5 }

type holder struct{ M modFive }

func same[V any](a, b V) bool { return equality[V](&Definition{})(a, b) }

// prefixes returns a slice and a longer one of the same array.
func prefixes(last string) [][][]string {
	base := [][]string{{"same"}, {last}}
	return [][][]string{base[:1], base[:2]}
}

type equaler interface{ Equal(equaler) bool }

type tenth struct{ n int }

func (t *tenth) Equal(e equaler) bool { return t.n%10 == e.(*tenth).n%10 }

// negativeZero is a function because Go has no such constant.
func negativeZero() float64 { return math.Copysign(0, -1) }

func TestEqual(t *testing.T) {
	loop := func(n int) *equalNode {
		a := &equalNode{Value: n}
		a.Next = a
		return a
	}
	utc := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	elsewhere := utc.In(time.FixedZone("X", 3600))
	renamed := utc.In(time.FixedZone("UTC", 0))
	inner := map[string]any{}
	inner["self"] = inner
	inner2 := map[string]any{}
	inner2["self"] = inner2
	for _, test := range []struct {
		name string
		got  bool
		want bool
	}{
		{"ints", same(1, 1), true},
		{"floats by bits", same(0, negativeZero()), false},
		{"NaN is itself", same(math.NaN(), math.NaN()), true},
		{"structs", same(equalPoint{1, 2, "a"}, equalPoint{1, 2, "a"}), true},
		{"unexported fields", same(equalPoint{1, 2, "a"}, equalPoint{1, 2, "b"}), false},
		{"nil and empty slice", same([]int(nil), []int{}), false},
		{"nil and empty map", same(map[int]int(nil), map[int]int{}), false},
		{"bytes", same([]byte("ab"), []byte("ab")), true},
		{"slices", same([]string{"a"}, []string{"a"}), true},
		{"maps", same(map[string][]int{"a": {1}}, map[string][]int{"a": {1}}), true},
		{"maps with other values", same(map[string][]int{"a": {1}}, map[string][]int{"a": {2}}), false},
		{"maps with other keys", same(map[string]int{"a": 1}, map[string]int{"b": 1}), false},
		{"pointers", same(&equalPoint{1, 2, ""}, &equalPoint{1, 2, ""}), true},
		{"nil pointer", same(nil, &equalPoint{}), false},
		{"cyclic", same(loop(1), loop(1)), true},
		{"cyclic, different", same(loop(1), loop(2)), false},
		{"cyclic maps", same(inner, inner2), true},
		{"times", same(utc, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)), true},
		{"times in other zones", same(utc, elsewhere), false},
		{"times in zones of one name", same(utc, renamed), true},
		{"times in unexported fields", same(equalWhen{utc, utc}, equalWhen{utc, utc.Add(0)}), true},
		{"times in interfaces", same(equalWhen{utc, utc}, equalWhen{utc, elsewhere}), false},
		{"interfaces of other types", same[any](int32(1), int64(1)), false},
		{"method Equal", same(modFive(1), modFive(6)), true},
		{"method Equal of a field does not count", same(holder{1}, holder{6}), false},
		{"addresses", same(netip.MustParseAddr("::1%eth0"), netip.MustParseAddr("::1%eth0")), true},
		{"slices of one array", same(prefixes("a"), prefixes("a")), true},
		{"slices of one array, the longer one differs", same(prefixes("a"), prefixes("b")), false},
		{"map keys by bits", same(map[float64]int{0: 1}, map[float64]int{negativeZero(): 1}), false},
		{"zeros in interfaces as map keys", same(map[any]int{0.0: 1}, map[any]int{negativeZero(): 1}), false},
		{"deeper", same(map[[1]any]int{{0.0}: 1}, map[[1]any]int{{negativeZero()}: 1}), false},
		{"NaN among others", same(map[any]int{math.NaN(): 1, "a": 2, nil: 3}, map[any]int{math.NaN(): 1, "a": 2, nil: 3}), true},
		{"map keys that are NaN", same(map[float64]int{math.NaN(): 1, 2: 2}, map[float64]int{math.NaN(): 1, 2: 2}), true},
		{"method Equal of an interface", same[equaler](&tenth{1}, &tenth{11}), true},
		{"method Equal of an interface, nil", same[equaler](nil, &tenth{11}), false},
		{"functions", same(func() {}, func() {}), false},
	} {
		if test.got != test.want {
			t.Errorf("%s: equal is %v", test.name, test.got)
		}
	}
}

// TestEqualDeep compares a list of a million elements on a small stack, and maps
// by keys of which only one fits.
func TestEqualDeep(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(16 << 20))
	list := func(end int) *equalNode {
		n := &equalNode{Value: end}
		for range 1_000_000 {
			n = &equalNode{Next: n}
		}
		return n
	}
	a, b, other := list(1), list(1), list(2)
	if !same(a, b) || same(a, other) {
		t.Error("compared wrongly")
	}
	type key struct {
		f float64
		n any
	}
	x, y := &equalNode{Value: 1}, &equalNode{Value: 2}
	if !same(map[key]int{{1, x}: 1, {1, y}: 2}, map[key]int{{1, y}: 2, {1, x}: 1}) {
		t.Error("keys in another order differ")
	}
}

func TestEqualOptions(t *testing.T) {
	a, b := &equalPoint{1, 2, ""}, &equalPoint{1, 2, ""}
	identity := equality[*equalPoint](&Definition{Identity: true})
	if identity(a, b) || !identity(a, a) {
		t.Error("identity must compare pointers")
	}
	deep := equality[[]*equalPoint](&Definition{Identity: true})
	if deep([]*equalPoint{a}, []*equalPoint{b}) || !deep([]*equalPoint{a}, []*equalPoint{a}) {
		t.Error("identity must compare pointers inside slices")
	}
	if equality[int](&Definition{EqNever: true})(1, 1) {
		t.Error("eq=never must be a change")
	}
}

// textError is an error whose text does not tell everything.
type textError struct {
	Code   int
	secret int
}

func (e *textError) Error() string { return "text" }

func TestEqualErrors(t *testing.T) {
	list := func(second string) error {
		var l scanner.ErrorList
		l.Add(token.Position{Line: 1}, "one")
		l.Add(token.Position{Line: 2}, second)
		return l
	}
	for _, test := range []struct {
		name string
		a, b error
		want bool
	}{
		{"nil", nil, nil, true},
		{"nil and error", nil, fs.ErrExist, false},
		{"texts", errors.New("x"), errors.New("x"), true},
		{"other texts", errors.New("x"), errors.New("y"), false},
		{"types", errors.New("text"), &textError{}, false},
		{"exported fields", &textError{1, 1}, &textError{2, 1}, false},
		{"unexported fields do not count", &textError{1, 1}, &textError{1, 2}, true},
		{"wrapped", fmt.Errorf("a: %w", &textError{1, 0}), fmt.Errorf("a: %w", &textError{2, 0}), false},
		{"joined", errors.Join(fs.ErrExist, &textError{1, 0}), errors.Join(fs.ErrExist, &textError{1, 0}), true},
		{"joined, different", errors.Join(fs.ErrExist, &textError{1, 0}), errors.Join(fs.ErrExist, &textError{2, 0}), false},
		{"lists with one text", list("two"), list("three"), false},
		{"lists", list("two"), list("two"), true},
		{"errors in fields", &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, true},
	} {
		if got := equalErrors(test.a, test.b); got != test.want {
			t.Errorf("%s: equal is %v", test.name, got)
		}
	}
}

// parts is a struct of several results, as the generator makes it.
type parts[A, B any] struct {
	A A
	B B
}

func TestEqualParts(t *testing.T) {
	both := func(d Definition, a, b parts[modFive, *int]) bool {
		d.Results = 2
		return equality[parts[modFive, *int]](&d)(a, b)
	}
	one, other := 1, 1
	for _, test := range []struct {
		name string
		got  bool
		want bool
	}{
		{"by the method of one", both(Definition{}, parts[modFive, *int]{1, &one}, parts[modFive, *int]{6, &other}), true},
		{"not by the method", both(Definition{}, parts[modFive, *int]{1, &one}, parts[modFive, *int]{7, &other}), false},
		{"the other differs", both(Definition{}, parts[modFive, *int]{1, &one}, parts[modFive, *int]{6, nil}), false},
		{"the other by identity", both(Definition{Identity: true}, parts[modFive, *int]{1, &one}, parts[modFive, *int]{6, &other}), false},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
	d := Definition{Results: 2}
	behind := equality[parts[equaler, *tenth]](&d)
	if !behind(parts[equaler, *tenth]{A: &tenth{1}}, parts[equaler, *tenth]{A: &tenth{11}}) {
		t.Error("a method Equal behind an interface does not count")
	}
	if behind(parts[equaler, *tenth]{A: &tenth{1}}, parts[equaler, *tenth]{}) {
		t.Error("something is equal to nil")
	}
}
