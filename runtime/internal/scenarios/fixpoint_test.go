package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	query "querygen.dev/runtime"
)

// edges makes the sets of nodes that in(i) are.
func edges(to map[int][]int) map[int]int {
	sets := map[int]int{}
	for i, list := range to {
		sets[i] = 0
		for _, next := range list {
			sets[i] |= 1 << next
		}
	}
	return sets
}

func bitsOf(nodes ...int) int { return edges(map[int][]int{0: nodes})[0] }

// TestFixpointEntry demands the nodes in each order, each time of a database that
// has seen nothing yet.
func TestFixpointEntry(t *testing.T) {
	tests := []struct {
		name string
		to   map[int][]int
		want map[int][]int
	}{
		{"self", map[int][]int{1: {1}}, map[int][]int{1: {1}}},
		{"two", map[int][]int{1: {2}, 2: {1}}, map[int][]int{1: {1, 2}, 2: {1, 2}}},
		{"a way out", map[int][]int{1: {2}, 2: {1, 3}, 3: {}}, map[int][]int{1: {1, 2, 3}, 2: {1, 2, 3}, 3: {}}},
		{"one loop leads into another", map[int][]int{1: {2}, 2: {1, 3}, 3: {4}, 4: {3}},
			map[int][]int{1: {1, 2, 3, 4}, 2: {1, 2, 3, 4}, 3: {3, 4}, 4: {3, 4}}},
		{"overlapping", map[int][]int{1: {2}, 2: {3}, 3: {1, 4}, 4: {2}},
			map[int][]int{1: {1, 2, 3, 4}, 2: {1, 2, 3, 4}, 3: {1, 2, 3, 4}, 4: {1, 2, 3, 4}}},
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
				s.graph(edges(test.to))
				for _, i := range order {
					if got, want := Reach(s.cx, i).Bits, bitsOf(test.want[i]...); got != want {
						t.Errorf("in the order %v: from %d %b, want %b", order, i, got, want)
					}
				}
			})
		})
	}
}

// A loop comes, grows and goes; who reads it runs only if it has changed.
func TestFixpointEdits(t *testing.T) {
	s := newScene(t, query.Options{})
	s.graph(edges(map[int][]int{1: {2}, 2: {1}, 9: {}}))
	equal(t, Size(s.cx, 1), 2)
	old := Reach(s.cx, 1)
	s.runs = nil

	s.graph(edges(map[int][]int{9: {1}})) // nothing that it reads
	equal(t, Size(s.cx, 1), 2)
	s.ran()

	s.graph(edges(map[int][]int{2: {1, 2}})) // the same set by another way
	equal(t, Size(s.cx, 1), 2)
	if slices.Contains(s.runs, "size(1)") {
		t.Errorf("size ran, though the set is the same: %v", s.runs)
	}
	if Reach(s.cx, 1) != old {
		t.Error("an equal set took the place of the old one")
	}

	s.graph(edges(map[int][]int{2: {1, 3}, 3: {}}))
	equal(t, Size(s.cx, 1), 3)
	s.graph(edges(map[int][]int{2: {3}})) // no loop any more
	equal(t, Size(s.cx, 1), 2)
	equal(t, Reach(s.cx, 1).Bits, bitsOf(2, 3))
	s.graph(edges(map[int][]int{2: {1}}))
	equal(t, Reach(s.cx, 2).Bits, bitsOf(1, 2))
}

// A function that never settles ends in an error that names the query and the
// last two values, and is remembered.
func TestFixpointRestless(t *testing.T) {
	s := newScene(t, query.Options{})
	s.graph(map[int]int{1: 1})
	_, err := Restless(s.cx, 1)
	if err == nil {
		t.Fatal("it settled")
	}
	for _, part := range []string{"scenarios.restless(1)", "fixpoint.go", "200 rounds", "0 and 1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	s.runs = nil
	if _, again := Restless(s.cx, 1); again == nil || again.Error() != err.Error() {
		t.Errorf("the second time it is %v", again)
	}
	s.ran()
	s.graph(map[int]int{1: 0})
	n, err := Restless(s.cx, 1)
	equal(t, n, 0)
	equal(t, err, nil)
}

// What was emitted counts as of the last round, each node once.
func TestFixpointEmits(t *testing.T) {
	s := newScene(t, query.Options{})
	s.graph(edges(map[int][]int{1: {2}, 2: {1, 3}, 3: {}}))
	for _, i := range []int{1, 2} {
		got, err := query.Collect[Numbering](s.cx, NumberedTask(i))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b Numbering) int { return a.Of - b.Of })
		equal(t, fmt.Sprint(got), "[{1 [1 2 3]} {2 [1 2 3]} {3 [3]}]")
	}
	s.graph(edges(map[int][]int{3: {4}, 4: {}}))
	got, _ := query.Collect[Numbering](s.cx, NumberedTask(1))
	slices.SortFunc(got, func(a, b Numbering) int { return a.Of - b.Of })
	equal(t, fmt.Sprint(got), "[{1 [1 2 3 4]} {2 [1 2 3 4]} {3 [3 4]} {4 [4]}]")
}

// Goroutines enter one loop at different nodes, while updates go on.
func TestFixpointTogether(t *testing.T) {
	s := newScene(t, query.Options{Parallelism: 4})
	const nodes = 6
	ring := func(size int) map[int]int {
		to := map[int][]int{}
		for i := range nodes {
			to[i] = []int{(i + 1) % size}
		}
		return edges(to)
	}
	for round := range 50 {
		size := 1 + round%nodes
		s.graph(ring(size))
		want := 1<<size - 1
		var wg sync.WaitGroup
		for i := range nodes {
			wg.Go(func() {
				got, err := query.Do(t.Context(), s.db, func(cx *query.Context) (*Set, error) { return Reach(cx, i), nil })
				if err != nil || got.Bits != want {
					t.Errorf("round %d: from %d %v, %v, want %b", round, i, got, err, want)
				}
			})
		}
		wg.Wait()
	}
}
