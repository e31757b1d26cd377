package scenarios

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// graph sets where nodes lead, all in one revision.
func (s *scene) graph(to map[int]int) {
	s.t.Helper()
	s.update(func(tx *query.Tx) {
		for i, next := range to {
			SetIn(tx, i, next)
		}
	})
}

func TestFallbackSelf(t *testing.T) {
	s := newScene(t, query.Options{})
	s.graph(map[int]int{1: 1, 2: 1})
	equal(t, Follow(s.cx, 1), -10)
	s.ran("follow(1)")
	equal(t, Follow(s.cx, 2), -9)
	equal(t, Above(s.cx, 2), -18)
	s.ran("follow(2)", "above(2)")
}

// TestFallbackEntry demands the members in each order, each time of a database
// that has seen nothing yet. The values are those of the nodes, and not of who was
// asked first.
func TestFallbackEntry(t *testing.T) {
	tests := []struct {
		name string
		to   map[int]int
		want map[int]int
	}{
		{"one", map[int]int{1: 1}, map[int]int{1: -10}},
		{"two", map[int]int{1: 2, 2: 1}, map[int]int{1: -10, 2: -20}},
		{"two, and readers", map[int]int{1: 2, 2: 1, 3: 1, 4: 3}, map[int]int{1: -10, 2: -20, 3: -9, 4: -8}},
		{"two cycles", map[int]int{1: 2, 2: 1, 3: 4, 4: 3}, map[int]int{1: -10, 2: -20, 3: -30, 4: -40}},
		{"none", map[int]int{1: 2, 2: 3}, map[int]int{1: 2, 2: 1, 3: 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var nodes []int
			for i := range test.want {
				nodes = append(nodes, i)
			}
			slices.Sort(nodes)
			permutations(nodes, func(order []int) {
				s := newScene(t, query.Options{})
				s.graph(test.to)
				for _, i := range order {
					if got := Follow(s.cx, i); got != test.want[i] {
						t.Errorf("in the order %v: follow(%d) is %d, want %d", order, i, got, test.want[i])
					}
				}
			})
		})
	}
}

// permutations calls f with each order of the list.
func permutations(list []int, f func([]int)) {
	var from func(i int)
	from = func(i int) {
		if i == len(list) {
			f(list)
			return
		}
		for j := i; j < len(list); j++ {
			list[i], list[j] = list[j], list[i]
			from(i + 1)
			list[i], list[j] = list[j], list[i]
		}
	}
	from(0)
}

// TestFallbackMethod: of two queries that are on the cycle by turns one is marked,
// a method with two results.
func TestFallbackMethod(t *testing.T) {
	for _, first := range []string{"ahead(1)", "onward(1)", "ahead(2)", "onward(2)"} {
		s := newScene(t, query.Options{})
		s.graph(map[int]int{1: 2, 2: 1, 5: 1})
		demands := map[string]func(*query.Context) (Stop, int){
			"ahead(1)": Stop(1).Ahead, "onward(1)": Stop(1).Onward, "ahead(2)": Stop(2).Ahead, "onward(2)": Stop(2).Onward,
		}
		demands[first](s.cx)
		for call, want := range map[string]Stop{"ahead(1)": -1, "onward(1)": -2, "ahead(2)": -2, "onward(2)": -1} {
			end, n := demands[call](s.cx)
			if end != want || n != 0 {
				t.Errorf("%s first: %s is %d, %d, want %d, 0", first, call, end, n, want)
			}
		}
		end, n := Stop(5).Ahead(s.cx)
		equal(t, end, -1)
		equal(t, n, 1)
	}
}

// TestFallbackComesAndGoes edits a cycle away and back. Its members run in each
// revision that demands them; who is not on it runs only if they have changed.
func TestFallbackComesAndGoes(t *testing.T) {
	s := newScene(t, query.Options{})
	s.graph(map[int]int{1: 2, 2: 3, 3: 0})
	equal(t, Above(s.cx, 1), 4)
	s.ran("above(1)", "follow(1)", "follow(2)", "follow(3)")

	s.set(3, 1) // 1 -> 2 -> 3 -> 1
	equal(t, Above(s.cx, 1), -20)
	s.ranSet("above(1)", "follow(3)") // the others would run into the cycle: they fall back without

	equal(t, Above(s.cx, 1), -20)
	s.ran()

	s.set(7, 1) // nobody has asked for it
	equal(t, Above(s.cx, 1), -20)
	if ran := s.took(); slices.Contains(ran, "above(1)") || len(ran) > 3 {
		t.Errorf("an edit elsewhere: ran %v", ran)
	}

	s.set(3, 2) // 2 -> 3 -> 2, and 1 is outside
	equal(t, Above(s.cx, 1), -38)
	s.ranTimes("above(1)", 1)
	s.took()

	s.set(3, 0)
	equal(t, Above(s.cx, 1), 4)
	s.ranSet("above(1)", "follow(1)", "follow(2)", "follow(3)")

	s.set(3, 1)
	s.set(3, 0) // away and back between two requests
	equal(t, Above(s.cx, 1), 4)
	s.ran()
}

// TestFallbackError: what the function says may be an error, which is remembered
// and compared like any other.
func TestFallbackError(t *testing.T) {
	s := newScene(t, query.Options{})
	s.graph(map[int]int{1: 2, 2: 1, 3: 1})
	equal(t, Told(s.cx, 3), "1 leads nowhere")
	equal(t, Told(s.cx, 2), "2 leads nowhere")
	s.took()
	equal(t, Told(s.cx, 3), "1 leads nowhere")
	s.ran()
	s.set(9, 1)
	equal(t, Told(s.cx, 3), "1 leads nowhere")
	s.ranTimes("told(3)", 0) // the error is another one, and equal
	s.took()
	s.set(2, 0)
	equal(t, Told(s.cx, 3), "it has an end")
	s.ranTimes("told(3)", 1)
	fine(t, 2)(Leads(s.cx, 3))
}

// TestFallbackSwallows: what the bodies make of it does not matter.
func TestFallbackSwallows(t *testing.T) {
	s := newScene(t, query.Options{})
	swallow := func(name string) Code {
		return func(cx *query.Context) (int, error) {
			Marked(cx, s.w, name)
			return 7, nil
		}
	}
	s.Body("a", swallow("b"))
	s.Body("b", swallow("a"))
	s.Body("spare a", func(*query.Context) (int, error) { return 1, nil })
	s.Body("spare b", func(*query.Context) (int, error) { return 2, nil })
	fine(t, 1)(Marked(s.cx, s.w, "a"))
	fine(t, 2)(Marked(s.cx, s.w, "b"))
}

// TestFallbackPanics: a panic of the function is one of the node, for those that
// wait as well. Nothing else is lost.
func TestFallbackPanics(t *testing.T) {
	s := newScene(t, query.Options{})
	leads := func(name string) Code {
		return func(cx *query.Context) (int, error) {
			if In(cx, 0) == 1 {
				return 4, nil
			}
			return Marked(cx, s.w, name)
		}
	}
	s.Body("a", leads("b"))
	s.Body("b", leads("a"))
	s.Body("spare a", func(*query.Context) (int, error) { panic("out of words") })
	s.Body("spare b", func(*query.Context) (int, error) { return 2, nil })
	s.Body("reader", func(cx *query.Context) (int, error) { return Marked(cx, s.w, "a") })
	for _, demand := range []func(){
		func() { Marked(s.cx, s.w, "a") },
		func() { Marked(s.cx, s.w, "b") },
		func() { Body(s.cx, s.w, "reader") },
	} {
		p, ok := thrown(demand).(*query.PanicError)
		if !ok || p.Value != "out of words" {
			t.Fatalf("got %v", p)
		}
		if !strings.Contains(string(p.Stack), "scenarios.spare") {
			t.Errorf("the stack is not that of the function:\n%s", p.Stack)
		}
	}
	s.set(0, 1)
	fine(t, 4)(Body(s.cx, s.w, "reader"))
	fine(t, 4)(Marked(s.cx, s.w, "b"))
}

// TestFallbackCallsQuery: on a cycle there is nothing to be demanded, and the
// panic says so.
func TestFallbackCallsQuery(t *testing.T) {
	calls := map[string]Code{
		"a query": func(cx *query.Context) (int, error) { return Follow(cx, 1), nil },
		"itself":  nil,
		"Map": func(cx *query.Context) (int, error) {
			_, err := query.Map(cx, []int{1}, func(cx *query.Context, i int) (int, error) { return i, nil })
			return 0, err
		},
		"a task": func(cx *query.Context) (int, error) { return SixTask().Get(cx) },
	}
	for name, code := range calls {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, query.Options{})
			if code == nil {
				code = func(cx *query.Context) (int, error) { return Marked(cx, s.w, "a") }
			}
			Six(s.cx) // a hit is no way around
			s.Body("a", func(cx *query.Context) (int, error) { return Marked(cx, s.w, "a") })
			s.Body("spare a", code)
			p, ok := thrown(func() { Marked(s.cx, s.w, "a") }).(*query.PanicError)
			if !ok {
				t.Fatal("no panic")
			}
			text := fmt.Sprint(p.Value)
			for _, want := range []string{"the function of the option cycle= of scenarios.marked(", "calls a query"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
			if len(p.Queries) == 0 || s.call(p.Queries[len(p.Queries)-1]) != `marked("a")` {
				t.Errorf("the query stack is %v", p.Queries)
			}
			equal(t, Six(s.cx), 6)
		})
	}
}

// TestFallbackTwoMarked: two of three are marked. Both take what their functions
// say, and the third runs on that.
func TestFallbackTwoMarked(t *testing.T) {
	for _, first := range []string{"a", "b", "between"} {
		t.Run(first+" first", func(t *testing.T) {
			s := newScene(t, query.Options{})
			s.Body("a", func(cx *query.Context) (int, error) { return Marked(cx, s.w, "b") })
			s.Body("b", func(cx *query.Context) (int, error) { return Body(cx, s.w, "between") })
			s.Body("between", func(cx *query.Context) (int, error) {
				v, err := Marked(cx, s.w, "a")
				return v + 10, err
			})
			s.Body("spare a", func(*query.Context) (int, error) { return 1, nil })
			s.Body("spare b", func(*query.Context) (int, error) { return 2, nil })
			if first == "between" {
				fine(t, 11)(Body(s.cx, s.w, "between"))
			} else {
				Marked(s.cx, s.w, first)
			}
			fine(t, 1)(Marked(s.cx, s.w, "a"))
			fine(t, 2)(Marked(s.cx, s.w, "b"))
			fine(t, 11)(Body(s.cx, s.w, "between"))
		})
	}
}

// TestFallbackAcrossGoroutines: each goroutine demands another member, and finds
// the others at work.
func TestFallbackAcrossGoroutines(t *testing.T) {
	const n = 5
	for round := range 20 {
		s := newScene(t, query.Options{Parallelism: []int{1, 2, 8}[round%3]})
		for i := range n {
			s.Body(fmt.Sprint(i), func(cx *query.Context) (int, error) {
				time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
				return Marked(cx, s.w, fmt.Sprint((i+1)%n))
			})
			s.Body(fmt.Sprint("spare ", i), func(*query.Context) (int, error) {
				time.Sleep(time.Duration(rand.IntN(2)) * time.Millisecond)
				return 100 + i, nil
			})
		}
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
				fine(t, 100+i)(Marked(s.cx, s.w, fmt.Sprint(i)))
			})
		}
		all.Wait()
		// And from within one request.
		got, err := query.Map(s.cx, []string{"0", "1", "2", "3", "4"}, func(cx *query.Context, name string) (int, error) {
			return Marked(cx, s.w, name)
		})
		if err != nil || !slices.Equal(got, []int{100, 101, 102, 103, 104}) {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

// TestFallbackRandomEntry compares the answers of databases in which the nodes of
// a random graph were demanded in different orders, and all at once.
func TestFallbackRandomEntry(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 4))
		to := make(map[int]int)
		for i := range 6 {
			to[i] = r.IntN(64) & r.IntN(64)
		}
		answers := func(order []int) (list [6]string) {
			s := newScene(t, query.Options{})
			s.graph(to)
			for _, i := range order {
				v, err := evenOrOdd(s.cx, i)
				list[i] = fmt.Sprint(v, err)
			}
			return list
		}
		want := answers([]int{0, 1, 2, 3, 4, 5})
		for range 5 {
			order := r.Perm(6)
			if got := answers(order); got != want {
				t.Errorf("seed %d, %v: in the order %v the answers are\n%q, want\n%q", seed, to, order, got, want)
			}
		}
		s := newScene(t, query.Options{})
		s.graph(to)
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				v, err := evenOrOdd(s.cx, i)
				equal(t, fmt.Sprint(v, err), want[i])
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}
	}
}
