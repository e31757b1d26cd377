package runtime_test

import (
	"fmt"
	"math"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// A held is a value of all sorts.
type held struct {
	Names []string
	Ages  map[string]int
	Next  *held
	Any   any
	at    time.Time
	x     float64
}

func intern[T any](v T) query.Handle[T] { return query.Intern(nil, v) }

// Handles are equal exactly where values are.
func TestHandleEquality(t *testing.T) {
	utc := time.Date(2024, 1, 2, 3, 4, 5, 6, time.UTC)
	cyclic := func() *held {
		h := &held{Names: []string{"c"}}
		h.Next = h
		return h
	}
	double := func(depth int) *held { // 2^depth values, if what is shared is not
		h := &held{}
		for range depth {
			h = &held{Next: h, Any: h}
		}
		return h
	}
	values := []func() held{ // all different
		func() held { return held{} },
		func() held { return held{Names: []string{}} },
		func() held { return held{Names: []string{"a", "b"}} },
		func() held { return held{Names: []string{"ab"}} },
		func() held { return held{Ages: map[string]int{}} },
		func() held { return held{Ages: map[string]int{"a": 1, "b": 2, "c": 3}} },
		func() held { return held{Ages: map[string]int{"a": 2, "b": 1, "c": 3}} },
		func() held { return held{Next: &held{}} },
		func() held { return held{Any: 1} },
		func() held { return held{Any: int64(1)} },
		func() held { return held{Any: []byte("x")} },
		func() held { return held{at: utc} },
		func() held { return held{at: utc.In(time.FixedZone("UTC", 3600))} },
		func() held { return held{x: math.Copysign(0, -1)} },
		func() held { return held{x: math.NaN()} },
		func() held { return *cyclic() },
		func() held { return *double(60) },
		func() held { return *double(61) },
	}
	var first []query.Handle[held]
	for _, v := range values {
		first = append(first, intern(v()))
	}
	for i, v := range values {
		h := intern(v())
		for k, g := range first {
			if (h == g) != (i == k) {
				t.Errorf("values %d and %d: %v and %v", i, k, h, g)
			}
		}
	}
	if intern(1) == intern(2) || intern("x") != intern(strings.Clone("x")) || intern("x") == (query.Handle[string]{}) {
		t.Error("simple values")
	}
}

// Values that a sum cannot tell apart are told apart all the same.
func TestHandleCollision(t *testing.T) {
	chain := func(end string) *held {
		h := &held{Names: []string{end}}
		for range 2000 {
			h = &held{Next: h}
		}
		return h
	}
	if intern(chain("a")) == intern(chain("b")) || intern(chain("a")) != intern(chain("a")) {
		t.Error("what differs far down")
	}
}

// The value is the first one, and stays as long as somebody has a handle.
func TestHandleValue(t *testing.T) {
	first := []string{"a", "b"}
	h := intern(first)
	goruntime.GC()
	if g := intern([]string{"a", "b"}); g != h || &g.Value(nil)[0] != &first[0] {
		t.Error("an equal value has another handle, or took the place of the first")
	}
	defer func() {
		if v := recover(); !strings.Contains(fmt.Sprint(v), "zero Handle") {
			t.Errorf("the zero Handle: %v", v)
		}
	}()
	(query.Handle[int]{}).Value(nil)
}

func TestHandleText(t *testing.T) {
	for want, h := range map[string]fmt.Stringer{
		`"x"`:    intern("x"),
		`[1, 2]`: intern([]int{1, 2}),
		`{A: nil, B: {1: "b"}}`: intern(struct {
			A *int
			B map[int]string
		}{B: map[int]string{1: "b"}}),
		"nil": query.Handle[int]{},
	} {
		if got := h.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	long, other := make([]int, 1000), make([]int, 1000)
	other[999] = 1
	h, g := intern(long).String(), intern(other).String()
	if len(h) > 90 || h == g || h != intern(long).String() {
		t.Errorf("%s and %s", h, g)
	}
	cyclic := &held{}
	cyclic.Next = cyclic
	if s := intern(cyclic).String(); len(s) > 90 {
		t.Error(s)
	}
	shared := map[string]any{}
	for i := range 12 { // seen as often as it occurs it is huge
		shared[fmt.Sprint(i)] = shared
	}
	if s := intern(shared).String(); len(s) > 90 || s != intern(shared).String() {
		t.Error(s)
	}
}

// What nobody has a handle of is gone, and can come again.
func TestHandlesAreReclaimed(t *testing.T) {
	type mine struct{ B []byte }
	kept := intern(mine{[]byte("kept")})
	for i := range 10_000 {
		intern(mine{fmt.Append(nil, "value ", i)})
	}
	for start := time.Now(); query.HandleCount[mine]() > 1 && time.Since(start) < 10*time.Second; {
		goruntime.GC()
		time.Sleep(time.Millisecond)
	}
	if n := query.HandleCount[mine](); n != 1 {
		t.Errorf("%d values are left, want 1", n)
	}
	if kept != intern(mine{[]byte("kept")}) {
		t.Error("a handle that was held is another one now")
	}
}

// Equal values that are interned at once have one handle, also while others are
// being reclaimed.
func TestHandlesTogether(t *testing.T) {
	type mine struct{ N []int }
	var all sync.WaitGroup
	stop := make(chan bool)
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				goruntime.GC()
			}
		}
	})
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for i := range 5000 {
				a := intern(mine{[]int{i % 100}})
				b := intern(mine{[]int{i % 100}})
				if a != b || a.Value(nil).N[0] != i%100 {
					t.Errorf("%v and %v", a, b)
				}
			}
		})
	}
	users.Wait()
	close(stop)
	all.Wait()
}

func BenchmarkIntern(b *testing.B) {
	v := make([]string, 100)
	h := intern(v)
	for b.Loop() {
		intern(v)
	}
	goruntime.KeepAlive(h)
}
