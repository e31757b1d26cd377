package main

import (
	"testing"

	"querygen.dev/bench/shapes"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{5, 1, 3}, Spread{2, 3, 4}},
		{[]float64{7, 1, 2, 3, 4, 5, 6}, Spread{2.5, 4, 5.5}},
	} {
		if got := spread(test.values); got != test.want {
			t.Errorf("spread(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}

// report makes a report of rows with these values.
func report(rows ...*Row) *Report {
	r := &Report{Rounds: 3, Scale: 1, Rows: rows, Versions: map[string]string{}}
	for _, row := range rows {
		row.Unit = unitOf(row.Shape)
	}
	return r
}

func TestMet(t *testing.T) {
	ours := func(shape string, size int, values ...float64) *Row {
		return &Row{Shape: shape, Size: size, Peer: "querygen", Values: values, Units: 10}
	}
	theirs := func(peer string, row *Row) *Row { row.Peer = peer; return row }
	less := wish{shape: "first", size: k10, bound: 100}
	atLeast := wish{shape: "two.same", bound: 0.9, least: true}
	ratio := wish{shape: "first", size: k10, peer: "salsa", bound: 1, tolerated: 1.5}
	growth := wish{shape: "first", size: k10, smaller: 5, bound: 2}
	total := wish{shape: "first", size: k10, bound: 1000, total: true}
	salsa := theirs("salsa", ours("first", k10, 100, 200, 400))
	for _, test := range []struct {
		name string
		w    wish
		rows []*Row
		want string
	}{
		{"below", less, []*Row{ours("first", k10, 90, 99, 200)}, "met"},
		{"reached", less, []*Row{ours("first", k10, 80, 110, 120)}, "met by the spread"},
		{"above", less, []*Row{ours("first", k10, 101, 110, 120)}, "**not met**"},
		{"at least", atLeast, []*Row{ours("two.same", 0, 0.8, 0.95, 1)}, "met"},
		{"at least, reached", atLeast, []*Row{ours("two.same", 0, 0.8, 0.85, 1)}, "met by the spread"},
		{"not at least", atLeast, []*Row{ours("two.same", 0, 0.7, 0.8, 0.85)}, "**not met**"},
		{"ratio by round", ratio, []*Row{ours("first", k10, 100, 200, 400), salsa}, "met"},
		{"ratio tolerated", ratio, []*Row{ours("first", k10, 140, 280, 560), salsa}, "needs a profile"},
		{"ratio too big", ratio, []*Row{ours("first", k10, 200, 400, 800), salsa}, "**not met**"},
		{"no peer", ratio, []*Row{ours("first", k10, 1)}, "no value"},
		{"peer can't", ratio, []*Row{ours("first", k10, 1), {Shape: "first", Size: k10, Peer: "salsa", Cannot: "stack overflow"}}, "no value"},
		{"growth", growth, []*Row{ours("first", k10, 30, 30), ours("first", 5, 20, 20)}, "met"},
		{"too much growth", growth, []*Row{ours("first", k10, 50, 50), ours("first", 5, 20, 20)}, "**not met**"},
		{"total", total, []*Row{ours("first", k10, 99, 99)}, "met"},
	} {
		if got := test.w.judge(report(test.rows...)); got.Met != test.want {
			t.Errorf("%s: %+v, want %q", test.name, got, test.want)
		}
	}
}

// TestWishes finds wishes for what is not measured.
func TestWishes(t *testing.T) {
	sizes := map[string][]int{}
	for _, s := range shapes.All {
		sizes[s.Name] = append(s.Sizes, 0)
	}
	known := func(shape string, size int) bool {
		for _, s := range sizes[shape] {
			if s == size {
				return true
			}
		}
		return false
	}
	rows := map[int]bool{13: true}
	for _, w := range wishes {
		rows[w.row] = true
		if !known(w.shape, w.size) || !known(w.shape, w.smaller) {
			t.Errorf("nothing is measured for %+v", w)
		}
		if w.wanted() == "" {
			t.Errorf("nothing is wanted by %+v", w)
		}
	}
	for row := 1; row <= 14; row++ {
		if !rows[row] {
			t.Errorf("no wish for row %d", row)
		}
	}
}

func TestAmount(t *testing.T) {
	for _, test := range []struct {
		v    float64
		unit string
		want string
	}{
		{0.271, "ns", "0.271 ns"}, {8.7, "ns", "8.7 ns"}, {1100, "ns", "1.1 µs"}, {123456, "ns", "123 µs"},
		{2e7, "ns", "20 ms"}, {1.5e9, "ns", "1.5 s"}, {128, "B", "128 B"}, {1234, "B", "1234 B"},
		{0.95, "x", "0.95 x"}, {1e-4, "x", "1/10000 x"}, {12592.3, "x", "12592 x"},
	} {
		if got := amount(test.v, test.unit); got != test.want {
			t.Errorf("%v %s: %q, want %q", test.v, test.unit, got, test.want)
		}
	}
}
