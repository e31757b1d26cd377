package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/querytest"
)

// shop is a program whose values are 4, 12, 48 and, in the other file, 10.
var shop = []Text{
	{"shop.calc", "# A shop.\nlet qty = 4\nlet price = 12 # for one\nlet sales = qty * price\n"},
	{"rent.calc", "let rent = 10\n"},
}

// TestEdits says which queries run after which edit.
func TestEdits(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		want     string // values, or problems if there are any
		ran      []string
	}{
		{
			name: "a comment", old: "# for one", new: "# for each of them",
			want: "qty = 4, price = 12, sales = 48, rent = 10",
			ran:  []string{`calc.parse("shop.calc")`},
		}, {
			name: "blanks at the end of a line", old: "let rent = 10\n", new: "let rent = 10 \t\n\n\n",
			want: "qty = 4, price = 12, sales = 48, rent = 10",
			ran:  []string{`calc.parse("rent.calc")`},
		}, {
			name: "a new line of comment", old: "# A shop.\n", new: "# A shop.\n# It is small.\n",
			want: "qty = 4, price = 12, sales = 48, rent = 10",
			ran:  []string{`calc.parse("shop.calc")`, `calc.declarations("shop.calc")`},
		}, {
			name: "a value", old: "12", new: "10",
			want: "qty = 4, price = 10, sales = 40, rent = 10",
			ran: []string{
				`calc.parse("shop.calc")`, `calc.declarations("shop.calc")`, `calc.names("shop.calc")`,
				`calc.definition("qty")`, `calc.definition("price")`, `calc.definition("sales")`,
				`calc.value("price")`, `calc.value("sales")`, `calc.problems("shop.calc")`,
			},
		}, {
			name: "another way to say the same value", old: "let rent = 10", new: "let rent = 5 + 5",
			want: "qty = 4, price = 12, sales = 48, rent = 10",
			ran: []string{
				`calc.parse("rent.calc")`, `calc.declarations("rent.calc")`, `calc.names("rent.calc")`,
				`calc.definition("rent")`, `calc.value("rent")`, `calc.problems("rent.calc")`,
			},
		}, {
			name: "a name, with its use", old: "qty", new: "boxes",
			want: "boxes = 4, price = 12, sales = 48, rent = 10",
			ran: []string{
				`calc.parse("shop.calc")`, `calc.declarations("shop.calc")`, `calc.names("shop.calc")`, `calc.scope()`,
				`calc.definition("boxes")`, `calc.definition("price")`, `calc.definition("sales")`, `calc.definition("rent")`,
				`calc.value("boxes")`, `calc.value("sales")`,
				`calc.problems("shop.calc")`, `calc.problems("rent.calc")`,
			},
		}, {
			name: "a name, without its use", old: "let qty", new: "let boxes",
			want: "shop.calc:4:13: undefined: qty",
			ran: []string{
				`calc.parse("shop.calc")`, `calc.declarations("shop.calc")`, `calc.names("shop.calc")`, `calc.scope()`,
				`calc.definition("boxes")`, `calc.definition("price")`, `calc.definition("sales")`, `calc.definition("rent")`,
				`calc.definition("qty")`, `calc.value("qty")`, `calc.value("boxes")`, `calc.value("sales")`,
				`calc.problems("shop.calc")`, `calc.problems("rent.calc")`, `calc.lines("shop.calc")`,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, log := newTestProgram(t, shop)
			if got, want := p.show(t), "qty = 4, price = 12, sales = 48, rent = 10"; got != want {
				t.Fatalf("before: %s\nwant    %s", got, want)
			}
			log.Ran(everything...)
			p.mustEdit(t, test.old, test.new)
			if got := p.show(t); got != test.want {
				t.Errorf("after: %s\nwant   %s", got, test.want)
			}
			log.Ran(test.ran...)
		})
	}
}

// everything is what runs at first.
var everything = []string{
	`calc.parse("shop.calc")`, `calc.declarations("shop.calc")`, `calc.names("shop.calc")`, `calc.problems("shop.calc")`,
	`calc.parse("rent.calc")`, `calc.declarations("rent.calc")`, `calc.names("rent.calc")`, `calc.problems("rent.calc")`,
	`calc.scope()`,
	`calc.definition("qty")`, `calc.definition("price")`, `calc.definition("sales")`, `calc.definition("rent")`,
	`calc.value("qty")`, `calc.value("price")`, `calc.value("sales")`, `calc.value("rent")`,
}

// TestCycle lets a cycle come and go.
func TestCycle(t *testing.T) {
	p, log := newTestProgram(t, []Text{
		{"a.calc", "let a = b + 1\n"},
		{"b.calc", "# It is\nlet b = 5\nlet c = a\n"},
	})
	steps := []struct {
		old, new, want string
		ran            []string
	}{
		{"", "", "a = 6, b = 5, c = 6", []string{
			`calc.parse("a.calc")`, `calc.declarations("a.calc")`, `calc.names("a.calc")`,
			`calc.parse("b.calc")`, `calc.declarations("b.calc")`, `calc.names("b.calc")`,
			`calc.scope()`,
			`calc.definition("a")`, `calc.definition("b")`, `calc.definition("c")`,
			`calc.value("a")`, `calc.value("b")`, `calc.value("c")`,
			`calc.problems("a.calc")`, `calc.problems("b.calc")`,
		}},
		{"5", "a", "a.calc:1:5: the definition needs itself: a -> b (b.calc:2:5) -> a", []string{
			`calc.parse("b.calc")`, `calc.declarations("b.calc")`, `calc.names("b.calc")`,
			`calc.definition("b")`, `calc.definition("c")`,
			`calc.value("a")`, `calc.value("b")`, `calc.value("c")`,
			`calc.problems("a.calc")`, `calc.problems("b.calc")`, `calc.lines("a.calc")`, `calc.lines("b.calc")`,
		}},
		// The members of a cycle run in every revision that demands them; that
		// they end as before is the end of it.
		{"# It is", "# That is", "a.calc:1:5: the definition needs itself: a -> b (b.calc:2:5) -> a", []string{
			`calc.parse("b.calc")`, `calc.value("a")`, `calc.value("b")`,
		}},
		{"let b = a", "let b = 7", "a = 8, b = 7, c = 8", []string{
			`calc.parse("b.calc")`, `calc.declarations("b.calc")`, `calc.names("b.calc")`,
			`calc.definition("b")`, `calc.definition("c")`,
			`calc.value("a")`, `calc.value("b")`, `calc.value("c")`,
			`calc.problems("a.calc")`, `calc.problems("b.calc")`,
		}},
	}
	for i, s := range steps {
		if s.old != "" {
			p.mustEdit(t, s.old, s.new)
		}
		if got := p.show(t); got != s.want {
			t.Errorf("step %d: %s\nwant    %s", i, got, s.want)
		}
		log.Ran(s.ran...)
	}
}

// TestNothingChanged sets what is set already: nothing may run.
func TestNothingChanged(t *testing.T) {
	p, log := newTestProgram(t, shop)
	p.show(t)
	log.Ran(everything...)
	if err := p.set(shop); err != nil {
		t.Fatal(err)
	}
	p.mustEdit(t, "12", "13")
	p.mustEdit(t, "13", "12")
	p.show(t)
	log.Ran()
}

// newTestProgram is newProgram with a log of what runs.
func newTestProgram(t *testing.T, texts []Text) (*Program, *querytest.Log) {
	t.Helper()
	db, log := querytest.New(t, query.Options{})
	p := &Program{db: db}
	if err := p.set(texts); err != nil {
		t.Fatal(err)
	}
	return p, log
}

func (p *Program) mustEdit(t *testing.T, old, new string) {
	t.Helper()
	if err := p.edit(old, new); err != nil {
		t.Fatal(err)
	}
}

// show returns the problems of the program, or the values if there are none.
func (p *Program) show(t *testing.T) string {
	t.Helper()
	r, err := p.result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, d := range r.Problems {
		list = append(list, d.String())
	}
	if len(list) == 0 {
		for _, v := range r.Values {
			list = append(list, v.String())
		}
	}
	return strings.Join(list, ", ")
}

// TestFromScratch edits at random and compares each result with that of a new
// program.
func TestFromScratch(t *testing.T) {
	pieces := []string{"let ", "a", "b", "c", " = ", "1", "0", "+", "/", "(", ")", "\n", "# x\n", "let a = b\n", "let b = 2\n", "let c = a + b\n"}
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			texts := []Text{{"x.calc", "let a = b\nlet b = 1\n"}, {"y.calc", "let c = a\n"}}
			p, _ := newTestProgram(t, texts)
			for range 60 {
				texts = slices.Clone(texts)
				text := &texts[r.IntN(len(texts))]
				at := r.IntN(len(text.Source) + 1)
				to := min(len(text.Source), at+r.IntN(4))
				text.Source = text.Source[:at] + pieces[r.IntN(len(pieces))] + text.Source[to:]
				if err := p.set(texts); err != nil {
					t.Fatal(err)
				}
				fresh, _ := newTestProgram(t, texts)
				if got, want := p.show(t), fresh.show(t); got != want {
					t.Fatalf("%q\ngives %s\nwant  %s", texts, got, want)
				}
			}
		})
	}
}
