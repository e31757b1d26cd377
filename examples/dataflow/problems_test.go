package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestProblems(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"sample", sample, ""},
		{"nothing but a comment", "# x = ", ""},
		{"no label", "x = 1", "1: expected a label"},
		{"behind a jump", "a:\ngoto a\nprint 1", "3: expected a label"},
		{"behind a condition", "a:\nif 1 < 2 goto a\nprint 1", "3: expected a label"},
		{"behind a return", "a:\nreturn\nprint 1", "3: expected a label"},
		{"words", "a:\nadd x y", "2: no instruction: add x y"},
		{"operator", "a:\nprint 1\nx = 1 ^ 2", "3: no instruction: x = 1 ^ 2"},
		{"relation", "a:\nif 1 = 2 goto a", "2: no instruction: if 1 = 2 goto a"},
		{"a keyword as a name", "a:\nprint = 1", "2: no instruction: print = 1"},
		{"operand", "a:\nprint 1x", "2: no instruction: print 1x"},
		{"label", "1a:", "1: no instruction: 1a:"},
		{"no such block", "a:\n# nothing\ngoto b", "3: there is no block b"},
		{"two blocks", "a:\nprint 1\na:\nprint 2", "3: a second block a"},
		{"not assigned", "a:\nb:\nprint x", "1: x may be read before it is assigned"},
		{"not assigned on one way", "a:\nif 1 < 2 goto c\nb:\nx = 1\nc:\nprint x", "1: x may be read before it is assigned"},
		{"never read", "a:\nx = 1\nx = 2\nprint x", "2: nobody reads this x"},
		{"read by what is never read", "a:\nx = 1\ny = x", "2: nobody reads this x, 3: nobody reads this y"},
		{"read in the next round", "a:\nx = 0\nb:\nprint x\nx = x + 1\nif x < 9 goto b", ""},
		{"only read by itself", "a:\nx = 0\nb:\nx = x + 1\ngoto b", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var list []string
			for _, p := range Problems(newProgramOf(t, test.text).cx) {
				list = append(list, fmt.Sprint(p))
			}
			if got := strings.Join(list, ", "); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

// FuzzParse looks for texts that the parser does not survive.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add(loops)
	f.Fuzz(func(t *testing.T, text string) {
		p := parseText(text)
		if len(p.Blocks) != len(p.Lines) {
			t.Fatalf("%d blocks on %d lines", len(p.Blocks), len(p.Lines))
		}
	})
}
