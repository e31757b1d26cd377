package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/querytest"
)

// A program is a database with a text in it.
type program struct {
	t    *testing.T
	db   *query.DB
	cx   *query.Context
	log  *querytest.Log
	text string
}

func newProgramOf(t *testing.T, text string) *program {
	t.Helper()
	db, log := querytest.New(t, query.Options{})
	p := &program{t: t, db: db, cx: db.Context(t.Context()), log: log}
	p.set(text)
	return p
}

func (p *program) set(text string) {
	p.t.Helper()
	p.text = text
	err := p.db.Update(func(tx *query.Tx) error {
		SetSource(tx, text)
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// edit replaces a text that is there once.
func (p *program) edit(old, new string) {
	p.t.Helper()
	if strings.Count(p.text, old) != 1 {
		p.t.Fatalf("%q is not once in the program", old)
	}
	p.set(strings.Replace(p.text, old, new, 1))
}

// live spells what is live where the blocks begin and end.
func (p *program) live() string {
	var list []string
	for _, l := range Labels(p.cx) {
		list = append(list, fmt.Sprintf("%s %v %v", l, LiveIn(p.cx, l), LiveOut(p.cx, l)))
	}
	return strings.Join(list, "\n")
}

func (p *program) wants(want ...string) {
	p.t.Helper()
	if got := p.live(); got != strings.Join(want, "\n") {
		p.t.Errorf("%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestLive(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{""}},
		{"one block", "a:\nx = 1\ny = x + z\nprint y", []string{"a {z} {}"}},
		{"straight", "a:\nx = 1\nb:\nprint x", []string{"a {} {x}", "b {x} {}"}},
		{"branch", "a:\nif x < 1 goto c\nb:\nprint y\nreturn\nc:\nprint z", []string{"a {x y z} {y z}", "b {y} {}", "c {z} {}"}},
		{"a block that is its own loop", "a:\nx = x + y\nif x < 9 goto a", []string{"a {x y} {x y}"}},
		{"endless", "a:\nx = y\ngoto a", []string{"a {y} {y}"}},
		{"loop", "a:\ni = 0\nb:\nif i >= n goto d\nc:\ni = i + k\ngoto b\nd:\nreturn r", []string{
			"a {k n r} {i k n r}", "b {i k n r} {i k n r}", "c {i k n r} {i k n r}", "d {r} {}",
		}},
		{"a loop that nobody enters", "a:\nreturn\nb:\nx = x + 1\ngoto b", []string{"a {} {}", "b {x} {x}"}},
		{"two loops through one block", "a:\nif p < 0 goto c\nb:\nx = 1\ngoto a\nc:\nif q < 0 goto e\nd:\nx = y\ngoto a\ne:\nprint x", []string{
			"a {p q x y} {p q x y}", "b {p q y} {p q x y}", "c {p q x y} {p q x y}", "d {p q y} {p q x y}", "e {x} {}",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { newProgramOf(t, test.text).wants(test.want...) })
	}
}

// TestNestedLoops is the sample: columns within rows.
func TestNestedLoops(t *testing.T) {
	newProgramOf(t, sample).wants(
		"start {} {i n sum}",
		"rows {i n sum} {i n sum}",
		"row {i n sum} {i j n sum}",
		"columns {i j n sum} {i j n sum}",
		"column {i j n sum} {i j n sum}",
		"after {i n sum} {i n sum}",
		"done {sum} {}",
	)
}

// deep is a program of loops within each other, each with a variable of its own.
func deep(loops int) string {
	var head, tail strings.Builder
	for i := range loops {
		fmt.Fprintf(&head, "start%d:\n\tx%d = 0\nhead%d:\n\tif x%d >= n goto end%d\n", i, i, i, i, i)
	}
	fmt.Fprintf(&head, "body:\n\tprint x0\n")
	for i := loops - 1; i >= 0; i-- {
		fmt.Fprintf(&tail, "back%d:\n\tx%d = x%d + 1\n\tgoto head%d\nend%d:\n", i, i, i, i, i)
	}
	return head.String() + tail.String()
}

// TestDeepLoops: what the innermost loop reads is found in all of them.
func TestDeepLoops(t *testing.T) {
	p := newProgramOf(t, deep(12))
	if got, want := fmt.Sprint(LiveIn(p.cx, "start0")), "{n}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	checkSolved(p)
}

var (
	programs  = flag.Uint64("programs", 100, "how many random programs TestRandom makes")
	firstSeed = flag.Uint64("seed", 0, "where it begins")
)

// TestRandom compares with a solver of the usual kind: random programs, random
// edits of one block, and the blocks demanded in random order.
func TestRandom(t *testing.T) {
	for i := range *programs {
		seed := *firstSeed + i
		r := rand.New(rand.NewPCG(seed, 0))
		blocks := make([]string, 1+r.IntN(12))
		for i := range blocks {
			blocks[i] = randomBlock(r, i, len(blocks))
		}
		p := newProgramOf(t, strings.Join(blocks, ""))
		for range 6 {
			labels := Labels(p.cx)
			for _, i := range r.Perm(len(labels))[:r.IntN(len(labels)+1)] {
				LiveIn(p.cx, labels[i])
			}
			checkSolved(p)
			if t.Failed() {
				t.Fatalf("seed %d, the program is\n%s", seed, p.text)
			}
			i := r.IntN(len(blocks))
			blocks[i] = randomBlock(r, i, len(blocks))
			p.set(strings.Join(blocks, ""))
		}
	}
}

// TestLoopsMove: a block that was in no loop is in one, and then in none again.
func TestLoopsMove(t *testing.T) {
	p := newProgramOf(t, "")
	for _, step := range []struct{ text, first string }{
		{"A:\nB:\nif d < e goto D\nC:\nD:", "A"},
		{"A:\nE:\nF:\nd = e + f\na = e + f\nB:\nif d < e goto D\nC:\ngoto E\nG:\nc = a + c\nif a < b goto B\nD:\nif d < a goto G", "A"},
		{"E:\nF:\na = e + f\nif a < b goto X\nI:\nif f < c goto X\nB:\nG:\nif a < b goto B\nD:", "G"},
	} {
		p.set(step.text)
		in, _ := solve(p.cx)
		if got := LiveIn(p.cx, step.first); !slices.Equal(got, in[step.first]) {
			t.Errorf("in of %s is %v, want %v", step.first, got, in[step.first])
		}
	}
	checkSolved(p)
}

func randomBlock(r *rand.Rand, i, n int) string {
	var b strings.Builder
	name := func() string { return string(rune('a' + r.IntN(6))) }
	fmt.Fprintf(&b, "L%d:\n", i)
	for range r.IntN(4) {
		switch r.IntN(3) {
		case 0:
			fmt.Fprintf(&b, "\tprint %s\n", name())
		case 1:
			fmt.Fprintf(&b, "\t%s = %d\n", name(), r.IntN(9))
		case 2:
			fmt.Fprintf(&b, "\t%s = %s + %s\n", name(), name(), name())
		}
	}
	switch r.IntN(5) {
	case 0, 1:
		fmt.Fprintf(&b, "\tif %s < %s goto L%d\n", name(), name(), r.IntN(n))
	case 2:
		fmt.Fprintf(&b, "\tgoto L%d\n", r.IntN(n))
	case 3:
		fmt.Fprintf(&b, "\treturn %s\n", name())
	}
	return b.String()
}

// checkSolved compares all blocks of a program with what the solver finds.
func checkSolved(p *program) {
	p.t.Helper()
	in, out := solve(p.cx)
	for _, l := range Labels(p.cx) {
		if got := LiveIn(p.cx, l); !slices.Equal(got, in[l]) {
			p.t.Errorf("in of %s is %v, want %v", l, got, in[l])
		}
		if got := LiveOut(p.cx, l); !slices.Equal(got, out[l]) {
			p.t.Errorf("out of %s is %v, want %v", l, got, out[l])
		}
	}
}

// solve finds the live variables with a list of blocks that are still to be looked
// at, as the textbooks have it.
func solve(cx *query.Context) (in, out map[string]Vars) {
	in, out = make(map[string]Vars), make(map[string]Vars)
	before := make(map[string][]string)
	todo := slices.Clone(Labels(cx))
	for _, l := range todo {
		for _, n := range Next(cx, l) {
			before[n] = append(before[n], l)
		}
	}
	for len(todo) > 0 {
		l := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		out[l] = nil
		for _, n := range Next(cx, l) {
			out[l] = out[l].union(in[n])
		}
		e := EffectOf(cx, l)
		if now := out[l].minus(e.Sets).union(e.Uses); !slices.Equal(now, in[l]) {
			in[l] = now
			todo = append(todo, before[l]...)
		}
	}
	return in, out
}
