package scenarios

import (
	"math"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// TestEquality: promise 3. Each thing follows the one above it; where they are
// equal the reader does not run, and the old pointer stays.
func TestEquality(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	zone := func(name string, seconds int) *time.Location { return time.FixedZone(name, seconds) }
	tests := []struct {
		name          string
		before, after *Thing
		equal         bool
	}{
		{"another pointer", &Thing{Number: 1}, &Thing{Number: 1}, true},
		{"nil", &Thing{}, nil, false},
		{"NaN", &Thing{Number: math.NaN()}, &Thing{Number: math.NaN()}, true},
		{"another NaN", &Thing{Number: math.NaN()}, &Thing{Number: math.Float64frombits(math.Float64bits(math.NaN()) + 1)}, false},
		{"the sign of zero", &Thing{Number: 0}, &Thing{Number: math.Copysign(0, -1)}, false},
		{"nil and empty slice", &Thing{}, &Thing{List: []int{}}, false},
		{"nil and empty map", &Thing{}, &Thing{Table: map[string]int{}}, false},
		{"capacity", &Thing{List: []int{1}}, &Thing{List: make([]int, 1, 10)}, false},
		{"only capacity", &Thing{Bytes: []byte{0}}, &Thing{Bytes: make([]byte, 1, 10)}, true},
		{"maps", &Thing{Table: map[string]int{"a": 1, "b": 2}}, &Thing{Table: map[string]int{"b": 2, "a": 1}}, true},
		{"a key with zero", &Thing{Table: map[string]int{"a": 0}}, &Thing{Table: map[string]int{"b": 0}}, false},
		{"deep", &Thing{Link: &Thing{List: []int{1}}}, &Thing{Link: &Thing{List: []int{1}}}, true},
		{"deep difference", &Thing{Link: &Thing{List: []int{1}}}, &Thing{Link: &Thing{List: []int{2}}}, false},
		{"time", &Thing{When: at}, &Thing{When: at.Add(0)}, true},
		{"time in a zone", &Thing{When: at}, &Thing{When: at.In(zone("X", 0))}, false},
		{"time in equal zones", &Thing{When: at.In(zone("X", 60))}, &Thing{When: at.In(zone("X", 60))}, true},
		{"the zone's name", &Thing{When: at.In(zone("X", 60))}, &Thing{When: at.In(zone("Y", 60))}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t, query.Options{})
			s.thing.Store(test.before)
			first := Seen(s.cx, s.w)
			s.took()
			s.thing.Store(test.after)
			s.db.NextGeneration()
			second := Seen(s.cx, s.w)
			if test.equal {
				s.ran("thing()")
				equal(t, second, first)
			} else {
				s.ran("thing()", "seen()")
				equal(t, second, test.after)
			}
		})
	}
}

// TestEqualMethod: a method Equal of the result type decides, and the old value
// stays.
func TestEqualMethod(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(0, 31)
	equal(t, AboveFuzzy(s.cx), 3.1)
	s.took()
	s.set(0, 39)
	equal(t, AboveFuzzy(s.cx), 3.1)
	s.ran("fuzzy()")
	s.set(0, 41)
	equal(t, AboveFuzzy(s.cx), 4.1)
}

// TestIdentity: pointers are equal only to themselves.
func TestIdentity(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(0, 2)
	equal(t, AboveIdent(s.cx), 1)
	first := GetIdent(s.cx)
	s.took()
	s.set(0, 3)
	equal(t, AboveIdent(s.cx), 1)
	s.ran("ident()", "aboveIdent()")
	if GetIdent(s.cx) == first {
		t.Error("the old pointer stayed")
	}
}

// TestSetKeepsOld: an input that is set to an equal value keeps the old one.
func TestSetKeepsOld(t *testing.T) {
	s := newScene(t, query.Options{})
	list := []int{1, 2}
	s.update(func(tx *query.Tx) { SetNumbers(tx, list) })
	s.update(func(tx *query.Tx) { SetNumbers(tx, []int{1, 2}) })
	if got := Numbers(s.cx); &got[0] != &list[0] {
		t.Error("the old array did not stay")
	}
	s.update(func(tx *query.Tx) { SetNumbers(tx, []int{1}) })
	s.update(func(tx *query.Tx) { SetNumbers(tx, []int{1, 2}) })
	if got := Numbers(s.cx); &got[0] != &list[0] {
		t.Error("the old array did not stay after a detour")
	}
}
