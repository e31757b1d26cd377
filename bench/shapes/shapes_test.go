package shapes

import "testing"

// Every node of a layered graph reads the layer below, and is read.
func TestLayered(t *testing.T) {
	for _, l := range []Layered{NewLayered(20, 1), NewLayered(300, 2), NewLayered(20_000, 2), NewLayered(30_000, 1)} {
		read := make([]bool, l.Nodes())
		for graph := range l.Graphs {
			for k, to := l.Top(graph); k < to; k++ {
				read[k] = true
			}
		}
		for k := range l.Nodes() {
			if input, ok := l.Input(k); ok {
				if input >= l.Inputs() {
					t.Fatalf("%v: node %d reads input %d", l, k, input)
				}
				continue
			}
			a, b, c := l.Reads(k)
			for _, r := range []uint64{a, b, c} {
				if r/l.Width != k/l.Width-1 {
					t.Fatalf("%v: node %d reads node %d", l, k, r)
				}
				read[r] = true
			}
		}
		for k, ok := range read {
			if !ok {
				t.Fatalf("%v: nothing reads node %d", l, k)
			}
		}
	}
}

// As many values change as Affected says, the root not counted.
func TestAffected(t *testing.T) {
	l := NewLayered(20_000, 1)
	before, after := l.values(nil), l.values(map[uint64]uint64{5: Deep(5, 0)})
	changed := uint64(1)
	for k := range before {
		if before[k] != after[k] {
			changed++
		}
	}
	if want := l.Affected(5); changed != want {
		t.Errorf("%d values change, Affected says %d", changed, want)
	}
}

// Edits differ from the value before, and do what they are for.
func TestEdits(t *testing.T) {
	for input := range uint64(20) {
		cut, deep := Initial(input), Initial(input)
		for step := range 600 {
			nextCut, nextDeep := Cut(input, step), Deep(input, step)
			if nextCut == cut || Half(input, nextCut) != Half(input, cut) {
				t.Fatalf("input %d, step %d: %x after %x", input, step, nextCut, cut)
			}
			if nextDeep == deep || Half(input, nextDeep) == Half(input, deep) {
				t.Fatalf("input %d, step %d: %x after %x", input, step, nextDeep, deep)
			}
			cut, deep = nextCut, nextDeep
		}
	}
}

// The reads of a dynamic graph depend on values, and stay in the layer below.
func TestDynamic(t *testing.T) {
	d, moved := NewDynamic(2_000), false
	for k := d.Width; k < d.Nodes(); k++ {
		a0, b0 := d.Others(k, 0)
		a1, b1 := d.Others(k, 3)
		moved = moved || a0 != a1 && b0 != b1
		for _, r := range []uint64{a0, b0, a1, b1} {
			if r/d.Width != k/d.Width-1 {
				t.Fatalf("node %d reads node %d", k, r)
			}
		}
	}
	if !moved {
		t.Error("no read depends on a value")
	}
}

// Each shape has an answer of its own, apart from those of the same graph.
func TestExpected(t *testing.T) {
	for _, s := range All {
		if Expected(s.Name, 200) == Sum(0) {
			t.Errorf("%s has no answer", s.Name)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "", 20: "20", 3_000: "3k", 1_500: "1500", 100_000: "100k", 1_000_000: "1M"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}
